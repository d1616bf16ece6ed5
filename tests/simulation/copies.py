"""How much a copied terminal may overdraw: its head start (invariant 8).

Each copy knows what the others know at the moment of copying. What one of them may spend, undo and has earned by then, the
others may spend, undo and have earned as well; each except the one that stays on the cloud's head may overdraw that, once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from simulation.cloud_book import PurseKey
    from simulation.counter_book import Written


@dataclass
class HeadStart:
    """Of one copy, or of the original: what it may spend of each purse without the cloud having meant it for this one alone."""

    identity: UUID
    common: Sequence[Written]
    """The lines that the copies have in common; the first of them may be pruned by now."""
    undoable: Mapping[PurseKey, int]
    """Spends before that line that each of them can undo."""
    held: defaultdict[PurseKey, int] = field(default_factory=lambda: defaultdict(int))
    """The most that could be spent at any exchange at which the cloud still took it for the original."""
    found_out: bool = False

    def again(self) -> HeadStart:
        """Of another copy of the same card."""
        return HeadStart(self.identity, self.common, self.undoable, self.held.copy())

    def holds(self, key: PurseKey, amount: int) -> None:
        """A good exchange has shown that so much could be spent."""
        if not self.found_out:
            self.held[key] = max(self.held[key], amount)

    def of(self, key: PurseKey) -> int:
        return self.held[key] + self.undoable.get(key, 0)
