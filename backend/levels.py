"""Levels by night and at a programme's change: what no award brings about."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from backend import tables
from backend.history import History, open_history
from backend.numbering import batches, next_changes
from loyalty.derived import DAY_MS, day_of
from loyalty.entry import Cause


def tally_anew(connection: sa.Connection, merchant: UUID, now_ms: int) -> None:
    """Makes what was spent, by account and day, from the entries: for a programme whose first version with levels this is."""
    history = open_history(connection, merchant, now_ms, ())
    e, m, n = tables.entry.c, tables.merged.c, tables.merchant.c
    if history is None:
        return
    network = connection.execute(sa.select(n.network).where(n.id == merchant)).scalar_one()
    into = {row.account: row.into for row in connection.execute(sa.select(tables.merged).where(m.network == network))}
    for table in (tables.spend_day, tables.progress):
        connection.execute(sa.delete(table).where(table.c.merchant == merchant))
    undone = set(connection.execute(sa.select(e.refers).where(e.merchant == merchant, e.cause == Cause.UNDO.value)).scalars())
    for row in connection.execute(sa.select(tables.entry).where(e.merchant == merchant, e.amount.is_not(None))):
        sign = {Cause.AWARD.value: 1, Cause.REDEEM.value: 1, Cause.RETURN.value: -1}.get(row.cause, 0)
        if row.id not in undone and history.counts(row.currency):
            day = day_of(row.made_ms)
            history.spend(into.get(row.account, row.account), day, sign * (row.amount - row.discount))
    history.levels_now(list(history.changed))
    history.write(next_changes(connection, network, len(history.changed)))


def review(connection: sa.Connection, merchant: UUID, now_ms: int) -> int:
    """What a night does: levels rise and lapse by themselves. Returns how many accounts' levels changed."""
    history = open_history(connection, merchant, now_ms, ())
    if history is None:
        return 0
    n, p, c = tables.merchant.c, tables.progress.c, tables.card_day.c
    network = connection.execute(sa.select(n.network).where(n.id == merchant)).scalar_one()
    connection.execute(sa.select(tables.network.c.id).where(tables.network.c.id == network).with_for_update())
    accounts = connection.execute(sa.select(p.account).where(p.merchant == merchant)).scalars().all()
    changed = 0
    for some in batches(accounts):
        history.load(some, (), ())
        history.levels_now(some)
        changed += len(history.changed)
        history.write(next_changes(connection, network, len(history.changed)))
        history = History(connection, merchant, now_ms, {}, history.current)
    # A card's days are looked at on the day itself, and when a late line comes: a season is enough.
    connection.execute(sa.delete(tables.card_day).where(c.merchant == merchant, c.day < day_of(now_ms - 100 * DAY_MS)))
    return changed
