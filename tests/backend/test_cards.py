"""Cards that change (invariant 10): blocked, replaced, issued twice, and accounts that are merged."""

from __future__ import annotations

from contextlib import suppress

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from backend import card_tables, cards, ledger_tables, merchants, merging
from backend.alarms import Kind
from backend.leases import write_off_terminal
from backend.programmes import current
from backend.reports import alarms
from emulators.cloud_counter import CloudCounter
from emulators.cloud_house import NOW, House, build_house, empty, new_engine
from emulators.terminal_peer import Chain
from loyalty.account import Status
from loyalty.derived import DAY_MS
from loyalty.entry import Cause, Posting, TokenKind
from loyalty.numbers import Check, with_check
from loyalty.tokens import token

ANNA, BETA, CYRIL = b"anna" * 4, b"beta" * 4, b"cyrl" * 4
NEW = b"new card" * 2


@pytest.fixture
def counter(house: House) -> CloudCounter:
    connection = house.engine.connect()
    connection.begin()
    return CloudCounter(house, connection)


def terminals(counter: CloudCounter, count: int = 2) -> list[Chain]:
    return [counter.terminal() for _ in range(count)]


def merge(counter: CloudCounter, old: bytes, new: bytes) -> None:
    merging.merge(counter.connection, counter.house.network, old, new, NOW, counter.house.chance.randbytes)


def known(counter: CloudCounter, chain: Chain, cursor: int = 0) -> dict[bytes, tuple[bytes, Status]]:
    return {row.token: (row.account, row.status) for row in counter.pull(chain, cursor).cards}


def test_a_blocked_card_is_refused_from_the_next_pull_on_and_can_be_found_again(counter: CloudCounter) -> None:
    here, _ = terminals(counter)
    counter.award(here, ANNA, 10_00)
    counter.push(here)
    cursor = counter.pull(here).cursor
    cards.block(counter.connection, counter.house.network, ANNA)
    assert known(counter, here, cursor) == {ANNA: (ANNA, Status.BLOCKED)}
    with pytest.raises(cards.CannotChange, match="is blocked, not active"):
        cards.block(counter.connection, counter.house.network, ANNA)
    cards.unblock(counter.connection, counter.house.network, ANNA)
    assert known(counter, here, cursor) == {ANNA: (ANNA, Status.ACTIVE)}
    with pytest.raises(cards.CannotChange, match="no such card"):
        cards.unblock(counter.connection, counter.house.network, BETA)


def test_a_replaced_card_gives_its_account_to_the_new_one(counter: CloudCounter) -> None:
    """Anna lost her card. The shop that was offline still serves the old one: posted, and flagged."""
    here, late = terminals(counter)
    counter.award(here, ANNA, 10_00)
    counter.push(here)
    cards.replace(counter.connection, counter.house.network, ANNA, NEW)
    assert known(counter, here) == {ANNA: (ANNA, Status.REPLACED), NEW: (ANNA, Status.ACTIVE)}
    counter.award(late, ANNA, 5_00)
    counter.push(late)
    assert (counter.balance(ANNA), counter.kinds()) == (15_000, [Kind.CARD_NOT_ACTIVE.name])
    for old, new, why in ((ANNA, CYRIL, "replaced before"), (NEW, ANNA, "somebody's already"), (CYRIL, BETA, "no such card")):
        with pytest.raises(cards.CannotChange, match=why):
            cards.replace(counter.connection, counter.house.network, old, new)
    with pytest.raises(cards.CannotChange, match="not blocked"):
        cards.unblock(counter.connection, counter.house.network, ANNA)


def test_the_portal_knows_a_card_by_its_printed_number(counter: CloudCounter) -> None:
    counter.publish('[[cards]]\nprefix = "77"\nlength = 16\ncheck = "luhn"\n')
    programme, network = current(counter.connection, counter.house.merchant), counter.house.network
    key = merchants.current_key(counter.connection, network)
    number = with_check("770000000000000", Check.LUHN)
    spaced = f"{number[:4]} {number[4:]}"
    assert cards.token_of(counter.connection, network, programme, spaced) == token(key, TokenKind.CARD, number)
    for wrong in (number[::-1], "1234", "", "abc"):
        with pytest.raises(cards.CannotChange, match="digit by digit"):
            cards.token_of(counter.connection, network, programme, wrong)


def test_a_card_issued_twice_offline_waits_for_a_person(counter: CloudCounter) -> None:
    """Two counters gave out cards of one number while both were offline: the first to arrive has it, the other is listed."""
    first, second = terminals(counter)
    first.write(Cause.ISSUE, ANNA)
    second.write(Cause.ISSUE, ANNA)
    counter.push(second)
    assert counter.kinds() == []
    counter.push(first)
    counter.push(first)
    assert counter.kinds() == [Kind.ISSUED_TWICE.name]
    detail = alarms(counter.connection, counter.house.merchant, 1)[0]["detail"]
    assert str(first.identity) in detail
    assert str(second.identity) in detail
    assert known(counter, first) == {ANNA: (ANNA, Status.ACTIVE)}


def test_two_issues_of_one_card_in_one_push_are_seen_too_and_one_terminal_may_issue_again(counter: CloudCounter) -> None:
    here, there = terminals(counter)
    here.write(Cause.ISSUE, ANNA)
    here.write(Cause.ISSUE, ANNA)
    counter.push(here)
    assert counter.kinds() == []
    there.write(Cause.ISSUE, ANNA)
    there.write(Cause.ISSUE, NEW, token=ANNA)
    counter.push(there)
    assert counter.kinds() == [Kind.ISSUED_TWICE.name] * 2


def test_a_merge_moves_what_is_free_and_calls_nothing_back_by_force(counter: CloudCounter) -> None:
    """Anna has two cards. Here holds 60 of the old one's points; 40 are free and move at once. The rest moves as it frees."""
    here, there = terminals(counter)
    for account, cents in ((ANNA, 100_00), (BETA, 10_00)):
        counter.award(here, account, cents)
    here.write(Cause.GIVE_BACK, ANNA, Posting("points", 0, 40_000))
    counter.push(here)
    merge(counter, ANNA, BETA)
    assert (counter.balance(ANNA), counter.balance(BETA), counter.free(BETA)) == (60_000, 50_000, 40_000)
    assert known(counter, here) == {ANNA: (BETA, Status.ACTIVE), BETA: (BETA, Status.ACTIVE)}
    assert [(row.account, row.keep) for row in counter.pull(here).recalls] == [(ANNA, 0)]
    # A terminal that does not know yet spends what it holds, and awards to the old account: posted where the line says.
    here.write(Cause.REDEEM, ANNA, Posting("points", -25_000, 25_000))
    counter.award(there, ANNA, 7_00)
    counter.push(here, 4)
    counter.push(there)
    assert (counter.balance(ANNA), counter.free(ANNA), counter.kinds()) == (42_000, 0, [])
    assert [(row.account, row.keep) for row in counter.pull(there).recalls] == [(ANNA, 0)]
    # What is given back moves on in the same transaction.
    there.write(Cause.GIVE_BACK, ANNA, Posting("points", 0, 7_000))
    here.write(Cause.GIVE_BACK, ANNA, Posting("points", 0, 35_000))
    counter.push(there, 2)
    counter.push(here, 5)
    assert (counter.balance(ANNA), counter.balance(BETA)) == (0, 92_000)
    assert sum(amount for _, amount in counter.by_cause(Cause.MERGE)) == 0
    assert counter.pull(there).recalls == ()
    merging.call_back_all(counter.connection, counter.house.merchant, NOW)
    assert counter.pull(there).recalls == ()
    counter.check()


def test_what_a_lost_terminal_held_moves_on_too(counter: CloudCounter) -> None:
    here, lost = terminals(counter)
    counter.award(lost, ANNA, 10_00)
    counter.award(here, BETA, 1_00)
    counter.push(lost)
    counter.push(here)
    merge(counter, ANNA, BETA)
    assert counter.balance(ANNA) == 10_000
    write_off_terminal(counter.connection, lost.identity, NOW)
    assert (counter.balance(ANNA), counter.balance(BETA)) == (0, 11_000)
    counter.check()


def test_the_past_is_merged_too(counter: CloudCounter) -> None:
    """Sixty euros on each card are silver together; and a late line for the old account counts for the new one."""
    counter.publish('[[levels]]\nkey = "silver"\nname = "S"\nfrom = "100"\ncoefficient = "2"\n')
    here, late = terminals(counter)
    counter.award(here, ANNA, 60_00)
    counter.award(here, BETA, 60_00)
    counter.push(here)
    merge(counter, ANNA, BETA)
    progress = {row.account: (row.level, row.spent) for row in counter.pull(here).progress}
    assert progress == {ANNA: ("", 0), BETA: ("silver", 120_00)}
    counter.award(late, ANNA, 10_00, NOW - DAY_MS)
    counter.award(late, ANNA, 10_00)
    counter.push(late)
    assert [points for _, points in counter.by_cause(Cause.BONUS)] == [10_000]
    assert counter.balance(BETA) == 60_000 + 10_000
    assert {row.account: row.spent for row in counter.pull(here).progress}[BETA] == 140_00
    counter.check()


def test_names_staff_and_phones_follow_a_merge(counter: CloudCounter) -> None:
    here, _ = terminals(counter)
    counter.award(here, ANNA, 1_00)
    counter.award(here, BETA, 1_00)
    here.write(Cause.AWARD, ANNA, Posting("points", 1), token=b"phone", kind=TokenKind.PHONE)
    counter.push(here)
    network, merchant = counter.house.network, counter.house.merchant
    member = {"network": network, "account": ANNA, "name": "Anna", "level": "", "language": "sk", "change": 1}
    counter.connection.execute(sa.insert(card_tables.member).values(member))
    staff = {"merchant": merchant, "id": "anna", "name": "Anna", "token": b"s", "account": ANNA, "active": True, "change": 1}
    counter.connection.execute(sa.insert(card_tables.staff).values(staff))
    merge(counter, ANNA, BETA)
    pulled = counter.pull(here)
    assert {(row.token, row.account) for row in pulled.cards} == {(ANNA, BETA), (BETA, BETA), (b"phone", BETA)}
    assert [(row.account, row.name) for row in pulled.members] == [(BETA, "Anna")]
    assert [row.account for row in pulled.staff] == [BETA]
    assert counter.connection.execute(
        sa.select(card_tables.card.c.kind).order_by(card_tables.card.c.token)
    ).scalars().all() == [
        "card",
        "card",
        "phone",
    ]


def test_merges_do_not_chain_and_do_not_circle(counter: CloudCounter) -> None:
    here, _ = terminals(counter)
    for account in (ANNA, BETA, CYRIL):
        counter.award(here, account, 1_00)
    counter.push(here)
    merge(counter, ANNA, BETA)
    for old, new, why in (
        (CYRIL, CYRIL, "with itself"),
        (BETA, ANNA, "leads to"),
        (ANNA, CYRIL, "leads to"),
        (CYRIL, ANNA, "leads to"),
        (BETA, CYRIL, "merge the other one into it"),
        (CYRIL, b"nobody", "there is no account"),
    ):
        with pytest.raises(merging.CannotMerge, match=why):
            merge(counter, old, new)
    merge(counter, CYRIL, BETA)
    assert merging.led_by(counter.connection, counter.house.network, BETA) == [ANNA, CYRIL]


def test_every_merchant_of_the_network_moves_its_own_points(counter: CloudCounter) -> None:
    house, connection = counter.house, counter.connection
    own = merchants.open_merchant(connection, house.network, "Other", "o", "O", NOW, house.chance.randbytes)
    here, _ = terminals(counter)
    other = house.terminal(connection, own.merchant)
    house.terminal(connection, own.merchant)
    for chain, cents in ((here, 10_00), (other, 3_00)):
        counter.award(chain, ANNA, cents)
        counter.award(chain, BETA, 1_00)
        chain.write(Cause.GIVE_BACK, ANNA, Posting("points", 0, cents * 10))
        counter.push(chain)
    merge(counter, ANNA, BETA)
    p = ledger_tables.purse.c
    there = sa.select(p.merchant, p.earned - p.spent).where(p.account == BETA)
    assert {row[0]: row[1] for row in connection.execute(there)} == {house.merchant: 11_000, own.merchant: 4_000}
    counter.check()


# Whatever comes before, between and after.

WHO = st.sampled_from([ANNA, BETA, CYRIL])
STEP = st.one_of(
    st.tuples(st.just("award"), st.integers(0, 1), WHO, st.integers(1, 9)),
    st.tuples(st.just("spend"), st.integers(0, 1), WHO, st.integers(1, 9)),
    st.tuples(st.just("give back"), st.integers(0, 1), WHO, st.integers(1, 9)),
    st.tuples(st.just("ask"), st.integers(0, 1), WHO, st.integers(1, 9)),
    st.tuples(st.just("push"), st.integers(0, 1), WHO, st.integers(0, 9)),
    st.tuples(st.just("merge"), st.integers(0, 2), WHO, st.integers(0, 2)),
)
BEFORE = [("award", 0, ANNA, 9), ("award", 1, BETA, 9), ("push", 0, ANNA, 0), ("push", 1, BETA, 0), ("merge", 0, ANNA, 1)]
engine = new_engine()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate))
@given(st.lists(STEP, min_size=8, max_size=30))
def test_a_merge_keeps_the_total_and_leaves_nothing_free_behind(steps: list[tuple[str, int, bytes, int]]) -> None:
    empty(engine)
    house = build_house(engine)
    with engine.begin() as connection:
        counter = CloudCounter(house, connection)
        chains = terminals(counter)
        # Most begin with an account that is leased in part and merged.
        before = [
            ("award", 0, ANNA, 9),
            ("award", 1, BETA, 9),
            ("push", 0, ANNA, 0),
            ("push", 1, BETA, 0),
            ("merge", 0, ANNA, 1),
        ]
        for what, which, who, number in (before if len(steps) % 4 else []) + steps:
            chain = chains[which % 2]
            if what == "award":
                counter.award(chain, who, number * 100)
            elif what == "spend":
                chain.write(Cause.REDEEM, who, Posting("points", -number * 1_000, number * 1_000))
            elif what == "give back":
                chain.write(Cause.GIVE_BACK, who, Posting("points", 0, number * 1_000))
            elif what == "ask":
                counter.ask(chain, who, number * 1_000)
            elif what == "push":
                counter.push(chain, 1 + number % 2)
            else:
                total = counter.total()
                with suppress(merging.CannotMerge):
                    merge(counter, who, (ANNA, BETA, CYRIL)[number])
                assert counter.total() == total
            counter.check()
            for merged in connection.execute(sa.select(card_tables.merged.c.account)).scalars():
                assert counter.free(merged) <= 0
