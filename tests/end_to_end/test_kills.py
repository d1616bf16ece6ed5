"""The real daemon is killed at any moment against a real cloud. `scripts/kill-daemon --times 1000` is the long form."""

from __future__ import annotations

import itertools
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from kills.run import Wrong, kill

from sync import journal

pytestmark = pytest.mark.xdist_group("end_to_end")


def test_what_was_shown_as_done_survives_every_kill(tmp_path: Path, sample: Path) -> None:
    done, entries = kill(tmp_path, 9, 1, sample=sample)
    assert 0 < done <= entries


def test_it_survives_also_where_each_life_begins_anew(tmp_path: Path, sample: Path) -> None:
    done, entries = kill(tmp_path, 2, 2, fresh=True, sample=sample)
    assert 0 < done <= entries


def test_an_entry_that_is_shown_and_not_kept_is_found(tmp_path: Path, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can fail: every third entry is forgotten after it was shown as done. Lives are forked, so they have this too."""
    turns, record = itertools.count(1), journal.record

    def forgetful(connection: sqlite3.Connection, *draft: Any, **named: Any) -> journal.Recorded:
        recorded = record(connection, *draft, **named)
        if next(turns) % 3 == 0:
            connection.execute("DELETE FROM lines WHERE id = ?", (recorded.id.bytes,))
        return recorded

    monkeypatch.setattr(journal, "record", forgetful)
    with pytest.raises(Wrong, match="shown as done"):
        kill(tmp_path, 4, 3, sample=sample)
