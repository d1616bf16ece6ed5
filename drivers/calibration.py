"""Which keyboard layout a scanner is set to: it scans one code whose text is known, and its keys tell.

The code is printed in `docs/devices/scanner-and-pad.md`. Its signs lie on different keys in each layout; `BODKA` on the same
ones in all of them, so that it is noticed whatever the terminal is set to.

More may follow it in the same code (a setup code): what that says is read in the layout that the beginning has taught.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.events import MAX_CARD_TEXT
from drivers.keyboard_layouts import LAYOUTS, Layout
from drivers.keyboard_typist import DOWN, MODIFIER_KEYS, Keystroke, Typist

CALIBRATION_TEXT = "BODKA)yZ-0"

MARK = (48, 24, 32, 37, 30)
"""The keys of B, O, D, K, A."""

LONGEST = 6 * (MAX_CARD_TEXT + 1)
"""Keystrokes of a code at most, dead keys among them: each character is up to six."""

LONGEST_SUFFIX = 8
"""Characters behind the code that may be the scanner's own; what is longer is a part of what was scanned."""


@dataclass(frozen=True, slots=True)
class Taught:
    """How a scanner is set. us and pl type the same keys: us stands for both."""

    layout: Layout
    capitals: bool
    """It is set for a computer with Caps Lock on."""


def taught(strokes: Sequence[Keystroke]) -> Taught | None:
    """What a scan teaches, in whatever layout it was typed; None if it is any other scan.

    A scanner in ALT mode teaches nothing and needs nothing: it types the same whatever the layout.
    """
    if len(strokes) > LONGEST or not _marked(strokes):
        return None
    for layout in LAYOUTS.values():
        for capitals in (False, True):
            lesson = Taught(layout, capitals)
            if CALIBRATION_TEXT in _text(strokes, lesson):
                return lesson
    return None


def what_follows(strokes: Sequence[Keystroke], lesson: Taught) -> str:
    """What the scan that taught `lesson` says behind the code; "" where that is no more than a suffix."""
    behind = _text(strokes, lesson).partition(CALIBRATION_TEXT)[2]
    printed = "".join(character for character in behind if character.isprintable())
    return printed if len(printed) > LONGEST_SUFFIX else ""


def _text(strokes: Sequence[Keystroke], lesson: Taught) -> str:
    typist = Typist(lesson.layout, capitals=lesson.capitals)
    return "".join(map(typist.typed, strokes))


def _marked(strokes: Sequence[Keystroke]) -> bool:
    keys = tuple(stroke.code for stroke in strokes if stroke.value == DOWN and stroke.code not in MODIFIER_KEYS)
    return any(keys[start : start + len(MARK)] == MARK for start in range(len(keys) - len(MARK) + 1))
