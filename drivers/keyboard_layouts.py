"""What the keys of a keyboard layout type: from key codes to characters.

Scanners and number pads are keyboards to the kernel: they send the codes of keys, not characters, and it is for us to know
what is printed on them. Codes are those of Linux, `include/uapi/linux/input-event-codes.h`.

Source of the tables: the X Keyboard Configuration Database (xkb-data 2.35.1), the default variants of the symbols us, de, cz,
sk, hu and pl on a pc105 keyboard, levels 1 to 3. They are compared with libxkbcommon in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ENTER, TAB, BACKSPACE = "\n", "\t", "\b"
"""What the three working keys give; every other character of a layout can be printed."""

NOTHING = "·"
"""Stands in the tables where a key types nothing that a barcode may hold."""

DEAD_KEYS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "ˋ": ("\u0300", "`"),
        "ˊ": ("\u0301", "´"),
        "ˆ": ("\u0302", "^"),
        "˜": ("\u0303", "~"),
        "¨": ("\u0308", '"'),
        "˚": ("\u030a", "°"),
        "ˇ": ("\u030c", "ˇ"),
    }
)
"""Keys that wait for a letter, as the tables write them: the accent that the letter gets, and what is typed with a space."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What each key types: up to three characters, as the key is, with Shift and with AltGr."""

    name: str
    keys: Mapping[int, str]

    def character(self, code: int, shift: bool, third: bool = False) -> str | None:
        """The character of a key, or a dead key's sign; None for a key that types nothing. `third` is AltGr."""
        typed = self.keys.get(code, "")
        if third:
            typed = typed[2:3]
        elif shift:
            typed = typed[1:2] or typed
        else:
            typed = typed[:1]
        return None if typed in ("", NOTHING) else typed

    def capital(self, code: int) -> bool:
        """Whether Caps Lock does what Shift does: where the two are one letter, small and large."""
        typed = self.keys.get(code, "")
        return len(typed) > 1 and typed[0] != typed[1] == typed[0].upper()


KEYPAD_DIGITS: Mapping[int, str] = MappingProxyType(
    dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True))
)

KEYPAD: Mapping[int, str] = MappingProxyType(
    {**KEYPAD_DIGITS, 83: ".", 121: ",", 78: "+", 74: "-", 55: "*", 98: "/", 117: "=", 96: ENTER}
)
"""The keys of the keypad, the same in every layout. Num Lock is for those who draw a cursor: here they are always digits."""

WORKING_KEYS: Mapping[int, str] = MappingProxyType({28: ENTER, 15: TAB, 14: BACKSPACE, 57: " "})

ROWS: tuple[tuple[int, ...], ...] = (
    (41, *range(2, 14)),
    tuple(range(16, 28)),
    (*range(30, 41), 43),
    (86, *range(44, 54)),
)
"""The keys of the tables below: the row of digits from the key under Escape; from Q; from A, ending with the key that hugs
Enter; from the key between Shift and Z, which US keyboards lack."""


def _layout(name: str, *rows: tuple[str, str, str]) -> Layout:
    """A layout from its rows: as the keys are, with Shift, with AltGr."""
    keys = {**KEYPAD, **WORKING_KEYS}
    for codes, row in zip(ROWS, rows, strict=True):
        keys |= {code: "".join(levels) for code, *levels in zip(codes, *row, strict=True)}
    return Layout(name, MappingProxyType(keys))


# fmt: off
US = _layout(
    "us",
    ("`1234567890-=",
     "~!@#$%^&*()_+",
     "·············"),
    ("qwertyuiop[]",
     "QWERTYUIOP{}",
     "············"),
    ("asdfghjkl;'\\",
     'ASDFGHJKL:"|',
     "············"),
    ("<zxcvbnm,./",
     ">ZXCVBNM<>?",
     "|··········"),
)
"""What nearly every scanner is set to when it leaves the factory."""

DE = _layout(
    "de",
    ("ˆ1234567890ßˊ",
     '°!"§$%&/()=?ˋ',
     "·······{[]}\\·"),
    ("qwertzuiopü+",
     "QWERTZUIOPÜ*",
     "@·€·······¨~"),
    ("asdfghjklöä#",
     "ASDFGHJKLÖÄ'",
     "··········ˆ·"),
    ("<yxcvbnm,.-",
     ">YXCVBNM;:_",
     "|··········"),
)

CZ = _layout(
    "cz",
    (";+ěščřžýáíé=ˊ",
     "˚1234567890%ˇ",
     "`!@#$%^&*{}\\·"),
    ("qwertzuiopú)",
     "QWERTZUIOP/(",
     "\\|€·······[]"),
    ("asdfghjklů§¨",
     "ASDFGHJKL\"!'",
     "~··[]`'··$'\\"),
    ("\\yxcvbnm,.-",
     "|YXCVBNM?:_",
     "/·#&@{}^<>*"),
)

SK = _layout(
    "sk",
    (";+ľščťžýáíé=ˊ",
     "˚1234567890%ˇ",
     "`!@#$%^&*{}\\·"),
    ("qwertzuiopúä",
     "QWERTZUIOP/(",
     "\\|€·······[]"),
    ("asdfghjklô§ň",
     'ASDFGHJKL"!)',
     "~··[]`'··$'\\"),
    ("\\yxcvbnm,.-",
     "|YXCVBNM?:_",
     "/·#&@{}^<>*"),
)

HU = _layout(
    "hu",
    ("0123456789öüó",
     "§'\"+!%/=()ÖÜÓ",
     "·~ˇ^·˚·`·ˊ·¨·"),
    ("qwertzuiopőú",
     "QWERTZUIOPŐÚ",
     "\\|····€·····"),
    ("asdfghjkléáű",
     "ASDFGHJKLÉÁŰ",
     "···[]····$··"),
    ("íyxcvbnm,.-",
     "ÍYXCVBNM?:_",
     "<>#&@{}<;>*"),
)

PL = _layout(
    "pl",
    ("`1234567890-=",
     "~!@#$%^&*()_+",
     "·····€·······"),
    ("qwertyuiop[]",
     "QWERTYUIOP{}",
     "··········¨˜"),
    ("asdfghjkl;'\\",
     'ASDFGHJKL:"|',
     "·········ˊˆˋ"),
    ("<zxcvbnm,./",
     ">ZXCVBNM<>?",
     "|··········"),
)
"""The programmers' layout, whose plain and shifted keys are the American ones."""
# fmt: on

LAYOUTS: Mapping[str, Layout] = MappingProxyType({layout.name: layout for layout in (US, DE, CZ, SK, HU, PL)})
"""By the name that the settings use."""
