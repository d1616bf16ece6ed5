"""A few busy minutes of a merchant's terminals, each with its own faults: the short form of `scripts/simulate`."""

from __future__ import annotations

import re

import pytest

from simulation.day import RUSH
from simulation.mutants_of_time import known_time_goes_on_without_power
from simulation.run import told

pytestmark = pytest.mark.timeout(300)
"""A day takes seconds, and many times that where the machine has other work; one that breaks is shortened for a minute."""

SEEDS = range(200)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_invariant_holds_on_a_day_full_of_faults(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    lived = told(seed, RUSH)
    if isinstance(lived, str):
        pytest.fail(lived, pytrace=False)
    with capsys.disabled():
        print(
            f"\n  day {seed}: {lived.taps} taps, {lived.recorded} entries, {lived.faults} faults, {lived.checks} checks",
            end=" ",
        )
    assert lived.checks > 0


def test_a_broken_day_is_told_with_its_seed_its_rule_and_a_shorter_story(monkeypatch: pytest.MonkeyPatch) -> None:
    known_time_goes_on_without_power(monkeypatch)
    words = told(2, RUSH)
    assert isinstance(words, str)
    assert words.startswith("9: terminal 1 takes it for later than it is")
    assert "(docs/ledger.md, 9: “Known time is never later than it is.”)" in words
    shortened = re.search(r"seed 2, step \d+; shortened from \d+ taps and (\d+) happenings to (\d+):", words)
    assert shortened is not None
    assert int(shortened[2]) < int(shortened[1])
