"""Whatever goes wrong in the files, the counter answers in words and serves on: never a screen that saves for ever."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from counter_desk import JANA, SHARES, Counter

from display.screens import DoneStamps, Message
from terminal import states
from terminal.store import JOURNAL, MIRROR


def shape(file: Path, statement: str) -> None:
    """Changes a file's tables beneath the daemon: stands for any fault of ours that SQLite finds."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute(statement)
    connection.close()


def test_an_error_that_nobody_foresaw_is_answered_and_the_same_press_is_done_later(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.scan(JANA)
        shape(tmp_path / JOURNAL, "ALTER TABLE tallies RENAME TO elsewhere")
        counter.press("+")
        mode = counter.daemon.state.mode
        assert isinstance(mode, states.Notice)
        assert mode.message is Message.NOT_SAVED
        shape(tmp_path / JOURNAL, "ALTER TABLE elsewhere RENAME TO tallies")
        counter.press("×")
        counter.wait(1_000)
        counter.press("+")
        assert isinstance(counter.daemon.state.mode, states.Done)


def test_what_is_written_is_done_also_where_the_account_cannot_be_read_any_more(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.scan(JANA)
        shape(tmp_path / MIRROR, "ALTER TABLE purses RENAME TO elsewhere")
        counter.press("+")
        mode = counter.daemon.state.mode
        assert isinstance(mode, states.Done)
        assert isinstance(mode.screen, DoneStamps)
        assert mode.screen.filled == SHARES["coffee"] + 1
