"""Lines that a salvage has set aside: kept in a file beside the journal, and wrapped into the chain of the next identity."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

import msgspec

from loyalty.chain import Line, Was, extend
from loyalty.outline import account_of, outline
from sync import forgetting, journal
from sync.database import transaction
from sync.keys import flush_folder
from sync.writers import Stored

KEPT_MS = 30 * 24 * 3600 * 1000
"""How long a damaged file is kept for whoever can read more of it."""

EARLIEST_MS = 1_600_000_000_000
"""September 2020: no terminal is older."""


class Kept(msgspec.Struct, frozen=True):
    """A row of the file of later lines: the line, and the identity whose chain it stood in."""

    identity: UUID
    hash: bytes
    key: str
    line: Line


def set_aside(later: Iterable[Stored], path: Path) -> Path:
    """Writes lines into a file of their own, for `readmit`."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        for one in later:
            file.write(msgspec.json.encode(Kept(one.identity, one.hash, one.key, one.line)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return path


def count(connection: sqlite3.Connection) -> int:
    """How many lines lie beside this journal and are in no chain yet."""
    path = Path(connection.execute("PRAGMA database_list").fetchone()[2])
    return sum(file.read_bytes().count(b"\n") for file in path.parent.glob(f"{path.name}.later-*")) if path.name else 0


def readmit(connection: sqlite3.Connection, mirror: sqlite3.Connection, folder: Path, name: str) -> int:
    """Wraps lines that a salvage has set aside into the chain of the new identity; how many. Only then are their files renamed.

    Does nothing while the identity is the one under which they stood: the cloud has its head, and would take them for a copy.
    Lines of people who were forgotten meanwhile are taken in as others that wait, and lose their person once they are sent.
    """
    taken = 0
    for file in sorted(folder.glob(f"{name}.later-*")):
        kept = [msgspec.json.decode(row, type=Kept) for row in file.read_bytes().splitlines()]
        if any(one.identity == journal.current(connection).identity for one in kept):
            continue
        forgetting.again(mirror)
        with transaction(connection):
            for one in kept:
                taken += _append(connection, one)
        file.rename(file.with_name(f"{name}.readmitted-{file.name.rpartition('.later-')[2]}"))
        flush_folder(folder)
    return taken


def clear_away(connection: sqlite3.Connection, folder: Path, name: str, known_ms: int) -> None:
    """Deletes what a salvage has left, for tokens and salts are in it.

    What was set aside goes as soon as the cloud has all of it; the damaged file, which may hold what could not be read,
    `KEPT_MS` later, by the time that the cloud has proved (0: it has not).
    """
    now = journal.current(connection)
    if now.accepted == journal.head(connection).sequence:
        for file in folder.glob(f"{name}.readmitted-*"):
            file.unlink()
    for file in folder.glob(f"{name}.damaged-*") if known_ms else ():
        made_ms = file.stat().st_mtime_ns // 1_000_000
        if not EARLIEST_MS <= made_ms <= known_ms:  # a clock that was wrong: the time begins now
            os.utime(file, (known_ms / 1000, known_ms / 1000))
        elif known_ms - made_ms > KEPT_MS:
            file.unlink()


def _append(connection: sqlite3.Connection, one: Kept) -> bool:
    entry = outline(one.line.body)
    id = entry.id.bytes if entry.id is not None else one.hash[:16]
    if connection.execute("SELECT 1 FROM lines WHERE id = ?", (id,)).fetchone():
        return False
    now, before = journal.current(connection), journal.head(connection)
    was = one.line.was or Was(one.identity, one.line.sequence, one.hash)
    line = msgspec.structs.replace(one.line, sequence=before.sequence + 1, before=before.hash, was=was)
    after = extend(now.identity, before, line)
    stored = Stored(now.base + line.sequence, id, one.key, entry.cause, now.identity, line, after.hash)
    insert(connection, stored, now.number)
    return True


def insert(connection: sqlite3.Connection, stored: Stored, number: int) -> None:
    """Writes a line as it is, with its postings and tallies; `number` is its identity's."""
    line, was = stored.line, stored.line.was
    account, entry = account_of(line.personal), outline(line.body)
    refers = entry.refers.bytes if entry.refers is not None else None
    written = (line.before, stored.hash, line.body, line.digest, line.personal, line.salt)
    was_there = (was.identity.bytes, was.sequence, was.hash) if was is not None else (None, None, None)
    connection.execute(
        "INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (stored.place, stored.id, stored.key, stored.cause, account, refers, *written, *was_there),
    )
    for posting in entry.postings if account is not None else ():
        purse = (account, posting.purse, posting.instance)
        connection.execute(journal.POSTING, (*purse, stored.place, posting.delta))
        connection.execute(journal.TALLY, (*purse, number, posting.used))
