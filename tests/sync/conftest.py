from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulators.drafts import IDENTITY, Till
from sync import journal, mirror


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[sqlite3.Connection]:
    """A journal that is paired."""
    connection = journal.open_journal(path)
    journal.begin(connection, IDENTITY)
    yield connection
    connection.close()


@pytest.fixture
def till(ledger: sqlite3.Connection) -> Till:
    return Till(ledger)


@pytest.fixture
def glass(tmp_path: Path, ledger: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """An empty mirror beside the journal."""
    connection = mirror.open_mirror(tmp_path / "mirror.sqlite", ledger)
    yield connection
    connection.close()
