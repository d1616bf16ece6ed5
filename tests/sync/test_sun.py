"""The read counters of signing cards: each counts once, whatever is cut, copied or older."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.drafts import IDENTITY
from sync import journal, schema
from sync.database import JournalFailed, connect
from sync.sun import sun_seen


@given(reads=st.lists(st.tuples(st.sampled_from([b"jana", b"eva"]), st.integers(0, 6)), max_size=30))
def test_a_read_is_new_only_above_all_before_it(reads: list[tuple[bytes, int]]) -> None:
    with sqlite3.connect(":memory:", isolation_level=None) as ledger:
        schema.migrate_journal(ledger)
        highest: dict[bytes, int] = {}
        for token, counter in reads:
            assert sun_seen(ledger, token, counter) is (counter <= highest.get(token, -1))
            highest[token] = max(counter, highest.get(token, -1))
    ledger.close()


def test_a_counter_is_still_known_after_a_crash(ledger: sqlite3.Connection, path: Path) -> None:
    assert not sun_seen(ledger, b"jana", 61)
    copy = path.with_name("copy.sqlite")  # what lies on the disk while the terminal runs, without its end
    for suffix in ("", "-wal"):
        copy.with_name(copy.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
    again = journal.open_journal(copy)
    assert sun_seen(again, b"jana", 61)
    assert not sun_seen(again, b"jana", 62)
    again.close()


def test_where_nothing_can_be_written_no_read_counts(ledger: sqlite3.Connection) -> None:
    ledger.execute("PRAGMA query_only=ON")
    with pytest.raises(JournalFailed):
        sun_seen(ledger, b"jana", 1)
    ledger.execute("PRAGMA query_only=OFF")
    assert not sun_seen(ledger, b"jana", 1)


def test_a_journal_of_the_first_version_gets_the_table_and_keeps_its_identity(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    old = connect(path, 2)
    schema._migrate(old, "journal", {"1 lines, postings, tallies": schema._JOURNAL_1})
    old.execute("PRAGMA user_version=1")
    journal.begin(old, IDENTITY)
    old.close()
    new = journal.open_journal(path)
    assert journal.current(new).identity == IDENTITY
    assert new.execute("PRAGMA user_version").fetchone()[0] == schema.JOURNAL_VERSION
    assert not sun_seen(new, b"jana", 1)
    new.close()
