"""The cloud stores every well-signed line, whatever it says: one that cannot be posted holds up posting alone (invariant 2)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend import ledger_tables, lines, programmes
from backend.accept import accept, void_next
from backend.alarms import Kind
from backend.reports import alarms
from emulators.cloud_house import NOW, House, build_house, new_engine
from loyalty.entry import Cause, Entry, Moment, Personal, Posting, Purchase, Share, encode
from simulation.faults import LEVELS

ANNA = b"anna" * 4


@cache
def house_with_levels() -> House:
    """Its programme looks at the past, so that every number of an entry is used."""
    house = build_house(new_engine())
    with house.engine.begin() as connection:
        programmes.publish(connection, house.merchant, Path("config/programmes/cafe.toml").read_text() + LEVELS, NOW)
    return house


NUMBERS = st.one_of(
    st.integers(-5, 5),
    st.integers(),
    *(st.integers(edge - 2, edge + 2) for size in (31, 32, 40, 53, 62, 63, 64) for edge in (-(2**size), 2**size)),
)
TEXTS = st.one_of(
    st.sampled_from(["", "points", "EUR", "gold", "\0", "\x01", "'; DROP TABLE line", "💩" * 300, "x" * 20_000]),
    st.text(max_size=20),
    st.integers(0, 2**4096).map(hex),  # long, and without a pattern that a database could pack
)
POSTINGS = st.lists(st.builds(Posting, st.sampled_from(["points", "stamps"]) | TEXTS, NUMBERS, NUMBERS, TEXTS), max_size=4)
EARNED = st.lists(st.builds(Posting, st.just("points"), NUMBERS.map(abs), st.just(0), TEXTS), max_size=4)
PURCHASES = st.builds(
    Purchase, NUMBERS, st.just("EUR") | TEXTS, st.lists(st.builds(Share, TEXTS, NUMBERS), max_size=2).map(tuple), NUMBERS
)
ENTRIES = st.builds(
    Entry,
    id=st.uuids(),
    cause=st.sampled_from(Cause),
    moment=st.builds(Moment, st.uuids(), NUMBERS, NUMBERS | st.integers(NOW - 10**9, NOW + 10**9), st.booleans()),
    shop=TEXTS,
    programme=st.integers(0, 3) | NUMBERS,
    postings=(POSTINGS | EARNED).map(tuple),
    purchase=st.none() | PURCHASES,
    refers=st.none() | st.uuids(),
    reward=TEXTS,
    staff=TEXTS,
    typed=st.booleans(),
).map(encode)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
ODD = st.one_of(
    st.binary(max_size=50),
    JSON.map(lambda value: msgspec.json.encode(value)),
    JSON.map(lambda value: msgspec.msgpack.encode(value) if _fits(value) else b""),
    st.sampled_from([100, 5_000, 100_000]).map(lambda depth: b'{"later":' + b"[" * depth + b"]" * depth + b"}"),
    st.binary(min_size=1, max_size=4).map(lambda torn: b'{"shop":"' + torn + b'"}'),
)
PERSONS = st.one_of(
    st.just(encode(Personal(ANNA, ANNA))), ODD, st.builds(Personal, st.binary(max_size=70), st.binary(max_size=70)).map(encode)
)


def _fits(value: object) -> bool:
    """msgpack has no greater numbers."""
    try:
        msgspec.msgpack.encode(value)
    except (OverflowError, ValueError):
        return False
    return True


def whole(**changed: object) -> bytes:
    """An entry that is like any other, but for this."""
    moment = Moment(uuid4(), 1, NOW, trusted=True)
    usual = Entry(uuid4(), Cause.AWARD, moment, "main", 1, (Posting("points", 5),), Purchase(100, "EUR"))
    return encode(msgspec.structs.replace(usual, **changed))


@settings(max_examples=400, deadline=None)
@given(body=ENTRIES | ODD, personal=PERSONS)
@example(body=whole(purchase=Purchase(100, "EUR", discount=2**63)), personal=encode(Personal(ANNA, ANNA)))
@example(body=whole(moment=Moment(uuid4(), -(2**63), NOW, trusted=True)), personal=encode(Personal(ANNA, ANNA)))
@example(body=whole(moment=Moment(uuid4(), 10**30, NOW, trusted=False)), personal=encode(Personal(ANNA, ANNA)))
@example(body=whole(moment=Moment(uuid4(), 5, 1 - 2**63, trusted=True)), personal=encode(Personal(ANNA, ANNA)))
@example(body=whole(programme=2**31), personal=encode(Personal(ANNA, ANNA)))
@example(body=whole(postings=(Posting("points", 5, 0, hex(3**9_000)),)), personal=encode(Personal(ANNA, ANNA)))
@example(body=b'{"shop":"\xff"}', personal=b'{"account":"\xff"}')
@example(body=b'{"later":' + b"[" * 100_000, personal=b"[" * 100_000)
def test_whatever_a_line_says_it_is_stored(body: bytes, personal: bytes) -> None:
    house = house_with_levels()
    with house.engine.connect() as connection, connection.begin() as transaction:
        chain = house.terminal(connection)
        chain.write(Cause.AWARD, ANNA, Posting("points", 5))
        chain.append(body, personal)
        chain.write(Cause.AWARD, ANNA, Posting("points", 7))
        pushed = accept(connection, chain.identity, chain.push(), NOW, house.chance.randbytes)
        assert pushed.head == chain.head
        li = ledger_tables.line.c
        kept = sa.select(li.body, li.personal).where(li.identity == chain.identity).order_by(li.sequence)
        written = [(line.body, line.personal) for line in chain.lines]
        assert [tuple(row) for row in connection.execute(kept)] == written
        if pushed.trouble:
            assert pushed.posted == 1
            assert alarms(connection, house.merchant, 1)[0]["kind"] == Kind.UNREADABLE.name
            assert void_next(connection, chain.identity, NOW, house.chance.randbytes) == ""
            again = accept(connection, chain.identity, chain.push(), NOW, house.chance.randbytes)
            assert (again.posted, again.trouble) == (3, "")
        else:
            assert pushed.posted == 3
        transaction.rollback()


WELL = {
    "as usual": whole(),
    "the highest version": whole(programme=2**31 - 1),
    "after long": whole(moment=Moment(uuid4(), 2**40, 0, trusted=False)),
}


@pytest.mark.parametrize("body", WELL.values(), ids=WELL)
def test_what_a_terminal_may_well_write_is_read(body: bytes) -> None:
    house = house_with_levels()
    with house.engine.connect() as connection, connection.begin() as transaction:
        chain = house.terminal(connection)
        lines.read(chain.append(body, encode(Personal(ANNA, ANNA))))
        transaction.rollback()
