"""From key codes to characters: what the keys of a keyboard layout type.

Scanners and number pads are keyboards to the kernel: they send the codes of keys, not characters, and it is for us to know
what is printed on them. Codes are those of Linux, `include/uapi/linux/input-event-codes.h`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ENTER, TAB, BACKSPACE = "\n", "\t", "\b"
"""What the three working keys give; every other character of a layout can be printed."""

SHIFT_KEYS = frozenset({42, 54})
COMMAND_KEYS = frozenset({29, 97, 56, 100, 125, 126})
"""Control, Alt and Meta, left and right: what is typed while one is down is a command, or a control character, never text."""

MODIFIER_KEYS = SHIFT_KEYS | COMMAND_KEYS

UP, DOWN, REPEATED = 0, 1, 2
"""The values of a key event (Linux `Documentation/input/event-codes.rst`, EV_KEY)."""


@dataclass(frozen=True, slots=True)
class Keystroke:
    """A key went down, came up, or repeats because it is held. `at` is in milliseconds; only differences matter."""

    code: int
    value: int
    at: int


@dataclass(frozen=True, slots=True)
class KeysLost:
    """The kernel's queue ran over and was emptied (SYN_DROPPED): which keys went down and up is not known."""

    at: int


@dataclass(frozen=True, slots=True)
class Layout:
    """What each key types: one character, or two where Shift makes another one of it."""

    name: str
    keys: Mapping[int, str]

    def character(self, code: int, shift: bool) -> str | None:
        """The character of a key, None for a key that types nothing."""
        typed = self.keys.get(code)
        return None if typed is None else typed[-1 if shift else 0]


KEYPAD: Mapping[int, str] = MappingProxyType(
    {
        **dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True)),
        83: ".",
        121: ",",
        78: "+",
        74: "-",
        55: "*",
        98: "/",
        117: "=",
        96: ENTER,
    }
)
"""The keys of the keypad, the same in every layout. Num Lock is for those who draw a cursor: here they are always digits."""

WORKING_KEYS: Mapping[int, str] = MappingProxyType({28: ENTER, 15: TAB, 14: BACKSPACE, 57: " "})


def _row(first: int, plain: str, shifted: str) -> dict[int, str]:
    """Keys with consecutive codes."""
    return {first + i: pair[0] + pair[1] for i, pair in enumerate(zip(plain, shifted, strict=True))}


US = Layout(
    "us",
    MappingProxyType(
        {
            **KEYPAD,
            **WORKING_KEYS,
            **_row(2, "1234567890-=", "!@#$%^&*()_+"),
            **_row(16, "qwertyuiop[]", "QWERTYUIOP{}"),
            **_row(30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
            **_row(43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
            86: "<>",
        }
    ),
)
"""What nearly every scanner is set to when it leaves the factory."""

LAYOUTS: Mapping[str, Layout] = MappingProxyType({layout.name: layout for layout in (US,)})
"""By the name that the settings use."""


class Typist:
    """Follows the modifiers of one keyboard, and says what each keystroke types."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._held: set[int] = set()

    def character(self, stroke: Keystroke) -> str | None:
        """The character that this keystroke types; None if it types none, as when a key comes up."""
        if stroke.code in MODIFIER_KEYS:
            if stroke.value == UP:
                self._held.discard(stroke.code)
            else:
                self._held.add(stroke.code)
            return None
        if stroke.value == UP or self._held & COMMAND_KEYS:
            return None
        return self._layout.character(stroke.code, shift=bool(self._held & SHIFT_KEYS))

    def forget(self) -> None:
        """Takes every modifier for released: which of them are down is no longer known."""
        self._held.clear()
