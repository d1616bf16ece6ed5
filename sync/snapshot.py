"""The mirror's first filling, and every later one from nothing: pieces between keys, in the cloud's order.

Each piece may be broken off, repeated or late: it is applied in slices like a pull, and where the next one begins moves with
its last slice. What changed while the snapshot was under way comes by change number afterwards, from where it began. Where the
mirror held rows before, they serve until newer ones replace them; what the snapshot did not bring is swept out at its end.
Rows hold the cloud's change plus a base, which every new snapshot raises above all that is stored: so its rows replace older
ones also where the cloud was restored from a backup and counts from further back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from sync import applying, mirror
from sync.damage import changing, one
from sync.messages import Piece

SWEPT_ROWS = 1_000
"""Rows that are looked at in one transaction."""


def epoch(connection: sqlite3.Connection) -> UUID | None:
    """The cloud's count that the mirror's cursor belongs to; None where a snapshot has to begin."""
    found = one(connection, "SELECT epoch FROM state")[0]
    return UUID(bytes=found) if found is not None else None


def due(connection: sqlite3.Connection) -> bytes | None:
    """After which key a piece is to be asked for (empty: the first); None where the mirror is whole."""
    epoch, piece = one(connection, "SELECT epoch, piece FROM state")
    return b"" if epoch is None else piece


def take(
    connection: sqlite3.Connection,
    journal_connection: sqlite3.Connection,
    asked_as: UUID,
    piece: Piece,
    max_rows: int = applying.SLICE_ROWS,
    up_ms: Callable[[], int] = lambda: 0,
) -> Iterator[set[bytes]]:
    """Applies a piece slice by slice as `applying.apply` does. The next is due with the last slice, and only after this one.

    Raises `Misplaced` before the first slice where the piece was made for other lines than these, or does not belong to the
    snapshot under way; from the latter, the snapshot begins anew.
    """
    place = applying.place_of(journal_connection, asked_as, piece.through, piece.hash)
    _begin(connection, piece)
    yield from applying.slices(
        connection, journal_connection, asked_as, piece, place, lambda: _move(connection, piece, place), max_rows, up_ms
    )


def _begin(connection: sqlite3.Connection, piece: Piece) -> None:
    known = epoch(connection)
    if known == piece.epoch:
        return
    if piece.after:
        mirror.pull_anew(connection)
        raise applying.Misplaced
    with changing(connection):
        # What is there already is from an earlier snapshot: from now on older than anything that comes.
        connection.execute(
            "UPDATE state SET epoch = ?, piece = x'', fixed = ?, base = latest, sweeping = latest > 0, cursor = 0,"
            " pulling = NULL, complete = 0",
            (piece.epoch.bytes, piece.cursor),
        )


def _move(connection: sqlite3.Connection, piece: Piece, place: int) -> None:
    connection.execute(
        "UPDATE state SET piece = ?, cursor = iif(?, cursor, fixed), programme = max(programme, ?),"
        " pulling = min(coalesce(pulling, ?), ?) WHERE piece = ?",
        (piece.next, piece.next is not None, piece.programme, place, place, piece.after),
    )


def sweep(connection: sqlite3.Connection, max_rows: int = SWEPT_ROWS) -> Iterator[bool]:
    """Deletes what an earlier snapshot brought and the last one did not, a slice at a time; nothing before it is whole.

    Broken off, it begins anew.
    """
    sweeping, piece, base = one(connection, "SELECT sweeping, piece, base FROM state")
    if not sweeping or piece is not None:
        return
    yield from _sweep_purses(connection, base, max_rows)
    yield from _sweep_accounts(connection, base, max_rows)
    yield from _sweep_cards(connection, base, max_rows)
    with changing(connection):
        connection.execute("DELETE FROM staff WHERE change <= ?", (base,))
        connection.execute("DELETE FROM progress WHERE change <= ?", (base,))
        connection.execute("UPDATE state SET sweeping = 0")
    yield True


def _sweep_purses(connection: sqlite3.Connection, base: int, max_rows: int) -> Iterator[bool]:
    for first, last in _ranges(connection, "purses", "account", 0, max_rows):
        with changing(connection):
            connection.execute("DELETE FROM purses WHERE account > ? AND account <= ? AND change <= ?", (first, last, base))
        yield True


def _sweep_accounts(connection: sqlite3.Connection, base: int, max_rows: int) -> Iterator[bool]:
    for first, last in _ranges(connection, "accounts", "id", b"", max_rows):
        here = (base, first, last)
        with changing(connection):
            connection.execute(
                "UPDATE accounts SET name = '', level = 0, language = 0, change = 0"
                " WHERE change BETWEEN 1 AND ? AND id > ? AND id <= ?",
                here,
            )
            connection.execute(
                "UPDATE accounts SET status = NULL, card_change = 0 WHERE card_change BETWEEN 1 AND ? AND id > ? AND id <= ?",
                here,
            )
            connection.execute(
                "DELETE FROM accounts WHERE id > ? AND id <= ? AND change = 0 AND card_change = 0"
                " AND NOT EXISTS (SELECT 1 FROM purses WHERE account = number)",
                (first, last),
            )
        yield True


def _sweep_cards(connection: sqlite3.Connection, base: int, max_rows: int) -> Iterator[bool]:
    for first, last in _ranges(connection, "cards", "token", b"", max_rows):
        with changing(connection):
            connection.execute("DELETE FROM cards WHERE token > ? AND token <= ? AND change <= ?", (first, last, base))
        yield True


def _ranges(connection: sqlite3.Connection, table: str, key: str, start: Any, rows: int) -> Iterator[tuple[Any, Any]]:
    """Pieces of a table of some `rows` rows, as (after, up to) of its key."""
    last = one(connection, f"SELECT max({key}) FROM {table}")[0]  # noqa: S608  # our own words
    further = f"SELECT {key} FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT 1 OFFSET ?"  # noqa: S608
    first = start
    while last is not None and first < last:
        found = one(connection, further, (first, rows - 1))
        end = found[0] if found is not None else last
        yield first, end
        first = end
