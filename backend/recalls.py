"""Recalls: what lies leased at terminals is asked back for the one in front of the customer (`docs/protocol.md`, "Recalls").

A recall only asks: the lease ends when the terminal's own give-back is posted, and what that frees is granted to whoever wished
for it in the same transaction. All is right only under the network's lock (`identities.lock`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from backend import fleet_tables, identities, ledger_tables
from backend.book import Book, PurseKey
from backend.identities import Identity
from backend.numbering import batches, last_change, next_changes
from backend.statements import among, keyed, one_of, owned, this_row
from loyalty.purse import grant
from sync.messages import MAX_RECALLS, Recall, Standing

OPEN_MS = 2 * 60 * 1000
"""How long a customer's wish stands. A terminal that comes online later keeps what it has until the next one."""
ONLINE_MS = 60 * 1000
"""A terminal that was heard of within this time is expected to answer a recall at once."""

_R = ledger_tables.recall.c
_OF_HOLDER = (_R.merchant == sa.bindparam("merchant")) & (_R.identity == sa.bindparam("holder"))
_OPEN = (
    sa.select(_R.change, _R.account, _R.purse, _R.instance, _R.keep)
    .where(_OF_HOLDER, _R.until_ms > sa.bindparam("now"))
    .order_by(_R.change.desc())
    .limit(MAX_RECALLS)
)
_WITHDRAW = sa.delete(ledger_tables.recall).where(_OF_HOLDER, _R.account == sa.bindparam("account"))
_STILL_OPEN = sa.select(ledger_tables.recall).where(
    owned(ledger_tables.recall), one_of(_R.identity, "holders"), among(_R.account), _R.until_ms > sa.bindparam("now")
)
_THIS = sa.select(_R.wisher, _R.wanted, _R.until_ms).where(this_row(ledger_tables.recall))
_END = sa.delete(ledger_tables.recall).where(this_row(ledger_tables.recall))
_I = fleet_tables.identity.c
_GOOD = sa.select(_I.id, _I.seen_ms).where(
    owned(fleet_tables.identity), _I.public_key.is_not(None), _I.standing == Standing.GOOD.value
)
_LEASES = sa.select(ledger_tables.lease).where(
    owned(ledger_tables.lease), one_of(ledger_tables.lease.c.identity, "holders"), among(ledger_tables.lease.c.account)
)


@dataclass(frozen=True, slots=True)
class Wish:
    """`holder` should give back what it holds of a purse beyond `keep`; `wisher` is granted it, up to `wanted` in all."""

    holder: UUID
    key: PurseKey
    keep: int
    wisher: UUID | None
    wanted: int


class Held(NamedTuple):
    """What one terminal in good standing holds of one purse."""

    identity: UUID
    key: PurseKey
    outstanding: int
    granted: int


def wish(connection: sa.Connection, wisher: Identity, wanted: Mapping[PurseKey, int], now_ms: int) -> int:
    """Notes recalls to every other terminal in good standing that holds part of these purses.

    Returns how much of it lies at terminals that are online, and so is on its way.
    """
    seen = {id: seen_ms for id, seen_ms in terminals(connection, wisher.merchant).items() if id != wisher.id}
    found = held(connection, wisher.merchant, list(seen), {key.account for key in wanted})
    wishes = [Wish(h.identity, h.key, 0, wisher.id, wanted[h.key]) for h in found if h.key in wanted]
    put(connection, wisher, wishes, now_ms, now_ms + OPEN_MS)
    return sum(h.outstanding for h in found if h.key in wanted and (seen[h.identity] or 0) > now_ms - ONLINE_MS)


def withdraw(connection: sa.Connection, holder: Identity, account: bytes) -> None:
    """The customer stands before this terminal now: nothing of the account is wished of it any more."""
    connection.execute(_WITHDRAW, {"merchant": holder.merchant, "holder": holder.id, "account": account})


def put(connection: sa.Connection, of: Identity, wishes: Collection[Wish], now_ms: int, until_ms: int) -> None:
    """Notes recalls in the merchant of `of`, and calls those who are asked.

    One that is open already goes over to the new wisher under its old number, for the terminal may have given back by then.
    One that asks the same, and stands for half of the time still, stays as it is.
    """
    if not wishes:
        return
    mine = {"merchant": of.merchant, "holders": list({one.holder for one in wishes}), "now": now_ms}
    opened: dict[tuple[UUID, PurseKey], int] = {}
    same: set[Wish] = set()
    for accounts in batches([one.key.account for one in wishes]):
        for row in connection.execute(_STILL_OPEN, mine | {"some": accounts}):
            key = PurseKey(row.account, row.purse, row.instance)
            opened[row.identity, key] = row.change
            if 2 * (row.until_ms - now_ms) >= until_ms - now_ms:
                same.add(Wish(row.identity, key, row.keep, row.wisher, row.wanted))
    changed = [one for one in wishes if one not in same]
    fresh = [one for one in changed if (one.holder, one.key) not in opened]
    changes = next_changes(connection, of.network, len(fresh))
    numbers = opened | {(one.holder, one.key): next(changes) for one in fresh}
    rows = [
        {
            "merchant": of.merchant,
            "identity": one.holder,
            **one.key._asdict(),
            "change": numbers[one.holder, one.key],
            "keep": one.keep,
            "wisher": one.wisher,
            "wanted": one.wanted,
            "until_ms": until_ms,
        }
        for one in changed
    ]
    if rows:
        connection.execute(_END, [keyed(ledger_tables.recall, row) for row in rows])
        connection.execute(sa.insert(ledger_tables.recall), rows)
    for holder, change in {one.holder: numbers[one.holder, one.key] for one in fresh}.items():
        identities.call(connection, of.merchant, holder, change)


def terminals(connection: sa.Connection, merchant: UUID) -> dict[UUID, int | None]:
    """The merchant's terminals in good standing, and when each was heard of last."""
    return {row.id: row.seen_ms for row in connection.execute(_GOOD, {"merchant": merchant})}


def held(connection: sa.Connection, merchant: UUID, holders: Collection[UUID], accounts: Collection[bytes]) -> list[Held]:
    """What these terminals hold of the accounts' purses, where it is anything."""
    return [one for one in leases(connection, merchant, holders, accounts) if one.outstanding > 0]


def leases(connection: sa.Connection, merchant: UUID, holders: Collection[UUID], accounts: Collection[bytes]) -> list[Held]:
    """All leases of these terminals on the accounts' purses. Each is looked up by its own key: no table is searched."""
    found = list[Held]()
    for some in batches(accounts) if holders else ():
        for row in connection.execute(_LEASES, {"merchant": merchant, "holders": list(holders), "some": some}):
            key = PurseKey(row.account, row.purse, row.instance)
            found.append(Held(row.identity, key, row.granted - row.used - row.written_off, row.granted))
    return found


def open_to(connection: sa.Connection, holder: Identity, now_ms: int) -> tuple[Recall, ...]:
    """What this terminal is asked to give back now, the newest first; nothing where it does not stand well."""
    if holder.standing is not Standing.GOOD:
        return ()
    newest = connection.execute(_OPEN, {"merchant": holder.merchant, "holder": holder.id, "now": now_ms})
    return tuple(Recall(*row) for row in newest)


def fulfil(connection: sa.Connection, holder: Identity, given: Iterable[PurseKey], now_ms: int) -> None:
    """The holder gave back of these purses: recalls to it end, and what is free goes to those whose wish still stands."""
    wanted: dict[UUID, list[tuple[PurseKey, int]]] = defaultdict(list)
    for key in dict.fromkeys(given):
        same = keyed(ledger_tables.recall, {"merchant": holder.merchant, "identity": holder.id, **key._asdict()})
        row = connection.execute(_THIS, same).one_or_none()
        if row is None:
            continue
        connection.execute(_END, same)
        if row.wisher is not None and row.until_ms > now_ms:
            wanted[row.wisher].append((key, row.wanted))
    for wisher, wishes in wanted.items():
        _grant(connection, identities.find(connection, wisher), wishes, now_ms)


def forget(connection: sa.Connection, identity: Identity) -> None:
    """A terminal that was given up is asked for nothing any more, and nothing is asked for it."""
    r = ledger_tables.recall.c
    about = (r.identity == identity.id) | (r.wisher == identity.id)
    connection.execute(sa.delete(ledger_tables.recall).where(r.merchant == identity.merchant, about))


def clear(connection: sa.Connection, merchant: UUID, now_ms: int) -> None:
    """Forgets recalls that are too old to be answered."""
    r = ledger_tables.recall.c
    connection.execute(sa.delete(ledger_tables.recall).where(r.merchant == merchant, r.until_ms <= now_ms))


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
        identities.call(connection, wisher.merchant, wisher.id, last_change(connection, wisher.network))
