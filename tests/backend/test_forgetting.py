"""Forgetting a person (invariant 11): nothing that says who is left, sums and chains hold, late lines are forgotten at once."""

from __future__ import annotations

from base64 import b64encode

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from backend import card_tables, fleet_tables, forgetting, ledger_tables, merging, tables
from backend.accept import accept, void_next
from backend.alarms import Kind
from emulators.cloud_counter import CloudCounter
from emulators.cloud_house import NOW, House, build_house, empty, new_engine
from emulators.terminal_peer import Chain
from loyalty.chain import Line, Was, personal_digest
from loyalty.entry import Cause, Personal, Posting, TokenKind, decode_entry, encode
from sync.messages import Push

ANNA, BETA, PHONE = b"anna" * 4, b"beta" * 4, b"phone of anna..."


@pytest.fixture
def counter(house: House) -> CloudCounter:
    connection = house.engine.connect()
    connection.begin()
    return CloudCounter(house, connection)


def forget(counter: CloudCounter, account: bytes) -> None:
    forgetting.forget(counter.connection, counter.house.network, account, NOW, counter.house.chance.randbytes)


def name(counter: CloudCounter, account: bytes, called: str) -> None:
    member = {"network": counter.house.network, "account": account, "name": called, "level": "", "language": "sk", "change": 1}
    counter.connection.execute(sa.insert(card_tables.member).values(member))


def traces(counter: CloudCounter, *words: bytes) -> list[str]:
    """Tables but the tombstones that still hold one of these words, raw, in hex, or as the wire writes bytes."""
    found = []
    for table in tables.metadata.sorted_tables:
        if table.name != "forgotten":
            text = repr(counter.connection.execute(sa.select(table)).all())
            forms = [form for word in words for form in (repr(word)[2:-1], word.hex(), b64encode(word).decode())]
            found += [f"{table.name}: {form}" for form in forms if form in text]
    return found


def test_nothing_of_a_forgotten_person_is_left_and_sums_and_chains_hold(counter: CloudCounter) -> None:
    """Anna wants to be forgotten. Her name, card, phone and salts go; what the shop gave and took stays, nobody's."""
    counter.publish('[[levels]]\nkey = "s"\nname = "S"\nfrom = "1"\ncoefficient = "2"\n[limits]\nawards = 3\n')
    here, _ = counter.terminal(), counter.terminal()
    name(counter, ANNA, "Anna Nováková")
    counter.award(here, ANNA, 10_00)
    here.write(Cause.AWARD, ANNA, Posting("points", 5_000), token=PHONE, kind=TokenKind.PHONE, at_ms=NOW)
    here.write(Cause.REDEEM, ANNA, Posting("points", -4_000, 4_000))
    counter.award(here, BETA, 1_00)
    counter.push(here)
    assert traces(counter, ANNA)
    total, cursor = counter.total(), counter.pull(here).cursor
    forget(counter, ANNA)
    assert traces(counter, ANNA, PHONE, b"Anna Nov") == []
    assert (counter.total(), counter.balance(BETA)) == (total, 1_000)
    counter.check()
    ln = ledger_tables.line.c
    left = counter.connection.execute(sa.select(ln.sequence).where(ln.salt.is_not(None), ln.identity == here.identity))
    assert left.scalars().all() == [4]
    pulled = counter.pull(here, cursor)
    assert [row.account for row in pulled.forgotten] == [ANNA]
    assert (pulled.cards, pulled.members, pulled.progress) == ((), (), ())
    # Again changes nothing; nobody's account is an error.
    forget(counter, ANNA)
    assert counter.pull(here, cursor).forgotten == pulled.forgotten
    with pytest.raises(forgetting.CannotForget, match="copy it"):
        forget(counter, b"nobody")


def test_a_line_that_comes_weeks_later_is_posted_and_forgotten_at_once(counter: CloudCounter) -> None:
    """A terminal was offline all the while. It holds a lease of Anna's, spends it and awards: all is counted, nobody named."""
    late, _ = counter.terminal(), counter.terminal()
    counter.award(late, ANNA, 10_00)
    counter.push(late)
    forget(counter, ANNA)
    late.write(Cause.REDEEM, ANNA, Posting("points", -7_000, 7_000))
    counter.award(late, ANNA, 2_00)
    late.write(Cause.ISSUE, ANNA)
    answer = counter.push(late, 2)
    assert (answer.posted, answer.trouble, counter.kinds()) == (4, "", [])
    assert counter.total() == 5_000
    assert traces(counter, ANNA) == []
    counter.check()


def test_a_line_without_its_person_is_posted_all_the_same(counter: CloudCounter) -> None:
    """Where its entry was posted before, it belongs there; else to no account, and is listed. Posting does not stop."""
    here, new = counter.terminal(), counter.terminal()
    award = counter.award(here, ANNA, 10_00)
    spent = here.write(Cause.REDEEM, ANNA, Posting("points", -3_000, 3_000))
    counter.push(here)
    assert award != spent
    # A copy under a new identity sends both again; their person is forgotten there already.
    again = Chain(new.identity)
    for line in here.lines:
        again.append(line.body, b"anybody", Was(here.identity, line.sequence, here.heads[line.sequence].hash))
    blank = tuple(Line(line.sequence, line.before, line.body, line.digest, None, None, line.was) for line in again.lines)
    extra = again.write(Cause.AWARD, ANNA, Posting("points", 500))
    unknown = again.lines[-1]
    stripped = Line(unknown.sequence, unknown.before, unknown.body, unknown.digest, None, None)
    push = Push(again.identity, again.head, (*blank, stripped))
    answer = accept(counter.connection, again.identity, push, NOW, counter.house.chance.randbytes)
    assert (answer.posted, answer.trouble, counter.kinds()) == (3, "", [Kind.NO_PERSON.name])
    assert counter.balance(ANNA) == 7_000
    assert counter.balance(forgetting.NAMELESS) == 500
    assert decode_entry(unknown.body).id == extra.id
    le = ledger_tables.lease.c
    used = sa.select(le.granted, le.used).where(le.identity == new.identity, le.account == ANNA)
    assert [tuple(row) for row in counter.connection.execute(used)] == [(3_000, 3_000)]
    counter.check()


def test_copies_and_voided_lines_are_forgotten_too(counter: CloudCounter) -> None:
    here, copy = counter.terminal(), counter.terminal()
    counter.award(here, ANNA, 10_00)
    here.append(b"nonsense", encode(Personal(ANNA, ANNA)))
    counter.push(here)
    void_next(counter.connection, here.identity, NOW, counter.house.chance.randbytes, by="jana")
    doubled = here.wrap(copy.identity, 0)
    doubled.lines.pop()
    doubled.heads.pop()
    counter.push(doubled)
    forget(counter, ANNA)
    assert traces(counter, ANNA) == []
    counter.check_chains()


def test_who_was_merged_is_forgotten_whole(counter: CloudCounter) -> None:
    late, _ = counter.terminal(), counter.terminal()
    counter.award(late, ANNA, 10_00)
    counter.award(late, BETA, 1_00)
    counter.push(late)
    network = counter.house.network
    merging.merge(counter.connection, network, ANNA, BETA, NOW, counter.house.chance.randbytes)
    forget(counter, ANNA)
    assert traces(counter, ANNA, BETA) == []
    late.write(Cause.GIVE_BACK, ANNA, Posting("points", 0, 10_000))
    counter.push(late, 3)
    assert [amount for _, amount in counter.by_cause(Cause.MERGE)] == [-10_000, 10_000]
    assert traces(counter, ANNA, BETA) == []
    assert {row.account for row in counter.pull(late).forgotten} == {ANNA, BETA}
    opaque = set(forgetting.tombstones(counter.connection, network, [ANNA, BETA]).values())
    assert all(forgetting.is_forgotten(counter.connection, network, one) for one in opaque)
    assert not forgetting.is_forgotten(counter.connection, network, b"somebody else")
    with pytest.raises(merging.CannotMerge):
        merging.merge(counter.connection, network, *opaque, NOW, counter.house.chance.randbytes)
    counter.check()


def test_the_last_answers_are_not_kept(counter: CloudCounter) -> None:
    here = counter.terminal()
    counter.award(here, ANNA, 10_00)
    counter.push(here)
    i = fleet_tables.identity.c
    counter.connection.execute(sa.update(fleet_tables.identity).values(request=b"r", answer=b"Anna"))
    forget(counter, ANNA)
    assert set(counter.connection.execute(sa.select(i.answer)).scalars()) == {None}


WHO = st.sampled_from([ANNA, BETA])
STEP = st.one_of(
    st.tuples(st.just("award"), st.integers(0, 1), WHO, st.integers(1, 9)),
    st.tuples(st.just("spend"), st.integers(0, 1), WHO, st.integers(1, 9)),
    st.tuples(st.just("give back"), st.integers(0, 1), WHO, st.integers(1, 9)),
    st.tuples(st.just("push"), st.integers(0, 1), WHO, st.integers(0, 9)),
    st.tuples(st.just("forget"), st.integers(0, 1), WHO, st.integers(0, 9)),
)
engine = new_engine()


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate))
@given(st.lists(STEP, min_size=6, max_size=25))
def test_in_any_order_sums_hold_and_nothing_is_left(steps: list[tuple[str, int, bytes, int]]) -> None:
    empty(engine)
    house = build_house(engine)
    with engine.begin() as connection:
        counter = CloudCounter(house, connection)
        chains = [counter.terminal() for _ in range(2)]
        gone: list[bytes] = []
        for what, which, who, number in steps:
            chain = chains[which]
            if what == "award":
                counter.award(chain, who, number * 100)
            elif what == "spend":
                chain.write(Cause.REDEEM, who, Posting("points", -number * 1_000, number * 1_000))
            elif what == "give back":
                chain.write(Cause.GIVE_BACK, who, Posting("points", 0, number * 1_000))
            elif what == "push":
                counter.push(chain, 1 + number % 2)
            elif counter.purse(who) is not None:
                total = counter.total()
                forget(counter, who)
                gone.append(who)
                assert counter.total() == total
            counter.check()
            assert traces(counter, *gone) == []
        for chain in chains:
            counter.push(chain)
            # What the cloud counts of a terminal's use is what its chain says, whoever was forgotten.
            le = ledger_tables.lease.c
            counted = connection.execute(sa.select(sa.func.sum(le.used)).where(le.identity == chain.identity)).scalar_one() or 0
            assert counted == sum(p.used for line in chain.lines for p in decode_entry(line.body).postings)
        assert traces(counter, *gone) == []
        counter.check()


def test_a_digest_alone_gives_nobody_away() -> None:
    """Without its salt a digest cannot be tried against all cards of a range."""
    person = encode(Personal(ANNA, ANNA))
    assert personal_digest(b"a" * 16, person) != personal_digest(b"b" * 16, person)
