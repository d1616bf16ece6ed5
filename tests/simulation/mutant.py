"""What is known of a planted fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from simulation.rules import Rule
from simulation.scene import Story

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Mutant:
    """The rule that a planted fault breaks, and the seed or the story that finds it.

    `also` has the numbers of other invariants that may break first, where the code or the days change.
    """

    rule: Rule
    seed: int | None = None
    story: Story | None = None
    also: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        assert (self.seed is None) != (self.story is None), "either a seed or a story finds it"

    @property
    def invariants(self) -> tuple[int, ...]:
        """The numbers of the invariants that may break."""
        return (self.rule.number, *self.also)
