"""`bodka-terminal status` in words, for whoever stands before a terminal that does not do what it should."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner

from emulators.drafts import IDENTITY, Till, award
from loyalty.entry import Moment
from sync import journal, known_time
from sync.messages import Standing
from sync.pairing import Pairing, save
from terminal.commands import main
from terminal.store import Connections

SETTINGS = """
[terminal]
state = "{}"
[cloud]
url = "http://127.0.0.1:1"
"""


@pytest.fixture
def status(tmp_path: Path) -> Callable[[], str]:
    state = tmp_path / "state"
    state.mkdir()
    (tmp_path / "terminal.toml").write_text(SETTINGS.format(state))
    save(state, Pairing("http://127.0.0.1:1", IDENTITY, IDENTITY, IDENTITY, "Bodka", "main", "Hlavná 1", ()))

    def look() -> str:
        done = CliRunner().invoke(main, ["status", "--settings", str(tmp_path / "terminal.toml")])
        assert done.exit_code == 0, done.output
        return done.output

    return look


def books(tmp_path: Path) -> Connections:
    return Connections.open(tmp_path / "state", IDENTITY)


def test_a_new_terminal_is_good_and_does_not_know_the_time(status: Callable[[], str]) -> None:
    said = status()
    assert "standing   good\n" in said
    assert "waiting    0, the oldest for 0 minutes\n" in said
    assert "time       not known yet; clock " in said
    assert "posting" not in said


@pytest.mark.parametrize(
    ("standing", "why"), [(Standing.OFF_HEAD, "a copy or a restored backup"), (Standing.WRITTEN_OFF, "the merchant gave it up")]
)
def test_a_stopped_terminal_says_why_and_what_to_do(
    status: Callable[[], str], tmp_path: Path, standing: Standing, why: str
) -> None:
    open_books = books(tmp_path)
    journal.stop(open_books.journal, IDENTITY, standing)
    known_time.prove(open_books.mirror, 1_800_000_000_000, Moment(UUID(int=9), 5, 5, trusted=False))
    open_books.close()
    said = status()
    assert f"standing   {why}" in said
    assert "renew it from its menu" in said
    assert "time       2027-01-" in said


def test_entries_that_the_cloud_has_and_does_not_post_are_named(status: Callable[[], str], tmp_path: Path) -> None:
    open_books = books(tmp_path)
    till = Till(open_books.journal)
    for _ in range(3):
        till.record(award(1))
    journal.accept(open_books.journal, journal.head(open_books.journal), 1)
    open_books.close()
    assert "posting    the cloud has not posted 2 entries that it has: its portal says why\n" in status()
    with closing(sqlite3.connect(tmp_path / "state" / "mirror.db")) as connection, connection:
        connection.execute("UPDATE state SET complete = 3")  # a pull has shown meanwhile that all is posted
    assert "posting" not in status()
