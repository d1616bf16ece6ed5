from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulators.drafts import IDENTITY, Till
from emulators.paired import Cloud, Terminal
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


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    cloud = Cloud(tmp_path / "cloud.sqlite")
    yield cloud
    cloud.engine.dispose()


@pytest.fixture
def new_terminal(cloud: Cloud, tmp_path: Path) -> Iterator[Callable[[str], Terminal]]:
    made: list[Terminal] = []

    def new(name: str) -> Terminal:
        made.append(Terminal(cloud, tmp_path / name, cloud.code()))
        return made[-1]

    yield new
    for terminal in made:
        terminal.close()
