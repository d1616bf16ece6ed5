"""How often each signing card was read (`loyalty.sun`): so that an address that was copied from a card is refused."""

from __future__ import annotations

import sqlite3

from sync.database import transaction


def sun_seen(connection: sqlite3.Connection, token: bytes, counter: int) -> bool:
    """Whether this read of this card, or a later one, was seen here already; if not, it is from now on, also over a power cut.

    `connection` is the journal's, in the thread that writes. Raises `DiskFull` or `JournalFailed`, and then the card must not
    count as proven.
    """
    with transaction(connection):
        new = connection.execute(
            "INSERT INTO sun_counters (token, counter) VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET counter = excluded.counter WHERE excluded.counter > counter RETURNING 1",
            (token, counter),
        ).fetchall()
    return not new
