"""From keystrokes to characters: follows the modifiers of one keyboard. Pure: time comes in with each keystroke."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from drivers.keyboard_layouts import DEAD_KEYS, ENTER, KEYPAD_DIGITS, TAB, Layout

SHIFT_KEYS = frozenset({42, 54})
CAPS_LOCK = 58
LEFT_ALT, ALT_GR = 56, 100
CONTROL_KEYS = frozenset({29, 97})
META_KEYS = frozenset({125, 126})

MODIFIER_KEYS = SHIFT_KEYS | CONTROL_KEYS | META_KEYS | {LEFT_ALT, ALT_GR}

UP, DOWN, REPEATED = 0, 1, 2
"""The values of a key event (Linux `Documentation/input/event-codes.rst`, EV_KEY)."""

LONGEST_ALT_CODE = 4
"""Digits that are typed with Alt: "065", "0065"."""

ALT_CODES = "cp1250"
"""What the codes above 127 mean: the code page of Windows in the countries of these layouts."""


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


class Typist:
    """Says what the keystrokes of one keyboard type: Shift, Caps Lock, AltGr (or Control with Alt), dead keys, Alt with digits.

    Alt with digits is the "ALT mode" of scanners, good for any layout: Alt down, 0 6 5 on the keypad, Alt up is "A"
    (Microsoft, "Input a character code"). What is typed with Control, Meta, or Alt and anything else is a command, never text.

    Args:
        layout: the layout that the keyboard is set to.
        capitals: it is set for a computer with Caps Lock on: its Shift is the other way round for letters.
    """

    def __init__(self, layout: Layout, *, capitals: bool = False) -> None:
        self._layout = layout
        self._capitals = self._caps = capitals
        self._held: set[int] = set()
        self._dead = ""
        self._alt_code: str | None = None
        """The digits typed since Alt went down; None once something else was."""

    def typed(self, stroke: Keystroke) -> str:
        """What this keystroke types: mostly one character or none; two where a dead key met a letter that takes no accent."""
        if stroke.value == REPEATED:
            return ""
        if stroke.code in MODIFIER_KEYS:
            return self._modifier(stroke.code, down=stroke.value == DOWN)
        if stroke.value != DOWN:
            return ""
        if stroke.code == CAPS_LOCK:
            self._caps = not self._caps
            return ""
        if self._alt_alone():
            self._note_digit(stroke.code)
            return ""
        third = ALT_GR in self._held or (LEFT_ALT in self._held and bool(self._held & CONTROL_KEYS))
        if self._held & META_KEYS or (self._held & CONTROL_KEYS and not third):
            return ""
        return self._accented(self._layout.character(stroke.code, self._shifted(stroke.code), third))

    def rest(self) -> None:
        """A scan is over: nothing is held any more, whatever was lost of it, and Caps Lock is as it was set."""
        self._held.clear()
        self._dead, self._alt_code = "", None
        self._caps = self._capitals

    def _shifted(self, code: int) -> bool:
        shift = bool(self._held & SHIFT_KEYS)
        return shift != (self._caps and self._layout.capital(code))

    def _alt_alone(self) -> bool:
        return LEFT_ALT in self._held and not self._held & CONTROL_KEYS

    def _note_digit(self, code: int) -> None:
        digit = KEYPAD_DIGITS.get(code)
        if self._alt_code is None or digit is None or len(self._alt_code) == LONGEST_ALT_CODE:
            self._alt_code = None
        else:
            self._alt_code += digit

    def _modifier(self, code: int, *, down: bool) -> str:
        if down:
            self._held.add(code)
        else:
            self._held.discard(code)
        if code != LEFT_ALT:
            return ""
        digits, self._alt_code = self._alt_code, "" if down else None
        return "" if down or not digits else _character(int(digits))

    def _accented(self, character: str | None) -> str:
        """The character with the accent of the dead key before it, if there was one."""
        if character is None:
            return ""
        dead, self._dead = self._dead, ""
        if not dead:
            if character in DEAD_KEYS:
                self._dead = character
                return ""
            return character
        accent, alone = DEAD_KEYS[dead]
        if character == " " or character == dead:
            return alone
        if character in DEAD_KEYS:
            self._dead = character
            return alone
        composed = unicodedata.normalize("NFC", character + accent)
        return composed if len(composed) == 1 else alone + character


def _character(code: int) -> str:
    """The character of an Alt code; Enter for a carriage return, nothing for what is no character."""
    if code in (10, 13):
        return ENTER
    if code == ord(TAB):
        return TAB
    character = bytes([code]).decode(ALT_CODES, "ignore") if code < 256 else ""
    return character if character.isprintable() else ""
