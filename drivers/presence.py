"""When a card counts as come and gone: contacts that bounce, and the same card twice within a second, are one event. Pure."""

from __future__ import annotations

from drivers.events import CardGone, CardSeen, CardTrouble, Medium, Trouble
from drivers.reading import Reading, event

AGAIN_MS = 1_000
"""A card that is back within this time after it left never left; what cannot be read in this time may only be bouncing."""

CardEvent = CardSeen | CardTrouble | CardGone


class Presence:
    """One slot of one reader. Each method takes the moment and returns what is to be said now.

    A card that left is held back for `again_ms`: `due` is when `passed` has something to say, None where nothing waits.

    >>> slot = Presence("chip")
    >>> [event.at for event in slot.came(Medium.CHIP, Trouble.FOREIGN_CHIP, 0)]
    [0]
    >>> slot.left(500), slot.came(Medium.CHIP, Trouble.FOREIGN_CHIP, 900), slot.left(5_000)
    ([], [], [])
    >>> slot.passed(6_000)
    [CardGone(device='chip', medium=<Medium.CHIP: 'chip'>, at=5000)]
    """

    def __init__(self, device: str, again_ms: int = AGAIN_MS) -> None:
        self._device, self._again = device, again_ms
        self._said: tuple[Medium, Reading] | None = None
        self._left_at: int | None = None
        self._doubt: tuple[Medium, int] | None = None

    @property
    def due(self) -> int | None:
        return None if self._left_at is None else self._left_at + self._again

    def came(self, medium: Medium, reading: Reading, at: int) -> list[CardEvent]:
        """A card was read, or could not be."""
        held = self._left_at is not None and at - self._left_at < self._again
        if held and reading is Trouble.UNREADABLE:
            self._doubt = medium, at
            return []
        if held and self._said == (medium, reading):
            self._left_at = self._doubt = None
            return []
        gone = self._flush()
        self._said = medium, reading
        return [*gone, event(self._device, medium, reading, at)]

    def left(self, at: int) -> list[CardEvent]:
        """The slot is empty, or nobody can tell any more."""
        self._doubt = None
        if self._said is not None and self._left_at is None:
            self._left_at = at
        return []

    def passed(self, at: int) -> list[CardEvent]:
        """Time went by."""
        if self.due is None or at < self.due:
            return []
        doubt = self._doubt
        gone = self._flush()
        if doubt is None:
            return gone
        self._said = doubt[0], Trouble.UNREADABLE
        return [*gone, event(self._device, *self._said, doubt[1])]

    def ended(self, at: int) -> list[CardEvent]:
        """The slot itself is gone: nothing is held back."""
        self.left(at)
        return self._flush()

    def _flush(self) -> list[CardEvent]:
        said, left_at = self._said, self._left_at
        self._said = self._left_at = self._doubt = None
        return [] if said is None or left_at is None else [CardGone(self._device, said[0], left_at)]
