"""A USB keyboard as the kernel shows it: an evdev node in a testbed. Scanners and number pads are such keyboards.

Written after
- Linux `include/uapi/linux/input.h`: struct input_event, struct input_id, EVIOCGVERSION and the other ioctls;
- Linux `Documentation/input/event-codes.rst`: EV_SYN, EV_KEY, EV_MSC, SYN_DROPPED, autorepeat;
- USB HID Usage Tables 1.12, section 10 (Keyboard/Keypad page, 0x07): the usages of keys;
- Linux `drivers/hid/hid-input.c`, table hid_keyboard: which usage becomes which key code.

Not modelled, because a pseudo-terminal stands in for the kernel's queue:
- the queue of 64 events that runs over by itself: here typing waits for the reader, and fails without one; see `lose_keys`;
- ENODEV once it is unplugged, and EVIOCGRAB's refusal of a second program: a node that is open comes to its end (read returns
  nothing), and everybody is granted it. `board.c`, preloaded, adds both;
- EVIOCSCLOCKID: events carry wall-clock time, the kernel's own default;
- links to the node, as in /dev/input/by-id: they open but answer no ioctl.
"""

from __future__ import annotations

import ctypes
import os
import select
import struct
import time
from pathlib import Path

from emulators.umockdev import Testbed

EVENT = struct.Struct("@llHHi")
"""struct input_event: seconds, microseconds, type, code, value; 24 bytes on a 64-bit machine."""

EV_SYN, EV_KEY, EV_MSC, EV_LED, EV_REP = 0x00, 0x01, 0x04, 0x11, 0x14
SYN_REPORT, SYN_DROPPED, MSC_SCAN = 0, 3, 4
BUS_USB = 3
KEYBOARD_PAGE = 0x07

HID_KEYBOARD = (
    *(0, 0, 0, 0, 30, 48, 46, 32, 18, 33, 34, 35, 23, 36, 37, 38),
    *(50, 49, 24, 25, 16, 19, 31, 20, 22, 47, 17, 45, 21, 44, 2, 3),
    *(4, 5, 6, 7, 8, 9, 10, 11, 28, 1, 14, 15, 57, 12, 13, 26),
    *(27, 43, 43, 39, 40, 41, 51, 52, 53, 58, 59, 60, 61, 62, 63, 64),
    *(65, 66, 67, 68, 87, 88, 99, 70, 119, 110, 102, 104, 111, 107, 109, 106),
    *(105, 108, 103, 69, 98, 55, 74, 78, 96, 79, 80, 81, 75, 76, 77, 71),
    *(72, 73, 82, 83, 86, 127, 116, 117),
)
"""hid-input.c: the key code of each usage, from 0x00 to 0x67."""

KEYPAD_COMMA = 0x85
LEFT_CONTROL, LEFT_SHIFT, LEFT_ALT = 0xE0, 0xE1, 0xE2
HIGHER_USAGES = {KEYPAD_COMMA: 121, **dict(zip(range(0xE0, 0xE8), (29, 42, 56, 125, 97, 54, 100, 126), strict=True))}
"""The same for what is used of the rest; 0xE0 to 0xE7 are the modifiers, Control, Shift, Alt and Meta, left and right."""

ENTER, ESCAPE, BACKSPACE, TAB = 0x28, 0x29, 0x2A, 0x2B


def _usages() -> dict[str, tuple[bool, int]]:
    """Which key types a character on a US keyboard, and whether with Shift (HID Usage Tables, section 10, table 12)."""
    plain = {chr(ord("a") + i): 0x04 + i for i in range(26)}
    plain |= {digit: 0x1E + i for i, digit in enumerate("1234567890")}
    plain |= dict(zip(" -=[]\\", range(0x2C, 0x32), strict=True)) | dict(zip(";'`,./", range(0x33, 0x39), strict=True))
    shifted = {letter.upper(): plain[letter] for letter in plain if letter.isalpha()}
    shifted |= {sign: 0x1E + i for i, sign in enumerate("!@#$%^&*()")}
    shifted |= dict(zip("_+{}|", range(0x2D, 0x32), strict=True)) | dict(zip(':"~<>?', range(0x33, 0x39), strict=True))
    working = {"\n": ENTER, "\t": TAB, "\b": BACKSPACE}
    return {key: (False, usage) for key, usage in (plain | working).items()} | {key: (True, u) for key, u in shifted.items()}


US = _usages()
KEYPAD = dict(zip("/*-+\n1234567890.", range(0x54, 0x64), strict=True)) | {",": KEYPAD_COMMA, "\b": BACKSPACE}


class Keyboard:
    """One keyboard.

        scanner = Keyboard(bed, "ACME Scanner", "1234:abcd")
        scanner.plug()
        scanner.type("8594001234560\\n", ms_per_key=2)
        scanner.unplug()

    `usages` are the keys that it has: `HID_KEYBOARD`'s by default, fewer for a mouse or a button.
    """

    def __init__(self, bed: Testbed, name: str, usb: str = "1234:5678", usages: frozenset[int] | None = None) -> None:
        self.bed, self.name = bed, name
        self.vendor, self.product = (int(part, 16) for part in usb.split(":"))
        self.usages = frozenset((*range(4, len(HID_KEYBOARD)), *HIGHER_USAGES)) if usages is None else usages
        self.node = ""
        """The path of its node while it is plugged in."""
        self._written = 0
        self.longest_gap_ms = 0.0
        """Between two keys of the last `type`: a busy machine may keep an emulated scanner from its work."""

    def plug(self) -> None:
        """Plugs it in: a node with a number that no device had before."""
        number = self.bed.next_event_number()
        self.node = f"/dev/input/event{number}"
        self._parent = f"/sys/devices/usb1/1-1/1-1:1.0/input/input{number}"
        self.bed.add(self._description(number), self.node, self._ioctls())
        self._master = self.bed.master(self.node)
        self._terminal = os.readlink(self.bed.root / self.node[1:])
        self._reads = _watch_reads(self._terminal)

    def unplug(self) -> None:
        """Pulls it out: its node goes, and who reads it comes to its end."""
        self.bed.remove(f"{self._parent}/{self.node.rpartition('/')[2]}", self._parent)
        self.bed.forget_terminal(self._terminal)
        os.close(self._reads)
        os.close(self._master)
        self.node = ""

    def type(self, text: str, ms_per_key: float = 0.0, keypad: bool = False) -> int:
        """Types a text, each key going down and up; returns when the last key went down (`time.monotonic_ns`)."""
        pressed, self.longest_gap_ms, self._written = 0, 0.0, 0
        for position, character in enumerate(text):
            if position and ms_per_key:
                time.sleep(ms_per_key / 1000)
            pressed = time.monotonic_ns()
            self._write(self._stroke(*self._keys_of(character, keypad)))
        return pressed

    def type_at_once(self, text: str, ms_per_key: float) -> None:
        """Types up to ten keys into the queue of a program that is busy: timed by the kernel, to be read together, later."""
        now = time.time_ns()
        strokes = [
            self._stroke(*self._keys_of(character), at=now + int(i * ms_per_key * 1e6)) for i, character in enumerate(text)
        ]
        self._write(b"".join(strokes))

    def press(self, usage: int, *modifiers: int, repeats: int = 0) -> None:
        """One key by its usage, down, held for some repeats, and up."""
        self._write(self._stroke(usage, *modifiers, repeats=repeats))

    def is_read_by(self, pid: int) -> bool:
        """Whether a process has its node open."""
        folder = Path(f"/proc/{pid}/fd")
        return any(os.readlink(descriptor) == self._terminal for descriptor in folder.iterdir())

    def strokes(self, events: list[tuple[int, int]], ms_per_event: float = 0.0) -> None:
        """Key events by their codes (1 down, 0 up), each as a HID report of its own: what `emulators.xkb` gives."""
        self.longest_gap_ms, self._written = 0.0, 0
        for position, (code, value) in enumerate(events):
            if position and ms_per_event:
                time.sleep(ms_per_event / 1000)
            self._write(_packed([(EV_KEY, code, value), (EV_SYN, SYN_REPORT, 0)], time.time_ns()))

    def lose_keys(self) -> None:
        """What the kernel says when its queue has run over: all that was in it is gone."""
        self._write(_packed([(EV_SYN, SYN_DROPPED, 0)], time.time_ns()))

    @staticmethod
    def code(usage: int) -> int:
        """The key code that the kernel makes of a usage."""
        return HIGHER_USAGES[usage] if usage in HIGHER_USAGES else HID_KEYBOARD[usage]

    @staticmethod
    def _keys_of(character: str, keypad: bool = False) -> list[int]:
        """The usage that types a character, and the modifier that it needs."""
        shift, usage = (False, KEYPAD[character]) if keypad else US[character]
        return [usage, LEFT_SHIFT] if shift else [usage]

    def _stroke(self, usage: int, *modifiers: int, repeats: int = 0, at: int | None = None) -> bytes:
        """The events of one key at a moment (`time.time_ns`): HID reports as the key goes down and up, repeats between them."""
        held = [(EV_KEY, self.code(usage), 2), (EV_SYN, SYN_REPORT, 1)] * repeats
        events = [*self._report(1, *modifiers, usage), *held, *self._report(0, *modifiers, usage)]
        return _packed(events, time.time_ns() if at is None else at)

    def _report(self, value: int, *usages: int) -> list[tuple[int, int, int]]:
        """The events of one HID report: for each change its usage and its key, then SYN_REPORT."""
        events = []
        for usage in usages:
            events += [(EV_MSC, MSC_SCAN, KEYBOARD_PAGE << 16 | usage), (EV_KEY, self.code(usage), value)]
        return [*events, (EV_SYN, SYN_REPORT, 0)]

    def _write(self, events: bytes) -> None:
        """Lets the program have the events, and waits until it has read them.

        A pseudo-terminal tells apart neither writes nor events: what came while a read was going on would be cut anywhere. So
        nothing is written before all was read, as inotify reports it, and no more than one read of python-evdev takes.
        """
        assert len(events) <= 64 * EVENT.size
        while select.select([self._reads], [], [], 0)[0]:
            os.read(self._reads, 4096)
        os.write(self._master, events)
        before, self._written = self._written, time.monotonic_ns()
        self.longest_gap_ms = max(self.longest_gap_ms, (self._written - (before or self._written)) / 1e6)
        if not select.select([self._reads], [], [], 10)[0]:
            raise TimeoutError(f"nobody reads {self.node}")

    def _keys(self) -> bytes:
        """The bit map of its key codes, as EVIOCGBIT(EV_KEY) gives it: KEY_CNT is 0x300."""
        return sum(1 << code for code in {self.code(usage) for usage in self.usages}).to_bytes(0x300 // 8, "little")

    def _ioctls(self) -> dict[str, bytes]:
        """The answers to what evdev libraries ask, in umockdev's notation: the name, the length that is returned, the data."""
        name = self.name.encode() + b"\0"
        types = sum(1 << kind for kind in (EV_SYN, EV_KEY, EV_MSC, EV_LED, EV_REP))
        return {
            "EVIOCGVERSION 0": struct.pack("=i", 0x010001),
            "EVIOCGID 0": struct.pack("=4H", BUS_USB, self.vendor, self.product, 0x0111),
            f"EVIOCGNAME {len(name)}": name.ljust(256, b"\0"),
            "EVIOCGPHYS 4": b"usb".ljust(256, b"\0"),
            "EVIOCGUNIQ 1": bytes(256),
            "EVIOCGBIT(0) 4": types.to_bytes(4, "little"),
            "EVIOCGBIT(1) 96": self._keys(),
            "EVIOCGBIT(4) 96": (1 << MSC_SCAN).to_bytes(96, "little"),
            "EVIOCGBIT(17) 96": (0b11111).to_bytes(96, "little"),
            "EVIOCGEFFECTS 0": bytes(4),
        }

    def _description(self, number: int) -> str:
        """Its folder in /sys and its node, in umockdev's notation."""
        parent = self._parent.removeprefix("/sys")
        return f"""P: {parent}
E: SUBSYSTEM=input
E: PRODUCT={BUS_USB:x}/{self.vendor:x}/{self.product:x}/111
E: NAME="{self.name}"
A: name={self.name}
A: id/bustype={BUS_USB:04x}
A: id/vendor={self.vendor:04x}
A: id/product={self.product:04x}

P: {parent}/event{number}
N: input/event{number}
E: SUBSYSTEM=input
E: DEVNAME={self.node}
E: MAJOR=13
E: MINOR={64 + number}
E: ID_INPUT=1
E: ID_INPUT_KEY=1
E: ID_INPUT_KEYBOARD=1
A: dev=13:{64 + number}
L: device=../../input{number}

"""


def _packed(events: list[tuple[int, int, int]], at: int) -> bytes:
    """Events that happened at one moment (`time.time_ns`), as a program reads them."""
    second, nanosecond = divmod(at, 1_000_000_000)
    return b"".join(EVENT.pack(second, nanosecond // 1000, *event) for event in events)


def _watch_reads(path: str) -> int:
    """A descriptor that can be read each time somebody has read from the file (inotify(7), IN_ACCESS)."""
    library = ctypes.CDLL(None, use_errno=True)
    descriptor = library.inotify_init1(os.O_CLOEXEC)
    if descriptor < 0 or library.inotify_add_watch(descriptor, path.encode(), 0x00000001) < 0:
        raise OSError(ctypes.get_errno(), "inotify")
    return descriptor
