"""The terminal's own ledger: every entry in order, in one SQLite file that survives power cuts (invariants 1 to 5, 8).

Plain functions on a connection, used by one writer thread. A line's *place* is its order in this file and never changes; its
*sequence* is its order in the chain of one identity: place minus that identity's base. So a terminal that takes a new identity
wraps its lines where they are.

Example::

    journal = open_journal(folder / "journal.sqlite")
    begin(journal, identity)
    done = record(journal, draft, key, rows, moment=moment, shop="main", programme=1, random=os.urandom)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from loyalty.chain import GENESIS, Head, Line, Was, line_hash, personal_digest
from loyalty.entry import (
    Draft,
    Entry,
    ImpossiblePosting,
    Moment,
    Personal,
    Posting,
    check,
    decode_entry,
    encode,
    entry_of_checked,
)
from loyalty.holding import Own
from loyalty.ids import uuid7
from sync import schema
from sync.allowance import Rows, allowed
from sync.database import FULL, Connection, connect, transaction, upgrade
from sync.messages import Standing
from sync.refusals import NotRecorded

ID_BYTES, SALT_BYTES = 10, 16
"""Of chance in an entry's id, and before its person in the digest."""


class NotPaired(NotRecorded):
    """The journal has no identity yet."""

    def __init__(self) -> None:
        super().__init__("This terminal is not paired yet: run bodka-terminal pair with a code from the cloud.")


class Recorded(NamedTuple):
    """What was recorded: its postings are the draft's, with the leased part of a return worked out."""

    entry: Entry
    sequence: int

    @property
    def id(self) -> UUID:
        return self.entry.id

    @property
    def postings(self) -> tuple[Posting, ...]:
        return self.entry.postings


@dataclass(frozen=True, slots=True)
class Identity:
    """Who writes this journal now. `accepted` and `posted` are sequences: how far the cloud has stored and posted its lines."""

    number: int
    identity: UUID
    base: int
    accepted: int
    posted: int
    standing: Standing


def open_journal(path: Path) -> sqlite3.Connection:
    """Opens or creates the journal, for use in this thread only; raises `UnsafeJournal`, `DiskFull` or `JournalFailed`."""
    connection = connect(path, FULL)
    try:
        upgrade(connection, schema.JOURNAL_VERSION, schema.migrate_journal, schema.JOURNAL_AHEAD)
    except BaseException:
        connection.close()
        raise
    return connection


def begin(connection: sqlite3.Connection, identity: UUID) -> None:
    """Gives a new journal its first identity; the same again changes nothing. For a later one see `sync.renewal.renew`."""
    with transaction(connection):
        if connection.execute("SELECT 1 FROM identities WHERE identity = ?", (identity.bytes,)).fetchone():
            return
        if connection.execute("SELECT 1 FROM identities").fetchone():
            raise ValueError("this journal belongs to another identity: renew it, or start with an empty state folder")
        connection.execute("INSERT INTO identities (number, identity, base) VALUES (1, ?, 0)", (identity.bytes,))


def current(connection: sqlite3.Connection) -> Identity:
    """The identity that writes now; raises `NotPaired` where there is none."""
    query = "SELECT number, identity, base, accepted, posted, standing FROM identities ORDER BY number DESC LIMIT 1"
    row = connection.execute(query).fetchone()
    if row is None:
        raise NotPaired
    return _identity(*row)


@lru_cache(maxsize=4)
def _identity(number: int, identity: bytes, base: int, accepted: int, posted: int, standing: str) -> Identity:
    return Identity(number, UUID(bytes=identity), base, accepted, posted, Standing(standing))


def record(
    connection: sqlite3.Connection,
    draft: Draft,
    key: str,
    rows: Rows,
    *,
    moment: Moment,
    shop: str,
    programme: int,
    random: Callable[[int], bytes],
) -> Recorded:
    """Makes `draft` a line of the journal: one transaction, one flush to the disk. When this returns, it survives a power cut.

    `key` is the conversation's own id: the same key again gives the first result and writes nothing. `rows` is
    `sync.mirror.rows(...)`; `random(n)` gives n random bytes. Raises a `NotRecorded` (`NotEnough`, `AlreadyUndone`,
    `NothingToUndo`, `TooMuchReturned`, `SpendingStopped`, `DiskFull`, `JournalFailed`, `NotPaired`), after which the journal
    is as it was; `ImpossiblePosting` where the draft contradicts itself.
    """
    with transaction(connection):
        writer = _writer(connection)
        now = writer.now
        try:
            draft = _as_allowed(connection, now, draft, rows)
            chance = random(ID_BYTES + SALT_BYTES)
            entry = entry_of_checked(draft, uuid7(moment.wall_ms, chance[:ID_BYTES]), moment, shop, programme)
            line = _next_line(writer.head, entry, draft.whose, chance[ID_BYTES:])
            new_head = _write_line(connection, now, line, entry, draft.whose.account, key)
        except (NotRecorded, ImpossiblePosting, sqlite3.IntegrityError):
            # What is refused, or has a line already, may be this very draft for a second time.
            if (known := _recorded(connection, key)) is None:
                raise
            return known
        for posting in entry.postings:
            purse = (draft.whose.account, posting.purse, posting.instance)
            connection.execute(POSTING, (*purse, now.base + line.sequence, posting.delta))
            connection.execute(TALLY, (*purse, now.number, posting.used))
    if isinstance(connection, Connection):
        connection.remembered = _Writer(writer.version, connection.total_changes, now, new_head)
    return Recorded(entry, line.sequence)


def _as_allowed(connection: sqlite3.Connection, now: Identity, draft: Draft, rows: Rows) -> Draft:
    """The draft with the postings that may be recorded; raises as `allowed` does."""

    def owns(account: bytes, purse: str, instance: str, through: int) -> Own:
        return own_between(connection, now, account, purse, instance, now.base + through)

    postings = allowed(connection, now.base, now.standing.value, draft, rows, owns)
    if postings == draft.postings:
        return draft
    check(draft.cause, postings, draft.refers)
    return replace(draft, postings=postings)


def _next_line(before: Head, entry: Entry, whose: Personal, salt: bytes) -> Line:
    """The line behind `before`."""
    personal = encode(whose)
    return Line(before.sequence + 1, before.hash, encode(entry), personal_digest(salt, personal), personal, salt)


def _write_line(connection: sqlite3.Connection, now: Identity, line: Line, entry: Entry, account: bytes, key: str) -> Head:
    """Writes the line, and nothing where `key` has one already (`sqlite3.IntegrityError`); the chain ends with it."""
    hash = line_hash(now.identity, line)
    refers = entry.refers.bytes if entry.refers is not None else None
    of_the_line = (line.before, hash, line.body, line.digest, line.personal, line.salt)
    place = now.base + line.sequence
    connection.execute(_LINE, (place, entry.id.bytes, key, entry.cause.value, account, refers, *of_the_line))
    return Head(line.sequence, hash)


class _Writer(NamedTuple):
    """Who writes, and behind which line; as long as version and changes are these (see `Connection`)."""

    version: int
    changes: int
    now: Identity
    head: Head


def _writer(connection: sqlite3.Connection) -> _Writer:
    """All that must be known before a line is written: who writes, and the last line."""
    version = connection.execute("PRAGMA data_version").fetchone()[0]
    last = connection.remembered if isinstance(connection, Connection) else None
    if isinstance(last, _Writer) and (last.version, last.changes) == (version, connection.total_changes):
        return last
    found = connection.execute(_WRITER).fetchone()
    if found is None:
        raise NotPaired
    place, hash, *identity = found
    now = _identity(*identity)
    return _Writer(version, 0, now, _end(now, place, hash))


_WRITER = (
    "SELECT place, hash, number, identity, base, accepted, posted, standing"
    " FROM identities LEFT JOIN lines ON place = (SELECT max(place) FROM lines) ORDER BY number DESC LIMIT 1"
)
_LINE = (
    "INSERT INTO lines (place, id, key, cause, account, refers, before, hash, body, digest, personal, salt)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
POSTING = "INSERT INTO postings VALUES (?, ?, ?, ?, ?)"
TALLY = (
    "INSERT INTO tallies VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET used = used + excluded.used WHERE excluded.used > 0"
)


def head(connection: sqlite3.Connection) -> Head:
    """The end of the current identity's chain."""
    return _head(connection, current(connection))


def line_at(connection: sqlite3.Connection, sequence: int) -> Line | None:
    """The current identity's line at `sequence`; None where there is none, or it was pruned."""
    found = lines_after(connection, sequence - 1, 1)
    return found[0] if found and found[0].sequence == sequence else None


def hash_at(connection: sqlite3.Connection, now: Identity, sequence: int) -> bytes | None:
    """The hash of the line at `sequence` (0: GENESIS); None where this chain has no such line, or it was pruned."""
    if sequence == 0:
        return GENESIS if pruned(connection) <= now.base + 1 else None
    if sequence < 0:
        return None
    row = connection.execute("SELECT hash FROM lines WHERE place = ?", (now.base + sequence,)).fetchone()
    return bytes(row[0]) if row is not None else None


def lines_after(connection: sqlite3.Connection, sequence: int, limit: int) -> list[Line]:
    """Up to `limit` lines of the current identity after `sequence`, in order."""
    base = current(connection).base
    rows = connection.execute(
        "SELECT place, before, body, digest, personal, salt, was_identity, was_sequence, was_hash FROM lines"
        " WHERE place > ? ORDER BY place LIMIT ?",
        (base + max(0, sequence), limit),
    )
    return [
        Line(place - base, before, body, digest, personal, salt, Was(UUID(bytes=was), at, hash) if was is not None else None)
        for place, before, body, digest, personal, salt, was, at, hash in rows
    ]


def accept(connection: sqlite3.Connection, stored: Head, posted: int) -> bool:
    """Notes that the cloud has stored this chain up to `stored` and posted it up to `posted`.

    False, and nothing noted, where `stored` is not on this chain: then this terminal is a copy, or behind one (invariant 8).
    An answer that comes late may lower the note: lines are then sent again, which does no harm.
    """
    with transaction(connection):
        now = current(connection)
        if hash_at(connection, now, stored.sequence) != stored.hash:
            return False
        if (stored.sequence, posted) != (now.accepted, now.posted):
            update = "UPDATE identities SET accepted = ?, posted = ? WHERE number = ?"
            connection.execute(update, (stored.sequence, min(posted, stored.sequence), now.number))
    return True


def contradicts(connection: sqlite3.Connection, stored: Head) -> bool:
    """Whether the cloud's `stored` shows that this terminal is a copy or behind one: another line, or one not yet written here.

    A line that was pruned here contradicts nothing.
    """
    now = current(connection)
    if stored.sequence > _head(connection, now).sequence:
        return True
    return hash_at(connection, now, stored.sequence) not in (None, stored.hash)


def stop(connection: sqlite3.Connection, identity: UUID, standing: Standing) -> None:
    """Notes for good that `identity` may not spend, undo or return: only a new identity may again.

    One that is written off may be found off the head later; its lines then go on under the new identity alone.
    Changes nothing where another identity writes by now: what was said of the old one is not about it.
    """
    with transaction(connection):
        now = current(connection)
        if now.identity == identity and _SEVERITY.index(standing) > _SEVERITY.index(now.standing):
            connection.execute("UPDATE identities SET standing = ? WHERE number = ?", (standing.value, now.number))


_SEVERITY = (Standing.GOOD, Standing.WRITTEN_OFF, Standing.OFF_HEAD)


def own(connection: sqlite3.Connection, account: bytes, purse: str, instance: str, through: int) -> Own:
    """What the current identity's lines say of one purse, seen from a row that includes them up to `through`."""
    now = current(connection)
    return own_between(connection, now, account, purse, instance, now.base + through)


def own_between(connection: sqlite3.Connection, now: Identity, account: bytes, purse: str, instance: str, place: int) -> Own:
    """As `own`, from a place: what is spendable counts only lines of the current identity, what changed counts all since."""
    purse_key = (account, purse, instance)
    return Own(*connection.execute(_OWN, (*purse_key, now.number, max(now.base, place), *purse_key, place)).fetchone())


_OWN = (
    "SELECT coalesce((SELECT used FROM tallies WHERE account = ? AND purse = ? AND instance = ? AND number = ?), 0),"
    " coalesce(sum(delta) FILTER (WHERE delta > 0 AND place > ?), 0), coalesce(sum(delta), 0) FROM postings"
    " WHERE account = ? AND purse = ? AND instance = ? AND place > ?"
)


def pruned(connection: sqlite3.Connection) -> int:
    """The place of the first line that is still here, where earlier ones were pruned; else 0."""
    return int(connection.execute("SELECT pruned FROM terminal").fetchone()[0])


def _recorded(connection: sqlite3.Connection, key: str) -> Recorded | None:
    """What was recorded under a key; None where nothing was."""
    found = connection.execute("SELECT place, body FROM lines WHERE key = ?", (key,)).fetchone()
    if found is None:
        return None
    place, body = found
    bases = connection.execute("SELECT base FROM identities WHERE base < ? ORDER BY number DESC LIMIT 1", (place,))
    return Recorded(decode_entry(body), place - bases.fetchone()[0])


def _head(connection: sqlite3.Connection, now: Identity) -> Head:
    row = connection.execute("SELECT place, hash FROM lines ORDER BY place DESC LIMIT 1").fetchone()
    return _end(now, *row) if row is not None else Head()


def _end(now: Identity, last: int | None, hash: bytes) -> Head:
    """The head of a chain whose last line in the file is at the place `last`."""
    return Head(last - now.base, hash) if last is not None and last > now.base else Head()
