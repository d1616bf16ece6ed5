"""What follows from awards: levels, milestones, daily limits, undo and returns (invariants 6 and 7)."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from backend import ledger_tables, levels, programmes
from backend.alarms import Kind
from emulators.cloud_counter import PROGRAMME, CloudCounter
from emulators.cloud_house import NOW, House, build_house, empty, new_engine
from emulators.terminal_peer import Chain
from loyalty.derived import DAY_MS, Progress, forecast
from loyalty.entry import Cause, Entry, Posting, Purchase

ANNA, BETA = b"anna" * 4, b"beta" * 4
LEVELS = """
[[levels]]
key = "silver"
name = "strieborná"
from = "100"
coefficient = "1.25"
[[levels]]
key = "gold"
name = "zlatá"
from = "300"
months = 3
coefficient = "1.5"
"""
FIFTY = """
[[milestones]]
key = "fifty"
every = "50"
points = "5"
"""
LIMITS = """
[limits]
awards = 2
points = "30"
"""


@pytest.fixture
def counter(house: House) -> CloudCounter:
    connection = house.engine.connect()
    connection.begin()
    return CloudCounter(house, connection)


def two(counter: CloudCounter) -> tuple[Chain, Chain]:
    return counter.terminal(), counter.terminal()


def test_a_level_is_reached_by_spending_and_adds_its_part_from_the_next_award_on(counter: CloudCounter) -> None:
    """Anna buys for 100 euros and becomes silver; her next 10 euros bring 10 points and 2.5 more, which nobody holds yet."""
    counter.publish(LEVELS)
    here, _ = two(counter)
    counter.award(here, ANNA, 100_00)
    counter.push(here)
    assert counter.by_cause(Cause.BONUS) == []
    pulled = counter.pull(here)
    assert [(row.account, row.level, row.spent, row.owing) for row in pulled.progress] == [(ANNA, "silver", 100_00, 0)]
    counter.award(here, ANNA, 10_00)
    counter.push(here)
    assert counter.by_cause(Cause.BONUS) == [("level silver", 2_500)]
    assert (counter.balance(ANNA), counter.free(ANNA)) == (112_500, 2_500)
    assert counter.pull(here, pulled.cursor).progress[0].spent == 110_00
    counter.check()


def test_a_shops_only_terminal_is_leased_the_bonus_too(counter: CloudCounter) -> None:
    counter.publish(LEVELS + FIFTY)
    alone = counter.terminal()
    counter.award(alone, ANNA, 100_00)
    counter.push(alone)
    assert [(row.balance, row.granted) for row in counter.pull(alone).purses] == [(110_000, 110_000)]
    assert counter.free(ANNA) == 0
    counter.check()


def test_levels_lapse_by_night(counter: CloudCounter) -> None:
    """Gold counts three months: in the fourth, Anna is silver again without having come at all."""
    counter.publish(LEVELS)
    here, _ = two(counter)
    counter.award(here, ANNA, 300_00)
    counter.push(here)
    cursor = counter.pull(here).cursor
    counter.award(here, BETA, 300_00)
    counter.push(here, 2)
    assert levels.review(lambda: nullcontext(counter.connection), counter.house.merchant, NOW, at_once=1) == 0
    assert levels.review(lambda: nullcontext(counter.connection), counter.house.merchant, NOW + 95 * DAY_MS, at_once=1) == 2
    assert [row.level for row in counter.pull(here, cursor).progress] == ["silver", "silver"]
    assert levels.review(lambda: nullcontext(counter.connection), counter.house.merchant, NOW + 370 * DAY_MS) == 2
    assert [row.level for row in counter.pull(here, cursor).progress] == ["", ""]


def test_a_programme_without_levels_has_no_night(counter: CloudCounter) -> None:
    counter.publish("")
    assert levels.review(lambda: nullcontext(counter.connection), counter.house.merchant, NOW) == 0


def test_a_line_that_comes_weeks_late_is_judged_by_its_own_time(counter: CloudCounter) -> None:
    """The other terminal was offline: what it awarded in spring is not silver because of what was bought in summer."""
    counter.publish(LEVELS)
    here, late = two(counter)
    counter.award(late, ANNA, 10_00, NOW - 60 * DAY_MS)
    counter.award(late, ANNA, 10_00, NOW + 400 * DAY_MS, trusted=False)
    counter.award(here, ANNA, 100_00)
    counter.push(here)
    counter.push(late)
    # The second one's clock was not trusted: it counts as made when it came.
    assert counter.by_cause(Cause.BONUS) == [("level silver", 2_500)]


def test_a_milestone_gives_its_points_each_time_it_is_crossed(counter: CloudCounter) -> None:
    counter.publish(FIFTY)
    here, _ = two(counter)
    for cents in (30_00, 30_00, 130_00):
        counter.award(here, ANNA, cents)
    counter.push(here)
    assert counter.by_cause(Cause.BONUS) == [("milestone fifty", 5_000), ("milestone fifty", 10_000)]
    counter.check()


def test_only_what_was_paid_counts(counter: CloudCounter) -> None:
    """A bill of 60 euros, 20 of them paid with points, is 40 euros spent; another currency is none."""
    counter.publish(FIFTY)
    here, _ = two(counter)
    bill = Purchase(60_00, "EUR", discount=20_00)
    here.write(Cause.AWARD, ANNA, Posting("points", 2_000_000))
    here.write(Cause.REDEEM, ANNA, Posting("points", -2_000_000, 2_000_000), Posting("points", 40_000), purchase=bill)
    here.write(Cause.AWARD, ANNA, Posting("points", 1), purchase=Purchase(60_00, "CZK"))
    counter.push(here)
    assert counter.by_cause(Cause.BONUS) == []
    assert counter.pull(here).progress[0].spent == 40_00


def test_an_undo_takes_the_bonus_back_as_far_as_it_is_free(counter: CloudCounter) -> None:
    """Anna's 10 euros as a silver member are undone: her 2.5 points more go too, for nobody holds them yet."""
    counter.publish(LEVELS + FIFTY)
    here, _ = two(counter)
    counter.award(here, ANNA, 100_00)
    second = counter.award(here, ANNA, 50_00)
    counter.push(here)
    before = counter.balance(ANNA)
    counter.undo(here, ANNA, second)
    counter.push(here, 3)
    assert counter.by_cause(Cause.TAKEN_BACK) == [("level silver", -12_500), ("milestone fifty", -5_000)]
    assert counter.balance(ANNA) == before - 50_000 - 12_500 - 5_000 == 110_000
    assert counter.kinds() == []
    counter.check()


def test_what_of_a_bonus_was_leased_is_listed_and_later_bonuses_are_set_against_it(counter: CloudCounter) -> None:
    """The other terminal has asked for all that was free. The rest is listed; buying again brings no second bonus."""
    counter.publish(FIFTY)
    here, there = two(counter)
    award = counter.award(here, ANNA, 50_00)
    counter.push(here)
    counter.ask(there, ANNA, 4_000)
    counter.undo(here, ANNA, award)
    counter.push(here, 2)
    assert counter.by_cause(Cause.TAKEN_BACK) == [("milestone fifty", -1_000)]
    assert counter.kinds() == [Kind.NOT_FREE.name]
    assert counter.pull(here).progress[0].owing == 4_000
    counter.award(here, ANNA, 50_00)
    counter.push(here, 3)
    assert counter.by_cause(Cause.BONUS) == [("milestone fifty", 5_000), ("milestone fifty", 1_000)]
    assert counter.balance(ANNA) == 55_000
    counter.check()


def test_a_day_brings_no_more_than_its_limits(counter: CloudCounter) -> None:
    """Two awards and 30 points a day: what is above is taken back where it is free, and listed where it is leased."""
    counter.publish(LIMITS)
    here, there = two(counter)
    here.write(Cause.AWARD, BETA, Posting("points", 7_000), token=b"", at_ms=NOW)
    counter.award(here, ANNA, 20_00)
    third = counter.award(here, ANNA, 20_00)
    counter.push(here)
    assert counter.kinds() == [Kind.NOT_FREE.name]
    assert counter.by_cause(Cause.TAKEN_BACK) == []
    # The terminal gives its lease back: now there is something free.
    here.write(Cause.GIVE_BACK, ANNA, Posting("points", 0, 40_000))
    counter.push(here, 4)
    counter.award(there, ANNA, 5_00)
    counter.push(there)
    taken = [("limit points", -5_000)]
    assert (counter.by_cause(Cause.TAKEN_BACK), counter.balance(ANNA)) == (taken, 40_000)
    # The undone one counts no more, and tomorrow is another day.
    counter.undo(there, ANNA, third)
    counter.push(there, 2)
    counter.award(there, ANNA, 5_00)
    counter.push(there, 3)
    counter.house.time.now += DAY_MS
    for _ in range(2):
        counter.award(there, ANNA, 15_00)
    counter.push(there, 4)
    assert counter.by_cause(Cause.TAKEN_BACK) == taken
    counter.check()


def test_stamps_are_limited_by_their_number(counter: CloudCounter) -> None:
    counter.publish('[[stamps]]\npurse = "coffee"\nname = "C"\ngoal = 10\nreward = "R"\n' + LIMITS)
    here, _ = two(counter)
    for _ in range(3):
        here.write(Cause.AWARD, ANNA, Posting("coffee", 1), at_ms=NOW)
    here.write(Cause.GIVE_BACK, ANNA, Posting("coffee", 0, 3))
    here.write(Cause.AWARD, ANNA, Posting("coffee", 1), at_ms=NOW)
    counter.push(here)
    assert counter.by_cause(Cause.TAKEN_BACK) == [("limit coffee", -1)]
    assert counter.balance(ANNA, "coffee") == 3


def test_undo_of_an_award_that_a_limit_shortened_gives_back_what_was_taken_twice(counter: CloudCounter) -> None:
    counter.publish(LIMITS)
    here, _ = two(counter)
    counter.award(here, ANNA, 20_00)
    here.write(Cause.GIVE_BACK, ANNA, Posting("points", 0, 20_000))
    second = counter.award(here, ANNA, 20_00)
    counter.push(here)
    assert counter.balance(ANNA) == 30_000
    counter.undo(here, ANNA, second)
    counter.push(here, 4)
    assert counter.balance(ANNA) == 20_000
    counter.check()


def test_levels_that_come_with_a_new_programme_look_back(counter: CloudCounter) -> None:
    counter.publish("")
    here, _ = two(counter)
    counter.award(here, ANNA, 120_00)
    undone = counter.award(here, ANNA, 400_00)
    counter.undo(here, ANNA, undone)
    counter.give_back(here, ANNA, 10_00)
    counter.push(here)
    assert counter.pull(here).progress == ()
    text = (PROGRAMME + LEVELS).replace("version = 1", "version = 2")
    programmes.publish(counter.connection, counter.house.merchant, text, NOW)
    assert [(row.level, row.spent) for row in counter.pull(here).progress] == [("silver", 110_00)]


# Undo and returns across a lost network, in every order in which they may arrive.


def story(counter: CloudCounter, order: tuple[int, ...]) -> tuple[int, list[str], list[Any]]:
    """Anna bought for 60 euros here; 20 euros of goods went back there, 10 at a third counter; then it was undone here.

    Each terminal was offline: its lines come when its turn is. Returns Anna's balance, the alarms, and her progress.
    """
    counter.publish(LEVELS + FIFTY)
    here, there, third = (counter.terminal() for _ in range(3))
    award = counter.award(here, ANNA, 60_00)
    counter.give_back(there, ANNA, 20_00, award)
    counter.give_back(third, ANNA, 10_00, award)
    counter.undo(here, ANNA, award)
    for which in order:
        counter.push((here, there, third)[which])
        counter.check()
    return counter.balance(ANNA), counter.kinds(), [row.spent for row in counter.pull(here).progress]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_undo_here_and_return_there_never_take_more_than_the_award(house: House, order: tuple[int, ...]) -> None:
    """60 points were given, 60 undone and 30 returned: in whatever order, Anna has none of it, and none less."""
    with house.engine.begin() as connection:
        balance, kinds, spent = story(CloudCounter(house, connection), order)
    assert balance == 0
    assert kinds.count(Kind.DEBT.name) == 2
    assert Kind.OVERDRAFT.name not in kinds
    # The returns that come before their award count by themselves.
    assert sum(spent) == (0 if order[0] == 0 else -20_00 if order[:2] == (1, 0) else -10_00 if order[:2] == (2, 0) else -30_00)


def test_an_award_that_comes_last_brings_a_bonus_only_for_what_was_kept(counter: CloudCounter) -> None:
    """Half of the goods came back elsewhere before the award's own terminal was online again."""
    counter.publish(LEVELS)
    here, there = two(counter)
    counter.award(there, ANNA, 130_00)
    counter.push(there)
    award = counter.award(here, ANNA, 40_00)
    counter.give_back(there, ANNA, 20_00, award, 20_000)
    counter.push(there, 2)
    counter.push(here)
    assert counter.by_cause(Cause.BONUS) == [("level silver", 5_000)]
    assert counter.balance(ANNA) == 155_000
    counter.check()


def test_a_return_without_its_award_lowers_what_was_spent(counter: CloudCounter) -> None:
    counter.publish(FIFTY)
    here, _ = two(counter)
    counter.award(here, ANNA, 60_00)
    counter.give_back(here, ANNA, 20_00, leased=20_000)
    counter.award(here, ANNA, 15_00)
    counter.push(here)
    assert [points for _, points in counter.by_cause(Cause.BONUS)] == [5_000, 5_000]
    assert counter.by_cause(Cause.TAKEN_BACK) == [("milestone fifty", -5_000)]


# Any order, any doubling.

PEOPLE = st.sampled_from([ANNA, BETA])
STEP = st.one_of(
    st.tuples(st.just("award"), st.integers(0, 1), PEOPLE, st.integers(1, 80), st.integers(0, 40)),
    st.tuples(st.just("undo"), st.integers(0, 1), PEOPLE, st.integers(0, 5), st.just(0)),
    st.tuples(st.just("return"), st.integers(0, 1), PEOPLE, st.integers(0, 5), st.integers(1, 40)),
    st.tuples(st.just("give back"), st.integers(0, 1), PEOPLE, st.integers(1, 9), st.just(0)),
    st.tuples(st.just("push"), st.integers(0, 1), PEOPLE, st.integers(0, 5), st.integers(1, 4)),
    st.tuples(st.just("ask"), st.integers(0, 1), PEOPLE, st.integers(1, 9), st.just(0)),
)
engine = new_engine()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate))
@given(st.lists(STEP, min_size=8, max_size=30))
def test_sums_hold_and_nothing_is_derived_twice_in_any_order(steps: list[tuple[str, int, bytes, int, int]]) -> None:
    empty(engine)
    house = build_house(engine)
    with engine.begin() as connection:
        counter = CloudCounter(house, connection)
        counter.publish(LEVELS + FIFTY + LIMITS)
        chains = two(counter)
        awards: list[tuple[bytes, Entry]] = []
        for what, which, who, number, more in steps:
            chain = chains[which]
            if what == "award":
                awards.append((who, counter.award(chain, who, number * 100, NOW - more * DAY_MS)))
            elif what == "undo" and awards:
                counter.undo(chain, *awards[number % len(awards)])
            elif what == "return" and awards:
                owner, award = awards[number % len(awards)]
                counter.give_back(chain, owner, more * 100, award if number else None)
            elif what == "give back":
                chain.write(Cause.GIVE_BACK, who, Posting("points", 0, number * 1_000))
            elif what == "ask":
                counter.ask(chain, who, number * 10_000)
            elif what == "push":
                # The same lines again, too few of them, or a gap: whatever the network makes of it.
                counter.push(chain, 1 + number % 3, number + more)
                counter.check()
        for chain in (*chains, *chains):
            counter.push(chain)
            counter.check()
        _check_bonuses(counter)


def _check_bonuses(counter: CloudCounter) -> None:
    """What an account got by levels and milestones is what its record says, and what is owing was not taken back."""
    connection = counter.connection
    e, p = ledger_tables.entry.c, ledger_tables.posting.c
    rules = sa.select(e.refers, e.cause, e.reward, p.posted, e.account).join_from(
        ledger_tables.entry, ledger_tables.posting, p.entry == e.id
    )
    rows = connection.execute(rules.where(e.cause.in_([Cause.BONUS.value, Cause.TAKEN_BACK.value]))).all()
    bonuses = [(row.refers, row.reward) for row in rows if row.cause == Cause.BONUS.value]
    assert len(bonuses) == len(set(bonuses)), "derived twice"
    for account in (ANNA, BETA):
        got = sum(row.posted for row in rows if row.account == account and not row.reward.startswith("limit "))
        progress = connection.execute(
            sa.select(ledger_tables.progress).where(ledger_tables.progress.c.account == account)
        ).one_or_none()
        if progress is None:
            assert got == 0
            continue
        mine = sa.select(ledger_tables.derived.c.given).join_from(
            ledger_tables.derived, ledger_tables.entry, ledger_tables.derived.c.entry == e.id
        )
        mine = mine.where(e.account == account, ledger_tables.derived.c.rule.startswith("level "))
        owed = sum(connection.execute(mine).scalars()) + max(0, progress.spent) // 50_00 * 5_000
        assert got == owed + progress.owing


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate))
@given(st.lists(st.tuples(st.integers(1, 150), st.booleans()), min_size=1, max_size=10))
def test_a_terminal_that_is_in_step_foresees_what_the_cloud_posts(bills: list[tuple[int, bool]]) -> None:
    empty(engine)
    house = build_house(engine)
    with engine.begin() as connection:
        counter = CloudCounter(house, connection)
        counter.publish(LEVELS + FIFTY)
        rules = programmes.current(connection, house.merchant)
        assert rules is not None
        here, _ = two(counter)
        posted: list[tuple[str, int]] = []
        for euros, undone in bills:
            known = next((row for row in counter.pull(here).progress if row.account == ANNA), None)
            progress = Progress(known.level, known.spent, known.owing) if known else Progress()
            foreseen = forecast(rules.history, progress, euros * 1_000, euros * 100)
            award = counter.award(here, ANNA, euros * 100)
            counter.push(here, len(here.lines))
            fresh = counter.by_cause(Cause.BONUS)[len(posted) :]
            posted += fresh
            assert sum(points for _, points in fresh) == (foreseen.points if foreseen else 0)
            if undone:
                counter.undo(here, ANNA, award)
                counter.push(here, len(here.lines))
