"""What a device looks like by its keys, and where it is plugged in; scanners in serial mode are noticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import keyboard_search, serial_scanners
from drivers.keyboard_search import DeviceNotFound, InputNode, Looks, Match, candidates, find, looks_like, nodes
from drivers.serial_scanners import SerialPort, serial_hint, serial_ports

KEYBOARD = {*range(1, 84), 86, 96, 97, 98, 100}
KEYPAD = {69, 98, 55, 74, 78, 96, 79, 80, 81, 75, 76, 77, 71, 72, 73, 82, 83, 14}


@pytest.mark.parametrize(
    ("keys", "looks"),
    [
        (KEYBOARD, Looks.SCANNER),
        (KEYPAD, Looks.PAD),
        (KEYPAD | {28, 15}, Looks.PAD),
        (set(range(2, 12)) | {28}, Looks.PAD),
        (KEYPAD - {96}, Looks.OTHER),
        ({116}, Looks.OTHER),  # a power button
        ({272, 273, 274}, Looks.OTHER),  # a mouse
        ({113, 114, 115, 163, 164, 165}, Looks.OTHER),  # the volume keys of a scanner's second device
        (KEYBOARD - {30}, Looks.OTHER),
        (set(), Looks.OTHER),
    ],
)
def test_looks(keys: set[int], looks: Looks) -> None:
    assert looks_like(keys) is looks


@given(st.frozensets(st.integers(0, 0x2FF)))
def test_any_keys_look_like_something(keys: frozenset[int]) -> None:
    assert looks_like(keys) in Looks


@pytest.fixture
def sysfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /sys of our own."""
    monkeypatch.setattr(keyboard_search, "INPUT_CLASS", tmp_path / "input")
    monkeypatch.setattr(serial_scanners, "TTY_CLASS", tmp_path / "tty")
    return tmp_path


def add_input(sysfs: Path, number: int, name: str, usb: str, bus: str = "0003") -> None:
    vendor, product = usb.split(":")
    folder = sysfs / f"input/event{number}/device/id"
    folder.mkdir(parents=True)
    (folder.parent / "name").write_text(f"{name}\n")
    for part, value in (("bustype", bus), ("vendor", vendor), ("product", product)):
        (folder / part).write_text(f"{value}\n")


def add_serial(sysfs: Path, name: str, vendor: str | None) -> None:
    interface = sysfs / f"devices/{name}/{name}:1.0"
    interface.mkdir(parents=True)
    if vendor:
        (interface.parent / "idVendor").write_text(f"{vendor}\n")
    (sysfs / f"tty/{name}").mkdir(parents=True)
    (sysfs / f"tty/{name}/device").symlink_to(interface)


def test_only_what_is_plugged_in_and_nobody_named_may_be_taken(sysfs: Path) -> None:
    add_input(sysfs, 10, "ACME Scanner", "0C2E:0b61")
    add_input(sysfs, 2, "Power Button", "0000:0001", bus="0019")
    add_input(sysfs, 3, "ACME Pad", "04d9:a02a")
    add_input(sysfs, 4, "Radio Scanner", "1234:5678", bus="0005")
    known = nodes()
    assert known[-1] == InputNode("/dev/input/event10", "ACME Scanner", "0c2e:0b61", plugged_in=True)
    named = [Match.parse("name:acme pad"), Match.parse("usb:ffff:ffff"), Match.parse("path:/dev/input/event77")]
    assert [node.path for node in candidates(known, named)] == ["/dev/input/event4", "/dev/input/event10"]
    assert [node.path for node in candidates(known, [Match.parse("path:/dev/input/event10")])] == [
        "/dev/input/event3",
        "/dev/input/event4",
    ]


def test_a_device_that_goes_while_we_look_is_left_out(sysfs: Path) -> None:
    add_input(sysfs, 1, "ACME Scanner", "0c2e:0b61")
    (sysfs / "input/event1/device/id/product").unlink()
    assert nodes() == []


def test_a_scanner_in_serial_mode_is_said_to_be(sysfs: Path) -> None:
    add_serial(sysfs, "ttyACM0", "2341")
    add_serial(sysfs, "ttyACM1", "0C2E")
    assert serial_ports() == [SerialPort("/dev/ttyACM0", None), SerialPort("/dev/ttyACM1", "Honeywell")]
    with pytest.raises(
        DeviceNotFound, match=r"/dev/ttyACM1 is a device of Honeywell in serial mode: if it is the scanner, set it"
    ):
        find(Match.parse("name:ACME Scanner"))
    with pytest.raises(DeviceNotFound, match="keyboard mode"):
        find(Match.parse("path:/dev/input/event99999"))


def test_a_port_of_an_unknown_maker_is_worth_a_hint_too(sysfs: Path) -> None:
    add_serial(sysfs, "ttyACM0", None)
    assert serial_hint().startswith(". /dev/ttyACM0 is a serial port: if it is the scanner, set it to keyboard mode")


def test_without_such_a_port_there_is_no_hint(sysfs: Path) -> None:
    assert serial_hint() == ""
