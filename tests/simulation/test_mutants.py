"""The simulator can fail: each planted fault is found within the seeds of the suite, or in the story that was made for it."""

from __future__ import annotations

import pytest

from simulation.day import RUSH, Broken, live
from simulation.mutants import MUTANTS, Plant
from simulation.stories import tell
from simulation.test_days import SEEDS


@pytest.mark.parametrize("plant", MUTANTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = MUTANTS[plant]
    plant(monkeypatch)
    found = None
    with pytest.raises(Broken) as broken:
        if mutant.story is not None:
            tell(mutant.story)
        elif mutant.seed is not None:
            live(mutant.seed, RUSH)
        for seed in SEEDS if found is None else ():
            live(seed, RUSH)
    words = broken.value.words
    assert words[:1] in set(mutant.invariants), words
    print(f"{plant.__name__}: step {broken.value.steps}: {words}")
