"""Lines as they came from a terminal: kept byte for byte at their sequence, whether or not they can be read here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from backend import ledger_tables
from backend.dating import LONGEST_UP_MS
from backend.identities import Identity
from loyalty.chain import Line, Was
from loyalty.entry import CLOUDS_OWN, Entry, Personal, Unreadable, decode_entry, decode_personal
from loyalty.outline import account_of, outline

_LARGEST_SEQUENCE = 2**63 - 1
_LARGEST_AMOUNT = 2**40
"""More than any purse of any shop, and small enough that eight million such lines still sum to 63 bits."""
_LARGEST_VERSION = 2**31 - 1
_LARGEST_WALL_MS = 2**62
"""A time less the longest `up_ms` still fits the tables."""
_LARGEST_ID = 64
_LONGEST_NAME = 200
"""Characters of a purse or its instance: both are parts of keys, and PostgreSQL's index takes 2,700 bytes of a row (its manual,
"B-Tree Indexes", Implementation)."""


class MalformedLine(ValueError):
    """A line that no terminal writes: it has no place in a chain, so it cannot even be stored. Check the sender's version."""


def check_shape(line: Line) -> None:
    """Raises `MalformedLine` where the fixed-size parts of a line have other sizes, or its numbers do not fit the tables."""
    sizes = [(line.before, 32), (line.digest, 32)]
    if line.salt is not None:
        sizes.append((line.salt, 16))
    numbers = [line.sequence]
    if line.was is not None:
        sizes.append((line.was.hash, 32))
        numbers.append(line.was.sequence)
    if any(len(part) != size for part, size in sizes) or not all(0 < n <= _LARGEST_SEQUENCE for n in numbers):
        raise MalformedLine(f"line {line.sequence} has parts of a size that no line has")


def read(line: Line) -> tuple[Entry, Personal | None]:
    """What a line says and of whom; raises `Unreadable` for anything that this version could not post and store whole.

    None where the person was forgotten on the terminal before the line came here: it is posted all the same (invariant 11).
    """
    entry, whose = decode_entry(line.body), None if line.personal is None else decode_personal(line.personal)
    if entry.cause in CLOUDS_OWN:
        raise Unreadable(f"no terminal writes an entry of cause {entry.cause.value}")
    amounts = [n for posting in entry.postings for n in (posting.delta, posting.used)]
    if (bill := entry.purchase) is not None:
        amounts += [bill.amount, bill.discount]
    at = entry.moment
    bounds = [(entry.programme, _LARGEST_VERSION), (at.up_ms, LONGEST_UP_MS), (at.wall_ms, _LARGEST_WALL_MS)]
    bounds += [(amount, _LARGEST_AMOUNT) for amount in amounts]
    if any(abs(number) > largest for number, largest in bounds):
        raise Unreadable("this entry holds a number too large to be true")
    if whose is not None and not (0 < len(whose.account) <= _LARGEST_ID and len(whose.token) <= _LARGEST_ID):
        raise Unreadable("this entry's account or token has a length that none has")
    names = [name for posting in entry.postings for name in (posting.purse, posting.instance)]
    if any(len(name) > _LONGEST_NAME for name in names):
        raise Unreadable("this entry names a purse that is longer than any name")
    texts = [entry.shop, entry.reward, entry.staff, *names]
    if entry.purchase is not None:
        texts.append(entry.purchase.currency)
    if any("\0" in text for text in texts):
        raise Unreadable("this entry holds a text with a zero character in it")
    return entry, whose


def would_change(line: Line) -> tuple[bytes, list[tuple[str, str]]] | None:
    """Whose purses a line that cannot be read would change, and which (purse, instance), as far as that can be made out."""
    account = account_of(line.personal)
    if account is None or not 0 < len(account) <= _LARGEST_ID:
        return None
    named = dict.fromkeys((posting.purse, posting.instance) for posting in outline(line.body).postings)
    return account, [names for names in named if not any(len(name) > _LONGEST_NAME or "\0" in name for name in names)]


def store(connection: sa.Connection, identity: Identity, lines: Sequence[tuple[Line, bytes]], now_ms: int) -> None:
    """Keeps lines, each with its hash, at the end of the identity's chain."""
    if lines:
        connection.execute(sa.insert(ledger_tables.line), [_values(identity, line, hash, now_ms) for line, hash in lines])


class Stored(NamedTuple):
    """A line as it is kept: its hash, and when the cloud got it."""

    line: Line
    hash: bytes
    received_ms: int


def after(connection: sa.Connection, identity: Identity, sequence: int, limit: int) -> list[Stored]:
    """Up to `limit` stored lines behind `sequence`, in order."""
    wanted = {"merchant": identity.merchant, "identity": identity.id, "after": sequence, "many": limit}
    rows = connection.execute(_AFTER, wanted)
    return [Stored(_line(row), row.hash, row.received_ms) for row in rows]


def hashes_between(connection: sa.Connection, identity: Identity, first: int, last: int) -> dict[int, bytes]:
    """The hashes of the stored lines from `first` to `last`, both included."""
    wanted = sa.select(ledger_tables.line.c.sequence, ledger_tables.line.c.hash).where(
        _mine(identity) & ledger_tables.line.c.sequence.between(first, last)
    )
    return {row.sequence: row.hash for row in connection.execute(wanted)}


_L = ledger_tables.line.c
_AFTER = (
    sa.select(ledger_tables.line)
    .where(
        _L.merchant == sa.bindparam("merchant"), _L.identity == sa.bindparam("identity"), _L.sequence > sa.bindparam("after")
    )
    .order_by(_L.sequence)
    .limit(sa.bindparam("many"))
)


def _mine(identity: Identity) -> sa.ColumnElement[bool]:
    return (ledger_tables.line.c.merchant == identity.merchant) & (ledger_tables.line.c.identity == identity.id)


def _values(identity: Identity, line: Line, hash: bytes, now_ms: int) -> dict[str, Any]:
    was: tuple[UUID | None, int | None, bytes | None] = (None, None, None)
    if line.was is not None:
        was = (line.was.identity, line.was.sequence, line.was.hash)
    return {
        "merchant": identity.merchant,
        "identity": identity.id,
        "sequence": line.sequence,
        "before": line.before,
        "hash": hash,
        "body": line.body,
        "digest": line.digest,
        "personal": line.personal,
        "salt": line.salt,
        "was_identity": was[0],
        "was_sequence": was[1],
        "was_hash": was[2],
        "received_ms": now_ms,
    }


def _line(row: sa.Row[Any]) -> Line:
    was = None if row.was_identity is None else Was(row.was_identity, row.was_sequence, row.was_hash)
    return Line(
        sequence=row.sequence,
        before=row.before,
        body=row.body,
        digest=row.digest,
        personal=row.personal,
        salt=row.salt,
        was=was,
    )
