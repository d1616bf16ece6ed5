"""What is known of a planted fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from simulation.scene import Story

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Mutant:
    """Where a planted fault is found: the numbers of the invariants that may break, and the seed or the story that finds it."""

    invariants: tuple[int, ...]
    seed: int | None = None
    story: Story | None = None

    def __post_init__(self) -> None:
        assert (self.seed is None) != (self.story is None), "either a seed or a story finds it"
