"""A disk that is full, read-only or fails at any one call: nothing acknowledged is lost, nothing is half there, and it is said.

Every call of a day at a terminal fails once in each way; the suite takes a sample of them, and `python tests/disk/failing.py`
under `emulators/disk.c` with a stride of 1 all.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from disk.failing import WAYS
from disk.workload import SEVERAL

from emulators.disk import Disk
from emulators.program import paths

NAMES = {"DiskFull", "JournalFailed", "DamagedFile"}


def days(library: Path, folder: Path, stride: int, *faults: str) -> list[dict[str, Any]]:
    """Days of which a call fails: every `stride`th one, in each of the ways."""
    state = folder / "failing"
    state.mkdir(exist_ok=True)
    disk = Disk(folder / "control", state)
    words = [sys.executable, "-P", Path(__file__).with_name("failing.py"), state, folder / "control", str(stride), *faults]
    done = subprocess.run(words, env=paths(**disk.environment(library)), check=True, stdout=subprocess.PIPE, text=True)
    disk.close()
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_failing_call_loses_nothing_and_is_named(library: Path, memory: Path) -> None:
    found = days(library, memory, 13)
    assert [day["way"] for day in found] == list(WAYS)
    for day in found:
        assert day["wrong"] == []
        assert set(day["named"]) <= NAMES
        assert day["calls"] > 300
    by_way = {day["way"]: set(day["named"]) for day in found}
    assert "DiskFull" in by_way["full for three calls"]
    assert by_way["read-only for seven calls"] == {"JournalFailed"}


def test_an_entry_in_several_transactions_is_found(library: Path, memory: Path) -> None:
    """The sample can fail: a line without its postings is seen."""
    assert any(day["wrong"] for day in days(library, memory, 17, SEVERAL))
