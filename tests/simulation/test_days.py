"""A few busy minutes of a merchant's terminals, each with its own faults: the short form of `scripts/simulate`."""

from __future__ import annotations

import pytest

from simulation.day import RUSH, live

pytestmark = pytest.mark.timeout(300)
"""A day takes seconds, and many times that where the machine has other work."""

SEEDS = range(200)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_invariant_holds_on_a_day_full_of_faults(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    lived = live(seed, RUSH)
    with capsys.disabled():
        print(
            f"\n  day {seed}: {lived.taps} taps, {lived.recorded} entries, {lived.faults} faults, {lived.checks} checks",
            end=" ",
        )
    assert lived.checks > 0
