"""Scanners and number pads through the real python-evdev, on emulated keyboards, in a process of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulators.board import build
from emulators.keyboard import ENTER, LEFT_CONTROL, US, Keyboard
from emulators.listener import Listener, seen, trouble
from emulators.umockdev import Testbed


@pytest.fixture(scope="module")
def bed() -> Iterator[Testbed]:
    bed = Testbed()
    yield bed
    bed.close()


@pytest.fixture
def scanner(bed: Testbed) -> Iterator[Keyboard]:
    yield from plugged(Keyboard(bed, "ACME Scanner", "0c2e:0b61"))


@pytest.fixture
def pad(bed: Testbed) -> Iterator[Keyboard]:
    yield from plugged(Keyboard(bed, "ACME Number Pad", "04d9:a02a"))


def plugged(keyboard: Keyboard) -> Iterator[Keyboard]:
    keyboard.plug()
    yield keyboard
    if keyboard.node:
        keyboard.unplug()


@pytest.fixture
def heard(bed: Testbed, scanner: Keyboard) -> Iterator[Listener]:
    """A scanner that is being listened to."""
    listener = Listener(bed, ("scanner", "scanner", "name:ACME Scanner"))
    listener.expect("DeviceBack", device="scanner")
    yield listener
    listener.close()


@pytest.fixture
def pressed(bed: Testbed, pad: Keyboard) -> Iterator[Listener]:
    """A number pad that is being listened to."""
    listener = Listener(bed, ("pad", "pad", "usb:04D9:A02A"))
    listener.expect("DeviceBack", device="pad")
    yield listener
    listener.close()


def test_a_scan_is_a_card(scanner: Keyboard, heard: Listener) -> None:
    pressed = scanner.type("8594001234560\n", ms_per_key=2)
    event = heard.expect(**seen("8594001234560"))
    at = event["at"]
    assert isinstance(at, int)
    assert pressed // 1_000_000 <= at


def test_every_character_comes_through(scanner: Keyboard, heard: Listener) -> None:
    text = "".join(map(chr, range(32, 127)))
    scanner.type(text + "\n")
    heard.expect(**seen(text))
    scanner.type("0123456789.-+*/,\n", keypad=True)
    heard.expect(**seen("0123456789.-+*/,"))


def test_two_scans_are_two_cards(scanner: Keyboard, heard: Listener) -> None:
    scanner.type("FIRST\nSECOND\tTHIRD\n")
    for text in ("FIRST", "SECOND", "THIRD"):
        heard.expect(**seen(text))


def test_a_scanner_that_sends_no_enter(scanner: Keyboard, heard: Listener) -> None:
    scanner.type("12345678")
    heard.expect(**seen("12345678"))
    scanner.type("87654321")
    heard.expect(**seen("87654321"))


def test_a_scan_cut_short_is_not_half_a_number(scanner: Keyboard, heard: Listener) -> None:
    scanner.type("12345678\n")
    heard.expect(**seen("12345678"))
    scanner.type("12345678")
    heard.expect(**trouble("unreadable"))


def test_a_barcode_of_4000_characters_is_survived(scanner: Keyboard, heard: Listener) -> None:
    scanner.type("0123456789" * 400 + "\n")
    heard.expect(**trouble("too long"))
    scanner.type("X" * 512 + "\n" + "Y" * 513 + "\n")
    heard.expect(**seen("X" * 512))
    heard.expect(**trouble("too long"))


def test_control_characters_are_left_out(scanner: Keyboard, heard: Listener) -> None:
    scanner.type("A\bB")
    scanner.press(US["]"][1], LEFT_CONTROL)  # a GS, as scanners type it
    scanner.press(0x29)  # Escape
    scanner.type("C\n\n\t\n")
    heard.expect(**seen("ABC"))


def test_a_held_key_types_once(scanner: Keyboard, heard: Listener) -> None:
    scanner.press(US["7"][1], repeats=5)
    scanner.press(ENTER, repeats=5)
    heard.expect(**seen("7"))


def test_lost_keys_spoil_only_their_scan(scanner: Keyboard, heard: Listener) -> None:
    scanner.type("1234")
    scanner.lose_keys()
    scanner.type("5678\n90\n")
    heard.expect(**trouble("unreadable"))
    heard.expect(**seen("90"))


def test_a_busy_daemon_still_reads_a_scan_whole(scanner: Keyboard, heard: Listener) -> None:
    """The keys wait in the queue while the daemon does something else; what it sees late was not typed late."""
    scanner.type("123")
    heard.process.send_signal(signal.SIGUSR1)
    heard.expect("Busy")
    scanner.type_at_once("456\n", ms_per_key=10)
    heard.expect(**seen("123456"))


def test_a_long_code_is_read_while_the_daemon_does_something_else(scanner: Keyboard, heard: Listener) -> None:
    """The kernel's queue would run over: it holds some ten keys with their scan codes, and sixteen without."""
    with heard.held():
        scanner.type("https://bodka.example/c/2100000000012\n")
    heard.expect(**seen("https://bodka.example/c/2100000000012"))


def test_unplugged_while_the_daemon_does_something_else(scanner: Keyboard, heard: Listener) -> None:
    with heard.held():
        scanner.type("2100000000012\n")
        scanner.unplug()
    heard.expect(**seen("2100000000012"))
    heard.expect("DeviceLost", device="scanner")


def test_unplugged_and_plugged_in_elsewhere(scanner: Keyboard, heard: Listener) -> None:
    scanner.type("HALF")
    before = scanner.node
    scanner.unplug()
    lost = heard.expect("DeviceLost", device="scanner")
    assert lost["why"] == "DeviceUnplugged: name:ACME Scanner was unplugged (No such device): plug it in again"
    scanner.plug()
    assert scanner.node != before
    heard.expect("DeviceBack", device="scanner")
    scanner.type("AGAIN\n")
    heard.expect(**seen("AGAIN"))


def test_a_first_scan_cut_short_after_it_was_put_back_is_not_half_a_number(scanner: Keyboard, heard: Listener) -> None:
    scanner.type("12345678\n")
    heard.expect(**seen("12345678"))
    scanner.unplug()
    heard.expect("DeviceLost")
    scanner.plug()
    heard.expect("DeviceBack")
    scanner.type("859400")
    heard.expect(**trouble("unreadable"))


def test_a_scan_typed_as_soon_as_it_works_again_is_whole(scanner: Keyboard, heard: Listener) -> None:
    """Also on a machine that is busy with what was just plugged in, and lets the scanner wait in mid-scan."""
    scanner.type("12345678\n")
    heard.expect(**seen("12345678"))
    for n in range(2):
        scanner.unplug()
        heard.expect("DeviceLost")
        scanner.plug()
        heard.expect("DeviceBack")
        scanner.type(f"859{n}")
        scanner.type_at_once("456\n", ms_per_key=300)
        heard.expect(**seen(f"859{n}456"))


def test_a_scanner_that_was_never_there(bed: Testbed, pad: Keyboard) -> None:
    listener = Listener(bed, ("scanner", "scanner", "name:ACME Scanner"))
    lost = listener.expect("DeviceLost", device="scanner")
    assert lost["why"] == (
        "DeviceNotFound: no input device is name:ACME Scanner: plug it in, or correct its match in terminal.toml. "
        "There are: ACME Number Pad (usb:04d9:a02a)"
    )
    listener.close()


def test_the_device_with_the_keys_is_taken(bed: Testbed) -> None:
    """Scanners show themselves as several devices of one name; the first may have only a power button."""
    button = Keyboard(bed, "ACME Scanner", usages=frozenset({0x66}))
    button.plug()
    listener = Listener(bed, ("scanner", "scanner", "name:acme  scanner"))
    assert "has no keys for numbers" in str(listener.expect("DeviceLost")["why"])
    scanner = Keyboard(bed, "ACME Scanner")
    scanner.plug()
    listener.expect("DeviceBack")
    scanner.type("42\n")
    listener.expect(**seen("42"))
    listener.close()
    button.unplug()
    scanner.unplug()


def test_found_by_path(bed: Testbed, scanner: Keyboard) -> None:
    listener = Listener(bed, ("scanner", "scanner", f"path:{scanner.node}"))
    listener.expect("DeviceBack")
    scanner.type("1\n")
    listener.expect(**seen("1"))
    scanner.unplug()
    listener.expect("DeviceLost")
    listener.close()


def test_the_keys_of_a_pad(pad: Keyboard, pressed: Listener) -> None:
    pad.type("0123456789.,+-*/\b\n", keypad=True)
    for key in (*"0123456789,,+-*/", "back", "enter"):
        pressed.expect("PadKey", device="pad", key=key, picture=7)
    pad.type("1*9.\n")
    for key in ("1", "*", "9", ",", "enter"):
        pressed.expect("PadKey", key=key)


def test_three_zeros_are_three_keys_at_any_speed(pad: Keyboard, pressed: Listener) -> None:
    pad.type("000")
    for _ in range(3):
        pressed.expect("PadKey", key="0")


def test_only_backspace_repeats(pad: Keyboard, pressed: Listener) -> None:
    pad.press(0x62, repeats=3)
    pad.press(0x2A, repeats=3)
    pressed.expect("PadKey", key="0")
    for _ in range(4):
        pressed.expect("PadKey", key="back")


def test_a_pad_and_a_scanner_together(bed: Testbed, scanner: Keyboard, pad: Keyboard) -> None:
    listener = Listener(bed, ("scanner", "scanner", "usb:0c2e:0b61"), ("pad", "pad", "name:ACME Number Pad"))
    for name in ("scanner", "pad"):
        listener.expect("DeviceBack", device=name)
    scanner.type("CARD")
    pad.type("5", keypad=True)
    listener.expect("PadKey", key="5")
    pad.unplug()
    listener.expect("DeviceLost", device="pad")
    scanner.type("CARD\n")
    listener.expect("CardSeen")
    listener.close()


GRABBER = "import evdev, sys; d = evdev.InputDevice(sys.argv[1]); d.grab(); print(flush=True); sys.stdin.read()"


def test_a_scanner_that_another_program_has_for_itself(bed: Testbed, scanner: Keyboard, tmp_path: Path) -> None:
    """It is said whose turn it is, and the scanner works as soon as it is free; then nobody else gets it."""
    preload = str(build(tmp_path))
    environment = {**os.environ, **bed.environment(preload)}
    other = [sys.executable, "-c", GRABBER, scanner.node]
    with subprocess.Popen(other, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        listener = Listener(bed, ("scanner", "scanner", "name:ACME Scanner"), preloads=[preload])
        why = str(listener.expect("DeviceLost")["why"])
        assert "DeviceBusy" in why
        assert "stop the other program" in why
        holder.communicate()
    listener.expect("DeviceBack")
    refused = subprocess.run(other, env=environment, input=b"", capture_output=True, check=False)
    assert b"Device or resource busy" in refused.stderr
    scanner.type("8594001234560\n")
    listener.expect(**seen("8594001234560"))
    listener.close()
