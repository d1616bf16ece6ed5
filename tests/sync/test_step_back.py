"""An update that is taken back leaves entries that this version cannot read whole: they are kept, counted and sent as bytes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from disk.judge import sound

from emulators import newer
from emulators.drafts import Till, award, moment, returned, spend
from loyalty.chain import Head
from loyalty.entry import Moment, Unreadable, decode_entry
from loyalty.outline import outline
from sync import history, journal, mirror, renewal
from sync.readmission import readmit
from sync.refusals import NotEnough, TooMuchReturned
from sync.salvage import check, salvage

AGAIN = UUID(int=99)
Changes = tuple[tuple[str, int, int], ...]

EARNS: Changes = (("points", 5, 0),)
NEWER: dict[str, tuple[bytes, Changes]] = {
    "a cause": (newer.body_of(1, cause="visit"), EARNS),
    "a cause that spends": (newer.body_of(1, cause="fee", postings=[["points", -3, 3]]), (("points", -3, 3),)),
    "a field": (newer.body_of(1, purchase=["EUR", 5]), EARNS),
    "a longer posting": (newer.body_of(1, cause="visit", postings=[["points", 5, 0, "", "gold"]]), EARNS),
    "a moment": (newer.body_of(1, moment={"at": 1}), EARNS),
    "an id": (newer.body_of(1, id=7), EARNS),
    "a posting": (newer.body_of(1, postings={"points": 5}), ()),
    "other bytes": (b"\x93\x01\x02\x03", ()),
}


@pytest.fixture(params=NEWER.values(), ids=NEWER.keys())
def line(request: pytest.FixtureRequest) -> tuple[bytes, Changes]:
    found: tuple[bytes, Changes] = request.param
    return found


@pytest.fixture
def book(tmp_path: Path, line: tuple[bytes, Changes]) -> Iterator[sqlite3.Connection]:
    """Ten points, and then the newer version's line."""
    with closing(journal.open_journal(tmp_path / "journal.db")) as connection:
        journal.begin(connection, UUID(int=1 << 100))
        Till(connection).record(award(10))
        newer.add_columns(connection)
        newer.write(connection, 1, *line)
        yield connection


def test_none_of_them_can_be_read_whole(line: tuple[bytes, Changes]) -> None:
    with pytest.raises(Unreadable):
        decode_entry(line[0])


def test_it_waits_and_is_sent_as_it_is(book: sqlite3.Connection, line: tuple[bytes, Changes]) -> None:
    sound(book)
    check(book, whole=True)
    assert history.waiting(book).count == 2
    assert journal.lines_after(book, 1, 1)[0].body == line[0]
    journal.accept(book, Head(1, journal.lines_after(book, 1, 1)[0].before), 1)
    waiting, recorded = history.waiting(book), outline(line[0]).moment
    assert (waiting.count, waiting.oldest) == (1, recorded)
    assert waiting.age_ms(moment(1_000)) == (999 if recorded is not None else 0)
    Till(book, seed=2).record(award(1))
    sound(book)


def test_it_counts_under_a_new_identity_and_goes_with_the_next_that_is_known_to_be_old(
    book: sqlite3.Connection, line: tuple[bytes, Changes]
) -> None:
    till, have = Till(book, seed=2), 10 + sum(delta for _, delta, _ in line[1])
    with pytest.raises(NotEnough):
        till.record(spend(have + 1))
    renewal.renew(book, AGAIN, 0)
    sound(book)
    with pytest.raises(NotEnough):
        till.record(spend(have + 1))
    till.record(spend(have))
    journal.accept(book, journal.head(book), 3)
    assert renewal.prune(book, 3, moment(1 << 40).wall_ms) == 2
    sound(book)


def test_it_outlives_a_damaged_journal(tmp_path: Path, book: sqlite3.Connection, line: tuple[bytes, Changes]) -> None:
    Till(book, seed=2).record(award(1))
    hashes = book.execute("SELECT hash FROM lines ORDER BY place").fetchall()
    book.close()
    assert salvage(tmp_path / "journal.db", "now").kept == 3
    with closing(journal.open_journal(tmp_path / "journal.db")) as saved:
        assert saved.execute("SELECT hash FROM lines ORDER BY place").fetchall() == hashes
        assert journal.lines_after(saved, 1, 1)[0].body == line[0]
        sound(saved)
        check(saved, whole=True)


def test_it_is_taken_in_where_it_was_set_aside(tmp_path: Path, book: sqlite3.Connection, line: tuple[bytes, Changes]) -> None:
    """The line before it is gone, so it lies beside the journal until there is a new identity."""
    Till(book, seed=2).record(award(1))
    book.execute("DELETE FROM lines WHERE place = 1")
    book.execute("DELETE FROM postings WHERE place = 1")
    book.close()
    found = salvage(tmp_path / "journal.db", "now")
    assert (found.kept, found.later) == (0, 2)
    with closing(journal.open_journal(tmp_path / "journal.db")) as saved:
        renewal.renew(saved, AGAIN, 0)
        assert readmit(saved, mirror.blank(), tmp_path, "journal.db") == 2
        assert journal.lines_after(saved, 0, 1)[0].body == line[0]
        assert readmit(saved, mirror.blank(), tmp_path, "journal.db") == 0
        sound(saved)


def test_what_it_took_back_is_not_returned_again(tmp_path: Path) -> None:
    """A return with something new in it: what this version can read of it counts."""
    with closing(journal.open_journal(tmp_path / "journal.db")) as book:
        journal.begin(book, UUID(int=1 << 100))
        till = Till(book)
        first = till.record(award(10)).id
        body = newer.body_of(1, cause="return", postings=[["points", -6, 6]], refers=first, purchase=7)
        newer.write(book, 1, body, (("points", -6, 6),))
        book.execute("UPDATE lines SET cause = 'return', refers = ? WHERE place = 2", (first.bytes,))
        with pytest.raises(TooMuchReturned):
            till.record(returned(5, first))
        till.record(returned(4, first))


def test_an_outline_is_made_of_anything() -> None:
    assert outline(newer.body_of(1, moment=7)).postings == outline(newer.body_of(1)).postings
    assert outline(b"[" * 100_000) == outline(b"") == outline(b"7")
    whole = outline(newer.body_of(1, refers=UUID(int=3)))
    assert isinstance(whole.moment, Moment)
    assert (whole.id, whole.cause, whole.refers) == (UUID(int=(7 << 76) + 1), "award", UUID(int=3))
