"""What the cloud says of members and accounts, in a second SQLite file that can be rebuilt at any time (invariants 4, 8, 9).

A purse's balance, grant and the line that both include are one row, written in one statement. How an answer of the cloud is
applied is in `sync.applying`, the first one of all in `sync.snapshot`, what a card looks up in `sync.view`; the time that the
cloud has proved lies here too (`sync.known_time`).
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from loyalty.account import Status
from loyalty.holding import Row
from sync import journal, schema
from sync.allowance import Rows
from sync.damage import changing, one
from sync.database import NORMAL, DamagedFile, UnsafeJournal, connect, is_sound, upgrade
from sync.messages import ProgrammeText

CACHE_KIB = 1_024
"""Pages that one connection keeps in memory: a look-up needs a dozen, and the system caches the file anyway."""

LOOKED_THROUGH_BYTES = 8 * 1024 * 1024
"""Only a small mirror is looked through when it is opened: a large one would hold up the start by seconds, and damage that a
look-up or a write meets later is dealt with then (`sync.damage`)."""

STATUSES = (Status.ACTIVE, Status.BLOCKED, Status.REPLACED)
"""In the order of their numbers in the file."""


def open_mirror(path: Path, journal_connection: sqlite3.Connection) -> sqlite3.Connection:
    """Opens the mirror; one that is missing, damaged, of a newer version or of another journal is made anew, empty.

    Raises `DiskFull` or `JournalFailed` only where a new one cannot be made either. The journal is only read.
    """
    with suppress(DamagedFile, UnsafeJournal):
        connection = _open(path)
        if _belongs(connection, journal_connection):
            return connection
        connection.close()
    remove(path)
    return _open(path)


def open_again(path: Path) -> sqlite3.Connection:
    """Another connection to a mirror that this process has open; damage is found by whoever looks. Raises as `connect` does."""
    connection = connect(path, NORMAL)
    connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    return connection


def remove(path: Path) -> None:
    """Deletes a mirror that nobody has open."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def blank() -> sqlite3.Connection:
    """A mirror that knows nothing, in memory: what the counter looks into while the file is made anew."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate_mirror(connection)
    return connection


def _open(path: Path) -> sqlite3.Connection:
    connection = connect(path, NORMAL)
    try:
        connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        upgrade(connection, schema.MIRROR_VERSION, schema.migrate_mirror)
        if path.stat().st_size <= LOOKED_THROUGH_BYTES and not is_sound(connection):
            raise DamagedFile("the mirror is damaged")
        _check_tables(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_tables(connection: sqlite3.Connection) -> None:
    """The one row of state must be there, whatever else is broken."""
    try:
        state = connection.execute("SELECT count(*) FROM state").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise DamagedFile(str(error)) from error
    if state != 1:
        raise DamagedFile("the mirror has no state")


def _belongs(connection: sqlite3.Connection, journal_connection: sqlite3.Connection) -> bool:
    """Whether the furthest line that a row includes is in the journal: else one of the two was restored or exchanged."""
    place, line = connection.execute("SELECT place, line FROM state").fetchone()
    if place == 0:
        return True
    row = journal_connection.execute("SELECT id FROM lines WHERE place = ?", (place,)).fetchone()
    return row is not None and row[0] == line


def cursor(connection: sqlite3.Connection) -> int:
    """The change number up to which everything was pulled."""
    return int(one(connection, "SELECT cursor FROM state")[0])


def pull_anew(connection: sqlite3.Connection) -> None:
    """Makes the next pull begin with a snapshot: after a new identity, whose leases are others."""
    with changing(connection):
        connection.execute("UPDATE state SET epoch = NULL, piece = NULL, cursor = 0, pulling = NULL, complete = 0")


def complete_through(connection: sqlite3.Connection, journal_connection: sqlite3.Connection) -> int:
    """The sequence that every row includes since the last whole pull: up to there, lines may be pruned."""
    complete = one(connection, "SELECT complete FROM state")[0]
    return max(0, int(complete) - journal.current(journal_connection).base)


def rows(connection: sqlite3.Connection, journal_connection: sqlite3.Connection) -> Rows:
    """The rows as `journal.record` asks for them: what was granted to another identity is not this one's to spend."""

    def row(account: bytes, purse: str, instance: str) -> Row:
        now = journal.current(journal_connection)
        found = one(
            connection,
            "SELECT p.balance, p.granted, p.place, i.word FROM accounts AS a JOIN words AS w JOIN purses AS p"
            " ON p.account = a.number AND p.purse = w.number JOIN words AS i ON i.number = p.identity"
            " WHERE a.id = ? AND w.word = ? AND p.instance = ?",
            (account, purse, instance),
        )
        if found is None:
            return Row()
        balance, granted, place, identity = found
        # Lines that the cloud has from an earlier identity may be wrapped, and earn nothing again: `place` counts for any.
        return Row(balance, granted if identity == now.identity.bytes else 0, max(0, place - now.base))

    return row


def programme_version(connection: sqlite3.Connection) -> int:
    """The version of the programme in force, as far as the cloud said; its text may not be here yet. 0: none."""
    return int(one(connection, "SELECT programme FROM state")[0])


def programme(connection: sqlite3.Connection) -> ProgrammeText | None:
    """The newest programme whose text is here; None where none is."""
    row = one(connection, "SELECT version, text FROM programmes ORDER BY version DESC LIMIT 1")
    return ProgrammeText(row[0], row[1]) if row is not None else None


def keep_programme(connection: sqlite3.Connection, text: ProgrammeText) -> None:
    """Keeps the text of one version, and the version before the newest, for entries that name it."""
    with changing(connection):
        connection.execute("INSERT OR REPLACE INTO programmes VALUES (?, ?)", (text.version, text.text))
        connection.execute("UPDATE state SET programme = max(programme, ?)", (text.version,))
        kept = "SELECT version FROM programmes ORDER BY version DESC LIMIT 2"
        connection.execute(f"DELETE FROM programmes WHERE version NOT IN ({kept})")  # noqa: S608  # our own words
