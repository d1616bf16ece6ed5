"""What all terminals of a simulated day share."""

from __future__ import annotations

import random as pseudo
from dataclasses import dataclass

from simulation.agenda import Agenda
from simulation.history import History
from simulation.network import Network


@dataclass(frozen=True)
class World:
    """Time, the network, and what happened."""

    seed: int
    agenda: Agenda
    network: Network
    history: History

    def chance(self, *of: object) -> pseudo.Random:
        """Chance of its own for one part of the day: what another part draws, or whether it is there, does not change it."""
        return pseudo.Random(f"{self.seed} {of}")
