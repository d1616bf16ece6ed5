"""Forgetting a person on the terminal (invariant 11): by the cloud's tombstones, in the mirror at once, in the journal in time.

A line that the cloud has not stored yet keeps its person until it has: only with it can the cloud count what the line used and
earned. Then account, salt and personal part go, and the chain still holds by the line's digest. Postings and tallies of the
account go with the last of its lines: nothing of it is shown or spent again, and what terminals used of it is counted in the
cloud, under an id that says nothing.
"""

from __future__ import annotations

import sqlite3

from sync.damage import changing, every, one
from sync.database import transaction
from sync.journal import current
from sync.mirror_rows import ForgottenRow

TOMBSTONE = "INSERT INTO forgotten VALUES (?, ?, 0) ON CONFLICT DO NOTHING"
"""Values: the account, and the change by which it was forgotten."""


def tombstones(mirror: sqlite3.Connection) -> set[bytes]:
    """The accounts of all who were forgotten: what a late answer still says of them is not written."""
    return {row[0] for row in every(mirror, "SELECT account FROM forgotten")}


def is_forgotten(mirror: sqlite3.Connection, account: bytes) -> bool:
    """Whether an account belongs to somebody who was forgotten. Its id is the token of their first card."""
    return one(mirror, "SELECT 1 FROM forgotten WHERE account = ?", (account,)) is not None


def bury(mirror: sqlite3.Connection, row: ForgottenRow) -> None:
    """Deletes all that the mirror has of an account, in the transaction in which the caller keeps the `TOMBSTONE`."""
    mirror.execute("PRAGMA secure_delete = ON")
    mirror.execute("DELETE FROM purses WHERE account = (SELECT number FROM accounts WHERE id = ?)", (row.account,))
    mirror.execute("DELETE FROM accounts WHERE id = ?", (row.account,))
    for table in ("cards", "progress"):
        mirror.execute(f"DELETE FROM {table} WHERE account = ?", (row.account,))  # noqa: S608  # our own words


def forget(journal: sqlite3.Connection, mirror: sqlite3.Connection) -> None:
    """Forgets in the journal what the cloud has of those lines whose person is to be forgotten; called after each exchange."""
    for (account,) in every(mirror, "SELECT account FROM forgotten WHERE NOT done"):
        if _forget_lines(journal, account):
            with changing(mirror):
                mirror.execute("UPDATE forgotten SET done = 1 WHERE account = ?", (account,))


def reopen(mirror: sqlite3.Connection, account: bytes) -> None:
    """Called before a line is written: if it names somebody whose lines were all forgotten, it has to be forgotten as well.

    Their card was in front of a reader when the tombstone came.
    """
    if one(mirror, "SELECT 1 FROM forgotten WHERE account = ? AND done", (account,)) is not None:
        with changing(mirror):
            mirror.execute("UPDATE forgotten SET done = 0 WHERE account = ?", (account,))


def again(mirror: sqlite3.Connection) -> None:
    """Looks for all who were forgotten once more: the journal may have lines of theirs that it had not before."""
    with changing(mirror):
        mirror.execute("UPDATE forgotten SET done = 0 WHERE done")


def _forget_lines(journal: sqlite3.Connection, account: bytes) -> bool:
    """Whether nothing of the account is left."""
    journal.execute("PRAGMA secure_delete = ON")
    with transaction(journal):
        now = current(journal)
        places = {row[0] for row in journal.execute("SELECT place FROM postings WHERE account = ?", (account,))}
        issued = journal.execute("SELECT place FROM lines WHERE account = ? AND cause = 'issue'", (account,))
        places |= {row[0] for row in issued}
        stored = [(place,) for place in places if place <= now.base + now.accepted]
        journal.executemany("UPDATE lines SET account = NULL, personal = NULL, salt = NULL WHERE place = ?", stored)
        if len(stored) < len(places):
            return False
        for table in ("postings", "tallies"):
            journal.execute(f"DELETE FROM {table} WHERE account = ?", (account,))  # noqa: S608  # our own words
        journal.execute("DELETE FROM sun_counters WHERE token = ?", (account,))
        return True
