"""One push button's contact made clean: edges and readings go in, pressed, held and released come out.

A contact that closes or opens bounces for some milliseconds (5 to 10 is usual, 20 is a worn button), and a long wire beside a
fridge brings pulses of microseconds that nobody pressed. So a press is believed once the contact has stayed closed for
`CONTACT_MS`, and a release once it has stayed open for `OPEN_MS`. Both are measured by the times of the edges themselves, so
a machine that is late in looking sees the same presses as one that is not.

Pure: times come in, in milliseconds of any one clock; nothing here waits or reads.

    button = Debounce(closed=False)
    button.edge(True, 1000)         # []
    button.passed(1003, True)       # [Said(Change.PRESSED, 1000)]
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from drivers.events import HOLD_MS

CONTACT_MS = 3
"""Shorter contacts are disturbance: the shortest press of a finger is some 30 ms, the longest induced pulse below one."""

OPEN_MS = 25
"""Shorter openings are bounce: the quickest finger needs some 50 ms between two presses."""


class Change(Enum):
    """What a button did."""

    PRESSED = "pressed"
    HELD = "held"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Said:
    """A change, and when it began: for a press the moment of contact, not the moment it was believed."""

    change: Change
    at: int


class Debounce:
    """The state of one button."""

    def __init__(self, *, closed: bool, hold_ms: int = HOLD_MS) -> None:
        """`closed`: what the contact is now. A button found closed is stuck or still held: its release says nothing."""
        self._hold_ms = hold_ms
        self._closed = closed
        self._since = 0  # when the contact last changed
        self._down = closed
        self._pressed_at = 0
        self._held = closed
        self._mute = closed
        self._doubt: int | None = None  # since when readings contradict the edges
        self._trusted = 0  # from when on readings are believed again, after an edge that was late

    @property
    def down(self) -> bool:
        """Whether a press was said and its release was not yet."""
        return self._down and not self._mute

    def edge(self, closed: bool, at: int, heard: int | None = None) -> list[Said]:
        """The contact changed. Edges come in the order of their times; `heard` is when this one came, if not at once.

        Behind an edge that was late there may be others, as late as it was: until they would have come, what is read of the
        contact says nothing of what happened before.
        """
        said = self._until(at)
        self._trusted = at if heard is None else 2 * heard - at
        if closed != self._closed:
            self._closed, self._since = closed, max(at, self._since)
        self._doubt = None
        return said

    def passed(self, now: int, closed: bool) -> list[Said]:
        """Time passed, and the contact was read just now; to be called at `due` and now and then."""
        if closed == self._closed:
            self._doubt = None
            return self._until(now) if now >= self._trusted else []
        # The edge is still on its way, and it knows the time better than this reading: wait for it, but not for ever.
        if self._doubt is None:
            self._doubt = now
        elif now - self._doubt >= OPEN_MS:
            lost = self._doubt
            return self.edge(closed, lost) + self._until(now)
        return []

    def due(self) -> int | None:
        """When `passed` has something to decide, if no edge comes before."""
        if self._doubt is not None:
            return self._doubt + OPEN_MS
        if self._closed and not self._down:
            return max(self._since + CONTACT_MS, self._trusted)
        if self._down and not self._closed:
            return max(self._since + OPEN_MS, self._trusted)
        if self._down and not self._held:
            return max(self._pressed_at + self._hold_ms, self._trusted)
        return None

    def _until(self, now: int) -> list[Said]:
        """What is certain by `now`, if the contact did not change since the last edge."""
        said: list[Said] = []
        if self._closed and not self._down and now - self._since >= CONTACT_MS:
            self._down, self._held, self._mute, self._pressed_at = True, False, False, self._since
            said.append(Said(Change.PRESSED, self._since))
        let_go = self._down and not self._closed
        if self._down and not self._held:
            closed_until = self._since if let_go else now
            if closed_until - self._pressed_at >= self._hold_ms:
                self._held = True
                said.append(Said(Change.HELD, self._pressed_at + self._hold_ms))
        if let_go and now - self._since >= OPEN_MS:
            self._down = False
            if not self._mute:
                said.append(Said(Change.RELEASED, self._since))
        return said
