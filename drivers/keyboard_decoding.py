"""What keystrokes mean: a whole scan of a barcode scanner, one key of a number pad. Pure: time comes in with each keystroke."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from drivers.events import MAX_CARD_TEXT, PAD_KEYS, Trouble
from drivers.keyboard_layouts import BACKSPACE, DOWN, ENTER, REPEATED, TAB, US, Keystroke, Layout, Typist

SCAN_PAUSE_MS = 200
"""A scanner that is silent for this long has finished. Within a scan its keys come 1 to 30 ms apart, by radio up to 100."""

SHORTEST_WITHOUT_ENTER = 6
"""Characters that a scan needs if nothing but a pause ends it: fewer are an accident (a UPC-E, the shortest, has 6 to 8)."""


class ScanDecoder:
    """Puts the keystrokes of a scanner together to scans.

    A scan ends with Enter or Tab, or with a pause. A scanner that has once ended a scan with a key is known to do so: what it
    leaves without one was cut short, and is unreadable rather than half a number.

        >>> decoder = ScanDecoder()
        >>> decoder.key(Keystroke(30, 1, at=0)), decoder.key(Keystroke(28, 1, at=5))
        (None, 'a')
    """

    def __init__(self, layout: Layout = US) -> None:
        self._typist = Typist(layout)
        self._text: list[str] = []
        self._broken = False
        self._last = 0
        self._ends_with_key = False

    @property
    def waiting(self) -> bool:
        """Something was typed that is not finished: call `pause` after `SCAN_PAUSE_MS` without a keystroke."""
        return self._broken or bool(self._text)

    def key(self, stroke: Keystroke) -> str | Trouble | None:
        """Takes a keystroke; returns the text of a scan that is whole now, or what was wrong with it, or None."""
        paused = self.waiting and stroke.at - self._last >= SCAN_PAUSE_MS
        ended = self.pause() if paused else None
        self._last = stroke.at
        character = self._typist.character(stroke)
        if character is None or stroke.value != DOWN:
            return ended
        if character in (ENTER, TAB):
            return ended or self._enter()
        if character.isprintable() and not self._broken and len(self._text) <= MAX_CARD_TEXT:  # one more shows it is too long
            self._text.append(character)
        return ended

    def pause(self) -> str | Trouble | None:
        """Nothing came for `SCAN_PAUSE_MS`: ends what was begun. Returns as `key` does."""
        begun = len(self._text)
        scan = self._finish()
        if not isinstance(scan, str):
            return scan
        if begun < SHORTEST_WITHOUT_ENTER:
            return None
        return Trouble.UNREADABLE if self._ends_with_key else scan

    def lost(self, at: int) -> None:
        """Keystrokes were lost: throws away what was begun, and the rest of it that is still to come."""
        self._last, self._broken = at, True
        self._typist.forget()

    def _enter(self) -> str | Trouble | None:
        scan = self._finish()
        self._ends_with_key = self._ends_with_key or isinstance(scan, str)
        return scan

    def _finish(self) -> str | Trouble | None:
        text, broken = "".join(self._text), self._broken
        self._text, self._broken = [], False
        if broken:
            return Trouble.UNREADABLE
        if len(text) > MAX_CARD_TEXT:
            return Trouble.TOO_LONG
        return text or None


class PadDecoder:
    """Says which key of a number pad a keystroke is.

    Speed means nothing here: a "000" key types three zeros as fast as a scanner would, and is three keys. A key that is held
    counts once, but Backspace goes on taking away.
    """

    _NAMES: Mapping[str, str] = MappingProxyType({ENTER: "enter", BACKSPACE: "back", ".": ","})

    def __init__(self, layout: Layout = US) -> None:
        self._typist = Typist(layout)

    def key(self, stroke: Keystroke) -> str | None:
        """One of `events.PAD_KEYS`, or None where the pad has no such key."""
        character = self._typist.character(stroke)
        if character is None or (stroke.value == REPEATED and character != BACKSPACE):
            return None
        name = self._NAMES.get(character, character)
        return name if name in PAD_KEYS else None

    def lost(self) -> None:
        """Keystrokes were lost; the next one is taken for what it is without Shift."""
        self._typist.forget()
