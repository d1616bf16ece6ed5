"""The disk below (invariant 1): real files as power cuts may have left them, and faults planted to be found by it.

`scripts/crash-states` is the long form: tens of thousands of states.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from disk.power_cuts import Recorded, record, try_out
from disk.workload import SEVERAL

FIXTURES = Path(__file__).parents[1] / "sync" / "fixtures"
STATES, ROUNDS = 400, 60


@pytest.fixture(scope="module")
def recorded(library: Path, memory: Path) -> Recorded:
    return record(library, memory, 1, ROUNDS)


def test_nothing_acknowledged_is_lost_and_nothing_is_half_there(recorded: Recorded, memory: Path) -> None:
    kinds = {(call.kind, recorded.names.get(call.file, "")) for call in recorded.calls}
    assert len(kinds) > 8  # files were made, written, shortened, flushed and deleted
    assert try_out(recorded, memory, seed=1, states=STATES) == (STATES, None)


@pytest.mark.parametrize("version", [path.stem for path in sorted(FIXTURES.glob("journal-*.sqlite"))])
def test_a_power_cut_in_the_middle_of_a_migration(version: str, library: Path, memory: Path) -> None:
    old = record(library, memory, 2, 3, before=FIXTURES / f"{version}.sqlite")
    assert try_out(old, memory, seed=1, states=100) == (100, None)


@pytest.mark.parametrize("fault", ["synchronous=OFF", "synchronous=NORMAL", SEVERAL])
def test_a_planted_fault_is_found(fault: str, library: Path, memory: Path) -> None:
    tried, found = try_out(record(library, memory, 1, ROUNDS, fault), memory, seed=1, states=STATES)
    print(f"{fault}: state {tried}: {found}")
    assert found is not None, f"{tried} states have not shown it"
