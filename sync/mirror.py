"""What the cloud says of members and accounts, in a second SQLite file that can be rebuilt at any time (invariants 4, 8, 9).

A purse's balance, grant and the line that both include are one row, written in one statement. Answers may come late, twice, in
any order and in slices: a row replaces another only if its change is not older. The first of all comes as a snapshot
(`sync.snapshot`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from loyalty.account import Status
from loyalty.entry import Moment
from loyalty.holding import Row
from sync import forgetting, journal, schema
from sync.allowance import Rows
from sync.damage import changing, one
from sync.database import NORMAL, DamagedFile, UnsafeJournal, connect, is_sound, upgrade
from sync.messages import (
    Answered,
    CardRow,
    ForgottenRow,
    MemberRow,
    Piece,
    Presented,
    ProgrammeText,
    ProgressRow,
    Pulled,
    PurseRow,
    StaffRow,
)

SLICE_ROWS = 400
"""Rows in one transaction, at most."""

SLICE_MS = 8
"""On a slow disk or machine a transaction ends earlier: a tap between two slices is recorded at once."""

FEW_ROWS = 100
"""After so many rows the clock is looked at."""

CACHE_KIB = 1_024
"""Pages that one connection keeps in memory: a look-up needs a dozen, and the system caches the file anyway."""

LOOKED_THROUGH_BYTES = 8 * 1024 * 1024
"""Only a small mirror is looked through when it is opened: a large one would hold up the start by seconds, and damage that a
look-up or a write meets later is dealt with then (`sync.damage`)."""

STATUSES = (Status.ACTIVE, Status.BLOCKED, Status.REPLACED)
"""In the order of their numbers in the file."""


LATE_MS = 10 * 60 * 1000
"""No answer is waited for that long."""

NEAR_MS = 1_000
"""Known time may lag behind the cloud's by so much."""

AnyRow = PurseRow | CardRow | MemberRow | StaffRow | ProgressRow | ForgottenRow


class AnswerRows(NamedTuple):
    """Rows by themselves, as `Pulled` and `Piece` carry them."""

    purses: tuple[PurseRow, ...] = ()
    cards: tuple[CardRow, ...] = ()
    members: tuple[MemberRow, ...] = ()
    staff: tuple[StaffRow, ...] = ()
    progress: tuple[ProgressRow, ...] = ()
    forgotten: tuple[ForgottenRow, ...] = ()


Answer = AnswerRows | Pulled | Piece


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


def apply(
    connection: sqlite3.Connection,
    journal_connection: sqlite3.Connection,
    asked_as: UUID,
    pulled: Pulled,
    max_rows: int = SLICE_ROWS,
    up_ms: Callable[[], int] = lambda: 0,
) -> Iterator[set[bytes]]:
    """Applies an answer slice by slice, one transaction each, and yields the accounts that each slice touched.

    A slice ends after `max_rows`, or earlier where `up_ms`, the monotonic time, has gone on by `SLICE_MS`.
    `asked_as` is the identity that asked. The cursor moves in the transaction of the last slice, and only from `pulled.since`.
    Raises `Misplaced` before the first slice where the answer was made for other lines than these, or counts its changes
    otherwise than this mirror.
    """
    place = _place(journal_connection, asked_as, pulled.through, pulled.hash)
    _check_epoch(connection, pulled.epoch)
    yield from slices(
        connection,
        journal_connection,
        asked_as,
        pulled,
        place,
        lambda: _move_cursor(connection, pulled, place),
        max_rows,
        up_ms,
    )


def apply_answer(
    connection: sqlite3.Connection, journal_connection: sqlite3.Connection, asked_as: UUID, answer: Answered | Presented
) -> None:
    """Applies the rows that were asked for, without moving the cursor; raises `Misplaced` as `apply` does."""
    place = _place(journal_connection, asked_as, answer.through, answer.hash)
    _check_epoch(connection, answer.epoch)
    one_or_none = (answer.row,) if isinstance(answer, Answered) and answer.row is not None else ()
    purses = answer.rows if isinstance(answer, Presented) else one_or_none
    if purses:
        for _ in slices(connection, journal_connection, asked_as, AnswerRows(purses), place, lambda: None):
            pass


def slices(
    connection: sqlite3.Connection,
    journal_connection: sqlite3.Connection,
    asked_as: UUID,
    answer: Answer,
    place: int,
    finish: Callable[[], None],
    max_rows: int = SLICE_ROWS,
    up_ms: Callable[[], int] = lambda: 0,
) -> Iterator[set[bytes]]:
    """Writes the rows of an answer that include the line at `place`, one transaction a slice, and yields as `apply` does.

    `finish` is called in the transaction of the last slice.
    """
    # Read before: damage of the journal is not the mirror's.
    line = journal_connection.execute("SELECT id FROM lines WHERE place = ?", (place,)).fetchone()
    writes: Iterator[_Write] | None = None
    last = False
    while not last:
        with changing(connection):
            writes = writes or _writes(connection, answer, asked_as, place)
            part, began = list[_Write](), up_ms()
            while not last and len(part) < max_rows and (not part or up_ms() - began < SLICE_MS):
                wanted = min(FEW_ROWS, max_rows - len(part))
                few = list(islice(writes, wanted))
                for statement, alike in groupby(few, key=lambda write: write.statement):
                    connection.executemany(statement, [write.values for write in alike])
                part += few
                last = len(few) < wanted
            _reach(connection, line, place)
            if last:
                finish()
        yield {write.account for write in part if write.account is not None}


def _check_epoch(connection: sqlite3.Connection, epoch: UUID | None) -> None:
    counts_by = one(connection, "SELECT epoch FROM state")[0]
    if counts_by is not None and epoch is not None and counts_by != epoch.bytes:
        raise Misplaced


def _place(journal_connection: sqlite3.Connection, asked_as: UUID, through: int, hash: bytes) -> int:
    now = journal.current(journal_connection)
    if now.identity != asked_as or journal.hash_at(journal_connection, now, through) != hash:
        raise Misplaced
    return now.base + through


_PURSE = (
    "INSERT INTO purses (account, purse, instance, balance, granted, place, identity, change)"
    " SELECT number, ?, ?, ?, ?, ?, ?, ? FROM accounts WHERE id = ?"
    " ON CONFLICT DO UPDATE SET balance = excluded.balance, granted = excluded.granted, place = excluded.place,"
    " identity = excluded.identity, change = excluded.change WHERE excluded.change > change"
    # Of one change the picture from the later line, with the larger grant, is the later one: the order of answers is all one.
    " OR (excluded.change = change AND"
    " (excluded.identity <> identity OR (excluded.place, excluded.granted) >= (place, granted)))"
)
_ACCOUNT = (
    "INSERT INTO accounts (id, number, name, level, language, change, status, card_change) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET name = iif(excluded.change >= change, excluded.name, name),"
    " level = iif(excluded.change >= change, excluded.level, level),"
    " language = iif(excluded.change >= change, excluded.language, language), change = max(excluded.change, change),"
    " status = iif(excluded.card_change >= card_change, excluded.status, status),"
    " card_change = max(excluded.card_change, card_change)"
)
"""An account's member and its first card in one statement; of which there is nothing new has change 0."""
_CARD = (
    "INSERT INTO cards (token, account, status, change) VALUES (?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET account = excluded.account, status = excluded.status, change = excluded.change"
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


class _Write(NamedTuple):
    """One statement, its values, and the account that it touches."""

    statement: str
    values: tuple[Any, ...]
    account: bytes | None


def _writes(connection: sqlite3.Connection, answer: Answer, asked_as: UUID, place: int) -> Iterator[_Write]:
    """What an answer changes: tombstones first, and nothing more of those whom they name, in whatever order answers come.

    Accounts come before their purses and in the order of their ids, so that pages of the file fill up.
    """
    base, numbers, known = connection.execute("SELECT base, numbers, latest FROM state").fetchone()
    gone = forgetting.tombstones(connection) | {row.account for row in answer.forgotten}
    for forgotten in answer.forgotten:
        forgetting.bury(connection, forgotten)
        yield _Write(forgetting.TOMBSTONE, (forgotten.account, forgotten.change), forgotten.account)
    answer = _without(answer, gone)
    all_rows: Iterator[AnyRow] = chain(answer.cards, answer.members, answer.staff, answer.purses, answer.progress)
    latest = base + max((row.change for row in all_rows), default=0)
    members = {row.account: row for row in answer.members}
    first_cards = {row.token: row for row in answer.cards if row.token == row.account}
    accounts = sorted({*members, *first_cards, *(row.account for row in answer.purses)})
    # Numbers of accounts that are known already are lost: nobody needs them to be without gaps.
    if accounts or latest > known:
        connection.execute("UPDATE state SET latest = max(latest, ?), numbers = ?", (latest, numbers + len(accounts)))
    word = _Words(connection)
    for number, account in enumerate(accounts, numbers + 1):
        name, level, language, change = _member(members.get(account), base, word)
        card = first_cards.get(account)
        status, card_change = (STATUSES.index(card.status), base + card.change) if card is not None else (None, 0)
        yield _Write(_ACCOUNT, (account, number, name, level, language, change, status, card_change), account)
    for row in answer.cards:
        if row.token != row.account:
            values = (row.token, row.account, STATUSES.index(row.status), base + row.change)
            yield _Write(_CARD, values, row.account)
    for staff in answer.staff:
        who = (staff.token, staff.id, staff.name, staff.account, staff.active, base + staff.change)
        yield _Write(_STAFF, who, staff.account)
    for past in answer.progress:
        yield _Write(_PROGRESS, (past.account, past.level, past.spent, past.owing, base + past.change), past.account)
    granted_to = word(asked_as.bytes) if answer.purses else 0
    for purse in answer.purses:
        key = (word(purse.purse), purse.instance)
        picture = (purse.balance, purse.granted, place, granted_to, base + purse.change)
        yield _Write(_PURSE, (*key, *picture, purse.account), purse.account)


def _without(answer: Answer, gone: set[bytes]) -> Answer:
    if not gone:
        return answer
    return AnswerRows(
        purses=tuple(row for row in answer.purses if row.account not in gone),
        cards=tuple(row for row in answer.cards if row.account not in gone),
        members=tuple(row for row in answer.members if row.account not in gone),
        staff=answer.staff,
        progress=tuple(row for row in answer.progress if row.account not in gone),
    )


def _member(row: MemberRow | None, base: int, word: _Words) -> tuple[str, int, int, int]:
    return (row.name, word(row.level), word(row.language), base + row.change) if row is not None else ("", 0, 0, 0)


class _Words:
    """Numbers for words that come up in many rows; new ones are written as they come."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._numbers: dict[str | bytes, int] = {"": 0}

    def __call__(self, word: str | bytes) -> int:
        number = self._numbers.get(word)
        if number is None:
            self._connection.execute("INSERT INTO words (word) VALUES (?) ON CONFLICT DO NOTHING", (word,))
            number = int(self._connection.execute("SELECT number FROM words WHERE word = ?", (word,)).fetchone()[0])
            self._numbers[word] = number
        return number


def _reach(connection: sqlite3.Connection, line: tuple[bytes] | None, place: int) -> None:
    """Notes the line at `place`; there is none where the new identity of a pruned journal has not posted yet."""
    if line is not None:
        connection.execute("UPDATE state SET place = ?, line = ? WHERE place < ?", (place, line[0], place))


def _move_cursor(connection: sqlite3.Connection, pulled: Pulled, place: int) -> None:
    """Writes nothing where nothing is new: most answers of an idle day are of that kind, and each write wears the SD card."""
    then = connection.execute(
        "SELECT ?, max(programme, ?),"
        " CASE WHEN ? THEN complete ELSE min(coalesce(pulling, ?), ?) END,"
        " CASE WHEN ? THEN min(coalesce(pulling, ?), ?) ELSE NULL END FROM state WHERE cursor = ?",
        (pulled.cursor, pulled.programme, pulled.more, place, place, pulled.more, place, place, pulled.since),
    ).fetchone()
    if then is not None and then != one(connection, "SELECT cursor, programme, complete, pulling FROM state"):
        connection.execute("UPDATE state SET cursor = ?, programme = ?, complete = ?, pulling = ?", then)


def cursor(connection: sqlite3.Connection) -> int:
    """The change number up to which everything was pulled."""
    return int(one(connection, "SELECT cursor FROM state")[0])


def pull_anew(connection: sqlite3.Connection) -> None:
    """Makes the next pull begin with a snapshot: after a new identity, whose leases are others."""
    with changing(connection):
        connection.execute("UPDATE state SET epoch = NULL, piece = NULL, cursor = 0, pulling = NULL")


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


def prove_time(connection: sqlite3.Connection, now_ms: int, at: Moment) -> None:
    """Notes the cloud's time, read at `at`. One that is a little earlier than what is known came late, and changes nothing, nor
    does one that says nearly the same: each write wears the SD card.

    One that is much earlier is no late answer (none is waited for that long): the cloud's clock was wrong, and was set right.
    """
    known, boot, _ = _known(connection)
    if known - LATE_MS < now_ms <= known_ms(connection, at) + NEAR_MS and boot == at.boot.bytes:
        return
    with changing(connection):
        _set_known(connection, now_ms, at)


def keep_time(connection: sqlite3.Connection, at: Moment) -> None:
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
