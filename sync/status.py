"""What the terminal's two files say of it, for `bodka-terminal status`, also while the daemon runs."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from uuid import UUID

from loyalty.entry import Moment
from sync import history, journal, known_time, mirror
from sync.messages import Standing


@dataclass(frozen=True, slots=True)
class Status:
    """`recorded`, `accepted` and `posted` are sequences of the current identity; `programme` is the version in force.

    Where `posted` stays behind `accepted`, the cloud has stopped at a line that it cannot read.
    """

    identity: UUID
    standing: Standing
    recorded: int
    accepted: int
    posted: int
    waiting: history.Waiting
    cards: int
    members: int
    programme: int
    programme_here: bool
    known_ms: int
    """The last time that the cloud proved, in milliseconds since 1970; 0 where it never did."""


_COUNTS = (
    "SELECT (SELECT count(*) FROM accounts WHERE status IS NOT NULL) + (SELECT count(*) FROM cards),"
    " (SELECT count(*) FROM accounts WHERE change > 0)"
)


def status(journal_connection: sqlite3.Connection, mirror_connection: sqlite3.Connection, now: Moment) -> Status:
    """Reads only; raises `NotPaired` for a journal without an identity."""
    identity, text = journal.current(journal_connection), mirror.programme(mirror_connection)
    version = mirror.programme_version(mirror_connection)
    cards, members = mirror_connection.execute(_COUNTS).fetchone()
    return Status(
        identity=identity.identity,
        standing=identity.standing,
        recorded=journal.head(journal_connection).sequence,
        accepted=identity.accepted,
        posted=max(identity.posted, mirror.complete_through(mirror_connection, journal_connection)),
        waiting=history.waiting(journal_connection),
        cards=cards,
        members=members,
        programme=version,
        programme_here=text is not None and text.version == version,
        known_ms=known_time.known_ms(mirror_connection, now),
    )
