from __future__ import annotations

from pathlib import Path

import pytest

from emulators import disk


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """disk.c, compiled."""
    return disk.build(tmp_path_factory.mktemp("disk"))
