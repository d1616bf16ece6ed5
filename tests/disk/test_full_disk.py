"""The disk is full before the terminal starts: it serves all the same, refuses in words, and recovers by itself."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from disk.full import STARTS

from emulators.disk import Disk
from emulators.drafts import IDENTITY
from emulators.program import paths
from shop import command, environment
from sync import journal, pairing
from terminal.store import JOURNAL


@pytest.fixture(scope="module")
def life(library: Path, memory: Path) -> list[dict[str, Any]]:
    """What happened, in order; `what`, and what was said at the start, the balance shown, what became of a bill."""
    state = memory / "full"
    state.mkdir()
    disk = Disk(memory / "control of full", state)
    words = [sys.executable, "-P", Path(__file__).with_name("full.py"), state, memory / "control of full"]
    done = subprocess.run(words, env=paths(**disk.environment(library)), check=False, capture_output=True, text=True)
    disk.close()
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"what"')]


def of(life: list[dict[str, Any]], what: str) -> list[dict[str, Any]]:
    return [one for one in life if one["what"] == what]


def test_start_after_start_on_a_full_disk_shows_balances_and_refuses_to_record(life: list[dict[str, Any]]) -> None:
    full = of(life, "a full disk") + of(life, "still full")
    assert len(full) == 2 * STARTS
    assert {one["outcome"] for one in full} == {"disk full"}
    assert all(one["said"] == [] for one in full)


def test_it_records_again_as_soon_as_there_is_room_without_a_start(life: list[dict[str, Any]]) -> None:
    assert [one["outcome"] for one in of(life, "room again")] == ["recorded"] * STARTS


def test_every_balance_counts_what_was_recorded_and_nothing_else(life: list[dict[str, Any]]) -> None:
    recorded = 0
    for one in life:
        assert one["balance"] == recorded, one
        recorded += one["outcome"] == "recorded"


def test_without_a_reserve_the_panel_says_so_until_there_is_room(life: list[dict[str, Any]]) -> None:
    (one,) = of(life, "no reserve")
    assert (one["said"], one["outcome"]) == (["no room"] * 3, "recorded")


def test_a_disk_that_refuses_everything_is_said_too(life: list[dict[str, Any]]) -> None:
    for one in of(life, "a disk that refuses"):
        assert (one["said"], one["outcome"]) == (["no memory"] * 3, "recorded")


@pytest.mark.parametrize(("error", "words"), [(errno.EROFS, "Read-only file system"), (errno.ENOSPC, "The disk is full")])
@pytest.mark.parametrize("lines", [["status"], ["journal"], ["waiting"], ["journal", "--salvage"]], ids=" ".join)
def test_commands_say_it_in_words(lines: list[str], error: int, words: str, library: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    with closing(journal.open_journal(state / JOURNAL)) as book:
        journal.begin(book, IDENTITY)
    pairing.save(state, pairing.Pairing("http://127.0.0.1:1", IDENTITY, IDENTITY, IDENTITY, "Bodka", "main", "Hlavná 1", ()))
    (tmp_path / "terminal.toml").write_text(f'[cloud]\nurl = "http://127.0.0.1:1"\n[terminal]\nstate = "{state}"\n')
    disk = Disk(tmp_path / "control", state)
    disk.fail(1, error)
    done = subprocess.run(
        command("bodka-terminal", *lines, "--settings", str(tmp_path / "terminal.toml")),
        env={**environment(), **disk.environment(library)}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    disk.close()
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
