"""The real daemon on a journal that was damaged: it starts, says what was lost, awards, and does not spend."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from counter_desk import IDENTITY, JANA, Counter

from display.screens import Message
from emulators.drafts import moment
from shop import command, environment
from sync import known_time, pairing
from sync.database import DamagedFile
from sync.reserve import RESERVE
from terminal import rescue, states
from terminal.store import JOURNAL, Connections, Store

PAGE = 4096


def work(folder: Path, stamps: int) -> None:
    with Counter(folder) as counter:
        for _ in range(stamps):
            counter.scan(JANA)
            counter.wait(1_000)
            counter.press("+")
            counter.wait(states.DONE_MS + 1_000)


def spoil(path: Path, table: str) -> None:
    """Rubbish over the root page of a table or an index."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
    connection.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * PAGE)
        file.write(random.Random(1).randbytes(PAGE))


def message(counter: Counter) -> Message:
    mode = counter.daemon.state.mode
    assert isinstance(mode, states.Notice)
    return mode.message


def test_a_damaged_journal_is_saved_before_the_counter_opens(tmp_path: Path) -> None:
    work(tmp_path, 3)
    assert rescue.rescue(tmp_path) is None
    spoil(tmp_path / JOURNAL, "sqlite_autoindex_lines_2")
    (tmp_path / rescue.SUSPECT).touch()
    found = rescue.rescue(tmp_path)
    assert found is not None
    assert (found.kept, found.missing) == (3, ())
    assert rescue.rescue(tmp_path) is None
    with Counter(tmp_path) as counter:
        counter.scan(JANA)
        counter.wait(1_000)
        assert "10" in counter.screen
        counter.press("− −")
        assert message(counter) is Message.STOPPED
        counter.press("×")
        counter.wait(1_000)
        counter.press("+")
        assert isinstance(counter.daemon.state.mode, states.Done)


def test_a_journal_that_does_not_say_whose_it_is_any_more_is_saved_by_the_pairing(tmp_path: Path) -> None:
    """One page is gone. Without the pairing nothing can be saved, and however often it is tried the card does not fill up."""
    work(tmp_path, 3)
    spoil(tmp_path / JOURNAL, "identities")
    (tmp_path / rescue.SUSPECT).touch()
    for _ in range(3):
        with pytest.raises(DamagedFile):
            rescue.rescue(tmp_path)
    assert len(list(tmp_path.glob(f"{JOURNAL}.damaged-*"))) == 1
    pairing.save(tmp_path, pairing.Pairing("http://127.0.0.1:1", IDENTITY, IDENTITY, IDENTITY, "Bodka", "main", "Hlavná 1", ()))
    found = rescue.rescue(tmp_path)
    assert found is not None
    assert (found.kept, found.missing) == (3, ())
    assert len(list(tmp_path.glob(f"{JOURNAL}.damaged-*"))) == 1
    with Counter(tmp_path) as counter:
        counter.scan(JANA)
        counter.wait(1_000)
        assert "10" in counter.screen


def test_an_entry_that_finds_the_damage_ends_the_daemon_and_the_next_start_checks_everything(tmp_path: Path) -> None:
    work(tmp_path, 3)
    spoil(tmp_path / JOURNAL, "sqlite_autoindex_lines_2")
    with Counter(tmp_path) as counter:
        counter.scan(JANA)
        counter.wait(1_000)
        counter.press("+")
        assert message(counter) is Message.NOT_SAVED
        with pytest.raises(DamagedFile, match="entry could not be written"):
            counter.run(asyncio.wait_for(rescue.watch(counter.store, tmp_path, moment), 10))
    assert (tmp_path / rescue.SUSPECT).exists()
    found = rescue.rescue(tmp_path)
    assert found is not None
    assert found.kept == 3
    assert not (tmp_path / rescue.SUSPECT).exists()


@pytest.mark.parametrize(("files", "done"), [((f"{JOURNAL}.damaged-1",), 0), ((), 1)])
def test_a_start_after_a_salvage_looks_again_for_who_was_forgotten(tmp_path: Path, files: tuple[str, ...], done: int) -> None:
    """A page that was given up may have held a line as it was before."""
    for name in files:
        (tmp_path / name).touch()
    with closing(Connections.open(tmp_path, IDENTITY)) as books:
        books.mirror.execute("INSERT INTO forgotten VALUES (?, 5, 1)", (b"somebody",))
        rescue.take_up(books, tmp_path, after_start=True)
        assert books.mirror.execute("SELECT done FROM forgotten").fetchone() == (done,)
        rescue.take_up(books, tmp_path)


def test_between_looks_the_reserve_is_kept_and_what_is_left_is_cleared_away(tmp_path: Path) -> None:
    work(tmp_path, 1)
    old = tmp_path / f"{JOURNAL}.damaged-1"
    old.touch()
    os.utime(old, (1_700_000_000, 1_700_000_000))
    at = moment()

    async def look(store: Store) -> None:
        watching = asyncio.ensure_future(rescue.watch(store, tmp_path, lambda: at, 0.01))
        async with asyncio.timeout(10):
            while old.exists() or not (tmp_path / RESERVE).exists():
                await asyncio.sleep(0.01)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    with Counter(tmp_path) as counter:
        counter.run(counter.store.run_blocking(lambda: known_time.prove(counter.store.writer.mirror, at.wall_ms, at)))
        counter.run(look(counter.store))


def salvage(folder: Path) -> subprocess.CompletedProcess[str]:
    settings = folder / "terminal.toml"
    settings.write_text(f'[cloud]\nurl = "http://127.0.0.1:1"\n[terminal]\nstate = "{folder}"\n')
    words = command("bodka-terminal", "journal", "--salvage", "--settings", str(settings))
    return subprocess.run(words, env=environment(), capture_output=True, text=True)


def test_the_command_salvages_what_is_damaged_and_nothing_while_the_terminal_runs(tmp_path: Path) -> None:
    work(tmp_path, 2)
    assert salvage(tmp_path).stdout == "The journal is whole: nothing was done.\n"
    with Counter(tmp_path):
        refused = salvage(tmp_path)
        assert refused.returncode == 1
        assert "stop it first" in refused.stderr
    spoil(tmp_path / JOURNAL, "postings")
    assert salvage(tmp_path).stdout.startswith("The journal was damaged. 2 entries of it were saved. Whether")
    assert salvage(tmp_path).stdout == "The journal is whole: nothing was done.\n"
