"""What must be true of a journal after a power cut, asked of the real code on real files."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from itertools import pairwise
from pathlib import Path
from uuid import UUID

from emulators.drafts import Till, award
from loyalty.chain import GENESIS, Head, Line, Was, extend
from loyalty.outline import outline
from sync import journal

JOURNAL = "journal.db"
TABLES = ("identities", "lines", "postings", "tallies", "terminal", "sun_counters")


class Lost(AssertionError):
    """Something that was acknowledged is not there, or something half done is."""


def contents(connection: sqlite3.Connection) -> str:
    """A digest of all that the journal says."""
    digest = hashlib.sha256()
    for table in TABLES:
        digest.update(repr(connection.execute(f"SELECT * FROM {table}").fetchall()).encode())
    return digest.hexdigest()


def judge(folder: Path, allowed: set[str]) -> None:
    """Opens the journal as the daemon does; raises `Lost` unless it says one of the allowed things, whole, and goes on."""
    try:
        connection = journal.open_journal(folder / JOURNAL)
    except Exception as error:
        raise Lost(f"cannot be opened: {error}") from error
    try:
        if contents(connection) not in allowed:
            raise Lost("an acknowledged change is not there, or half a change is")
        sound(connection)
        if connection.execute("SELECT 1 FROM identities").fetchone():
            _goes_on(connection)
    except sqlite3.Error as error:
        raise Lost(f"cannot be read: {error}") from error
    finally:
        connection.close()


def sound(connection: sqlite3.Connection) -> None:
    """The chain is whole; postings and tallies say what the lines say; each id is there once."""
    if (found := connection.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
        raise Lost(f"SQLite finds: {found}")
    identities = connection.execute("SELECT number, identity, base FROM identities ORDER BY number DESC").fetchall()
    lines = connection.execute(
        "SELECT place, before, body, digest, personal, salt, was_identity, was_sequence, was_hash, hash, account, id"
        " FROM lines ORDER BY place"
    ).fetchall()
    if len({line[-1] for line in lines}) != len(lines):
        raise Lost("an id is there twice")
    for (place, *_, hash, _, _), (after, before, *_) in pairwise(lines):
        begins = before == GENESIS and after - 1 in {base for _, _, base in identities}
        if not begins and (after, before) != (place + 1, hash):
            raise Lost(f"the line at {after} does not follow the one at {place}")
    posted, tallied = Counter[tuple[object, ...]](), Counter[tuple[object, ...]]()
    for place, before, body, digest, personal, salt, was, sequence, was_hash, hash, account, _ in lines:
        number, identity, base = next((row for row in identities if row[2] < place), (0, bytes(16), 0))
        line = Line(
            place - base, before, body, digest, personal, salt,
            Was(UUID(bytes=was), sequence, was_hash) if was is not None else None,
        )  # fmt: skip
        if extend(UUID(bytes=identity), Head(line.sequence - 1, before), line).hash != hash:
            raise Lost(f"the line at {place} has another hash than its own")
        for posting in outline(body).postings:
            posted[account, posting.purse, posting.instance, place, posting.delta] += 1
            tallied[account, posting.purse, posting.instance, number] += posting.used
    if posted != Counter(connection.execute("SELECT * FROM postings")):
        raise Lost("the postings are not those of the lines")
    current = identities[0][0] if identities else 0
    pruned = journal.pruned(connection)
    for *purse, used in connection.execute("SELECT * FROM tallies WHERE number = ?", (current,)).fetchall():
        expected = tallied[tuple(purse)]
        if used != expected and not (pruned and used > expected):
            raise Lost(f"the tally of {purse} says {used}, the lines {expected}")


def _goes_on(connection: sqlite3.Connection) -> None:
    """The next entry is recorded, once."""
    head, till = journal.head(connection), Till(connection, seed=77)
    done = till.record(award(3), "after the power cut")
    if done.sequence != head.sequence + 1 or till.record(award(3), "after the power cut") != done:
        raise Lost("the next entry is not recorded once behind the last")
    sound(connection)
