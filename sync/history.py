"""Looking back in the journal: what waits for the cloud, and what was recorded last."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from loyalty.entry import Entry, Moment, Personal, Unreadable, decode_entry, decode_personal
from loyalty.outline import outline
from sync import readmission
from sync.allowance import was_taken_back
from sync.journal import current


@dataclass(frozen=True, slots=True)
class Waiting:
    """Lines that the cloud has not stored yet; `oldest` is when the first of them was recorded, where this version can tell."""

    count: int
    oldest: Moment | None = None
    aside: int = 0
    """So many of them were saved from a damaged journal and are in no chain yet (`sync.readmission`)."""

    def age_ms(self, now: Moment) -> int:
        """How long the oldest has waited: by the monotonic clock within one boot; after a reboot by the wall clock, where it
        was trusted both times, and at least as long as this boot has lasted.
        """
        if self.oldest is None:
            return 0
        if self.oldest.boot == now.boot:
            return max(0, now.up_ms - self.oldest.up_ms)
        trusted = self.oldest.trusted and now.trusted
        return max(now.up_ms, now.wall_ms - self.oldest.wall_ms) if trusted else now.up_ms


@dataclass(frozen=True, slots=True)
class Last:
    """The last entry that a person made here; `undone` also where part of it was returned."""

    entry: Entry
    personal: Personal
    undone: bool


def waiting(connection: sqlite3.Connection) -> Waiting:
    """How much the cloud has not stored yet."""
    now = current(connection)
    after = now.base + now.accepted
    count = connection.execute("SELECT count(*) FROM lines WHERE place > ?", (after,)).fetchone()[0]
    row = connection.execute("SELECT body FROM lines WHERE place > ? ORDER BY place LIMIT 1", (after,)).fetchone()
    aside = readmission.count(connection)
    return Waiting(count + aside, outline(row[0]).moment if row is not None else None, aside)


def last_entry(connection: sqlite3.Connection) -> Last | None:
    """The last entry of the current identity that could be undone: an undo, a return or a give-back is passed over."""
    row = connection.execute(
        "SELECT body, personal FROM lines WHERE place > ? AND personal IS NOT NULL AND cause IN ('award', 'redeem', 'issue')"
        " ORDER BY place DESC LIMIT 1",
        (current(connection).base,),
    ).fetchone()
    if row is None:
        return None
    try:
        entry, personal = decode_entry(row[0]), decode_personal(row[1])
    except Unreadable:  # written by a newer version before a step back
        return None
    return Last(entry, personal, was_taken_back(connection, entry.id))
