"""What keystrokes mean: a whole scan of a barcode scanner, one key of a number pad. Pure: time comes in with each keystroke."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, TypeAlias

from drivers.calibration import LONGEST, Taught, taught, what_follows
from drivers.events import MAX_CARD_TEXT, PAD_KEYS, Trouble
from drivers.keyboard_layouts import BACKSPACE, ENTER, TAB, US, Layout
from drivers.keyboard_typist import REPEATED, KeysLost, Keystroke, Typist

SCAN_PAUSE_MS = 200
"""A scanner that is silent for this long has finished. Within a scan its keys come 1 to 30 ms apart, by radio up to 100."""

CUT_SHORT_MS = 500
"""One that is known to end its scans with a key has finished only with that: it may be silent for longer within a scan (a radio
that tries again, a machine that stalls). After so long the scan was cut short; nobody is quicker at scanning again."""

SHORTEST_WITHOUT_ENTER = 6
"""Characters that a scan needs if nothing but a pause ends it: fewer are an accident (a UPC-E, the shortest, has 6 to 8)."""

BACKSPACE_KEY = 14


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key of a number pad, one of `events.PAD_KEYS`."""

    key: str


Typed: TypeAlias = str | Trouble | Taught | Pressed
"""A whole scan, what was wrong with one, a scan of the calibration code, or a key."""


class Decoder(Protocol):
    """What a reader of keystrokes needs: each method returns what is known now, in the order in which it was typed."""

    @property
    def wait(self) -> int | None:
        """Milliseconds of silence after which to call `pause`; None if nothing waits for it."""

    def key(self, stroke: Keystroke) -> list[Typed]:
        """Takes a keystroke."""

    def pause(self) -> list[Typed]:
        """Nothing came for `wait` milliseconds."""

    def lost(self, lost: KeysLost) -> None:
        """Keystrokes were lost: nothing that was begun, or is still to come of it, is taken for whole."""


class ScanDecoder:
    """Puts the keystrokes of a scanner together to scans.

    A scan ends with Enter or Tab, or with a pause. A scanner that has once ended a scan with a key is known to do so: what it
    leaves without one was cut short, and is unreadable rather than half a number. If the next one is the same again and ends
    in the same way, somebody set the scanner to do without the key. After each scan no modifier is held any more:
    a Shift whose release was lost spoils no other scan. The calibration code is `Taught`, and its layout used from then on and
    for whatever follows it in the same scan.

        >>> decoder = ScanDecoder()
        >>> decoder.key(Keystroke(30, 1, at=0)), decoder.key(Keystroke(28, 1, at=5))
        ([], ['a'])
    """

    def __init__(self, layout: Layout = US, *, capitals: bool = False, ends_with_key: bool = False) -> None:
        self.ends_with_key = ends_with_key
        """The scanner is known to end its scans with Enter or Tab."""
        self._typist = Typist(layout, capitals=capitals)
        self._text: list[str] = []
        self._strokes: list[Keystroke] = []
        self._broken = False
        self._last = 0
        self._cut: str | None = None
        """The last scan, if that was cut short."""

    @property
    def patience(self) -> int:
        """Milliseconds of silence that end a scan."""
        return CUT_SHORT_MS if self.ends_with_key else SCAN_PAUSE_MS

    @property
    def wait(self) -> int | None:
        """`patience` while something was typed that is not finished."""
        return self.patience if self._broken or self._text else None

    def key(self, stroke: Keystroke) -> list[Typed]:
        """Takes a keystroke; returns the scan that is whole now, or what was wrong with it."""
        typed = self.pause() if stroke.at - self._last >= self.patience else []
        self._last = stroke.at
        if len(self._strokes) <= LONGEST:
            self._strokes.append(stroke)
        for character in self._typist.typed(stroke):
            if character in (ENTER, TAB):
                typed += self._enter()
            elif character.isprintable() and not self._broken and len(self._text) <= MAX_CARD_TEXT:  # one more: too long
                self._text.append(character)
        return typed

    def pause(self) -> list[Typed]:
        """Nothing came for `patience`: ends what was begun."""
        begun = len(self._text)
        return [
            self._without_key(scan) if isinstance(scan, str) else scan
            for scan in self._finish()
            if not isinstance(scan, str) or begun >= SHORTEST_WITHOUT_ENTER
        ]

    def lost(self, lost: KeysLost) -> None:
        """Throws away what was begun, and the rest of it that is still to come."""
        self._last, self._broken = lost.at, True
        self._typist.rest()

    def _without_key(self, scan: str) -> Typed:
        before, self._cut = self._cut, scan
        self.ends_with_key = self.ends_with_key and scan != before
        return Trouble.UNREADABLE if self.ends_with_key else scan

    def _enter(self) -> list[Typed]:
        scans = self._finish()
        self._cut = None
        self.ends_with_key = self.ends_with_key or any(isinstance(scan, str) for scan in scans)
        return scans

    def _finish(self) -> list[Typed]:
        text, strokes, broken = "".join(self._text), self._strokes, self._broken
        self._text, self._strokes, self._broken = [], [], False
        self._typist.rest()
        if broken:
            return [Trouble.UNREADABLE]
        if len(text) > MAX_CARD_TEXT:
            return [Trouble.TOO_LONG]
        if lesson := taught(strokes):
            self._typist = Typist(lesson.layout, capitals=lesson.capitals)
            behind = what_follows(strokes, lesson)
            return [lesson, behind] if behind else [lesson]
        return [text] if text else []


class PadDecoder:
    """Says which key of a number pad a keystroke is.

    Speed means nothing here: a "000" key types three zeros as fast as a scanner would, and is three keys. A key that is held
    counts once, but Backspace goes on taking away.
    """

    _NAMES: Mapping[str, str] = MappingProxyType({ENTER: "enter", BACKSPACE: "back", ".": ","})

    def __init__(self, layout: Layout = US) -> None:
        self._typist = Typist(layout)

    @property
    def wait(self) -> None:
        """Nothing ever waits: a key is known at once."""

    def key(self, stroke: Keystroke) -> list[Typed]:
        """The key that went down, if a pad has such a key."""
        if stroke.value == REPEATED:
            return [Pressed("back")] if stroke.code == BACKSPACE_KEY else []
        typed = self._typist.typed(stroke)
        name = self._NAMES.get(typed, typed)
        return [Pressed(name)] if name in PAD_KEYS else []

    def pause(self) -> list[Typed]:
        """Nothing waits."""
        return []

    def lost(self, lost: KeysLost) -> None:
        """The next key is taken for what it is without Shift."""
        self._typist.rest()
