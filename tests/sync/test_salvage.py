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
from sync import history, journal, mirror, renewal
from sync.counter import BLOCK, RequestCounter
from sync.database import DamagedFile
from sync.messages import Standing
from sync.readmission import readmit
from sync.refusals import SpendingStopped
from sync.salvage import Salvaged, check, finish, look_over, salvage
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
    pruned=st.booleans(), whose=st.booleans(),
)  # fmt: skip
def test_nothing_is_lost_in_silence(seed: int, spoiled: int, sent: int, renewed: bool, pruned: bool, whose: bool) -> None:
    """`whose`: the page that says whose the journal is, is among those that are gone."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        path, chance = Path(name) / NAME, random.Random(seed)
        ids = fill(path, ENTRIES, sent=sent, renewed=renewed, pruned=pruned)
        first = ENTRIES - len(ids) + 1
        pages = chance.sample(range(pages_of(path)), spoiled)
        damage(path, pages if not whose else [*pages, _page_of(path, "identities")], chance)
        found = salvage(path, STAMP, [AGAIN if renewed else IDENTITY])
        assert damaged_files(path) == [f"{NAME}.damaged-{STAMP}"]
        with closing(journal.open_journal(path)) as connection:
            sent_before = connection.execute("SELECT base FROM identities ORDER BY number").fetchone()[0]
            assert sent_before == 0 or (whose and sent_before <= sent), "only what the cloud has may have lost its writer"
            first = max(first, sent_before + 1)
            ids = ids[len(ids) - (ENTRIES - first + 1) :]
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


def damaged_files(path: Path) -> list[str]:
    return sorted(found.name for found in path.parent.glob(f"{NAME}.damaged-*"))


def _page_of(path: Path, table: str) -> int:
    """The number, from 0, of a table's or an index's first page; a small table's only one."""
    with closing(sqlite3.connect(path)) as file:
        return int(file.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]) - 1


def _goes_on(connection: sqlite3.Connection, folder: Path, found: Salvaged) -> None:
    """It awards, it does not spend, and with a new identity all is sent that can be."""
    till = Till(connection, seed=9)
    if journal.current(connection).standing is Standing.GOOD:
        raise AssertionError("a salvaged journal may not spend: it may be behind what the cloud has")
    till.record(award(50))
    with pytest.raises(SpendingStopped):
        till.record(spend(1))
    assert readmit(connection, mirror.blank(), folder, NAME) == 0
    renewal.renew(connection, UUID(int=500), journal.current(connection).accepted)
    assert readmit(connection, mirror.blank(), folder, NAME) == found.later
    assert readmit(connection, mirror.blank(), folder, NAME) == 0
    sound(connection)
    till.record(award(1))
    assert history.waiting(connection).count >= found.later + 2


def test_a_damaged_index_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / NAME
    ids = fill(path, ENTRIES, sent=60, renewed=False, pruned=False)
    damage(path, [_page_of(path, "sqlite_autoindex_lines_1")], random.Random(1))
    with closing(journal.open_journal(path)) as connection, pytest.raises(DamagedFile):
        check(connection, whole=True)
    found = salvage(path, STAMP)
    assert (found.kept, found.later, found.missing) == (len(ids), 0, ())
    assert "120 entries of it were saved. Whether" in found.words
    with closing(journal.open_journal(path)) as connection:
        assert RequestCounter(connection).take() == BLOCK + 1  # after the block that was reserved before
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


def test_rubbish_holds_nothing_and_is_kept_once(tmp_path: Path) -> None:
    """However often it is tried; and where the pairing says whose it is, the terminal begins anew without it."""
    path, rubbish = tmp_path / NAME, random.Random(1).randbytes(3 * PAGE)
    path.write_bytes(rubbish)
    for stamp in (STAMP, "20261126-101501", "20261126-101502"):
        with pytest.raises(DamagedFile, match="not even whose it is"):
            salvage(path, stamp)
        assert path.read_bytes() == rubbish
        assert damaged_files(path) == [f"{NAME}.damaged-{STAMP}"]
    found = salvage(path, "20261126-101503", [IDENTITY])
    assert (found.kept, found.later, found.damaged.read_bytes()) == (0, 0, rubbish)
    with closing(journal.open_journal(path)) as connection:
        assert journal.current(connection).standing is Standing.OFF_HEAD
        Till(connection).record(award(1))


def test_lines_whose_writer_nobody_knows_are_not_given_to_another(tmp_path: Path) -> None:
    path = tmp_path / NAME
    fill(path, ENTRIES, sent=60, renewed=False, pruned=False)
    damage(path, [_page_of(path, "identities")], random.Random(1))
    before = path.read_bytes()
    with pytest.raises(DamagedFile, match="not even whose it is"):
        salvage(path, STAMP, [AGAIN])
    assert path.read_bytes() == before


@pytest.mark.parametrize(("renewed", "pruned"), [(False, False), (False, True), (True, False)])
def test_the_page_that_says_whose_it_is_costs_nothing(tmp_path: Path, renewed: bool, pruned: bool) -> None:
    """The lines prove it. Those that the cloud may have already are sent again, for nobody knows how far it has them."""
    path = tmp_path / NAME
    ids = fill(path, ENTRIES, sent=30, renewed=renewed, pruned=pruned)
    with closing(journal.open_journal(path)) as connection:
        before = connection.execute("SELECT place, hash FROM lines WHERE place > ?", (30 if renewed else 0,)).fetchall()
        tallies = connection.execute("SELECT account, sum(used) FROM tallies GROUP BY account").fetchall()
        bases = [row[0] for row in connection.execute("SELECT base FROM identities ORDER BY number")]
    damage(path, [_page_of(path, "identities")], random.Random(1))
    found = salvage(path, STAMP, [AGAIN if renewed else IDENTITY])
    assert (found.kept, found.later, found.missing) == (len(ids), 0, ())
    with closing(journal.open_journal(path)) as connection:
        lines = connection.execute("SELECT place, hash FROM lines WHERE place > ?", (30 if renewed else 0,)).fetchall()
        assert lines == before
        assert tallies == connection.execute("SELECT account, sum(used) FROM tallies GROUP BY account").fetchall()
        assert [row[0] for row in connection.execute("SELECT base FROM identities ORDER BY number")] == bases
        check(connection, whole=True)
        sound(connection)


def test_a_salvage_that_finds_no_room_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """The last step fails: nothing but the second name of the damaged file is left, and the next try uses it."""
    path = tmp_path / NAME
    ids = fill(path, ENTRIES, sent=60, renewed=False, pruned=False)
    damage(path, [_page_of(path, "sqlite_autoindex_lines_1")], random.Random(1))
    before = path.read_bytes()
    in_the_way = tmp_path / f"{NAME}.new" / "folder"
    in_the_way.mkdir(parents=True)
    with pytest.raises(OSError, match=f"{NAME}.new"):
        salvage(path, STAMP)
    assert path.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == [NAME, f"{NAME}.damaged-{STAMP}", f"{NAME}.new"]
    in_the_way.rmdir()
    in_the_way.parent.rmdir()
    assert salvage(path, "20261126-101501").kept == len(ids)
    assert damaged_files(path) == [f"{NAME}.damaged-{STAMP}"]
