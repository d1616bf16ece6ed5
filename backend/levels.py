"""Levels by night and at a programme's change: what no award brings about."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID

import sqlalchemy as sa

from backend import card_tables, identities, ledger_tables, merchant_tables
from backend.history import open_history
from backend.numbering import next_changes
from loyalty.derived import DAY_MS, day_of
from loyalty.entry import Cause

ACCOUNTS = 500
"""Accounts in one transaction of the night."""

Writing = Callable[[], AbstractContextManager[sa.Connection]]
"""Opens a transaction: `Database.writing`."""


def tally_anew(connection: sa.Connection, merchant: UUID, now_ms: int) -> None:
    """Makes what was spent, by account and day, from the entries: for a programme whose first version with levels this is."""
    history = open_history(connection, merchant, now_ms, ())
    e, m, n = ledger_tables.entry.c, card_tables.merged.c, merchant_tables.merchant.c
    if history is None:
        return
    network = connection.execute(sa.select(n.network).where(n.id == merchant)).scalar_one()
    into = {row.account: row.into for row in connection.execute(sa.select(card_tables.merged).where(m.network == network))}
    for table in (ledger_tables.spend_day, ledger_tables.progress):
        connection.execute(sa.delete(table).where(table.c.merchant == merchant))
    undone = set(connection.execute(sa.select(e.refers).where(e.merchant == merchant, e.cause == Cause.UNDO.value)).scalars())
    for row in connection.execute(sa.select(ledger_tables.entry).where(e.merchant == merchant, e.amount.is_not(None))):
        sign = {Cause.AWARD.value: 1, Cause.REDEEM.value: 1, Cause.RETURN.value: -1}.get(row.cause, 0)
        if row.id not in undone and history.counts(row.currency):
            day = day_of(row.made_ms)
            history.spend(into.get(row.account, row.account), day, sign * (row.amount - row.discount))
    history.levels_now(list(history.changed))
    history.write(next_changes(connection, network, len(history.changed)))


def review(writing: Writing, merchant: UUID, now_ms: int, at_once: int = ACCOUNTS) -> int:
    """What a night does: levels rise and lapse by themselves. Returns how many accounts' levels changed.

    `at_once` accounts are looked at in one transaction, so that terminals never wait long.
    """
    changed, last = 0, b""
    while True:
        with writing() as connection:
            found = _review_some(connection, merchant, now_ms, last, at_once)
            if found is None:
                c = ledger_tables.card_day.c
                # A card's days are looked at on the day itself, and when a late line comes: a season is enough.
                old = sa.delete(ledger_tables.card_day).where(c.merchant == merchant, c.day < day_of(now_ms - 100 * DAY_MS))
                connection.execute(old)
                return changed
        last, some = found
        changed += some


def _review_some(
    connection: sa.Connection, merchant: UUID, now_ms: int, after: bytes, at_once: int
) -> tuple[bytes, int] | None:
    """The last account that was looked at, and how many changed; None where there are no more."""
    p = ledger_tables.progress.c
    own = identities.lock(connection, identities.own_of(connection, merchant).id)
    history = open_history(connection, merchant, now_ms, ())
    following = sa.select(p.account).where(p.merchant == merchant, p.account > after).order_by(p.account).limit(at_once)
    accounts = connection.execute(following).scalars().all()
    if history is None or not accounts:
        return None
    history.load(accounts, (), ())
    history.levels_now(accounts)
    history.write(next_changes(connection, own.network, len(history.changed)))
    return accounts[-1], len(history.changed)
