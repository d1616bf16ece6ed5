"""Levels, milestones, daily limits and the forecast: exact, never below zero, the same in any order."""

from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loyalty.derived import (
    DAY_MS,
    Forecast,
    HistoryRules,
    Level,
    Limits,
    Milestone,
    Progress,
    day_of,
    forecast,
    level_at,
    level_bonus,
    milestone_points,
    months_before,
    remaining,
    settle,
)
from loyalty.ids import derived_id, uuid7
from loyalty.purse import Purse, take_free

SILVER = Level("silver", "strieborná", 100_00, 12, Fraction("1.25"))
GOLD = Level("gold", {"sk": "zlatá"}, 300_00, 3, Fraction("1.5"))
FIFTY = Milestone("fifty", 50_00, 5_000)
amounts = st.integers(0, 10**9)


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def test_the_highest_level_reached_counts_each_within_its_own_months() -> None:
    spent = {12: 400_00, 3: 299_99}
    assert level_at((SILVER, GOLD), spent.__getitem__) == SILVER
    assert level_at((SILVER, GOLD), (spent | {3: 300_00}).__getitem__) == GOLD
    assert level_at((SILVER, GOLD), lambda months: 0) is None
    rules = HistoryRules((SILVER, GOLD))
    assert (rules.level("gold"), rules.level("")) == (GOLD, None)


@pytest.mark.parametrize(
    ("day_now", "months", "then"),
    [
        ("2026-03-31", 1, "2026-02-28"),
        ("2024-03-31", 1, "2024-02-29"),
        ("2026-01-15", 12, "2025-01-15"),
        ("2026-12-01", 11, "2026-01-01"),
    ],
)
def test_months_are_those_of_the_calendar(day_now: str, months: int, then: str) -> None:
    assert months_before(day(day_now), months) == day(then)


@given(st.integers(-(2**63), 2**63), st.integers(1, 120))
@example(0, 1)
@example(-(2**63), 120)
def test_any_time_at_all_has_a_day_and_months_before_it(ms: int, months: int) -> None:
    assert months_before(day_of(ms), months) <= day_of(ms)


@given(st.dates(date(1970, 1, 1), date(2200, 1, 1)), st.integers(0, DAY_MS - 1))
def test_a_day_is_a_day(at: date, ms: int) -> None:
    number = (at - date(1970, 1, 1)).days
    assert day_of(number * DAY_MS + ms) == number
    assert date(1970, 1, 1) + timedelta(days=number) == at


def test_a_level_adds_its_part_rounded_down() -> None:
    assert [level_bonus(GOLD, points) for points in (0, 1, 3, 2_401)] == [0, 0, 1, 1_200]
    assert level_bonus(None, 2_400) == 0


@given(amounts, amounts, amounts, amounts)
def test_what_is_left_of_a_bonus_goes_with_its_award(bonus: int, award: int, first: int, second: int) -> None:
    left = remaining(bonus, award, first)
    assert 0 <= left <= bonus
    assert remaining(bonus, award, first + second) <= left
    assert remaining(bonus, award, award) == 0
    assert remaining(bonus, award, 0) == (bonus if award else 0)


@given(st.lists(st.integers(-(10**6), 10**6), max_size=8))
def test_milestones_add_up_whatever_the_steps(steps: list[int]) -> None:
    total, given_points = 0, 0
    for step in steps:
        given_points += milestone_points(FIFTY, total, total + step)
        total += step
    assert given_points == max(0, total) // 50_00 * 5_000


@given(amounts, amounts)
def test_what_is_owing_is_never_given_again(bonus: int, owing: int) -> None:
    given_points, left = settle(bonus, owing)
    assert given_points >= 0
    assert left >= 0
    assert given_points - left == bonus - owing


@given(st.lists(st.integers(0, 10_000), max_size=20), st.none() | st.integers(1, 5), st.none() | st.integers(1, 20_000))
def test_a_day_never_brings_more_than_its_limits(awards: list[int], most: int | None, points: int | None) -> None:
    limits = Limits(most, points)
    kept = 0
    for counted, award in enumerate(awards):
        excess = limits.excess(counted, kept, award)
        assert 0 <= excess <= award
        kept += award - excess
    assert points is None or kept <= points
    assert most is None or kept <= sum(awards[:most])
    assert (most, points) != (None, None) or kept == sum(awards)


def test_the_forecast_is_the_bonus_of_the_level_and_of_a_milestone_that_is_reached() -> None:
    rules = HistoryRules((SILVER, GOLD), (FIFTY,))
    assert forecast(rules, Progress("gold", 0), 12_000, 12_00) == Forecast(6_000, "gold")
    assert forecast(rules, Progress("", 45_00), 12_000, 12_00) == Forecast(5_000)
    assert forecast(rules, Progress("gold", 45_00), 12_000, 12_00) == Forecast(11_000, "gold")
    assert forecast(rules, Progress("gold", 45_00, owing=10_000), 12_000, 12_00) == Forecast(1_000, "gold")
    assert forecast(rules, Progress("gold", 45_00, owing=11_000), 12_000, 12_00) is None
    assert forecast(rules, Progress("bronze", 0), 12_000, 12_00) is None


def test_a_programme_without_such_rules_says_so() -> None:
    assert not HistoryRules()
    assert HistoryRules((SILVER,))
    assert HistoryRules(milestones=(FIFTY,))
    assert HistoryRules(limits=Limits(awards=1))


@given(st.integers(0, 2**47), st.binary(min_size=10, max_size=10), st.text(), st.text())
def test_what_follows_from_an_entry_has_one_id_for_each_rule(ms: int, chance: bytes, rule: str, other: str) -> None:
    award = uuid7(ms, chance)
    id = derived_id(award, rule)
    assert derived_id(award, rule) == id
    assert (derived_id(award, other) == id) == (rule == other)
    assert (id.version, id.variant, id.int >> 80) == (8, UUID(int=award.int).variant, award.int >> 80)


@given(st.builds(Purse, amounts, amounts, amounts), amounts)
def test_only_what_is_free_is_taken_back(purse: Purse, amount: int) -> None:
    after, taken = take_free(purse, amount)
    assert 0 <= taken <= amount
    assert taken <= max(0, purse.free)
    assert after.balance == purse.balance - taken
    assert after.free >= min(0, purse.free)
    assert taken in (amount, max(0, purse.free))
