"""A keyboard set to some layout, after the X keyboard data itself: which keys type a text.

Asks libxkbcommon (https://xkbcommon.org, 1.5) for the layouts of the X Keyboard Configuration Database on this machine, so that
our tables are compared with their source and not with themselves.
"""

from __future__ import annotations

import ctypes
from functools import cache

SHIFT, ALT_GR, LEFT_ALT = 42, 100, 56
SPACE = 57
KEYPAD_DIGITS = dict(zip("0123456789", (82, 79, 80, 81, 75, 76, 77, 71, 72, 73), strict=True))
WORKING = {"\n": 28, "\t": 15}

X_OFFSET = 8
"""X's key codes are those of Linux and 8 more."""

LEVELS: tuple[tuple[int, ...], ...] = ((), (SHIFT,), (ALT_GR,))
"""The modifiers of each level."""

DEAD = {0xFE50: "`", 0xFE51: "´", 0xFE52: "^", 0xFE53: "~", 0xFE57: '"', 0xFE58: "°", 0xFE5A: "ˇ"}
"""Dead keys (X11 keysymdef.h, XK_dead_grave and on) and what they type with the space bar."""

CODES = (41, *range(2, 14), *range(16, 28), *range(30, 41), 43, 86, *range(44, 54))


class _Names(ctypes.Structure):
    """struct xkb_rule_names."""

    _fields_ = [(name, ctypes.c_char_p) for name in ("rules", "model", "layout", "variant", "options")]


@cache
def symbols(layout: str) -> dict[tuple[int, int], int]:
    """The keysym of each key (Linux code) and level (0 plain, 1 Shift, 2 AltGr) of a layout."""
    library = ctypes.CDLL("libxkbcommon.so.0")
    for name in ("xkb_context_new", "xkb_keymap_new_from_names"):
        getattr(library, name).restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.xkb_context_new(0))
    names = _Names(b"evdev", b"pc105", layout.encode(), b"", b"")
    keymap = ctypes.c_void_p(library.xkb_keymap_new_from_names(context, ctypes.byref(names), 0))
    found = {}
    for code in CODES:
        for level in range(len(LEVELS)):
            syms = ctypes.POINTER(ctypes.c_uint32)()
            if library.xkb_keymap_key_get_syms_by_level(keymap, code + X_OFFSET, 0, level, ctypes.byref(syms)) == 1:
                found[code, level] = syms[0]
    return found


def character(keysym: int) -> str:
    """What a keysym types, empty where it types nothing; a dead key's is what it types with the space bar."""
    if keysym in DEAD:
        return DEAD[keysym]
    number = ctypes.CDLL("libxkbcommon.so.0").xkb_keysym_to_utf32(keysym)
    return chr(number) if number else ""


@cache
def keys(layout: str) -> dict[str, tuple[tuple[int, ...], int, bool]]:
    """How each character is typed: the modifiers to hold, the key, and whether the space bar has to follow.

    Where a layout has several ways, the one with the fewest modifiers, as scanners do it, and a dead key only if there is
    nothing else.
    """
    ways: dict[str, tuple[bool, int, tuple[int, ...], int]] = {}
    for (code, level), keysym in symbols(layout).items():
        way = (keysym in DEAD, level, LEVELS[level], code)
        if (typed := character(keysym)) and (typed not in ways or way < ways[typed]):
            ways[typed] = way
    found = {typed: (modifiers, code, dead) for typed, (dead, _, modifiers, code) in ways.items()}
    return found | {" ": ((), SPACE, False)} | {working: ((), code, False) for working, code in WORKING.items()}


def strokes(text: str, layout: str) -> list[tuple[int, int]]:
    """The key events (code, and 1 for down or 0 for up) of a scanner set to a layout."""
    events: list[tuple[int, int]] = []
    for one in text:
        modifiers, code, dead = keys(layout)[one]
        events += [(held, 1) for held in modifiers] + [(code, 1), (code, 0)] + [(held, 0) for held in modifiers]
        events += [(SPACE, 1), (SPACE, 0)] if dead else []
    return events


def alt_strokes(text: str) -> list[tuple[int, int]]:
    """The same in ALT mode: Alt held, the character's number in three digits on the keypad; Enter is pressed as it is."""
    events: list[tuple[int, int]] = []
    for one in text:
        if one in WORKING:
            events += [(WORKING[one], 1), (WORKING[one], 0)]
            continue
        digits = [event for digit in f"{ord(one):03}" for event in ((KEYPAD_DIGITS[digit], 1), (KEYPAD_DIGITS[digit], 0))]
        events += [(LEFT_ALT, 1), *digits, (LEFT_ALT, 0)]
    return events
