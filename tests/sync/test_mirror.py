from __future__ import annotations

import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.drafts import IDENTITY, Till, account, award, moment, person, returned, spend
from loyalty.account import Holding, Staff, Status
from loyalty.chain import GENESIS, Head
from loyalty.entry import Cause, Draft, TokenKind
from sync import applying, journal, known_time, mirror, renewal
from sync.messages import Answered, ProgrammeText, Pulled, Standing
from sync.mirror_rows import CardRow, MemberRow, PurseRow, StaffRow
from sync.refusals import NotEnough
from sync.view import look, staff_by


def answer(
    ledger: sqlite3.Connection, through: int, since: int, cursor: int, *rows: Any, more: bool = False, programme: int = 1
) -> Pulled:
    hash = journal.hash_at(ledger, journal.current(ledger), through)
    assert hash is not None

    def of(kind: type) -> Any:
        return tuple(row for row in rows if isinstance(row, kind))

    return Pulled(
        Standing.GOOD,
        through,
        hash,
        since,
        cursor,
        more,
        programme,
        1_790_000_000_000,
        of(PurseRow),
        of(CardRow),
        of(MemberRow),
        of(StaffRow),
    )


def purse(balance: int, granted: int, change: int, who: int = 1, name: str = "points") -> PurseRow:
    return PurseRow(account(who), name, "", balance, granted, change)


def take_in(glass: sqlite3.Connection, ledger: sqlite3.Connection, pulled: Pulled, max_rows: int = 100) -> set[bytes]:
    return set().union(*applying.apply(glass, ledger, journal.current(ledger).identity, pulled, max_rows))


def contents(glass: sqlite3.Connection) -> list[list[Any]]:
    tables = ("purse_rows", "card_rows", "member_rows", "staff")
    return [glass.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall() for table in tables]


def test_a_known_card_is_found_with_all_that_it_holds(
    glass: sqlite3.Connection, ledger: sqlite3.Connection, till: Till
) -> None:
    till.record(award(5))
    card = CardRow(b"t" * 16, account(), Status.BLOCKED, 2)
    member = MemberRow(account(), "Jana K.", "gold", "sk", 3)
    touched = take_in(glass, ledger, answer(ledger, 1, 0, 4, purse(105, 25, 1), card, member))
    assert touched == {account()}
    till.record(spend(4))
    till.record(award(1, purse="stamps"))
    found = look(ledger, glass, b"t" * 16, TokenKind.CARD, typed=True)
    assert found is not None
    assert (found.name, found.level, found.language, found.status, found.typed) == (
        "Jana K.",
        "gold",
        "sk",
        Status.BLOCKED,
        True,
    )
    # the one award of 5 is in 105 and 25 already, as `through` says
    till.rows = mirror.rows(glass, ledger)
    assert found.holdings == (Holding("points", 101, 21), Holding("stamps", 1, 1))
    till.record(spend(21))
    assert found.whose.account == account()


def test_an_unknown_card_is_unknown_until_it_earned_or_was_issued_here(
    glass: sqlite3.Connection, ledger: sqlite3.Connection, till: Till
) -> None:
    assert look(ledger, glass, account(4), TokenKind.CARD) is None
    till.record(award(5, who=4))
    found = look(ledger, glass, account(4), TokenKind.PHONE)
    assert found is not None
    assert (found.whose.account, found.whose.kind, found.holdings) == (account(4), TokenKind.PHONE, (Holding("points", 5, 5),))
    till.record(Draft(Cause.ISSUE, person(5)))
    issued = look(ledger, glass, account(5), TokenKind.CARD)
    assert issued is not None
    assert issued.holdings == ()


def test_staff_are_found_until_they_leave(glass: sqlite3.Connection, ledger: sqlite3.Connection) -> None:
    take_in(glass, ledger, answer(ledger, 0, 0, 1, StaffRow(b"s" * 16, "eva", "Eva", account(9), True, 1)))
    assert staff_by(glass, b"s" * 16) == Staff("eva", "Eva", account(9))
    take_in(glass, ledger, answer(ledger, 0, 1, 2, StaffRow(b"s" * 16, "eva", "Eva", account(9), False, 2)))
    assert staff_by(glass, b"s" * 16) is None
    assert staff_by(glass, b"x" * 16) is None


def test_an_answer_for_other_lines_is_not_applied(glass: sqlite3.Connection, ledger: sqlite3.Connection, till: Till) -> None:
    till.record(award(5))
    good = answer(ledger, 1, 0, 4, purse(105, 25, 1))
    for through, hash in ((1, GENESIS), (0, good.hash), (2, good.hash), (-1, GENESIS)):
        wrong = Pulled(Standing.GOOD, through, hash, 0, 4, False, 1, 0, good.purses)
        with pytest.raises(applying.Misplaced):
            take_in(glass, ledger, wrong)
    with pytest.raises(applying.Misplaced):
        list(applying.apply(glass, ledger, UUID(int=5), good))
    assert contents(glass)[0] == []


def test_an_answer_from_before_the_prune_point_is_not_applied(
    glass: sqlite3.Connection, ledger: sqlite3.Connection, till: Till
) -> None:
    for _ in range(4):
        till.record(award(1))
    early = answer(ledger, 2, 0, 5, purse(2, 2, 3))
    take_in(glass, ledger, answer(ledger, 4, 0, 9, purse(4, 4, 7)))
    head = journal.head(ledger)
    journal.accept(ledger, head, 4)
    assert mirror.complete_through(glass, ledger) == 4
    assert renewal.prune(ledger, mirror.complete_through(glass, ledger), moment(99).wall_ms) == 3
    with pytest.raises(applying.Misplaced):
        take_in(glass, ledger, early)
    found = look(ledger, glass, account(), TokenKind.CARD)
    assert found is not None
    assert found.holdings == (Holding("points", 4, 4),)


def test_the_cursor_moves_with_the_last_slice_and_only_from_where_it_stood(
    glass: sqlite3.Connection, ledger: sqlite3.Connection
) -> None:
    pulled = answer(ledger, 0, 0, 7, *(purse(1, 1, n, who=n) for n in range(1, 8)))
    slices = applying.apply(glass, ledger, IDENTITY, pulled, max_rows=3)
    for _ in range(4):
        next(slices)
        assert mirror.cursor(glass) == 0
    next(slices)
    assert mirror.cursor(glass) == 7
    take_in(glass, ledger, answer(ledger, 0, 3, 9, purse(2, 2, 9, who=1)))
    assert mirror.cursor(glass) == 7
    assert contents(glass)[0][0][3] == 2


def test_pruning_waits_for_the_last_page_of_a_pull(glass: sqlite3.Connection, ledger: sqlite3.Connection, till: Till) -> None:
    for _ in range(5):
        till.record(award(1))
    take_in(glass, ledger, answer(ledger, 3, 0, 4, more=True))
    assert mirror.complete_through(glass, ledger) == 0
    take_in(glass, ledger, answer(ledger, 5, 4, 8))
    assert mirror.complete_through(glass, ledger) == 3


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_any_order_and_doubling_of_answers_ends_equal(data: st.DataObject) -> None:
    """Answers of one cloud, each a true picture of some moment, delivered as the network likes, in slices of any size."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = journal.open_journal(Path(folder) / "journal.sqlite")
        journal.begin(ledger, IDENTITY)
        till = Till(ledger)
        accounts = st.integers(1, 3)
        state: dict[int, PurseRow] = {}
        answers, change, cursor = [], 0, 0
        for _ in range(data.draw(st.integers(1, 6))):
            for who in data.draw(st.lists(accounts, max_size=3, unique=True)):
                till.record(award(1, who=who))
                change += 1
                state[who] = purse(change, change, change, who=who)
            since = data.draw(st.integers(0, cursor))
            rows = [row for row in state.values() if row.change > since]
            answers.append(answer(ledger, journal.head(ledger).sequence, since, change, *rows))
            cursor = change
        ends = []
        orders = (answers, data.draw(st.permutations(answers + answers)))
        for number, order in enumerate(orders):
            glass = mirror.open_mirror(Path(folder) / f"mirror{number}.sqlite", ledger)
            for pulled in order:
                take_in(glass, ledger, pulled, data.draw(st.integers(1, 4)))
                seen = {row.change for row in state.values() if row.change <= mirror.cursor(glass)}
                assert seen <= {row[-1] for row in contents(glass)[0]}
            ends.append(contents(glass))
            glass.close()
        ledger.close()
        assert ends[0][0] == ends[1][0]


def test_an_answer_to_ask_is_one_row_and_no_cursor(glass: sqlite3.Connection, ledger: sqlite3.Connection, till: Till) -> None:
    applying.apply_answer(glass, ledger, IDENTITY, Answered(Standing.GOOD, 0, GENESIS, 0, purse(9, 9, 4)))
    applying.apply_answer(glass, ledger, IDENTITY, Answered(Standing.GOOD, 0, GENESIS, 0))
    assert mirror.cursor(glass) == 0
    assert mirror.rows(glass, ledger)(account(), "points", "").granted == 9


def test_a_new_identity_shows_the_same_and_spends_nothing(
    glass: sqlite3.Connection, ledger: sqlite3.Connection, till: Till
) -> None:
    for _ in range(4):
        till.record(award(10))
    take_in(glass, ledger, answer(ledger, 1, 0, 3, purse(110, 60, 3)))
    before = look(ledger, glass, account(), TokenKind.CARD)
    journal.accept(ledger, Head(3, answer(ledger, 3, 0, 0).hash), 3)
    renewal.renew(ledger, UUID(int=77), 3)
    mirror.pull_anew(glass)
    after = look(ledger, glass, account(), TokenKind.CARD)
    assert before is not None
    assert after is not None
    assert before.holdings == (Holding("points", 140, 90),)
    assert after.holdings == (Holding("points", 140, 10),)
    assert mirror.rows(glass, ledger)(account(), "points", "").granted == 0
    with pytest.raises(applying.Misplaced):
        applying.apply_answer(glass, ledger, IDENTITY, Answered(Standing.GOOD, 0, GENESIS, 0, purse(110, 999, 4)))
    take_in(glass, ledger, answer(ledger, 1, 0, 9, purse(140, 10, 5)))
    found = look(ledger, glass, account(), TokenKind.CARD)
    assert found is not None
    assert found.holdings == (Holding("points", 140, 10),)


def test_what_a_row_includes_is_not_earned_again_under_a_new_identity(
    glass: sqlite3.Connection, ledger: sqlite3.Connection, till: Till
) -> None:
    """The acknowledgement of a push was lost, the pull behind it was not: the simulator's seed 59."""
    till.rows = mirror.rows(glass, ledger)
    till.record(award(10))
    take_in(glass, ledger, answer(ledger, 1, 0, 3, purse(10, 10, 3)))
    journal.stop(ledger, IDENTITY, Standing.OFF_HEAD)
    renewal.renew(ledger, UUID(int=77), 1)
    found = look(ledger, glass, account(), TokenKind.CARD)
    assert found is not None
    assert found.holdings == (Holding("points", 10, 0),)
    with pytest.raises(NotEnough):
        till.record(spend(1))


def test_a_return_beyond_the_lease_leaves_nothing_to_spend(
    glass: sqlite3.Connection, ledger: sqlite3.Connection, till: Till
) -> None:
    till.rows = mirror.rows(glass, ledger)
    till.record(award(5))
    till.record(returned(8))
    found = look(ledger, glass, account(), TokenKind.CARD)
    assert found is not None
    assert found.holdings == (Holding("points", -3, 0),)


def test_a_damaged_mirror_is_made_anew_and_the_journal_is_not_touched(
    tmp_path: Path, ledger: sqlite3.Connection, till: Till
) -> None:
    till.record(award(5))
    path = tmp_path / "glass.sqlite"
    first = mirror.open_mirror(path, ledger)
    take_in(first, ledger, answer(ledger, 1, 0, 4, purse(105, 25, 1)))
    first.close()
    kept = mirror.open_mirror(path, ledger)
    assert mirror.cursor(kept) == 4
    kept.close()
    for damage in (path.read_bytes()[:5_000] + bytes(8_000), b"rubbish" * 2_000, b""):
        path.write_bytes(damage)
        anew = mirror.open_mirror(path, ledger)
        assert mirror.cursor(anew) == 0
        anew.close()
    assert journal.head(ledger).sequence == 1


def test_a_mirror_that_is_only_busy_is_kept(tmp_path: Path, ledger: sqlite3.Connection) -> None:
    path = tmp_path / "glass.sqlite"
    first = mirror.open_mirror(path, ledger)
    take_in(first, ledger, answer(ledger, 0, 0, 4, purse(5, 5, 1)))
    first.execute("BEGIN IMMEDIATE")
    second = mirror.open_mirror(path, ledger)
    assert mirror.cursor(second) == 4
    first.execute("ROLLBACK")
    for connection in (first, second):
        connection.close()


def test_a_mirror_of_another_journal_is_made_anew(tmp_path: Path, ledger: sqlite3.Connection, till: Till) -> None:
    """The journal was restored from a backup: what the rows include is no longer in it."""
    path = tmp_path / "glass.sqlite"
    till.record(award(5))
    first = mirror.open_mirror(path, ledger)
    take_in(first, ledger, answer(ledger, 1, 0, 4, purse(105, 25, 1)))
    first.close()
    other = journal.open_journal(tmp_path / "other.sqlite")
    journal.begin(other, IDENTITY)
    Till(other, seed=2).record(award(5))
    anew = mirror.open_mirror(path, other)
    assert mirror.cursor(anew) == 0
    anew.close()
    other.close()


def test_programmes_are_kept_by_version(glass: sqlite3.Connection, ledger: sqlite3.Connection) -> None:
    assert mirror.programme(glass) is None
    take_in(glass, ledger, answer(ledger, 0, 0, 1, programme=2))
    assert mirror.programme_version(glass) == 2
    for version in (2, 1, 3):
        mirror.keep_programme(glass, ProgrammeText(version, f"text {version}"))
    newest = mirror.programme(glass)
    assert newest == ProgrammeText(3, "text 3")
    assert glass.execute("SELECT version FROM programmes ORDER BY 1").fetchall() == [(2,), (3,)]


def test_an_idle_days_answers_write_nothing(glass: sqlite3.Connection, ledger: sqlite3.Connection) -> None:
    """Some 1,200 of them a day: an SD card wears by each write."""
    take_in(glass, ledger, answer(ledger, 0, 0, 4, purse(7, 7, 4)))
    known_time.prove(glass, 1_000_000, moment(100))
    before = glass.total_changes
    take_in(glass, ledger, answer(ledger, 0, 4, 4))
    known_time.prove(glass, 1_000_000 + 75_000 + known_time.NEAR_MS, moment(75_100))
    assert glass.total_changes == before
    take_in(glass, ledger, answer(ledger, 0, 4, 5, programme=2))
    assert glass.total_changes > before
    assert (mirror.cursor(glass), mirror.programme_version(glass)) == (5, 2)
    before = glass.total_changes
    known_time.prove(glass, 1_000_000 + 150_000 + 2 * known_time.NEAR_MS, moment(150_100))
    assert glass.total_changes > before


def test_a_slice_is_short(glass: sqlite3.Connection, ledger: sqlite3.Connection) -> None:
    pulled = answer(ledger, 0, 0, 900, *(purse(1, 1, n, who=n) for n in range(1, 901)))
    took = []
    slices = applying.apply(glass, ledger, IDENTITY, pulled)
    start = time.perf_counter()
    for _ in slices:
        took.append(time.perf_counter() - start)
        start = time.perf_counter()
    assert len(took) == 5
    assert sorted(took)[len(took) // 2] < 0.02
