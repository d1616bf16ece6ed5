"""Told by how it types: is a keyboard that nobody described a scanner or a number pad? Pure, as the decoders are.

By their keys the two often cannot be told apart: many number pads say that they have every key of a keyboard.
"""

from __future__ import annotations

from drivers.keyboard_decoding import SHORTEST_WITHOUT_ENTER, PadDecoder, ScanDecoder, Typed
from drivers.keyboard_layouts import US, Layout
from drivers.keyboard_typist import DOWN, MODIFIER_KEYS, KeysLost, Keystroke

HAND_MS = 50
"""Keys that come further apart were typed by hand: two fingers that roll over a pad take 60 ms or more."""

SHORTEST_WITH_ENTER = 4
"""Keys that a scan has before its Enter: a "000" key and Enter are no scan."""

END_KEYS = frozenset({28, 96, 15})
"""Enter, on the main field and on the keypad, and Tab."""


class JudgingDecoder:
    """Takes what is typed fast for scans, and the rest for keys of a number pad.

    A key by itself is known to be one `HAND_MS` later. A "000" key is fast, but too short for a scan.

    >>> decoder = JudgingDecoder()
    >>> decoder.key(Keystroke(2, 1, at=0)), decoder.pause()
    ([], [Pressed(key='1')])
    """

    def __init__(self, layout: Layout = US, *, capitals: bool = False, ends_with_key: bool = False) -> None:
        self._scans = ScanDecoder(layout, capitals=capitals, ends_with_key=ends_with_key)
        self._pad = PadDecoder(layout)
        self._burst: list[Keystroke] = []
        self._keys = 0
        self._last = 0
        """When the last keystroke was; a key that comes up counts too."""
        self._pressed = 0
        """When the last key went down."""
        self._scanning = False

    @property
    def ends_with_key(self) -> bool:
        """It is a scanner that is known to end its scans with Enter or Tab."""
        return self._scans.ends_with_key

    @property
    def wait(self) -> int | None:
        """Milliseconds of silence after which to call `pause`; None if nothing waits."""
        if self._scanning:
            return self._scans.patience
        return max(0, HAND_MS - (self._last - self._pressed)) if self._keys else None

    def key(self, stroke: Keystroke) -> list[Typed]:
        """Takes a keystroke; returns what is known now."""
        down = stroke.value == DOWN and stroke.code not in MODIFIER_KEYS
        paused = stroke.at - self._last >= self._scans.patience
        by_hand = down and stroke.at - self._pressed >= HAND_MS
        typed = self.pause() if (paused if self._scanning else by_hand) else []
        self._last = stroke.at
        if self._scanning:
            return typed + self._scan(stroke)
        self._burst.append(stroke)
        if down:
            self._pressed = stroke.at
            needed = SHORTEST_WITH_ENTER if stroke.code in END_KEYS else SHORTEST_WITHOUT_ENTER - 1
            if self._keys >= needed:
                return typed + self._as_scan()
            self._keys += 1
        if not self._keys:  # a modifier, or a key of before that comes up: both have to know
            self._scans.key(stroke)
            return typed + self._as_keys()
        return typed

    def pause(self) -> list[Typed]:
        """Nothing came for `wait` milliseconds: says what was typed before."""
        if not self._scanning:
            return self._as_keys()
        self._scanning = False
        return self._scans.pause()

    def lost(self, lost: KeysLost) -> None:
        """Keystrokes were lost: nothing that was begun, or is still to come of it, is taken for a whole scan or for keys."""
        self._burst, self._keys = [], 0
        self._last, self._scanning = lost.at, True
        self._scans.lost(lost)
        self._pad.lost(lost)

    def _scan(self, stroke: Keystroke) -> list[Typed]:
        typed = self._scans.key(stroke)
        self._scanning = self._scans.wait is not None
        return typed

    def _as_scan(self) -> list[Typed]:
        burst, self._burst, self._keys = self._burst, [], 0
        return [one for stroke in burst for one in self._scan(stroke)]

    def _as_keys(self) -> list[Typed]:
        burst, self._burst, self._keys = self._burst, [], 0
        return [one for stroke in burst for one in self._pad.key(stroke)]
