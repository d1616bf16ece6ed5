"""Everything a terminal mirrors, in pieces between two keys: for one that has nothing yet, or whose cursor is not known here.

First come accounts with their first cards and purses in the order of their ids, then the other cards in the order of theirs,
so that the terminal writes its file from front to back. Nothing is prepared or remembered: where a piece begins is in the
question. Each piece is read under the network's lock in a tenth of a second, and what changes between two pieces comes by
change number afterwards: the first piece says from which.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from backend import card_tables, identities, ledger_tables, programmes
from backend.changes import PURSES, stand
from backend.epochs import count_of
from backend.identities import Identity
from backend.problems import MalformedMessage
from loyalty.account import Status
from sync.messages import MAX_KEYS, Piece, Snapshot, Standing
from sync.mirror_rows import CardRow, ForgottenRow, MemberRow, ProgressRow, PurseRow, StaffRow

_ACCOUNTS, _OTHER_CARDS = b"a", b"c"
"""Which rows a piece has: what `Snapshot.after` begins with."""

_STATUSES = {status.value: status for status in Status}


class _Range(NamedTuple):
    """Keys after `after` (empty: from the first) up to `end` (None: to the last)."""

    after: bytes
    end: bytes | None

    def of(self, key: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        return key > self.after if self.end is None else (key > self.after) & (key <= self.end)


class _Rows(NamedTuple):
    purses: tuple[PurseRow, ...] = ()
    cards: tuple[CardRow, ...] = ()
    members: tuple[MemberRow, ...] = ()
    staff: tuple[StaffRow, ...] = ()
    progress: tuple[ProgressRow, ...] = ()
    forgotten: tuple[ForgottenRow, ...] = ()


def snapshot(connection: sa.Connection, identity: UUID, message: Snapshot, now_ms: int) -> Piece:
    """One piece, as this terminal should see it. A terminal that is off the head gets no rows."""
    asker, standing = stand(connection, identity, message.head, now_ms)
    count = count_of(connection, asker.network)
    rows, following = _Rows(), message.after
    if standing is not Standing.OFF_HEAD:
        rows, following = _piece(connection, asker, message.after, min(max(1, message.limit), MAX_KEYS))
    return Piece(
        standing=standing,
        through=asker.posted.sequence,
        hash=asker.posted.hash,
        epoch=count.epoch,
        cursor=count.change,
        after=message.after,
        next=following or None,
        programme=programmes.number_of_current(connection, asker.merchant),
        now_ms=now_ms,
        purses=rows.purses,
        cards=rows.cards,
        members=rows.members,
        staff=rows.staff,
        progress=rows.progress,
        forgotten=rows.forgotten,
    )


def _piece(connection: sa.Connection, asker: Identity, after: bytes, limit: int) -> tuple[_Rows, bytes]:
    kind, key = after[:1] or _ACCOUNTS, after[1:]
    if kind == _ACCOUNTS:
        keys = _Range(key, _end(connection, asker, key, limit))
        rows = _accounts(connection, asker, keys)
        if not after:
            rows = rows._replace(staff=_staff(connection, asker))
        return rows, _ACCOUNTS + keys.end if keys.end is not None else _OTHER_CARDS
    if kind == _OTHER_CARDS:
        c = card_tables.card.c
        # About every second card is one that came with its account.
        keys = _Range(key, _nth(connection, c.token, c.network == asker.network, key, 2 * limit))
        cards = _cards(connection, asker, keys, c.token != c.account)
        return _Rows(cards=cards), _OTHER_CARDS + keys.end if keys.end is not None else b""
    raise MalformedMessage("a snapshot goes on after the `next` of an earlier piece, or begins after nothing")


def _end(connection: sa.Connection, asker: Identity, after: bytes, limit: int) -> bytes | None:
    """Up to which account a piece reaches that has about `limit` rows of a kind; None: to the last."""
    c, m, p, s, f = (
        card_tables.card.c,
        card_tables.member.c,
        ledger_tables.purse.c,
        ledger_tables.progress.c,
        card_tables.forgotten.c,
    )
    ends = (
        _nth(connection, c.token, c.network == asker.network, after, limit),
        _nth(connection, m.account, m.network == asker.network, after, limit),
        _nth(connection, p.account, p.merchant == asker.merchant, after, limit),
        _nth(connection, s.account, s.merchant == asker.merchant, after, limit),
        _nth(connection, f.account, f.network == asker.network, after, limit),
    )
    return min((end for end in ends if end is not None), default=None)


def _nth(
    connection: sa.Connection, key: sa.Column[Any], mine: sa.ColumnElement[bool], after: bytes, limit: int
) -> bytes | None:
    """The `limit`-th key after `after`, found in the key's index alone."""
    nth = sa.select(key).where(mine, key > after).order_by(key).limit(1).offset(limit - 1)
    return connection.execute(nth).scalar_one_or_none()


def _accounts(connection: sa.Connection, asker: Identity, keys: _Range) -> _Rows:
    if asker.standing is Standing.GOOD and identities.is_sole_active(connection, asker):
        _grant_all_free(connection, asker, keys)
    c, m, p, s, f = (
        card_tables.card.c,
        card_tables.member.c,
        ledger_tables.purse.c,
        ledger_tables.progress.c,
        card_tables.forgotten.c,
    )
    members = (
        sa.select(m.account, m.name, m.level, m.language, m.change)
        .where(m.network == asker.network, keys.of(m.account))
        .order_by(m.account)
    )
    purses = PURSES.where(keys.of(p.account)).order_by(p.account, p.purse, p.instance)
    progress = sa.select(s.account, s.level, s.spent, s.owing, s.change).where(s.merchant == asker.merchant, keys.of(s.account))
    forgotten = sa.select(f.account, f.change).where(f.network == asker.network, keys.of(f.account))
    return _Rows(
        purses=tuple(PurseRow(*row) for row in _plain(connection, purses, {"merchant": asker.merchant, "identity": asker.id})),
        cards=_cards(connection, asker, keys, c.token == c.account),
        members=tuple(MemberRow(*row) for row in _plain(connection, members)),
        progress=tuple(ProgressRow(*row) for row in _plain(connection, progress)),
        forgotten=tuple(ForgottenRow(*row) for row in _plain(connection, forgotten)),
    )


def _plain(connection: sa.Connection, rows: sa.Select[Any], of: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Rows as the driver gives them: SQLAlchemy's own take as long to make again, and these are bytes, texts and numbers."""
    with connection.execute(rows, of) as result:
        driver: Any = result.cursor
        return list(driver.fetchall())


def _cards(connection: sa.Connection, asker: Identity, keys: _Range, which: sa.ColumnElement[bool]) -> tuple[CardRow, ...]:
    c = card_tables.card.c
    found = (
        sa.select(c.token, c.account, c.status, c.change)
        .where(c.network == asker.network, keys.of(c.token), which)
        .order_by(c.token)
    )
    rows = _plain(connection, found)
    return tuple(CardRow(token, account, _STATUSES[status], change) for token, account, status, change in rows)


def _staff(connection: sa.Connection, asker: Identity) -> tuple[StaffRow, ...]:
    s = card_tables.staff.c
    found = sa.select(s.token, s.id, s.name, s.account, s.active, s.change).where(s.merchant == asker.merchant)
    return tuple(StaffRow(*row) for row in connection.execute(found))


def _grant_all_free(connection: sa.Connection, asker: Identity, keys: _Range) -> None:
    """Leases what is free in this piece to a merchant's only terminal, in two statements for all its purses.

    As in a pull the purses keep their change numbers: nobody else sees a difference, and a piece that is lost is asked again.
    """
    p, le = ledger_tables.purse.c, ledger_tables.lease.c
    free = p.earned - p.spent - p.leased
    here: Sequence[sa.ColumnElement[bool]] = (p.merchant == asker.merchant, keys.of(p.account), free > 0)
    columns = ("merchant", "identity", "account", "purse", "instance", "granted", "used", "written_off")
    nothing = sa.literal(0, sa.BigInteger())
    granted = sa.select(
        p.merchant, sa.literal(asker.id, sa.Uuid()), p.account, p.purse, p.instance, free, nothing, nothing
    ).where(*here)
    connection.execute(_upsert(connection, granted, columns, le))
    connection.execute(sa.update(ledger_tables.purse).where(*here).values(leased=p.earned - p.spent))


def _upsert(connection: sa.Connection, granted: sa.Select[Any], columns: Sequence[str], le: Any) -> sa.Executable:
    from sqlalchemy.dialects import postgresql, sqlite

    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    new = insert(ledger_tables.lease).from_select(columns, granted)
    raised = le.granted + new.excluded.granted
    return new.on_conflict_do_update(index_elements=list(ledger_tables.lease.primary_key), set_={"granted": raised})
