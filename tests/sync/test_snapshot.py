"""Snapshots: whatever is broken off, doubled or late, the mirror ends as it would have by one whole pull."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from backend import changes, epochs, snapshots
from backend.accept import accept
from backend.book import Book, PurseKey
from backend.identities import find
from backend.numbering import next_changes
from emulators.cloud_house import NOW, House, build_house, empty, new_engine
from emulators.drafts import Till, account, award
from loyalty.entry import TokenKind
from loyalty.purse import Lease, Purse
from simulation.power import Disk, Guarded, Power, PowerCut
from sync import applying, journal, mirror, snapshot
from sync.messages import Piece, Pull, Pulled, Push, Snapshot
from sync.view import look

ROWS = ("purse_rows", "card_rows", "member_rows", "staff")


@cache
def engine() -> sa.Engine:
    """One for all: it keeps its compiled statements."""
    return new_engine()


class Shop:
    """A cloud with some members, and a terminal whose answers the network delivers as it likes."""

    def __init__(self, folder: Path, members: int = 7) -> None:
        empty(engine())
        self.house: House = build_house(engine())
        with self.house.engine.begin() as connection:
            self.identity = self.house.terminal(connection).identity
            self.others = [self.house.terminal(connection) for _ in range(1)]
        self.journal = journal.open_journal(folder / "journal.sqlite")
        journal.begin(self.journal, self.identity)
        self.folder = folder
        self.till = Till(self.journal)
        for who in range(1, members + 1):
            self.change(who)

    def change(self, who: int) -> None:
        """One member's purse, card, phone and name change in the cloud."""
        with self.house.engine.begin() as connection:
            own = find(connection, self.identity)
            book = Book(connection, own, NOW)
            book.load_accounts([account(who)])
            key = PurseKey(account(who), "points", "")
            purse, lease = book.purse(key)
            book.put(key, Purse(purse.earned + 5, purse.spent, purse.leased), lease or Lease())
            book.write()
            numbers = next_changes(connection, self.house.network, 3)
            raw: Any = connection.connection.dbapi_connection
            network = self.house.network.hex
            for token in (account(who), account(100 - who)):
                raw.execute(
                    "INSERT INTO card (network, token, account, status, change) VALUES (?, ?, ?, 'active', ?)"
                    " ON CONFLICT DO UPDATE SET change = excluded.change",
                    (network, token, account(who), next(numbers)),
                )
            raw.execute(
                "INSERT INTO member (network, account, name, level, language, change) VALUES (?, ?, 'N', '', 'sk', ?)"
                " ON CONFLICT DO UPDATE SET name = name || 'n', change = excluded.change",
                (network, account(who), next(numbers)),
            )

    def record(self, who: int) -> None:
        """An award here, stored and posted in the cloud."""
        self.till.record(award(3, who=who))
        now = journal.current(self.journal)
        lines = tuple(journal.lines_after(self.journal, now.accepted, 100))
        with self.house.engine.begin() as connection:
            push = Push(self.identity, journal.head(self.journal), lines)
            pushed = accept(connection, self.identity, push, NOW, random.Random(1).randbytes)
        journal.accept(self.journal, pushed.head, pushed.posted)

    def piece(self, after: bytes, limit: int = 3) -> Piece:
        with self.house.engine.begin() as connection:
            return snapshots.snapshot(
                connection, self.identity, Snapshot(self.identity, journal.head(self.journal), after, limit), NOW
            )

    def pull(self, glass: sqlite3.Connection) -> Pulled:
        ask = Pull(self.identity, journal.head(self.journal), mirror.cursor(glass), epoch=snapshot.epoch(glass))
        with self.house.engine.begin() as connection:
            return changes.pull(connection, self.identity, ask, NOW)

    def glass(self, name: str) -> sqlite3.Connection:
        return mirror.open_mirror(self.folder / name, self.journal)

    def fill(self, glass: sqlite3.Connection, limit: int = 3, max_rows: int = 100) -> None:
        """All that is due, without faults."""
        while (after := snapshot.due(glass)) is not None:
            list(snapshot.take(glass, self.journal, self.identity, self.piece(after, limit), max_rows))
        list(snapshot.sweep(glass, 2))
        pulled = self.pull(glass)
        if pulled.cursor < pulled.since or pulled.epoch != snapshot.epoch(glass):
            mirror.pull_anew(glass)
            self.fill(glass, limit, max_rows)
        else:
            list(applying.apply(glass, self.journal, self.identity, pulled, max_rows))

    def close(self) -> None:
        self.journal.close()


def contents(glass: sqlite3.Connection) -> list[list[Any]]:
    return [sorted(glass.execute(f"SELECT * FROM {table}").fetchall()) for table in ROWS]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.close()


def test_pieces_and_one_whole_pull_end_in_the_same_mirror(shop: Shop) -> None:
    with closing(shop.glass("pieces")) as pieces, closing(shop.glass("whole")) as whole:
        shop.fill(pieces, limit=2)
        shop.fill(whole, limit=4_000)
        assert contents(pieces) == contents(whole)
        assert [len(rows) for rows in contents(pieces)] == [7, 14, 7, 0]
        assert mirror.cursor(pieces) == mirror.cursor(whole) > 0
        assert mirror.complete_through(pieces, shop.journal) == 0
        found = look(shop.journal, pieces, account(100 - 3), TokenKind.PHONE)
        assert found is not None
        assert (found.whose.account, found.name, found.holding("points").balance) == (account(3), "N", 5)


STEPS = st.one_of(
    st.tuples(st.just("piece"), st.integers(1, 6)),
    st.tuples(st.just("late"), st.integers(0, 20)),
    st.tuples(st.just("change"), st.integers(1, 9)),
    st.tuples(st.just("record"), st.integers(1, 9)),
    st.tuples(st.just("pull"), st.integers(1, 5)),
    st.tuples(st.just("anew"), st.just(0)),
)


@settings(max_examples=3, deadline=None)
@given(steps=st.lists(STEPS, max_size=12), slices=st.integers(1, 5), cuts=st.lists(st.integers(0, 30), max_size=6))
def test_any_order_doubling_and_interruption_ends_as_one_whole_pull(
    steps: list[tuple[str, int]], slices: int, cuts: list[int]
) -> None:
    """Pieces and pages, some late and some twice, in slices, with the power cut between any two statements."""
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(Path(folder), members=3)
        glass, answers, left = shop.glass("glass"), list[Piece | Pulled](), list(cuts)

        def take(answer: Piece | Pulled) -> None:
            nonlocal glass
            power = Power()
            if left:
                power.cut_after(left.pop())
            guarded: Any = Guarded(glass, power, Disk(lambda: 1.0))
            apply = snapshot.take if isinstance(answer, Piece) else applying.apply
            try:
                list(apply(guarded, shop.journal, shop.identity, answer, slices))  # type: ignore[operator, arg-type]
            except applying.Misplaced:
                pass
            except PowerCut:
                glass.close()
                glass = shop.glass("glass")

        for step, number in steps:
            match step:
                case "piece" if (after := snapshot.due(glass)) is not None:
                    answers.append(shop.piece(after, number))
                    take(answers[-1])
                case "late" if answers:
                    take(answers[number % len(answers)])
                case "change":
                    shop.change(number)
                case "record":
                    shop.record(number)
                case "pull" if snapshot.due(glass) is None:
                    answers.append(shop.pull(glass))
                    take(answers[-1])
                case "anew":
                    mirror.pull_anew(glass)
        shop.fill(glass, max_rows=slices)
        with closing(shop.glass("whole")) as whole:
            shop.fill(whole, limit=4_000)
            # A row that nothing changed since may include an earlier line than one that was asked for now.
            assert [row[:5] + row[6:] for row in contents(glass)[0]] == [row[:5] + row[6:] for row in contents(whole)[0]]
            assert contents(glass)[1:] == contents(whole)[1:]
            assert mirror.cursor(glass) == mirror.cursor(whole)
        glass.close()
        shop.close()


def test_a_restored_cloud_is_followed_back_and_what_it_lost_goes(shop: Shop) -> None:
    """The cloud was put back to an older backup: what it does not have any more leaves the mirror."""
    database: Any = shop.house.engine.raw_connection().dbapi_connection
    backup = database.serialize()
    shop.change(1)
    shop.change(8)
    with closing(shop.glass("glass")) as glass:
        shop.fill(glass)
        assert look(shop.journal, glass, account(8), TokenKind.CARD) is not None
        database.deserialize(backup)
        with shop.house.engine.begin() as connection:
            assert epochs.begin_anew(connection, NOW, random.Random(7).randbytes) == 1
        shop.change(2)
        shop.fill(glass)
        with closing(shop.glass("whole")) as whole:
            shop.fill(whole)
            assert contents(glass) == contents(whole)
        assert look(shop.journal, glass, account(8), TokenKind.CARD) is None


def test_a_cursor_beyond_the_clouds_count_leads_to_a_snapshot_without_a_new_epoch(shop: Shop) -> None:
    database: Any = shop.house.engine.raw_connection().dbapi_connection
    backup = database.serialize()
    shop.change(8)
    with closing(shop.glass("glass")) as glass:
        shop.fill(glass)
        database.deserialize(backup)
        shop.fill(glass)
        with closing(shop.glass("whole")) as whole:
            shop.fill(whole)
            assert contents(glass) == contents(whole)


def test_a_piece_for_other_lines_is_not_applied(shop: Shop) -> None:
    with closing(shop.glass("glass")) as glass:
        wrong = msgspec.structs.replace(shop.piece(b""), hash=b"x" * 32)
        with pytest.raises(applying.Misplaced):
            list(snapshot.take(glass, shop.journal, shop.identity, wrong))
        with pytest.raises(applying.Misplaced):
            list(snapshot.take(glass, shop.journal, UUID(int=5), shop.piece(b"")))
        assert contents(glass) == [[], [], [], []]
        assert snapshot.due(glass) == b""


def test_old_rows_serve_until_new_ones_come(shop: Shop) -> None:
    with closing(shop.glass("glass")) as glass:
        shop.fill(glass)
        mirror.pull_anew(glass)
        list(snapshot.take(glass, shop.journal, shop.identity, shop.piece(b"", 1)))
        for who in range(1, 8):
            found = look(shop.journal, glass, account(who), TokenKind.CARD)
            assert found is not None
            assert found.holding("points").balance == 5


def test_a_late_piece_replaces_nothing_newer(shop: Shop) -> None:
    with closing(shop.glass("glass")) as glass:
        late = shop.piece(b"", 100)
        shop.fill(glass)
        shop.change(1)
        shop.fill(glass)
        newest = contents(glass)
        list(snapshot.take(glass, shop.journal, shop.identity, late))
        assert contents(glass) == newest
