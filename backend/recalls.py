"""Recalls: what lies leased at terminals is asked back for the one in front of the customer (`docs/protocol.md`, "Recalls").

A recall only asks: the lease ends when the terminal's own give-back is posted, and what that frees is granted to whoever wished
for it in the same transaction. All is right only under the network's lock (`identities.lock`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from backend import identities, tables
from backend.book import Book, PurseKey, last_change, next_changes
from backend.identities import Identity
from loyalty.purse import grant
from sync.messages import MAX_RECALLS, Recall, Standing

OPEN_MS = 2 * 60 * 1000
"""How long a customer's wish stands. A terminal that comes online later keeps what it has until the next one."""
ONLINE_MS = 60 * 1000
"""A terminal that was heard of within this time is expected to answer a recall at once."""


@dataclass(frozen=True, slots=True)
class Wish:
    """`wisher` would like to have `wanted` of a purse in all, and others should keep `keep` of it."""

    key: PurseKey
    wanted: int
    keep: int = 0


class _Held(NamedTuple):
    """What one terminal holds of one purse."""

    identity: UUID
    key: PurseKey
    outstanding: int
    seen_ms: int | None


def wish(connection: sa.Connection, wisher: Identity, wishes: Collection[Wish], now_ms: int) -> int:
    """Notes recalls to every other terminal in good standing that holds part of what is wished for.

    Returns how much of it lies at terminals that are online, and so is on its way. A wish that is open already goes over to
    this wisher under its old number, for the terminal may have given back by then.
    """
    by_key = {one.key: one for one in wishes}
    held = _held_elsewhere(connection, wisher, by_key)
    coming = 0
    for holding in held:
        wished = by_key[holding.key]
        if holding.outstanding > wished.keep:
            put(connection, wisher, holding.identity, wished, now_ms, now_ms + OPEN_MS)
            if holding.seen_ms is not None and holding.seen_ms > now_ms - ONLINE_MS:
                coming += holding.outstanding - wished.keep
    return coming


def withdraw(connection: sa.Connection, holder: Identity, account: bytes) -> None:
    """The customer stands before this terminal now: nothing of the account is wished of it any more."""
    mine = _mine(holder.merchant, holder.id) & (tables.recall.c.account == account)
    connection.execute(sa.delete(tables.recall).where(mine))


def put(connection: sa.Connection, wisher: Identity, holder: UUID, wished: Wish, now_ms: int, until_ms: int) -> None:
    """Notes one recall to `holder`."""
    r = tables.recall.c
    same = _mine(wisher.merchant, holder) & _of(wished.key)
    change = connection.execute(sa.select(r.change).where(same, r.until_ms > now_ms)).scalar_one_or_none()
    connection.execute(sa.delete(tables.recall).where(same))
    if change is None:
        change = next(next_changes(connection, wisher.network, 1))
        identities.call(connection, identities.find(connection, holder), change)
    connection.execute(
        sa.insert(tables.recall).values(
            merchant=wisher.merchant,
            identity=holder,
            **wished.key._asdict(),
            change=change,
            keep=wished.keep,
            wisher=wisher.id,
            wanted=wished.wanted,
            until_ms=until_ms,
        )
    )


def open_to(connection: sa.Connection, holder: Identity, now_ms: int) -> tuple[Recall, ...]:
    """What this terminal is asked to give back now, the newest first; nothing where it does not stand well."""
    if holder.standing is not Standing.GOOD:
        return ()
    r = tables.recall.c
    found = sa.select(r.change, r.account, r.purse, r.instance, r.keep).where(
        _mine(holder.merchant, holder.id), r.until_ms > now_ms
    )
    newest = found.order_by(r.change.desc()).limit(MAX_RECALLS)
    return tuple(Recall(*row) for row in connection.execute(newest))


def fulfil(connection: sa.Connection, holder: Identity, given: Iterable[PurseKey], now_ms: int) -> None:
    """The holder gave back of these purses: recalls to it end, and what is free goes to those whose wish still stands."""
    r = tables.recall.c
    wanted: dict[UUID, list[tuple[PurseKey, int]]] = defaultdict(list)
    for key in dict.fromkeys(given):
        same = _mine(holder.merchant, holder.id) & _of(key)
        row = connection.execute(sa.select(r.wisher, r.wanted, r.until_ms).where(same)).one_or_none()
        if row is None:
            continue
        connection.execute(sa.delete(tables.recall).where(same))
        if row.wisher is not None and row.until_ms > now_ms:
            wanted[row.wisher].append((key, row.wanted))
    for wisher, wishes in wanted.items():
        _grant(connection, identities.find(connection, wisher), wishes, now_ms)


def forget(connection: sa.Connection, identity: Identity) -> None:
    """A terminal that was given up is asked for nothing any more, and nothing is asked for it."""
    r = tables.recall.c
    about = (r.identity == identity.id) | (r.wisher == identity.id)
    connection.execute(sa.delete(tables.recall).where(r.merchant == identity.merchant, about))


def _grant(connection: sa.Connection, wisher: Identity, wishes: list[tuple[PurseKey, int]], now_ms: int) -> None:
    if wisher.standing is not Standing.GOOD:
        return
    book = Book(connection, wisher, now_ms)
    book.load_accounts([key.account for key, _ in wishes])
    for key, wanted in wishes:
        purse, lease = book.purse(key)
        raised = grant(purse, lease, wanted)
        if raised != (purse, lease):
            book.put(key, *raised)
    if book.touched():
        book.write()
        identities.call(connection, wisher, last_change(connection, wisher.network))


def _held_elsewhere(connection: sa.Connection, wisher: Identity, keys: Collection[PurseKey]) -> list[_Held]:
    """What other terminals in good standing hold of these purses. Each is looked up by its own key: no table is searched."""
    i, le = tables.identity.c, tables.lease.c
    others = sa.select(i.id, i.seen_ms).where(
        i.merchant == wisher.merchant,
        i.id != wisher.id,
        i.public_key.is_not(None),
        i.standing == Standing.GOOD.value,
    )
    seen = {row.id: row.seen_ms for row in connection.execute(others)}
    if not seen:
        return []
    held: list[_Held] = []
    for account in {key.account for key in keys}:
        leases = sa.select(tables.lease).where(
            le.merchant == wisher.merchant, le.identity.in_(list(seen)), le.account == account
        )
        for row in connection.execute(leases):
            key = PurseKey(row.account, row.purse, row.instance)
            outstanding = row.granted - row.used - row.written_off
            if key in keys and outstanding > 0:
                held.append(_Held(row.identity, key, outstanding, seen[row.identity]))
    return held


def _mine(merchant: UUID, holder: UUID) -> Any:
    return (tables.recall.c.merchant == merchant) & (tables.recall.c.identity == holder)


def _of(key: PurseKey) -> Any:
    r = tables.recall.c
    return (r.account == key.account) & (r.purse == key.purse) & (r.instance == key.instance)
