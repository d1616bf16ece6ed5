"""Files of every earlier version: each opens, keeps its lines, and goes on. fixtures/README.md says who made them."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from uuid import UUID

import pytest
from disk.judge import sound

from emulators.drafts import IDENTITY, Till, account, award, spend
from loyalty.account import Staff
from loyalty.entry import Cause, TokenKind, decode_entry
from sync import history, journal, mirror, renewal, schema, view
from sync.database import UnsafeJournal
from sync.messages import ProgrammeText
from sync.refusals import NotEnough
from sync.sun import sun_seen

FIXTURES = Path(__file__).parent / "fixtures"
AGAIN = UUID(int=99)
JOURNALS, MIRRORS = (sorted(FIXTURES.glob(f"{name}-*.sqlite")) for name in ("journal", "mirror"))
WRITTEN = [(Cause.UNDO, -1), (Cause.GIVE_BACK, 0), (Cause.AWARD, 4), (Cause.AWARD, 5)]
"""What the current identity's lines say in each of the journals."""


@pytest.fixture(params=JOURNALS, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A journal of an earlier version, to work on."""
    path = tmp_path / "journal.db"
    shutil.copy(request.param, path)
    return path


def test_there_is_a_file_of_every_version_before_this_one() -> None:
    def versions(files: list[Path]) -> set[int]:
        return {int(path.stem.partition("-")[2]) for path in files}

    assert versions(JOURNALS) >= set(range(1, schema.JOURNAL_VERSION))
    assert versions(MIRRORS) >= set(range(1, schema.MIRROR_VERSION))
    for path in (*JOURNALS, *MIRRORS):
        with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as file:
            assert file.execute("PRAGMA user_version").fetchone() == (int(path.stem.partition("-")[2]),)
        file.close()


def test_an_old_journal_keeps_its_lines_and_goes_on(old: Path) -> None:
    for _ in range(2):  # what was migrated is opened like any other
        connection = journal.open_journal(old)
        connection.close()
    connection = journal.open_journal(old)
    assert connection.execute("PRAGMA user_version").fetchone() == (schema.JOURNAL_VERSION,)
    sound(connection)
    now = journal.current(connection)
    assert (now.number, now.identity, now.base) == (2, AGAIN, 4)
    assert connection.execute("SELECT identity, accepted, posted FROM identities WHERE number = 1").fetchone() == (
        IDENTITY.bytes, 4, 3,
    )  # fmt: skip
    entries = [decode_entry(line.body) for line in journal.lines_after(connection, 0, 100)]
    assert [(entry.cause, entry.postings[0].delta) for entry in entries] == WRITTEN
    assert history.waiting(connection).count == len(WRITTEN)
    till = Till(connection, seed=5)
    assert till.record(award(2)).sequence == 5
    till.record(spend(6))
    with pytest.raises(NotEnough):
        till.record(spend(1))
    assert not sun_seen(connection, account(4), 62)
    assert sun_seen(connection, account(4), 61)
    journal.accept(connection, journal.head(connection), 6)
    assert renewal.prune(connection, 6, 1 << 50) == 9
    sound(connection)
    connection.close()


def test_a_journal_of_a_newer_version_is_refused_unchanged_and_says_what_to_do(old: Path) -> None:
    file = sqlite3.connect(old)
    file.execute(f"PRAGMA user_version={schema.JOURNAL_VERSION + schema.JOURNAL_AHEAD + 1}")
    file.close()
    before = old.read_bytes()
    with pytest.raises(UnsafeJournal, match=r"newer version of the terminal .* update it"):
        journal.open_journal(old)
    assert old.read_bytes()[100:] == before[100:]


def test_a_journal_that_the_next_version_has_written_serves_this_one(tmp_path: Path) -> None:
    """An update that is taken back leaves one: its step has added a table and a column."""
    assert schema.JOURNAL_AHEAD == 1
    path, next_version = tmp_path / "journal.db", schema.JOURNAL_VERSION + schema.JOURNAL_AHEAD
    connection = journal.open_journal(path)
    journal.begin(connection, IDENTITY)
    Till(connection, seed=1).record(award(4))
    connection.execute("CREATE TABLE of_the_next (one INTEGER PRIMARY KEY)")
    connection.execute("ALTER TABLE lines ADD COLUMN of_the_next TEXT")
    connection.execute("ALTER TABLE identities ADD COLUMN of_the_next INTEGER NOT NULL DEFAULT 7")
    connection.execute(f"PRAGMA user_version={next_version}")
    connection.close()
    connection = journal.open_journal(path)
    till = Till(connection, seed=2)
    till.record(spend(3))
    journal.accept(connection, journal.head(connection), 1)
    renewal.renew(connection, AGAIN, 2)
    till.record(award(1))
    sound(connection)
    assert history.waiting(connection).count == 1
    assert connection.execute("PRAGMA user_version").fetchone() == (next_version,)
    connection.close()


@pytest.mark.parametrize("path", MIRRORS, ids=lambda path: path.stem)
def test_an_old_mirror_keeps_its_rows(path: Path, tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "journal-1.sqlite", tmp_path / "journal.db")
    shutil.copy(path, tmp_path / "mirror.db")
    lines = journal.open_journal(tmp_path / "journal.db")
    cloud = mirror.open_mirror(tmp_path / "mirror.db", lines)
    assert mirror.cursor(cloud) == 7
    assert mirror.programme(cloud) == ProgrammeText(2, "# the second")
    jana = view.look(lines, cloud, account(1), TokenKind.CARD)
    assert jana is not None
    assert (jana.name, jana.level, jana.language) == ("Jana K.", "zlatá", "sk")
    assert (jana.holding("points").balance, jana.holding("points").spendable) == (45, 34)
    assert view.staff_by(cloud, account(9)) == Staff("eva", "Eva", None)
    cloud.close()
    lines.close()
