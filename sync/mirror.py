"""What the cloud says of members and accounts, in a second SQLite file that can be rebuilt at any time (invariants 4, 8, 9).

A purse's balance, grant and the line that both include are one row, written in one statement. Answers may come late, twice, in
any order and in slices: a row replaces another only if its change is not older.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from uuid import UUID

from loyalty.entry import Moment
from loyalty.holding import Row
from sync import forgetting, journal, schema
from sync.allowance import Rows
from sync.database import NORMAL, DamagedFile, UnsafeJournal, connect, is_sound, transaction, upgrade
from sync.messages import (
    Answered,
    CardRow,
    ForgottenRow,
    MemberRow,
    Presented,
    ProgrammeText,
    ProgressRow,
    Pulled,
    PurseRow,
    StaffRow,
)

SLICE_ROWS = 150
"""Rows in one transaction: well under 20 ms, so that a tap between two slices is recorded at once."""


AnyRow = PurseRow | CardRow | MemberRow | StaffRow | ProgressRow | ForgottenRow


class Misplaced(ValueError):
    """An answer that does not belong to this terminal's lines as they are now; nothing of it is applied."""

    def __init__(self) -> None:
        super().__init__("This answer of the cloud was made for other lines than this terminal holds; it is asked again.")


def open_mirror(path: Path, journal_connection: sqlite3.Connection) -> sqlite3.Connection:
    """Opens the mirror; one that is missing, damaged, of a newer version or of another journal is made anew, empty.

    Raises `DiskFull` or `JournalFailed` only where a new one cannot be made either. The journal is only read.
    """
    with suppress(DamagedFile, UnsafeJournal):
        connection = _open(path)
        if _belongs(connection, journal_connection):
            return connection
        connection.close()
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return _open(path)


def _open(path: Path) -> sqlite3.Connection:
    connection = connect(path, NORMAL)
    try:
        upgrade(connection, schema.MIRROR_VERSION, schema.migrate_mirror)
        if not is_sound(connection):
            raise DamagedFile("the mirror is damaged")
    except BaseException:
        connection.close()
        raise
    return connection


def _belongs(connection: sqlite3.Connection, journal_connection: sqlite3.Connection) -> bool:
    """Whether the furthest line that a row includes is in the journal: else one of the two was restored or exchanged."""
    place, line = connection.execute("SELECT place, line FROM state").fetchone()
    if place == 0:
        return True
    row = journal_connection.execute("SELECT id FROM lines WHERE place = ?", (place,)).fetchone()
    return row is not None and row[0] == line


def apply(
    connection: sqlite3.Connection,
    journal_connection: sqlite3.Connection,
    asked_as: UUID,
    pulled: Pulled,
    max_rows: int = SLICE_ROWS,
) -> Iterator[set[bytes]]:
    """Applies an answer slice by slice, one transaction each, and yields the accounts that each slice touched.

    `asked_as` is the identity that asked. The cursor moves in the transaction of the last slice, and only from `pulled.since`.
    Raises `Misplaced` before the first slice where the answer was made for other lines than these.
    """
    place = _place(journal_connection, asked_as, pulled.through, pulled.hash)
    rows = _rows_of(connection, pulled)
    last = False
    while not last:
        part = list(islice(rows, max_rows))
        last = len(part) < max_rows
        with transaction(connection):
            for row in part:
                _write(connection, row, asked_as, place)
            _reach(connection, journal_connection, place)
            if last:
                _move_cursor(connection, pulled, place)
        yield {account for row in part if (account := row.account) is not None}


def _rows_of(connection: sqlite3.Connection, pulled: Pulled) -> Iterator[AnyRow]:
    """Tombstones first, and nothing more of those whom they name, in whatever order answers come."""
    gone = forgetting.tombstones(connection) | {row.account for row in pulled.forgotten}
    yield from pulled.forgotten
    yield from pulled.staff
    people: tuple[CardRow | MemberRow | ProgressRow | PurseRow, ...]
    for people in (pulled.cards, pulled.members, pulled.progress, pulled.purses):
        yield from (row for row in people if row.account not in gone)


def apply_answer(
    connection: sqlite3.Connection, journal_connection: sqlite3.Connection, asked_as: UUID, answer: Answered | Presented
) -> None:
    """Applies the rows that were asked for, without moving the cursor; raises `Misplaced` as `apply` does."""
    place = _place(journal_connection, asked_as, answer.through, answer.hash)
    one_or_none = (answer.row,) if isinstance(answer, Answered) and answer.row is not None else ()
    rows = answer.rows if isinstance(answer, Presented) else one_or_none
    rows = tuple(row for row in rows if not forgetting.is_forgotten(connection, row.account))
    if rows:
        with transaction(connection):
            for row in rows:
                _write(connection, row, asked_as, place)
            _reach(connection, journal_connection, place)


def _place(journal_connection: sqlite3.Connection, asked_as: UUID, through: int, hash: bytes) -> int:
    now = journal.current(journal_connection)
    if now.identity != asked_as or journal.hash_at(journal_connection, now, through) != hash:
        raise Misplaced
    return now.base + through


_PURSE = (
    "INSERT INTO purses (account, purse, instance, balance, granted, place, identity, change) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET balance = excluded.balance, granted = excluded.granted, place = excluded.place,"
    " identity = excluded.identity, change = excluded.change WHERE excluded.change > change"
    # Of one change the picture from the later line, with the larger grant, is the later one: the order of answers is all one.
    " OR (excluded.change = change AND"
    " (excluded.identity <> identity OR (excluded.place, excluded.granted) >= (place, granted)))"
)
_CARD = (
    "INSERT INTO cards (token, account, status, change) VALUES (?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET account = excluded.account, status = excluded.status, change = excluded.change"
    " WHERE excluded.change >= change"
)
_MEMBER = (
    "INSERT INTO members (account, name, level, language, change) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    " name = excluded.name, level = excluded.level, language = excluded.language, change = excluded.change"
    " WHERE excluded.change >= change"
)
_PROGRESS = (
    "INSERT INTO progress (account, level, spent, owing, change) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    " level = excluded.level, spent = excluded.spent, owing = excluded.owing, change = excluded.change"
    " WHERE excluded.change >= change"
)
_STAFF = (
    "INSERT INTO staff (token, id, name, account, active, change) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    " id = excluded.id, name = excluded.name, account = excluded.account, active = excluded.active, change = excluded.change"
    " WHERE excluded.change >= change"
)


def _write(connection: sqlite3.Connection, row: AnyRow, asked_as: UUID, place: int) -> None:
    match row:
        case PurseRow(account, purse, instance, balance, granted, change):
            connection.execute(_PURSE, (account, purse, instance, balance, granted, place, asked_as.bytes, change))
        case CardRow(token, account, status, change):
            connection.execute(_CARD, (token, account, status.value, change))
        case MemberRow(account, name, level, language, change):
            connection.execute(_MEMBER, (account, name, level, language, change))
        case ProgressRow(account, level, spent, owing, change):
            connection.execute(_PROGRESS, (account, level, spent, owing, change))
        case ForgottenRow():
            forgetting.bury(connection, row)
        case StaffRow(token, id, name, own_account, active, change):
            connection.execute(_STAFF, (token, id, name, own_account, active, change))


def _reach(connection: sqlite3.Connection, journal_connection: sqlite3.Connection, place: int) -> None:
    if place > connection.execute("SELECT place FROM state").fetchone()[0]:
        line = journal_connection.execute("SELECT id FROM lines WHERE place = ?", (place,)).fetchone()
        if line is not None:  # none where the new identity of a pruned journal has not posted yet
            connection.execute("UPDATE state SET place = ?, line = ?", (place, line[0]))


def _move_cursor(connection: sqlite3.Connection, pulled: Pulled, place: int) -> None:
    connection.execute(
        "UPDATE state SET cursor = ?, programme = max(programme, ?),"
        " complete = CASE WHEN ? THEN complete ELSE min(coalesce(pulling, ?), ?) END,"
        " pulling = CASE WHEN ? THEN min(coalesce(pulling, ?), ?) ELSE NULL END WHERE cursor = ?",
        (pulled.cursor, pulled.programme, pulled.more, place, place, pulled.more, place, place, pulled.since),
    )


def cursor(connection: sqlite3.Connection) -> int:
    """The change number up to which everything was pulled."""
    return int(connection.execute("SELECT cursor FROM state").fetchone()[0])


def pull_anew(connection: sqlite3.Connection) -> None:
    """Makes the next pull start from the first change: after a new identity, whose leases are others."""
    with transaction(connection):
        connection.execute("UPDATE state SET cursor = 0, pulling = NULL")


def complete_through(connection: sqlite3.Connection, journal_connection: sqlite3.Connection) -> int:
    """The sequence that every row includes since the last whole pull: up to there, lines may be pruned."""
    complete = connection.execute("SELECT complete FROM state").fetchone()[0]
    return max(0, int(complete) - journal.current(journal_connection).base)


def rows(connection: sqlite3.Connection, journal_connection: sqlite3.Connection) -> Rows:
    """The rows as `journal.record` asks for them: what was granted to another identity is not this one's to spend."""

    def row(account: bytes, purse: str, instance: str) -> Row:
        now = journal.current(journal_connection)
        query = "SELECT balance, granted, place, identity FROM purses WHERE account = ? AND purse = ? AND instance = ?"
        found = connection.execute(query, (account, purse, instance)).fetchone()
        if found is None:
            return Row()
        balance, granted, place, identity = found
        # Lines that the cloud has from an earlier identity may be wrapped and earn nothing again: `place` counts for any identity.
        return Row(balance, granted if identity == now.identity.bytes else 0, max(0, place - now.base))

    return row


def programme_version(connection: sqlite3.Connection) -> int:
    """The version of the programme in force, as far as the cloud said; its text may not be here yet. 0: none."""
    return int(connection.execute("SELECT programme FROM state").fetchone()[0])


def programme(connection: sqlite3.Connection) -> ProgrammeText | None:
    """The newest programme whose text is here; None where none is."""
    row = connection.execute("SELECT version, text FROM programmes ORDER BY version DESC LIMIT 1").fetchone()
    return ProgrammeText(row[0], row[1]) if row is not None else None


def keep_programme(connection: sqlite3.Connection, text: ProgrammeText) -> None:
    """Keeps the text of one version, and the version before the newest, for entries that name it."""
    with transaction(connection):
        connection.execute("INSERT OR REPLACE INTO programmes VALUES (?, ?)", (text.version, text.text))
        connection.execute("UPDATE state SET programme = max(programme, ?)", (text.version,))
        kept = "SELECT version FROM programmes ORDER BY version DESC LIMIT 2"
        connection.execute(f"DELETE FROM programmes WHERE version NOT IN ({kept})")  # noqa: S608  # our own words


def prove_time(connection: sqlite3.Connection, now_ms: int, at: Moment) -> None:
    """Notes the cloud's time, read at `at`; a time earlier than what is known already changes nothing."""
    if now_ms > known_ms(connection, at):
        with transaction(connection):
            connection.execute(
                "UPDATE state SET known_ms = ?, known_boot = ?, known_up_ms = ?", (now_ms, at.boot.bytes, at.up_ms)
            )


def known_ms(connection: sqlite3.Connection, at: Moment) -> int:
    """Known time (invariant 9): the last time proved and what went by since; after a reboot a lower bound. 0: none yet."""
    known, boot, up = connection.execute("SELECT known_ms, known_boot, known_up_ms FROM state").fetchone()
    return int(known) + (max(0, at.up_ms - up) if boot == at.boot.bytes else 0)
