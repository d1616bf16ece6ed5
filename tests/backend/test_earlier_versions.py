"""A cloud that was used in an earlier version is brought up to date: points, leases and lines are the same, and it goes on.

The rows in `fixtures/` were made by the code of their own time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from backend import fleet_tables, identities, ledger_tables, merchant_tables, tables
from backend.accept import accept, void_next
from backend.changes import ask
from backend.database import Database
from backend.migrate import upgrade
from backend.verifying import verify
from emulators.cloud_house import NOW, bare_engine
from emulators.terminal_peer import Chain
from loyalty.entry import Cause, Posting
from sync.messages import Standing

FIXTURES = Path(__file__).parent / "fixtures"
STEPS = {"cloud-1.sql": "0001", "cloud-4.sql": "0004"}
ANNA = b"anna" * 4

KEPT = {
    "network": "id, name, change",
    "identity": "id, merchant, standing, head_sequence, head_hash, posted, posted_hash, counter",
    "line": "identity, sequence, before, hash, body, digest, personal, salt",
    "entry": "id, identity, sequence, body_hash, cause, account, token, wall_ms, trusted, refers",
    "posting": "entry, place, account, purse, instance, delta, used, posted",
    "purse": "account, purse, instance, earned, spent, leased, overdraft, debt, change",
    "lease": "identity, account, purse, instance, granted, used, written_off",
    "taking": "entry, purse, instance, award, taken, excess",
    "card": "token, account, status, change",
    "alarm": "merchant, kind, identity, sequence, detail",
}
"""What no step may change."""


@pytest.fixture(params=sorted(STEPS))
def used(request: pytest.FixtureRequest) -> Iterator[tuple[sa.Engine, str]]:
    """A database with the tables and rows of an earlier version."""
    engine = bare_engine()
    upgrade(engine, STEPS[request.param])
    text = (FIXTURES / request.param).read_text(encoding="utf-8")
    if engine.dialect.name != "sqlite":
        text = re.sub(r"X'([0-9a-f]*)'", r"'\\x\1'", text)
    with engine.begin() as connection:
        for row in text.splitlines():
            connection.exec_driver_sql(row.replace("%", "%%") if engine.dialect.name != "sqlite" else row)
    yield engine, STEPS[request.param]
    engine.dispose()


def picture(engine: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    with engine.connect() as connection:
        return {
            name: sorted(map(tuple, connection.execute(sa.text(f'SELECT {columns} FROM "{name}"'))), key=repr)
            for name, columns in KEPT.items()
        }


def sums_hold(connection: sa.Connection) -> None:
    """Each purse is the sum of its postings, and what is leased of it the sum of what its holders hold (invariants 4 and 5)."""
    p, po, le = ledger_tables.purse.c, ledger_tables.posting.c, ledger_tables.lease.c
    same = (po.account == p.account) & (po.purse == p.purse) & (po.instance == p.instance)
    held = (le.account == p.account) & (le.purse == p.purse) & (le.instance == p.instance)
    posted = sa.select(sa.func.sum(po.posted)).where(same).scalar_subquery()
    out = sa.select(sa.func.sum(le.granted - le.used - le.written_off)).where(held).scalar_subquery()
    purses = connection.execute(sa.select(p.earned - p.spent, posted, p.leased, out)).all()
    assert purses
    for balance, of_postings, leased, of_leases in purses:
        assert (balance, leased) == (of_postings or 0, of_leases or 0)


def test_every_step_that_there_is_has_rows_to_prove_it_on() -> None:
    assert {path.name for path in FIXTURES.glob("*.sql")} == set(STEPS)


def test_nothing_that_was_there_is_another(used: tuple[sa.Engine, str]) -> None:
    engine, step = used
    before = picture(engine)
    assert all(before.values())
    upgrade(engine)
    assert picture(engine) == before
    upgrade(engine)
    assert picture(engine) == before
    with engine.connect() as connection:
        sums_hold(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        if engine.dialect.name == "sqlite":
            assert compare_metadata(context, tables.metadata) == []
        e = ledger_tables.entry.c
        assert connection.execute(sa.select(merchant_tables.network.c.epoch)).scalar_one() is not None
        dated = connection.execute(sa.select(e.made_ms, e.sure, e.wall_ms, e.trusted)).all()
        assert {row.sure for row in dated} == {True, False}
        if step == "0001":  # what the terminal had said is all that was known
            assert all((row.made_ms, row.sure) == (row.wall_ms, row.trusted) for row in dated)
        chains = list(connection.execute(sa.select(fleet_tables.identity.c.id)).scalars())
    for chain in chains:
        assert verify(Database(engine), chain, NOW, everything=True).broken == ""


def test_it_goes_on_where_it_was(used: tuple[sa.Engine, str]) -> None:
    """A terminal spends what it holds and no more, another comes back, and the line that stopped posting is voided."""
    engine, _ = used
    upgrade(engine)
    with engine.begin() as connection:
        i = fleet_tables.identity.c
        stuck = connection.execute(sa.select(i.id).where(i.posted < i.head_sequence)).scalar_one()
        one = next(
            id
            for id in connection.execute(sa.select(i.id).where(i.standing == "good", i.public_key.is_not(None))).scalars()
            if id != stuck
        )
        head = identities.find(connection, one).head
        chain = Chain(one)
        chain.heads[-1] = head
        chain.write(Cause.AWARD, ANNA, Posting("points", 40))
        chain.write(Cause.REDEEM, ANNA, Posting("points", -70, 70))
        pushed = accept(connection, one, chain.push(), NOW, os.urandom)
        assert (pushed.standing, pushed.head, pushed.trouble) == (Standing.GOOD, chain.head, "")
        assert pushed.posted == chain.head.sequence
        listed = overdrafts(connection)
        assert void_next(connection, stuck, NOW, os.urandom) == ""
        assert identities.find(connection, stuck).posted == identities.find(connection, stuck).head
        answer = ask(connection, one, chain.ask(ANNA, "points", 10**6), NOW)
        assert answer.row is not None
        assert overdrafts(connection) == listed
        sums_hold(connection)


def overdrafts(connection: sa.Connection) -> dict[UUID, int]:
    p = ledger_tables.purse.c
    return {row.account: row.overdraft for row in connection.execute(sa.select(p.account, p.overdraft).where(p.overdraft > 0))}
