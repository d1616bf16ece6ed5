"""What an entry costs: one flush of the disk, counted below SQLite, whatever came before it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

from emulators.disk import Disk
from emulators.drafts import IDENTITY, Till, award
from emulators.program import paths
from sync import journal
from sync.database import IDLE_PAGES, checkpoint, pages_in

ENTRIES = 200


def test_every_entry_takes_exactly_one_flush(tmp_path: Path, library: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    disk = Disk(tmp_path / "control", state)
    words = [sys.executable, Path(__file__).with_name("counting.py"), state, tmp_path / "control", str(ENTRIES)]
    done = subprocess.run(words, env=paths(**disk.environment(library)), check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == [1] * ENTRIES
    assert disk.flushes > ENTRIES  # the log was moved in between, and begun anew
    disk.close()


def test_the_log_is_measured_as_sqlite_counts_it(tmp_path: Path) -> None:
    path, log = tmp_path / "journal.db", tmp_path / "journal.db-wal"
    connection = journal.open_journal(path)
    journal.begin(connection, IDENTITY)
    till, moved = Till(connection), 0
    assert pages_in(tmp_path / "none") == 0
    for _ in range(3):
        while pages_in(log) < IDLE_PAGES:
            till.record(award(1))
        checkpoint(connection)
        assert pages_in(log) == 1
        moved += _pages_says_sqlite(connection) == 1
    assert moved == 3
    connection.close()


def _pages_says_sqlite(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1])
