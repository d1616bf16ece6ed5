from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulators import disk


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """disk.c, compiled."""
    return disk.build(tmp_path_factory.mktemp("disk"))


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """A folder in memory, where there is one: the real disk's flushes are not what is asked here."""
    with tempfile.TemporaryDirectory(dir=disk.MEMORY, prefix="bodka-") as name:
        yield Path(name)
