"""Known time (invariant 9): what the cloud has proved and what went by since, kept in the mirror.

A clock that nobody has set is not believed; this is a lower bound of the true time, also over a power cut.
"""

from __future__ import annotations

import sqlite3

import msgspec

from loyalty.entry import Moment
from sync.damage import changing, one

LATE_MS = 10 * 60 * 1000
"""No answer is waited for that long."""

NEAR_MS = 1_000
"""Known time may lag behind the cloud's by so much."""


def prove(connection: sqlite3.Connection, now_ms: int, at: Moment) -> None:
    """Notes the cloud's time, read at `at`. One that is a little earlier than what is known came late, and changes nothing, nor
    does one that says nearly the same: each write wears the SD card.

    One that is much earlier is no late answer (none is waited for that long): the cloud's clock was wrong, and was set right.
    """
    known, boot, _ = _known(connection)
    if known - LATE_MS < now_ms <= known_ms(connection, at) + NEAR_MS and boot == at.boot.bytes:
        return
    with changing(connection):
        _set_known(connection, now_ms, at)


def keep(connection: sqlite3.Connection, at: Moment) -> None:
    """Notes known time as it went on in a boot in which it was proved, without a word of the cloud's."""
    if _known(connection)[1] == at.boot.bytes:
        with changing(connection):
            _set_known(connection, known_ms(connection, at), at)


def known_ms(connection: sqlite3.Connection, at: Moment) -> int:
    """Known time (invariant 9): the last time proved and what went by since; after a reboot a lower bound. 0: none yet."""
    known, boot, up = _known(connection)
    return known + (max(0, at.up_ms - up) if boot == at.boot.bytes else 0)


def proved(connection: sqlite3.Connection, at: Moment) -> Moment:
    """The moment with the cloud's time where the wall clock is not trusted, and the cloud has proved it in this boot."""
    if at.trusted or _known(connection)[1] != at.boot.bytes:
        return at
    return msgspec.structs.replace(at, wall_ms=known_ms(connection, at), trusted=True)


def _known(connection: sqlite3.Connection) -> tuple[int, bytes | None, int]:
    known, boot, up = one(connection, "SELECT known_ms, known_boot, known_up_ms FROM state")
    return int(known), boot, int(up)


def _set_known(connection: sqlite3.Connection, now_ms: int, at: Moment) -> None:
    connection.execute("UPDATE state SET known_ms = ?, known_boot = ?, known_up_ms = ?", (now_ms, at.boot.bytes, at.up_ms))
