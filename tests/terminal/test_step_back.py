"""A terminal on which an update was taken back: it starts, serves, and shows in words what only the newer version can read."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from counter_desk import JANA, Counter

from emulators import newer
from emulators.drafts import IDENTITY
from sync import journal, pairing
from terminal import rescue, states
from terminal.commands import main
from terminal.store import JOURNAL


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a line of another cause, and one of which nothing can be read."""
    with Counter(tmp_path):
        pass
    with closing(journal.open_journal(tmp_path / JOURNAL)) as book:
        newer.add_columns(book)
        newer.write(book, 1, newer.body_of(1, cause="visit"), (("points", 5, 0),))
        newer.write(book, 2, b"\x00")
    return tmp_path


def test_it_starts_and_serves(folder: Path) -> None:
    assert rescue.rescue(folder) is None
    (folder / rescue.SUSPECT).touch()
    assert rescue.rescue(folder) is None
    with Counter(folder) as counter:
        counter.scan(JANA)
        counter.wait(1_000)
        counter.press("+")
        assert isinstance(counter.daemon.state.mode, states.Done)


def test_the_lists_say_so(folder: Path) -> None:
    with closing(journal.open_journal(folder / JOURNAL)) as book:
        identity = journal.current(book).identity
    pairing.save(folder, pairing.Pairing("http://127.0.0.1:1", identity, IDENTITY, IDENTITY, "Bodka", "main", "Hlavná 1", ()))
    (folder / "terminal.toml").write_text(f'[cloud]\nurl = "http://127.0.0.1:1"\n[terminal]\nstate = "{folder}"\n')

    def said(*words: str) -> str:
        done = CliRunner().invoke(main, [*words, "--settings", str(folder / "terminal.toml")])
        assert done.exit_code == 0, done.output
        return done.output

    assert said("journal") == (
        "     1  visit      points +5  (of a newer version: kept and sent as it is)\n"
        "     2  ?            (of a newer version: kept and sent as it is)\n"
    )
    first, second = json.loads(said("journal", "--json"))["entries"]
    assert (first["cause"], first["newer"], first["postings"][0]["delta"]) == ("visit", True, 5)
    assert (second["cause"], second["newer"], second["postings"]) == ("", True, [])
    assert "waiting    2," in said("status")
    assert said("waiting") == "2\n"
