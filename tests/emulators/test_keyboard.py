"""The emulated keyboard against the kernel's documents: what a bare program, with neither evdev nor our driver, gets of it.

Numbers are typed from Linux `include/uapi/linux/input.h` and `input-event-codes.h` and from the HID Usage Tables, section 10.
"""

from __future__ import annotations

import errno
import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from emulators.keyboard import HID_KEYBOARD, KEYPAD, LEFT_SHIFT, US, Keyboard
from emulators.umockdev import Testbed, TestbedError

BARE = """
import fcntl, json, os, select, sys
node = sys.argv[1]
device = os.open(node, os.O_RDWR | os.O_NONBLOCK)
def ask(request, size):
    return fcntl.ioctl(device, request, bytes(size)).hex()
def refused(request, argument):
    try:
        fcntl.ioctl(device, request, argument)
    except OSError as error:
        return error.errno
print(json.dumps({
    "version": ask(0x80044501, 4), "id": ask(0x80084502, 8), "name": ask(0x81004506, 256), "types": ask(0x80044520, 4),
    "keys": ask(0x80604521, 96), "misc": ask(0x80604524, 96),
    "grab": refused(0x40044590, 1), "clock": refused(0x400445A0, bytes(4)),
    "char": os.stat(node).st_mode & 0o170000, "sys": sorted(os.listdir("/sys/class/input")),
}), flush=True)
events = True
while events:
    select.select([device], [], [])
    events = os.read(device, 24 * 64)
    print(json.dumps(events.hex()), flush=True)
try:
    os.open(node, os.O_RDWR)
except OSError as error:
    print(json.dumps(error.errno))
"""


class Bare:
    """The bare program."""

    def __init__(self, bed: Testbed, node: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", BARE, node], env={**os.environ, **bed.environment()}, stdout=subprocess.PIPE, text=True
        )
        self.answers = self.line()

    def line(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def events(self) -> list[tuple[int, int, int]]:
        return [(kind, code, value) for _, _, kind, code, value in struct.iter_unpack("@qqHHi", bytes.fromhex(self.line()))]

    def close(self) -> None:
        self.process.wait(10)
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture(scope="module")
def bed() -> Iterator[Testbed]:
    bed = Testbed()
    yield bed
    bed.close()
    assert not bed.root.exists()


@pytest.fixture(scope="module")
def keyboard(bed: Testbed) -> Iterator[Keyboard]:
    keyboard = Keyboard(bed, "ACME Scanner", "0c2e:0b61")
    keyboard.plug()
    yield keyboard
    keyboard.unplug()


@pytest.fixture(scope="module")
def bare(bed: Testbed, keyboard: Keyboard) -> Iterator[Bare]:
    bare = Bare(bed, keyboard.node)
    yield bare
    bare.process.kill()
    bare.close()


def test_it_says_what_it_is(keyboard: Keyboard, bare: Bare) -> None:
    said = bare.answers
    assert said["version"] == "01000100"  # EV_VERSION 0x010001
    assert said["id"] == "03002e0c610b1101"  # BUS_USB, vendor, product, version
    assert bytes.fromhex(said["name"]).rstrip(b"\0") == b"ACME Scanner"
    assert said["types"] == "13001200"  # EV_SYN, EV_KEY, EV_MSC, EV_LED, EV_REP
    assert said["misc"] == "10" + "00" * 95  # MSC_SCAN
    assert said["keys"].startswith("feffffffffffff")  # keys 1 to 55
    assert said["char"] == 0o020000
    assert said["sys"] == [f"event{keyboard.node.rpartition('event')[2]}", f"input{keyboard.node.rpartition('event')[2]}"]


def test_what_it_refuses(bare: Bare) -> None:
    assert bare.answers["grab"] is None
    assert bare.answers["clock"] is not None


def test_a_key_is_a_usage_a_code_and_a_report(keyboard: Keyboard, bare: Bare) -> None:
    keyboard.type("a")
    assert bare.events() == [(4, 4, 0x70004), (1, 30, 1), (0, 0, 0), (4, 4, 0x70004), (1, 30, 0), (0, 0, 0)]


def test_a_capital_is_typed_with_shift_in_one_report(keyboard: Keyboard, bare: Bare) -> None:
    keyboard.type("A")
    down = [(4, 4, 0x700E1), (1, 42, 1), (4, 4, 0x70004), (1, 30, 1), (0, 0, 0)]
    assert bare.events() == down + [(kind, code, 0 if kind == 1 else value) for kind, code, value in down]


def test_a_held_key_repeats(keyboard: Keyboard, bare: Bare) -> None:
    keyboard.press(0x28, repeats=1)
    assert bare.events()[2:5] == [(0, 0, 0), (1, 28, 2), (0, 0, 1)]


def test_keys_that_were_lost(keyboard: Keyboard, bare: Bare) -> None:
    keyboard.lose_keys()
    assert bare.events() == [(0, 3, 0)]


def test_events_carry_wall_clock_time(keyboard: Keyboard, bare: Bare) -> None:
    before = time.time_ns() // 1000
    keyboard.type_at_once("12", ms_per_key=5)
    raw = bytes.fromhex(bare.line())
    stamps = [second * 1_000_000 + micro for second, micro, *_ in struct.iter_unpack("@qqHHi", raw)]
    assert before <= stamps[0] <= time.time_ns() // 1000
    assert [stamp - stamps[0] for stamp in stamps] == [0] * 6 + [5000] * 6


@pytest.mark.parametrize(
    ("usage", "code"),
    [
        *((0x04, 30), (0x1D, 44), (0x1E, 2), (0x27, 11)),  # a, z, 1, 0
        *((0x28, 28), (0x29, 1), (0x2A, 14), (0x2B, 15), (0x2C, 57)),  # Enter, Escape, Backspace, Tab, space
        *((0x2D, 12), (0x31, 43), (0x33, 39), (0x35, 41), (0x38, 53), (0x64, 86)),  # - \ ; ` / and the key beside Shift
        *((0x53, 69), (0x54, 98), (0x55, 55), (0x56, 74), (0x57, 78), (0x58, 96)),  # Num Lock / * - + Enter of the keypad
        *((0x59, 79), (0x61, 73), (0x62, 82), (0x63, 83), (0x85, 121)),  # 1 9 0 . , of the keypad
        *((0xE0, 29), (0xE1, 42), (0xE2, 56)),  # Control, Shift, Alt
    ],
)
def test_usages_become_the_kernels_codes(usage: int, code: int) -> None:
    assert Keyboard.code(usage) == code


def test_the_us_keyboard_of_the_usage_tables() -> None:
    assert len(HID_KEYBOARD) == 0x68
    assert US["a"] == (False, 0x04)
    assert US["Z"] == (True, 0x1D)
    assert [US[c] for c in '!)_|:"~?'] == [(True, u) for u in (0x1E, 0x27, 0x2D, 0x31, 0x33, 0x34, 0x35, 0x38)]
    assert (KEYPAD["/"], KEYPAD["\n"], KEYPAD["1"], KEYPAD["0"], KEYPAD["."]) == (0x54, 0x58, 0x59, 0x62, 0x63)
    assert LEFT_SHIFT == 0xE1


def test_unplugged_it_ends(bed: Testbed) -> None:
    keyboard = Keyboard(bed, "Other")
    keyboard.plug()
    bare = Bare(bed, keyboard.node)
    keyboard.unplug()
    assert bare.line() == ""  # where the kernel's evdev says ENODEV
    assert bare.line() == errno.ENOENT
    bare.close()


def test_a_testbed_has_plain_files_and_links(bed: Testbed) -> None:
    bed.file("/proc/device-tree/model", b"Raspberry Pi 4\0")
    bed.link("/dev/ttyUSB0", "/dev/null")
    program = "import os; print(open('/proc/device-tree/model').read()[:-1], os.path.exists('/dev/ttyUSB0'))"

    def run() -> str:
        environment = {**os.environ, **bed.environment()}
        return subprocess.run(
            [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
        ).stdout

    assert run() == "Raspberry Pi 4 True\n"
    bed.unlink("/dev/ttyUSB0")
    assert run() == "Raspberry Pi 4 False\n"


def test_other_preloads_come_first(bed: Testbed) -> None:
    assert bed.environment("/lib/libboard.so")["LD_PRELOAD"] == "/lib/libboard.so libumockdev-preload.so.0"


def test_a_testbed_says_what_it_does_not_understand(bed: Testbed) -> None:
    with pytest.raises(TestbedError, match="does not understand this device"):
        bed.add("nonsense", "/dev/input/event999", {})
    with pytest.raises(TestbedError, match="is not there"):
        bed.master("/dev/input/event999")
