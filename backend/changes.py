"""What a terminal learns: changed rows in the order of their change numbers, and answers to asking for a larger lease.

Rows, `through` and its hash come from one moment, because the network's lock is held. A cursor never skips a change: numbers
are given out under that same lock (`numbering.next_changes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from backend import card_tables, dating, identities, ledger_tables, programmes, recalls
from backend.accept import flag_off_head, is_off_head
from backend.book import Book, PurseKey
from backend.epochs import count_of
from backend.identities import Identity
from backend.leases import LARGEST_WISH, grant_all_free
from backend.statements import owned
from loyalty.account import Status
from loyalty.chain import Head
from loyalty.purse import grant
from sync.messages import MAX_ROWS, Answered, Ask, Present, Presented, Pull, Pulled, Standing
from sync.mirror_rows import CardRow, ForgottenRow, MemberRow, ProgressRow, PurseRow, StaffRow


def pull(connection: sa.Connection, identity: UUID, message: Pull, now_ms: int) -> Pulled:
    """What changed after the cursor, as this terminal should see it.

    No rows for a terminal that is off the head, nor for a cursor of another count of changes than this cloud's: from one that
    was lost when a backup was restored, the terminal takes a snapshot.
    """
    asker, standing = stand(connection, identity, message.head, now_ms)
    if message.told is not None:
        dating.note_boot(connection, asker.merchant, message.told, now_ms)
    identities.note_told(connection, asker, message.head, message.told, standing, now_ms)
    last = count_of(connection, asker.network)
    since = max(0, message.cursor)
    known = since <= last.change and message.epoch in (None, last.epoch)
    rows, more, cursor = _Rows(), False, min(since, last.change)
    if known and since < last.change and standing is not Standing.OFF_HEAD:
        rows, more = _rows(connection, asker, since, min(max(1, message.limit), MAX_ROWS), now_ms)
        cursor = max(row.change for kind in rows for row in kind) if more else last.change
    return Pulled(
        standing=standing,
        through=asker.posted.sequence,
        hash=asker.posted.hash,
        since=message.cursor,
        cursor=cursor,
        more=more,
        programme=programmes.number_of_current(connection, asker.merchant),
        now_ms=now_ms,
        purses=rows.purses,
        cards=rows.cards,
        members=rows.members,
        staff=rows.staff,
        recalls=() if standing is Standing.OFF_HEAD else recalls.open_to(connection, asker, now_ms),
        progress=rows.progress,
        forgotten=rows.forgotten,
        epoch=last.epoch,
    )


def ask(connection: sa.Connection, identity: UUID, message: Ask, now_ms: int) -> Answered:
    """Raises the lease on one purse towards what is wanted, from free value only; asking twice grants once.

    The answer has no row where there is no such purse, or the terminal is off the head.
    """
    asker, standing = stand(connection, identity, message.head, now_ms)
    row, coming = None, 0
    if standing is not Standing.OFF_HEAD:
        key = PurseKey(message.account, message.purse, message.instance)
        if standing is Standing.GOOD:
            coming = _grant(connection, asker, [key], message.account, message.wanted, now_ms)
        row = _purse_row(connection, asker, key)
    epoch = count_of(connection, asker.network).epoch
    return Answered(standing, asker.posted.sequence, asker.posted.hash, now_ms, row, coming, epoch)


def present(connection: sa.Connection, identity: UUID, message: Present, now_ms: int) -> Presented:
    """A card is shown here: leases all that is free of its account to this terminal, and calls the rest back from others.

    The answer has no rows where there is no such account, or the terminal is off the head.
    """
    asker, standing = stand(connection, identity, message.head, now_ms)
    rows: tuple[PurseRow, ...] = ()
    if standing is not Standing.OFF_HEAD:
        if standing is Standing.GOOD:
            _grant(connection, asker, None, message.account, LARGEST_WISH, now_ms)
        rows = tuple(PurseRow(*row) for row in connection.execute(_OF_ACCOUNT, _of(asker) | {"account": message.account}))
    epoch = count_of(connection, asker.network).epoch
    return Presented(standing, asker.posted.sequence, asker.posted.hash, now_ms, rows, epoch)


class _Rows(NamedTuple):
    purses: tuple[PurseRow, ...] = ()
    cards: tuple[CardRow, ...] = ()
    members: tuple[MemberRow, ...] = ()
    staff: tuple[StaffRow, ...] = ()
    progress: tuple[ProgressRow, ...] = ()
    forgotten: tuple[ForgottenRow, ...] = ()


def stand(connection: sa.Connection, identity: UUID, head: Head, now_ms: int) -> tuple[Identity, Standing]:
    """Takes the network's lock: who asks, and what the cloud thinks of their lines."""
    asker = identities.lock(connection, identity)
    if is_off_head(asker, head):
        flag_off_head(connection, asker, head, now_ms)
        return asker, Standing.OFF_HEAD
    return asker, asker.standing


def _rows(connection: sa.Connection, asker: Identity, since: int, limit: int, now_ms: int) -> tuple[_Rows, bool]:
    """Up to `limit` rows in order of their change over all kinds, and whether there are more."""
    following = connection.execute(_NEXT_CHANGES, _of(asker) | {"since": since, "next": limit + 1})
    found = sorted((change, kind) for change, kind in following)
    if not found:
        return _Rows(), False
    taken = found[:limit]
    end, kinds = taken[-1][0], {kind for _, kind in taken}
    if asker.standing is Standing.GOOD and identities.is_sole_active(connection, asker):
        _grant_slice(connection, asker, since, end, now_ms)

    def changed(table: sa.Table) -> Sequence[Any]:
        """A kind of which nothing has changed is not asked for."""
        if table.name not in kinds:
            return ()
        return connection.execute(_CHANGED[table.name], _of(asker) | {"since": since, "end": end}).all()

    rows = _Rows(
        purses=tuple(PurseRow(*row) for row in changed(ledger_tables.purse)),
        cards=tuple(CardRow(r.token, r.account, Status(r.status), r.change) for r in changed(card_tables.card)),
        members=tuple(MemberRow(r.account, r.name, r.level, r.language, r.change) for r in changed(card_tables.member)),
        staff=tuple(StaffRow(r.token, r.id, r.name, r.account, r.active, r.change) for r in changed(card_tables.staff)),
        progress=tuple(ProgressRow(r.account, r.level, r.spent, r.owing, r.change) for r in changed(ledger_tables.progress)),
        forgotten=tuple(ForgottenRow(r.account, r.change) for r in changed(card_tables.forgotten)),
    )
    return rows, len(found) > limit


def _grant_slice(connection: sa.Connection, asker: Identity, since: int, end: int, now_ms: int) -> None:
    """Leases what is free in this slice to a merchant's only terminal.

    The purses keep their change numbers: no other terminal sees a difference, and this one gets the rows in this answer, or,
    should it be lost, in the next one from the same cursor.
    """
    p = ledger_tables.purse.c
    free = sa.select(p.account, p.purse, p.instance).where(
        p.merchant == asker.merchant, p.change > since, p.change <= end, p.earned - p.spent - p.leased > 0
    )
    keys = [PurseKey(*row) for row in connection.execute(free)]
    if keys:
        book = Book(connection, asker, now_ms)
        book.load_accounts([key.account for key in keys])
        grant_all_free(book, keys)
        book.write_grants()


def _grant(
    connection: sa.Connection, asker: Identity, keys: list[PurseKey] | None, account: bytes, wanted: int, now_ms: int
) -> int:
    """Raises leases on an account's purses (None: all of them); where that falls short, what others hold is called back.

    Returns how much of that is expected at once.
    """
    recalls.withdraw(connection, asker, account)
    book = Book(connection, asker, now_ms)
    book.load_accounts([account])
    wanted, short = min(wanted, LARGEST_WISH), dict[PurseKey, int]()
    for key in [key for key in book.purses if keys is None or key in keys]:
        purse, lease = raised = book.purse(key)
        purse, lease = grant(purse, lease, wanted)
        if (purse, lease) != raised:
            book.put(key, purse, lease)
        if lease.granted < wanted and purse.leased > lease.outstanding:
            short[key] = wanted
    if book.touched():
        book.write()
    return recalls.wish(connection, asker, short, now_ms) if short else 0


def _purse_row(connection: sa.Connection, asker: Identity, key: PurseKey) -> PurseRow | None:
    row = connection.execute(_ONE_PURSE, _of(asker) | key._asdict()).one_or_none()
    return None if row is None else PurseRow(*row)


def _of(asker: Identity) -> dict[str, Any]:
    """What the statements below are about."""
    return {"network": asker.network, "merchant": asker.merchant, "identity": asker.id}


# Made once: to make a statement takes SQLAlchemy longer than it takes the database to answer it, and every terminal pulls.

_P, _L = ledger_tables.purse.c, ledger_tables.lease.c
_LEASED_HERE = (
    (_L.merchant == _P.merchant)
    & (_L.account == _P.account)
    & (_L.purse == _P.purse)
    & (_L.instance == _P.instance)
    & (_L.identity == sa.bindparam("identity"))
)
PURSES = (
    sa.select(
        _P.account,
        _P.purse,
        _P.instance,
        (_P.earned - _P.spent).label("balance"),
        sa.func.coalesce(_L.granted, 0).label("granted"),
        _P.change,
    )
    .outerjoin_from(ledger_tables.purse, ledger_tables.lease, _LEASED_HERE)
    .where(_P.merchant == sa.bindparam("merchant"))
)
"""The purses of `merchant`, each with what is granted to `identity`: the columns of a `PurseRow`."""

_OF_ACCOUNT = PURSES.where(_P.account == sa.bindparam("account"))
_ONE_PURSE = _OF_ACCOUNT.where(_P.purse == sa.bindparam("purse"), _P.instance == sa.bindparam("instance"))


def _owned(table: sa.Table) -> sa.ColumnElement[bool]:
    """Cards, members and tombstones belong to a network, all else to a merchant."""
    return owned(table, "merchant" if "merchant" in table.c else "network")


def _next_changes(table: sa.Table) -> sa.Select[Any]:
    change = table.c.change
    following = sa.select(change).where(_owned(table), change > sa.bindparam("since")).order_by(change)
    return sa.select(following.limit(sa.bindparam("next")).subquery().c.change, sa.literal_column(f"'{table.name}'"))


def _within(rows: sa.Select[Any], change: sa.Column[int]) -> sa.Select[Any]:
    return rows.where(change > sa.bindparam("since"), change <= sa.bindparam("end")).order_by(change)


_OTHERS = (card_tables.card, card_tables.member, card_tables.staff, ledger_tables.progress, card_tables.forgotten)
_CHANGED = {table.name: _within(sa.select(table).where(_owned(table)), table.c.change) for table in _OTHERS}
_CHANGED |= {ledger_tables.purse.name: _within(PURSES, _P.change)}
_NEXT_CHANGES = sa.union_all(*(_next_changes(table) for table in (ledger_tables.purse, *_OTHERS)))
"""The numbers of the `next` changes after `since` of each kind of rows, with its name."""
