"""The simulator can fail: each planted fault is found within the first seeds, or in the story that was made for it."""

from __future__ import annotations

import pytest

from simulation.day import RUSH, Broken, live
from simulation.mutant import Mutant, Plant
from simulation.mutants import MUTANTS
from simulation.scene import tell

pytestmark = pytest.mark.timeout(300)
"""One takes a minute, and twice that where the machine has other work."""

SEEDS = range(25)
"""The first ones of the suite: what no story and none of them finds wants a story."""


@pytest.mark.parametrize("plant", MUTANTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = MUTANTS[plant]
    plant(monkeypatch)
    with pytest.raises(Broken) as broken:
        _live(mutant)
    found = broken.value
    assert found.invariant in mutant.invariants, found.words
    print(f"{plant.__name__}: seed {found.seed}, step {found.steps}: {found.words}")


def _live(mutant: Mutant) -> None:
    """The story or the seed that is known to find it, and then the others."""
    if mutant.story is not None:
        tell(mutant.story)
    for seed in sorted(SEEDS, key=lambda seed: seed != mutant.seed):
        live(seed, RUSH)
