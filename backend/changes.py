"""What a terminal learns: changed rows in the order of their change numbers, and answers to asking for a larger lease.

Rows, `through` and its hash come from one moment, because the network's lock is held. A cursor never skips a change: numbers
are given out under that same lock (`numbering.next_changes`).
"""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from backend import dating, identities, recalls, tables
from backend.accept import flag_off_head, is_off_head
from backend.book import Book, PurseKey
from backend.epochs import count_of
from backend.identities import Identity
from backend.leases import LARGEST_WISH, grant_all_free
from loyalty.account import Status
from loyalty.chain import Head
from loyalty.purse import grant
from sync.messages import (
    MAX_ROWS,
    Answered,
    Ask,
    CardRow,
    ForgottenRow,
    MemberRow,
    Present,
    Presented,
    ProgressRow,
    Pull,
    Pulled,
    PurseRow,
    StaffRow,
    Standing,
)


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
    if known and standing is not Standing.OFF_HEAD:
        rows, more = _rows(connection, asker, since, min(max(1, message.limit), MAX_ROWS), now_ms)
        cursor = max(row.change for kind in rows for row in kind) if more else last.change
    return Pulled(
        standing=standing,
        through=asker.posted.sequence,
        hash=asker.posted.hash,
        since=message.cursor,
        cursor=cursor,
        more=more,
        programme=programme_of(connection, asker),
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
        of_account = purses_of(asker).where(tables.purse.c.account == message.account)
        rows = tuple(PurseRow(*row) for row in connection.execute(of_account))
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


def programme_of(connection: sa.Connection, asker: Identity) -> int:
    """The version of the programme in force."""
    m = tables.merchant.c
    version: int = connection.execute(sa.select(m.programme).where(m.id == asker.merchant)).scalar_one()
    return version


def _rows(connection: sa.Connection, asker: Identity, since: int, limit: int, now_ms: int) -> tuple[_Rows, bool]:
    """Up to `limit` rows in order of their change over all kinds, and whether there are more."""
    end, more = _slice(connection, asker, since, limit)
    if asker.standing is Standing.GOOD and identities.is_sole_active(connection, asker):
        _grant_slice(connection, asker, since, end, now_ms)
    c, m, s, p, f = tables.card, tables.member, tables.staff, tables.progress, tables.forgotten
    purses = purses_of(asker).where(tables.purse.c.change > since, tables.purse.c.change <= end).order_by(tables.purse.c.change)
    cards = _within(c, since, end).where(c.c.network == asker.network)
    members = _within(m, since, end).where(m.c.network == asker.network)
    staff = _within(s, since, end).where(s.c.merchant == asker.merchant)
    progress = _within(p, since, end).where(p.c.merchant == asker.merchant)
    forgotten = _within(f, since, end).where(f.c.network == asker.network)
    rows = _Rows(
        purses=tuple(PurseRow(*row) for row in connection.execute(purses)),
        cards=tuple(CardRow(r.token, r.account, Status(r.status), r.change) for r in connection.execute(cards)),
        members=tuple(MemberRow(r.account, r.name, r.level, r.language, r.change) for r in connection.execute(members)),
        staff=tuple(StaffRow(r.token, r.id, r.name, r.account, r.active, r.change) for r in connection.execute(staff)),
        progress=tuple(ProgressRow(r.account, r.level, r.spent, r.owing, r.change) for r in connection.execute(progress)),
        forgotten=tuple(ForgottenRow(r.account, r.change) for r in connection.execute(forgotten)),
    )
    return rows, more


def _slice(connection: sa.Connection, asker: Identity, since: int, limit: int) -> tuple[int, bool]:
    """The last change number of the next `limit` rows, and whether rows follow it."""
    mine = [
        (tables.purse, tables.purse.c.merchant == asker.merchant),
        (tables.card, tables.card.c.network == asker.network),
        (tables.member, tables.member.c.network == asker.network),
        (tables.staff, tables.staff.c.merchant == asker.merchant),
        (tables.progress, tables.progress.c.merchant == asker.merchant),
        (tables.forgotten, tables.forgotten.c.network == asker.network),
    ]
    numbers = sorted(
        number
        for table, owned in mine
        for number in connection.execute(
            sa.select(table.c.change).where(owned, table.c.change > since).order_by(table.c.change).limit(limit + 1)
        ).scalars()
    )
    taken = numbers[:limit]
    return (taken[-1] if taken else since), len(numbers) > limit


def _grant_slice(connection: sa.Connection, asker: Identity, since: int, end: int, now_ms: int) -> None:
    """Leases what is free in this slice to a merchant's only terminal.

    The purses keep their change numbers: no other terminal sees a difference, and this one gets the rows in this answer, or,
    should it be lost, in the next one from the same cursor.
    """
    p = tables.purse.c
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


def _within(table: sa.Table, since: int, end: int) -> sa.Select[Any]:
    return sa.select(table).where(table.c.change > since, table.c.change <= end).order_by(table.c.change)


def purses_of(asker: Identity) -> sa.Select[Any]:
    """Purses of the asker's merchant, each with what is granted to the asker: the columns of a `PurseRow`."""
    p, le = tables.purse.c, tables.lease.c
    same = (le.merchant == p.merchant) & (le.account == p.account) & (le.purse == p.purse) & (le.instance == p.instance)
    balance, granted = (p.earned - p.spent).label("balance"), sa.func.coalesce(le.granted, 0).label("granted")
    return (
        sa.select(p.account, p.purse, p.instance, balance, granted, p.change)
        .outerjoin_from(tables.purse, tables.lease, same & (le.identity == asker.id))
        .where(p.merchant == asker.merchant)
    )


def _purse_row(connection: sa.Connection, asker: Identity, key: PurseKey) -> PurseRow | None:
    p = tables.purse.c
    one = purses_of(asker).where(p.account == key.account, p.purse == key.purse, p.instance == key.instance)
    row = connection.execute(one).one_or_none()
    return None if row is None else PurseRow(*row)
