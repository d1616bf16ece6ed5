"""Every scanner and every pad that is plugged in, found by how it looks, through the real python-evdev."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drivers.calibration import CALIBRATION_TEXT
from emulators import xkb
from emulators.keyboard import HIGHER_USAGES, KEYPAD, Keyboard
from emulators.listener import Listener, seen, trouble
from emulators.scanning import at_pace
from emulators.umockdev import Testbed

PAD_USAGES = frozenset(KEYPAD.values())
POWER = frozenset({0x66})

SCANNERS, PADS = ("scanner", "scanner", "every"), ("pad", "pad", "every")


@pytest.fixture
def bed() -> Iterator[Testbed]:
    bed = Testbed()
    yield bed
    bed.close()


@pytest.fixture
def scanner(bed: Testbed) -> Iterator[Keyboard]:
    scanner = Keyboard(bed, "ACME Scanner", "0c2e:0b61")
    scanner.plug()
    yield scanner
    if scanner.node:
        scanner.unplug()


def scan(scanner: Keyboard, listener: Listener, text: str, *, keypad: bool = False) -> None:
    """As fast as it goes."""
    at_pace(scanner, listener, lambda: scanner.type(text, keypad=keypad))


def test_any_scanner_and_any_pad_are_taken_and_nothing_else(bed: Testbed, scanner: Keyboard) -> None:
    pad, button = Keyboard(bed, "ACME Pad", usages=PAD_USAGES), Keyboard(bed, "Power Button", usages=POWER)
    for device in (pad, button):
        device.plug()
    listener = Listener(bed, SCANNERS, PADS)
    assert {listener.expect("DeviceBack")["device"], listener.expect("DeviceBack")["device"]} == {"scanner", "pad"}
    scan(scanner, listener, "8594001234560\n")
    listener.expect(**seen("8594001234560"))
    scan(pad, listener, "5", keypad=True)
    listener.expect("PadKey", device="pad", key="5", picture=7)
    assert scanner.is_read_by(listener.process.pid)
    assert not button.is_read_by(listener.process.pid)
    listener.close()


def test_scanners_come_and_go_while_others_work(bed: Testbed, scanner: Keyboard) -> None:
    listener = Listener(bed, SCANNERS)
    listener.expect("DeviceBack", device="scanner")
    second = Keyboard(bed, "Other Scanner", "05e0:1200")
    for n in range(3):
        second.plug()
        listener.expect("DeviceBack", device="scanner")
        scan(second, listener, f"SECOND{n}\n")
        listener.expect(**seen(f"SECOND{n}"))
        second.unplug()
        scan(scanner, listener, f"FIRST{n}\n")
        listener.expect(**seen(f"FIRST{n}"))
    scanner.unplug()
    assert "the last scanner was unplugged" in str(listener.expect("DeviceLost", device="scanner")["why"])
    second.plug()
    listener.expect("DeviceBack")
    scan(second, listener, "AGAIN1\n")
    listener.expect(**seen("AGAIN1"))
    listener.close()


def test_a_first_scan_cut_short_after_it_was_put_back_is_not_half_a_number(bed: Testbed, scanner: Keyboard) -> None:
    listener = Listener(bed, SCANNERS)
    listener.expect("DeviceBack")
    scan(scanner, listener, "12345678\n")
    listener.expect(**seen("12345678"))
    scanner.unplug()
    listener.expect("DeviceLost")
    scanner.plug()
    listener.expect("DeviceBack")
    scan(scanner, listener, "859400")
    listener.expect(**trouble("unreadable"))
    listener.close()


def test_a_device_that_another_table_names_is_left_to_it(bed: Testbed, scanner: Keyboard) -> None:
    """A number pad that says that it has every key of a keyboard."""
    pad = Keyboard(bed, "ACME Pad")
    pad.plug()
    listener = Listener(bed, SCANNERS, ("pad", "pad", "name:ACME Pad"))
    for _ in range(2):
        listener.expect("DeviceBack")
    scan(pad, listener, "123456\n", keypad=True)
    for key in (*"123456", "enter"):
        listener.expect("PadKey", device="pad", key=key)
    listener.close()


def test_a_pad_with_all_keys_is_known_by_the_hand_that_types(bed: Testbed, scanner: Keyboard) -> None:
    listener = Listener(bed, SCANNERS)
    listener.expect("DeviceBack")
    scanner.type("18,50\n", ms_per_key=80, keypad=True)
    for key in (*"18", ",", *"50", "enter"):
        listener.expect("PadKey", device="scanner", key=key, picture=7)
    scan(scanner, listener, "000", keypad=True)
    for _ in range(3):
        listener.expect("PadKey", key="0")
    scan(scanner, listener, "8594001234560\n")
    listener.expect(**seen("8594001234560"))
    scan(scanner, listener, "859400")
    listener.expect(**trouble("unreadable"))
    listener.close()


def test_with_nothing_plugged_in_it_is_said(bed: Testbed) -> None:
    listener = Listener(bed, SCANNERS)
    assert "DeviceNotFound: nothing that looks like a scanner is plugged in" in str(listener.expect("DeviceLost")["why"])
    late = Keyboard(bed, "Late Scanner", usages=frozenset((*range(4, 0x65), *HIGHER_USAGES)))
    late.plug()
    listener.expect("DeviceBack")
    scan(late, listener, "LATE12\n")
    listener.expect(**seen("LATE12"))
    listener.close()


@pytest.mark.parametrize("match", ["every", "usb:0c2e:0b61"])
def test_a_czech_scanner_teaches_its_layout_and_it_is_kept(bed: Testbed, scanner: Keyboard, match: str) -> None:
    def czech(text: str) -> None:
        at_pace(scanner, listener, lambda: scanner.strokes(xkb.strokes(text + "\n", "cz")))

    listener = Listener(bed, ("scanner", "scanner", match))
    listener.expect("DeviceBack")
    czech(CALIBRATION_TEXT)
    listener.expect("ScannerTaught", device="scanner", layout="cz")
    czech("8594001234560/Yz")
    listener.expect(**seen("8594001234560/Yz"))
    scanner.unplug()
    listener.expect("DeviceLost")
    scanner.plug()
    listener.expect("DeviceBack")
    czech("BODKA-2100")
    listener.expect(**seen("BODKA-2100"))
    listener.close()


def test_the_terminal_can_be_set_to_a_layout(bed: Testbed, scanner: Keyboard) -> None:
    listener = Listener(bed, ("scanner", "scanner", "name:ACME Scanner"), layout="hu")
    listener.expect("DeviceBack")
    text = "".join(map(chr, range(32, 127)))
    at_pace(scanner, listener, lambda: scanner.strokes(xkb.strokes(text + "\n", "hu")))
    listener.expect(**seen(text))
    at_pace(scanner, listener, lambda: scanner.strokes(xkb.alt_strokes("ALT-0123/z\n")))
    listener.expect(**seen("ALT-0123/z"))
    listener.close()


def test_the_same_code_within_a_second_is_one_card_and_a_payment_card_none(bed: Testbed, scanner: Keyboard) -> None:
    listener = Listener(bed, ("scanner", "scanner", "name:ACME Scanner"))
    listener.expect("DeviceBack")
    scan(scanner, listener, "]E08594001234560\n8594001234560\n")
    listener.expect(**seen("8594001234560"))
    scan(scanner, listener, "%B4000001234567899^KOVACOVA/JANA^3012101?\n;4000001234567899=3012101?\n")
    listener.expect(**trouble("bank card"))
    scan(scanner, listener, "8594001234560\n")
    listener.expect(**seen("8594001234560"))
    listener.close()
