from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from emulators.drafts import BOOT, IDENTITY, Till, account, award, give_back, moment, person, returned, spend, undo
from loyalty.chain import Head, extend
from loyalty.entry import Cause, Draft, ImpossiblePosting, Moment, Posting, decode_entry
from loyalty.holding import Row
from sync import history, journal, renewal
from sync.counter import BLOCK, RequestCounter
from sync.database import DiskFull, JournalFailed, UnsafeJournal, assert_safe
from sync.messages import Standing
from sync.refusals import AlreadyUndone, NotEnough, NothingToUndo, SpendingStopped, TooMuchReturned


def lines(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM lines").fetchone()[0])


def record_many(till: Till, count: int) -> None:
    for _ in range(count):
        till.record(award(1))


def test_the_journal_is_flushed_at_every_commit(ledger: sqlite3.Connection, path: Path) -> None:
    assert ledger.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert ledger.execute("PRAGMA synchronous").fetchone() == (2,)
    assert ledger.isolation_level is None
    assert path.stat().st_mode & 0o777 == 0o600
    ledger.execute("PRAGMA synchronous=NORMAL")
    with pytest.raises(UnsafeJournal, match="synchronous=1"):
        assert_safe(ledger, "wal", 2)


def test_a_journal_in_memory_is_refused() -> None:
    with sqlite3.connect(":memory:") as memory:
        mode = memory.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        with pytest.raises(UnsafeJournal, match="journal_mode=memory"):
            assert_safe(memory, mode, 2)
    memory.close()


def test_a_journal_of_a_newer_version_is_refused(ledger: sqlite3.Connection, path: Path) -> None:
    ledger.execute("PRAGMA user_version=99")
    with pytest.raises(UnsafeJournal, match="newer"):
        journal.open_journal(path)


def test_lines_chain_from_the_first(till: Till) -> None:
    for amount in (5, 7, 9):
        till.record(award(amount))
    head = Head()
    for line in journal.lines_after(till.connection, 0, 10):
        head = extend(IDENTITY, head, line)
    assert head == journal.head(till.connection)
    assert journal.lines_after(till.connection, 1, 1)[0].sequence == 2
    second, none = journal.line_at(till.connection, 2), journal.line_at(till.connection, 4)
    assert second is not None
    assert decode_entry(second.body).postings == (Posting("points", 7),)
    assert none is None


def test_the_same_key_again_gives_the_first_result_and_writes_nothing(till: Till) -> None:
    first = till.record(award(5), "tap")
    assert till.record(award(6), "tap") == first
    assert lines(till.connection) == 1


def test_nothing_is_recorded_before_pairing(path: Path) -> None:
    connection = journal.open_journal(path)
    with pytest.raises(journal.NotPaired):
        Till(connection).record(award(5))
    connection.close()


def test_a_spend_reaches_as_far_as_rows_and_own_lines(ledger: sqlite3.Connection) -> None:
    till = Till(ledger, rows=lambda *_: Row(balance=10, granted=10, through=0))
    till.record(award(5))
    till.record(spend(15))
    with pytest.raises(NotEnough, match="Only 0 of points"):
        till.record(spend(1))
    with pytest.raises(NotEnough):
        till.record(give_back(1))
    assert journal.head(ledger).sequence == 2


def test_the_same_key_again_is_answered_though_it_would_be_refused_by_now(till: Till) -> None:
    till.record(award(5))
    first = till.record(spend(5), "key")
    assert till.record(spend(5), "key") == first
    journal.stop(till.connection, IDENTITY, Standing.WRITTEN_OFF)
    assert till.record(spend(5), "key") == first
    with pytest.raises(SpendingStopped):
        till.record(spend(5), "another key")


def test_a_terminal_that_is_written_off_may_be_found_to_be_a_copy_and_not_the_other_way_round(till: Till) -> None:
    told = (Standing.GOOD, Standing.WRITTEN_OFF, Standing.GOOD, Standing.OFF_HEAD, Standing.WRITTEN_OFF, Standing.GOOD)
    stands = []
    for standing in told:
        journal.stop(till.connection, IDENTITY, standing)
        stands.append(journal.current(till.connection).standing)
    assert stands == [Standing.GOOD, Standing.WRITTEN_OFF, Standing.WRITTEN_OFF, *[Standing.OFF_HEAD] * 3]


def test_own_earnings_up_to_through_are_in_the_grant_and_not_counted_twice(till: Till) -> None:
    till.record(award(5))
    till.record(award(7))
    till.rows = lambda *_: Row(balance=5, granted=5, through=1)
    with pytest.raises(NotEnough):
        till.record(spend(13))
    till.record(spend(12))


def test_an_undo_is_whole_once_and_covered(till: Till) -> None:
    done = till.record(award(5))
    with pytest.raises(NothingToUndo, match="all of it"):
        till.record(undo(done.id, (Posting("points", 4),)))
    with pytest.raises(NothingToUndo, match="another account"):
        till.record(undo(done.id, done.postings, who=2))
    spent = till.record(spend(2))
    with pytest.raises(NotEnough):
        till.record(undo(done.id, done.postings))
    unspent = till.record(undo(spent.id, spent.postings))
    assert unspent.postings == (Posting("points", 2),)
    with pytest.raises(AlreadyUndone):
        till.record(undo(spent.id, spent.postings))
    with pytest.raises(NothingToUndo, match="kind 'undo'"):
        till.record(undo(unspent.id, unspent.postings))
    assert till.record(undo(done.id, done.postings)).postings == (Posting("points", -5, 5),)
    with pytest.raises(NothingToUndo, match="did not record"):
        till.record(undo(UUID(int=3), done.postings))


def test_an_entry_that_spends_and_earns_is_undone_as_one(till: Till) -> None:
    till.record(award(20))
    both = till.record(Draft(Cause.REDEEM, person(), (Posting("points", -20, 20), Posting("points", 3))))
    till.record(undo(both.id, both.postings))
    own = journal.own(till.connection, account(), "points", "", 0)
    assert (own.used, own.earned_after, own.change_after) == (23, 43, 20)


def test_returns_of_one_award_never_exceed_it(till: Till) -> None:
    done = till.record(award(10))
    assert till.record(returned(4, done.id)).postings == (Posting("points", -4, 4),)
    with pytest.raises(TooMuchReturned, match="Only 6"):
        till.record(returned(7, done.id))
    with pytest.raises(AlreadyUndone):
        till.record(undo(done.id, done.postings))
    till.record(returned(6, done.id))
    with pytest.raises(AlreadyUndone):
        till.record(returned(1, done.id))
    with pytest.raises(TooMuchReturned):
        till.record(returned(1, till.record(award(3, purse="stamps")).id))


def test_a_return_takes_the_lease_as_far_as_it_reaches(till: Till) -> None:
    till.record(award(3))
    assert till.record(returned(10)).postings == (Posting("points", -10, 3),)
    assert till.record(returned(1)).postings == (Posting("points", -1, 0),)
    assert till.record(returned(2, UUID(int=5))).postings == (Posting("points", -2, 0),)


def test_a_stopped_terminal_awards_only(till: Till, path: Path) -> None:
    done = till.record(award(10))
    journal.stop(till.connection, IDENTITY, Standing.WRITTEN_OFF)
    journal.stop(till.connection, IDENTITY, Standing.GOOD)
    reopened = journal.open_journal(path)
    again = Till(reopened, seed=2)
    for draft in (spend(1), give_back(1), undo(done.id, done.postings), returned(1)):
        with pytest.raises(SpendingStopped, match="written off"):
            again.record(draft)
    again.record(award(1))
    reopened.close()


def test_a_draft_that_contradicts_itself_writes_nothing(till: Till) -> None:
    with pytest.raises(ImpossiblePosting):
        till.record(Draft(Cause.REDEEM, person(), (Posting("points", -5, 1),)))
    assert lines(till.connection) == 0
    till.record(award(1))


def test_a_full_disk_is_said_and_survived(till: Till) -> None:
    till.record(award(1))
    used = till.connection.execute("PRAGMA page_count").fetchone()[0]
    till.connection.execute(f"PRAGMA max_page_count={used}")
    with pytest.raises(DiskFull, match="Free some space"):
        record_many(till, 200)
    written = lines(till.connection)
    assert journal.head(till.connection).sequence == written
    till.connection.execute("PRAGMA max_page_count=100000")
    assert till.record(award(1)).sequence == written + 1


def test_a_real_full_disk(tmp_path: Path) -> None:
    mounted = tmp_path / "small"
    mounted.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(mounted)], capture_output=True).returncode:
        return  # not root, or no mounts here: the test above makes SQLite's own SQLITE_FULL
    try:
        connection = journal.open_journal(mounted / "journal.sqlite")
        journal.begin(connection, IDENTITY)
        till = Till(connection)
        with pytest.raises(DiskFull):
            record_many(till, 100_000)
        assert lines(connection) == till.at - 1 > 0
        connection.close()
    finally:
        subprocess.run(["umount", "-l", str(mounted)], check=True)


def test_a_journal_that_may_only_be_read_is_said(till: Till) -> None:
    till.record(award(1))
    till.connection.execute("PRAGMA query_only=ON")
    with pytest.raises(JournalFailed, match="SD card"):
        till.record(award(1))
    till.connection.execute("PRAGMA query_only=OFF")
    assert till.record(award(1)).sequence == 2


def test_rubbish_in_place_of_a_journal_is_said(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a database" * 500)
    with pytest.raises(JournalFailed):
        journal.open_journal(path)
    with pytest.raises(JournalFailed):
        journal.open_journal(tmp_path / "no such folder" / "journal.sqlite")


_RECORDS_UNTIL_KILLED = """
import os, sys
from pathlib import Path
from emulators.drafts import BOOT, IDENTITY, Till, award
from sync import journal
connection = journal.open_journal(Path(sys.argv[1]))
journal.begin(connection, IDENTITY)
till = Till(connection, seed=int(sys.argv[2]))
while True:
    print(till.record(award(1)).id.hex, flush=True)
"""


def test_every_acknowledged_entry_survives_sigkill(path: Path) -> None:
    acknowledged: list[str] = []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    for round in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", _RECORDS_UNTIL_KILLED, str(path), str(round)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        ) as child:
            assert child.stdout is not None
            acknowledged += [child.stdout.readline().strip() for _ in range(40 + 17 * round)]
            child.send_signal(signal.SIGKILL)
            acknowledged += [line.strip() for line in child.stdout if len(line) == 33]
    connection = journal.open_journal(path)
    kept = [bytes(row[0]).hex() for row in connection.execute("SELECT id FROM lines ORDER BY place")]
    assert set(acknowledged) <= set(kept)
    assert len(kept) <= len(acknowledged) + 3
    head = Head()
    for line in journal.lines_after(connection, 0, 10_000):
        head = extend(IDENTITY, head, line)
    assert head == journal.head(connection)
    connection.close()


def test_what_waits_is_counted_and_aged(till: Till) -> None:
    assert history.waiting(till.connection) == history.Waiting(0)
    assert history.waiting(till.connection).age_ms(moment(9)) == 0
    for _ in range(3):
        till.record(award(1))
    assert journal.accept(till.connection, journal.Head(1, _hash(till, 1)), 1)
    waiting = history.waiting(till.connection)
    assert (waiting.count, waiting.age_ms(moment(500))) == (2, 498)


def _hash(till: Till, sequence: int) -> bytes:
    found = journal.hash_at(till.connection, journal.current(till.connection), sequence)
    assert found is not None
    return found


def test_a_head_that_is_not_ours_is_not_accepted(till: Till) -> None:
    till.record(award(1))
    assert not journal.accept(till.connection, Head(1, bytes(32)), 1)
    assert not journal.accept(till.connection, Head(2, _hash(till, 1)), 1)
    assert not journal.accept(till.connection, Head(-1, bytes(32)), 0)
    assert journal.accept(till.connection, Head(), 0)
    assert journal.current(till.connection).accepted == 0


def test_the_last_entry_is_found_after_a_restart(till: Till, path: Path) -> None:
    assert history.last_entry(till.connection) is None
    till.record(award(3))
    done = till.record(award(5, who=2))
    reopened = journal.open_journal(path)
    last = history.last_entry(reopened)
    assert last is not None
    assert (last.entry.id, last.personal, last.undone) == (done.id, person(2), False)
    Till(reopened, seed=2).record(undo(done.id, done.postings, who=2))
    last = history.last_entry(reopened)
    assert last is not None
    assert (last.entry.id, last.undone) == (done.id, True)
    reopened.close()


def test_a_new_identity_wraps_what_was_not_accepted(till: Till) -> None:
    for amount in (1, 2, 3):
        last = till.record(award(amount))
    till.record(spend(3))
    journal.accept(till.connection, Head(2, _hash(till, 2)), 2)
    old = journal.lines_after(till.connection, 2, 10)
    hashes = [_hash(till, 3), _hash(till, 4)]
    journal.stop(till.connection, IDENTITY, Standing.OFF_HEAD)
    again = UUID(int=99)
    for _ in range(2):
        renewal.renew(till.connection, again, 7)
        assert journal.current(till.connection).identity == again
    journal.stop(till.connection, IDENTITY, Standing.WRITTEN_OFF)
    assert journal.current(till.connection).standing is Standing.GOOD
    new = journal.lines_after(till.connection, 0, 10)
    assert [line.body for line in new] == [line.body for line in old]
    assert [(w.was.identity, w.was.sequence, w.was.hash) for w in new if w.was] == [
        (IDENTITY, 3, hashes[0]),
        (IDENTITY, 4, hashes[1]),
    ]
    head = Head()
    for line in new:
        head = extend(again, head, line)
    assert head == journal.head(till.connection)
    own = journal.own(till.connection, account(), "points", "", 0)
    assert (own.used, own.earned_after, own.change_after) == (3, 3, 0)
    assert history.waiting(till.connection).count == 2
    with pytest.raises(NotEnough):
        till.record(undo(last.id, last.postings))
    assert till.record(award(4)).sequence == 3


def test_lines_are_forgotten_up_to_what_every_row_includes(till: Till) -> None:
    ids = [till.record(award(1), f"k{n}").id for n in range(6)]
    journal.accept(till.connection, Head(5, _hash(till, 5)), 4)
    assert renewal.prune(till.connection, 5, moment(100).wall_ms) == 3
    assert journal.hash_at(till.connection, journal.current(till.connection), 3) is None
    assert journal.hash_at(till.connection, journal.current(till.connection), 0) is None
    assert _hash(till, 4)
    assert renewal.prune(till.connection, 5, moment(100).wall_ms) == 0
    own = journal.own(till.connection, account(), "points", "", 4)
    assert (own.earned_after, own.change_after) == (2, 2)
    with pytest.raises(NothingToUndo):
        till.record(undo(ids[0], (Posting("points", 1),)))
    assert till.record(award(1)).sequence == 7


def test_lines_of_an_untrusted_clock_are_kept_until_a_later_one_is_old(till: Till) -> None:
    untrusted = Moment(BOOT, 5, 0, trusted=False)
    for key, at in (("a", untrusted), ("b", untrusted), ("c", moment(1)), ("d", moment(2)), ("e", untrusted)):
        journal.record(till.connection, award(1), key, till.rows, moment=at, shop="main", programme=1, random=till.random)
        journal.accept(till.connection, journal.head(till.connection), 9)
        if key == "b":
            assert renewal.prune(till.connection, 9, moment(50).wall_ms) == 0
    assert renewal.prune(till.connection, 9, moment(50).wall_ms) == 3
    assert journal.head(till.connection).sequence == 5


def test_request_numbers_only_grow(ledger: sqlite3.Connection) -> None:
    counter = RequestCounter(ledger)
    assert [counter.take() for _ in range(BLOCK + 1)] == list(range(1, BLOCK + 2))
    after_crash = RequestCounter(ledger)
    assert after_crash.take() == 2 * BLOCK + 1
    after_crash.adopt(10)
    assert after_crash.take() == 2 * BLOCK + 2
    after_crash.adopt(5_000)
    assert after_crash.take() == 5_001
    assert RequestCounter(ledger).take() > 5_001


def test_what_the_writer_remembers_is_forgotten_when_anything_else_is_written(till: Till, path: Path) -> None:
    """Two connections take turns, and each changes what the other relies on."""
    other = Till(journal.open_journal(path), seed=2)
    for number in range(3):
        assert till.record(award(1)).sequence == 2 * number + 1
        assert other.record(award(1)).sequence == 2 * number + 2
    till.record(award(9))
    journal.stop(other.connection, IDENTITY, Standing.OFF_HEAD)
    with pytest.raises(SpendingStopped):
        till.record(spend(1))
    till.record(award(1))
    renewal.renew(till.connection, UUID(int=99), 0)
    assert till.record(award(1)).sequence == 9
    renewal.renew(other.connection, UUID(int=98), 0)
    last = till.record(award(1))
    assert last.sequence == 10
    head = Head()
    for line in journal.lines_after(till.connection, 0, 100):
        head = extend(UUID(int=98), head, line)
    assert head == journal.head(other.connection)
    assert till.record(award(2), "again") == other.record(award(2), "again")
    other.connection.close()


def test_what_was_undone_is_not_remembered(till: Till) -> None:
    till.record(award(1))
    till.connection.execute("CREATE TEMP TRIGGER broken BEFORE INSERT ON tallies BEGIN SELECT RAISE(ABORT, 'broken'); END")
    with pytest.raises(sqlite3.IntegrityError, match="broken"):
        till.record(award(2))
    till.connection.execute("DROP TRIGGER broken")
    assert till.record(award(3)).sequence == 2
    assert journal.lines_after(till.connection, 1, 9)[0].before == _hash(till, 1)
