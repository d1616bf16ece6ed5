"""A journal with damaged pages: what can be read is saved, what cannot is named, and it goes on (invariants 1 and 8)."""

from __future__ import annotations

import random
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from disk.judge import sound
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from emulators.disk import MEMORY
from emulators.drafts import IDENTITY, Till, account, award, moment, person, spend
from loyalty.entry import Cause, Draft, Purchase, Share
from sync import history, journal, renewal
from sync.counter import BLOCK, RequestCounter
from sync.database import DamagedFile
from sync.messages import Standing
from sync.refusals import SpendingStopped
from sync.salvage import Salvaged, check, finish, look_over, readmit, salvage
from sync.sun import sun_seen

AGAIN, STAMP, PAGE = UUID(int=99), "20261126-101500", 4096
NAME = "journal.db"
ENTRIES = 120


def fill(path: Path, entries: int, *, sent: int, renewed: bool, pruned: bool) -> list[bytes]:
    """A journal at work; the ids of its entries in their order."""
    with closing(journal.open_journal(path)) as connection:
        journal.begin(connection, IDENTITY)
        till = Till(connection)
        RequestCounter(connection).take()
        sun_seen(connection, account(3), 7)
        for number in range(entries):
            long = Draft(Cause.ISSUE, person(), purchase=Purchase(1, "EUR", (Share("x" * 9_000, 1),)))  # spans pages
            till.record(long if number % 40 == 9 else award(1 + number % 5, who=number % 7))
            if number + 1 == sent:
                journal.accept(connection, journal.head(connection), sent)
            if renewed and number == entries // 2:
                journal.stop(connection, IDENTITY, Standing.WRITTEN_OFF)
                renewal.renew(connection, AGAIN, journal.current(connection).accepted)
        if pruned and not renewed:
            renewal.prune(connection, sent, moment(1 << 40).wall_ms)
        return [bytes(row[0]) for row in connection.execute("SELECT id FROM lines ORDER BY place")]


def damage(path: Path, pages: list[int], chance: random.Random) -> None:
    """Writes rubbish over pages of the file."""
    with path.open("r+b") as file:
        for page in pages:
            file.seek(page * PAGE)
            file.write(chance.randbytes(PAGE))


def pages_of(path: Path) -> int:
    return path.stat().st_size // PAGE


# Without shrinking: which page is spoiled says nothing about how small the fault is.
@settings(max_examples=40, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(
    seed=st.integers(0, 1 << 32), spoiled=st.integers(1, 6), sent=st.integers(0, ENTRIES), renewed=st.booleans(),
    pruned=st.booleans(),
)  # fmt: skip
def test_nothing_is_lost_in_silence(seed: int, spoiled: int, sent: int, renewed: bool, pruned: bool) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        path, chance = Path(name) / NAME, random.Random(seed)
        ids = fill(path, ENTRIES, sent=sent, renewed=renewed, pruned=pruned)
        first = ENTRIES - len(ids) + 1
        damage(path, chance.sample(range(pages_of(path)), spoiled), chance)
        try:
            found = salvage(path, STAMP)
        except DamagedFile:  # the page with the identities is gone: the whole file is kept
            assert path.with_name(f"{NAME}.damaged-{STAMP}").exists()
            return
        with closing(journal.open_journal(path)) as connection:
            kept = [bytes(row[0]) for row in connection.execute("SELECT id FROM lines ORDER BY place")]
            assert kept == ids[: len(kept)]
            assert found.kept == len(kept)
            sound(connection)
            base = journal.current(connection).base
            named = {base + number for start, last in found.missing for number in range(start, last + 1)}
            there = set(range(first, ENTRIES + 1))
            beyond = len(there) - len(kept) - found.later - len(named & there)
            assert beyond >= 0, "something was found that never was"
            assert beyond == 0 or max(there - named) == ENTRIES, "something is missing in the middle, and not named"
            _goes_on(connection, path.parent, found)
            # Everything that could be read is on its way to the cloud, once.
            after = [bytes(row[0]) for row in connection.execute("SELECT id FROM lines ORDER BY place")]
            assert len(set(after)) == len(after) == len(kept) + found.later + 2
            assert set(after) >= set(kept)


def _goes_on(connection: sqlite3.Connection, folder: Path, found: Salvaged) -> None:
    """It awards, it does not spend, and with a new identity all is sent that can be."""
    till = Till(connection, seed=9)
    if journal.current(connection).standing is Standing.GOOD:
        raise AssertionError("a salvaged journal may not spend: it may be behind what the cloud has")
    till.record(award(50))
    with pytest.raises(SpendingStopped):
        till.record(spend(1))
    assert readmit(connection, folder, NAME) == 0
    renewal.renew(connection, UUID(int=500), journal.current(connection).accepted)
    assert readmit(connection, folder, NAME) == found.later
    assert readmit(connection, folder, NAME) == 0
    sound(connection)
    till.record(award(1))
    assert history.waiting(connection).count >= found.later + 2


def test_a_damaged_index_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / NAME
    ids = fill(path, ENTRIES, sent=60, renewed=False, pruned=False)
    with closing(sqlite3.connect(path)) as file:
        root = file.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_lines_1'").fetchone()[0]
    damage(path, [root - 1], random.Random(1))
    with closing(journal.open_journal(path)) as connection, pytest.raises(DamagedFile):
        check(connection, whole=True)
    found = salvage(path, STAMP)
    assert (found.kept, found.later, found.missing) == (len(ids), 0, ())
    assert "120 entries of it were saved. Whether" in found.words
    with closing(journal.open_journal(path)) as connection:
        assert RequestCounter(connection).take() == BLOCK + 1
        assert sun_seen(connection, account(3), 7)
        check(connection, whole=True)


def test_what_could_not_be_read_is_named_by_its_numbers(tmp_path: Path) -> None:
    path = tmp_path / NAME
    ids = fill(path, ENTRIES, sent=ENTRIES, renewed=False, pruned=False)
    with closing(sqlite3.connect(path)) as file:
        leaf = _leaf_of(file, path, ids[50])
    damage(path, [leaf], random.Random(1))
    found = salvage(path, STAMP)
    ((first, last),) = found.missing
    assert first <= 51 <= last
    assert (found.kept, found.later) == (first - 1, ENTRIES - last)
    assert f"and {found.later} more wait in {NAME}.later-{STAMP}; numbers {first} to {last} could not be read" in found.words
    assert found.damaged.stat().st_mode & 0o777 == 0o600
    assert found.later_file is not None
    assert found.later_file.stat().st_mode & 0o777 == 0o600


def _leaf_of(file: sqlite3.Connection, path: Path, id: bytes) -> int:
    """The number, from 0, of the page with an entry's line: its body stands only there."""
    body = file.execute("SELECT body FROM lines WHERE id = ?", (id,)).fetchone()[0]
    return path.read_bytes().index(body) // PAGE


def test_a_log_that_was_not_moved_yet_is_read_too(tmp_path: Path) -> None:
    path, copy = tmp_path / "open.db", tmp_path / NAME
    connection = journal.open_journal(path)
    journal.begin(connection, IDENTITY)
    till = Till(connection)
    for number in range(30):
        till.record(award(1, who=number))
    for suffix in ("", "-wal"):  # as a power cut leaves them
        shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    connection.close()
    found = salvage(copy, STAMP)
    assert (found.kept, found.missing) == (30, ())


def test_a_power_cut_in_the_middle_of_a_salvage(tmp_path: Path) -> None:
    """The new journal was complete, the old one still in its place with its log: `finish` exchanges them."""
    path = tmp_path / NAME
    fill(path, 20, sent=9, renewed=False, pruned=False)
    shutil.copy(path, tmp_path / "whole")
    salvage(path, STAMP)
    path.rename(tmp_path / f"{NAME}.new")
    shutil.copy(tmp_path / "whole", path)
    (tmp_path / f"{NAME}-wal").write_bytes(b"the old one's")
    finish(path)
    finish(path)
    with closing(journal.open_journal(path)) as connection:
        assert journal.head(connection).sequence == 20
        assert journal.current(connection).standing is Standing.OFF_HEAD


def test_a_line_that_says_something_else_is_found_while_looking_over(tmp_path: Path) -> None:
    path = tmp_path / NAME
    fill(path, ENTRIES, sent=0, renewed=True, pruned=False)
    with closing(journal.open_journal(path)) as connection:
        check(connection, whole=True)
        after, parts = look_over(connection, 0, 50), 1
        while after:
            after, parts = look_over(connection, after, 50), parts + 1
        assert parts == 3
        connection.execute("UPDATE lines SET body = replace(body, 'main', 'pain') WHERE place = 70")
        assert look_over(connection, 0, 50) == 50
        with pytest.raises(DamagedFile, match="70"):
            look_over(connection, 50, 50)
        check(connection)  # before a start only the last lines are looked at
        connection.execute("DELETE FROM postings WHERE place = 120")
        with pytest.raises(DamagedFile, match="120 is missing"):
            check(connection)


def test_rubbish_holds_nothing_and_is_kept(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(random.Random(1).randbytes(3 * PAGE))
    with pytest.raises(DamagedFile, match="not even whose it is"):
        salvage(path, STAMP)
    assert path.exists()
