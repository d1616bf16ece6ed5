"""What the next version of the terminal might write into a journal before its update is taken back."""

from __future__ import annotations

import sqlite3
from typing import Any
from uuid import UUID

import msgspec

from emulators.drafts import account, moment, person
from loyalty.chain import Line, line_hash, personal_digest
from loyalty.entry import encode
from sync import journal, schema


def add_columns(connection: sqlite3.Connection) -> None:
    """A step of the schema, as `sync.schema.JOURNAL_AHEAD` allows it."""
    connection.execute("CREATE TABLE of_the_next (one INTEGER PRIMARY KEY)")
    connection.execute("ALTER TABLE lines ADD COLUMN of_the_next TEXT")
    connection.execute("ALTER TABLE identities ADD COLUMN of_the_next INTEGER NOT NULL DEFAULT 7")
    connection.execute("ALTER TABLE terminal ADD COLUMN of_the_next TEXT")
    connection.execute(f"PRAGMA user_version={schema.JOURNAL_VERSION + schema.JOURNAL_AHEAD}")


def body_of(number: int, **changes: Any) -> bytes:
    """An award of 5 points; `changes` are what the newer version says otherwise, or besides."""
    known = {
        "id": UUID(int=(7 << 76) + number),
        "cause": "award",
        "moment": moment(number),
        "shop": "main",
        "programme": 1,
        "postings": [["points", 5, 0, ""]],
        "purchase": {"amount": 5, "currency": "EUR"},
    }
    return msgspec.json.encode(known | changes)


def write(connection: sqlite3.Connection, number: int, body: bytes, postings: tuple[tuple[str, int, int], ...] = ()) -> None:
    """Writes `body` as the next line, with postings (purse, delta, used), as a newer version does: sealed and hashed."""
    now, head = journal.current(connection), journal.head(connection)
    salt, personal, refers = bytes(16), encode(person()), None
    line = Line(head.sequence + 1, head.hash, body, personal_digest(salt, personal), personal, salt)
    place, id = now.base + line.sequence, UUID(int=(7 << 76) + number).bytes
    connection.execute(
        "INSERT INTO lines (place, id, key, cause, account, refers, before, hash, body, digest, personal, salt)"
        " VALUES (?, ?, ?, 'visit', ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            place, id, f"newer {number}", account(), refers,
            line.before, line_hash(now.identity, line), body, line.digest, personal, salt,
        ),
    )  # fmt: skip
    for purse, delta, used in postings:
        connection.execute(journal.POSTING, (account(), purse, "", place, delta))
        connection.execute(journal.TALLY, (account(), purse, "", now.number, used))
