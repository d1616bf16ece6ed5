"""Answers of the cloud, written into the mirror slice by slice (invariants 4, 8).

They may come late, twice, in any order: a row replaces another only if its change is not older, and nothing is applied that was
made for other lines than this terminal holds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import chain, groupby, islice
from typing import Any, NamedTuple
from uuid import UUID

from sync import forgetting, journal
from sync.damage import changing, one
from sync.messages import Answered, Piece, Presented, Pulled
from sync.mirror import STATUSES
from sync.mirror_rows import CardRow, ForgottenRow, MemberRow, ProgressRow, PurseRow, StaffRow

SLICE_ROWS = 400
"""Rows in one transaction, at most."""

SLICE_MS = 8
"""On a slow disk or machine a transaction ends earlier: a tap between two slices is recorded at once."""

FEW_ROWS = 100
"""After so many rows the clock is looked at."""

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
    place = place_of(journal_connection, asked_as, pulled.through, pulled.hash)
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
    place = place_of(journal_connection, asked_as, answer.through, answer.hash)
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


def place_of(journal_connection: sqlite3.Connection, asked_as: UUID, through: int, hash: bytes) -> int:
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
