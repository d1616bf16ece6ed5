"""Forgetting a person on the terminal (invariant 11): by tombstone, whatever comes before, between or after."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

from damaged_file import spoil_where
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.drafts import IDENTITY, Till, account, award, give_back, moment, person, spend
from loyalty.account import Status
from loyalty.chain import Head, extend
from loyalty.entry import Cause, Draft, TokenKind
from sync import applying, forgetting, journal, mirror, renewal
from sync.messages import Answered, Pulled, Standing
from sync.mirror_rows import CardRow, ForgottenRow, MemberRow, ProgressRow, PurseRow
from sync.readmission import KEPT_MS, clear_away, readmit
from sync.salvage import salvage
from sync.view import look

ANNA, BETA = account(1), account(2)


def pulled(ledger: sqlite3.Connection, since: int, cursor: int, **rows: tuple[object, ...]) -> Pulled:
    return Pulled(
        Standing.GOOD, 0, journal.hash_at(ledger, journal.current(ledger), 0) or b"", since, cursor, False, 1, 5, **rows
    )


def take_in(glass: sqlite3.Connection, ledger: sqlite3.Connection, answer: Pulled) -> set[bytes]:
    return set().union(*applying.apply(glass, ledger, IDENTITY, answer))


def members(*accounts: bytes) -> dict[str, tuple[object, ...]]:
    return {
        "cards": (*(CardRow(of, of, Status.ACTIVE, 1) for of in accounts), CardRow(b"phone", ANNA, Status.ACTIVE, 1)),
        "members": tuple(MemberRow(of, f"name of {of[-1]}", "", "sk", 2) for of in accounts),
        "progress": tuple(ProgressRow(of, "gold", 10, 0, 3) for of in accounts),
        "purses": tuple(PurseRow(of, "points", "", 10, 0, 4) for of in accounts),
    }


TOMB = {"forgotten": (ForgottenRow(ANNA, 5),)}


def known(glass: sqlite3.Connection) -> set[bytes]:
    tables = ("card_rows", "member_rows", "progress", "purse_rows")
    return {row[0] for table in tables for row in glass.execute(f"SELECT account FROM {table}")}


def persons(ledger: sqlite3.Connection) -> list[tuple[object, ...]]:
    return ledger.execute("SELECT account, personal, salt FROM lines ORDER BY place").fetchall()


def check_chain(ledger: sqlite3.Connection) -> None:
    head = Head()
    for line in journal.lines_after(ledger, 0, 1000):
        head = extend(IDENTITY, head, line)
    assert head == journal.head(ledger)


def store(ledger: sqlite3.Connection, sequence: int) -> None:
    """The cloud has the lines up to here."""
    hash = journal.hash_at(ledger, journal.current(ledger), sequence)
    assert hash is not None
    assert journal.accept(ledger, Head(sequence, hash), sequence)


def test_a_tombstone_clears_the_mirror_and_what_is_stored_of_the_journal(
    glass: sqlite3.Connection, ledger: sqlite3.Connection, till: Till
) -> None:
    take_in(glass, ledger, pulled(ledger, 0, 4, **members(ANNA, BETA)))
    till.record(Draft(Cause.ISSUE, person(1)))
    till.record(award(5, who=1))
    till.record(award(7, who=2))
    till.record(award(9, who=1))
    store(ledger, 3)
    assert take_in(glass, ledger, pulled(ledger, 4, 5, **TOMB)) == {ANNA}
    assert known(glass) == {BETA}
    forgetting.forget(ledger, glass)
    # The last line keeps its person until the cloud has it: else the cloud could not count it.
    assert [row[0] for row in persons(ledger)] == [None, None, BETA, ANNA]
    assert [row[1:] for row in persons(ledger)[:2]] == [(None, None)] * 2
    assert journal.lines_after(ledger, 3, 1)[0].personal is not None
    store(ledger, 4)
    forgetting.forget(ledger, glass)
    forgetting.forget(ledger, glass)
    assert [row[0] for row in persons(ledger)] == [None, None, BETA, None]
    for table in ("postings", "tallies"):
        assert ledger.execute(f"SELECT DISTINCT account FROM {table}").fetchall() == [(BETA,)]
    check_chain(ledger)
    assert glass.execute("SELECT account FROM forgotten WHERE NOT done").fetchall() == []


def test_a_line_that_is_written_after_all_were_forgotten_is_forgotten_too(
    glass: sqlite3.Connection, ledger: sqlite3.Connection, till: Till
) -> None:
    take_in(glass, ledger, pulled(ledger, 0, 4, **members(ANNA, BETA)))
    take_in(glass, ledger, pulled(ledger, 4, 5, **TOMB))
    forgetting.forget(ledger, glass)
    for who, named in ((1, ANNA), (2, BETA)):
        forgetting.reopen(glass, named)
        till.record(award(5, who=who))
    forgetting.forget(ledger, glass)
    assert [row[0] for row in persons(ledger)] == [ANNA, BETA], "the cloud does not have it yet"
    store(ledger, 2)
    forgetting.forget(ledger, glass)
    assert [row[0] for row in persons(ledger)] == [None, BETA]
    assert glass.execute("SELECT account FROM forgotten WHERE NOT done").fetchall() == []


def test_the_first_card_of_somebody_forgotten_is_not_served_again_and_their_phone_is_a_strangers(
    glass: sqlite3.Connection, ledger: sqlite3.Connection
) -> None:
    take_in(glass, ledger, pulled(ledger, 0, 4, **members(ANNA)))
    take_in(glass, ledger, pulled(ledger, 4, 5, **TOMB))
    found = look(ledger, glass, ANNA, TokenKind.CARD)
    assert found is not None
    assert (found.status, found.name, found.holdings) == (Status.BLOCKED, "", ())
    assert look(ledger, glass, b"phone", TokenKind.PHONE) is None


def test_a_late_answer_brings_nobody_back(glass: sqlite3.Connection, ledger: sqlite3.Connection) -> None:
    take_in(glass, ledger, pulled(ledger, 0, 5, **members(BETA), **TOMB))
    take_in(glass, ledger, pulled(ledger, 0, 4, **members(ANNA)))
    row = Answered(Standing.GOOD, 0, bytes(32), 5, PurseRow(ANNA, "points", "", 10, 10, 4))
    applying.apply_answer(glass, ledger, IDENTITY, row)
    assert known(glass) == {BETA}


def test_one_answer_may_bring_a_member_and_the_tombstone(glass: sqlite3.Connection, ledger: sqlite3.Connection) -> None:
    take_in(glass, ledger, pulled(ledger, 0, 5, **members(ANNA, BETA), **TOMB))
    assert known(glass) == {BETA}


def test_nothing_of_a_name_is_left_in_the_files(
    glass: sqlite3.Connection, ledger: sqlite3.Connection, till: Till, tmp_path: Path
) -> None:
    """Not even in pages that SQLite does not use any more, once the write-ahead logs are emptied."""
    member = MemberRow(ANNA, "Anna Nezabudnutá", "", "sk", 2)
    take_in(glass, ledger, pulled(ledger, 0, 4, members=(member,)))
    till.record(award(5, who=1))
    body = journal.lines_after(ledger, 0, 1)[0]
    store(ledger, 1)
    take_in(glass, ledger, pulled(ledger, 4, 5, **TOMB))
    forgetting.forget(ledger, glass)
    for connection in (ledger, glass):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    words = ["Anna Nezabudnutá".encode(), body.personal, body.salt]
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [word for word in words if word is None or word in everything] == []


def test_lines_that_are_forgotten_can_be_wrapped_and_pruned(
    glass: sqlite3.Connection, ledger: sqlite3.Connection, till: Till
) -> None:
    till.record(award(5, who=1))
    till.record(award(7, who=2))
    store(ledger, 2)
    take_in(glass, ledger, pulled(ledger, 0, 5, **TOMB))
    forgetting.forget(ledger, glass)
    renewal.renew(ledger, UUID(int=9), 0)
    wrapped = journal.lines_after(ledger, 0, 10)
    assert [line.personal is None for line in wrapped] == [True, False]
    assert ledger.execute("SELECT DISTINCT account FROM tallies").fetchall() == [(BETA,)]
    store(ledger, 2)
    assert renewal.prune(ledger, 2, moment(1 << 40).wall_ms) == 1


STEPS = st.lists(
    st.tuples(st.sampled_from(["award", "spend", "give back", "store", "forget"]), st.integers(1, 2), st.integers(1, 5)),
    max_size=25,
)


@given(STEPS)
@settings(max_examples=40, deadline=None)
def test_the_chain_holds_and_the_other_persons_sums_stay(steps: list[tuple[str, int, int]]) -> None:
    ledger = sqlite3.connect(":memory:", isolation_level=None)
    glass = sqlite3.connect(":memory:", isolation_level=None)
    mirror.schema.migrate_journal(ledger)
    mirror.schema.migrate_mirror(glass)
    journal.begin(ledger, IDENTITY)
    till = Till(ledger)
    balance = used = 0
    gone = False
    for what, who, amount in steps:
        if what == "forget":
            glass.execute(forgetting.TOMBSTONE, (ANNA, 5))
            forgetting.bury(glass, ForgottenRow(ANNA, 5))
            gone = True
        elif what == "store":
            store(ledger, journal.head(ledger).sequence)
        elif not (who == 1 and gone) and (what == "award" or amount <= balance or who == 1):
            draft = {"award": award, "spend": spend, "give back": give_back}[what]
            if who == 2 or what == "award":
                till.record(draft(amount, who=who))
            if who == 2:
                balance += amount if what == "award" else -amount
                used += 0 if what == "award" else amount
        forgetting.forget(ledger, glass)
        check_chain(ledger)
        accepted = journal.current(ledger).accepted
        lines = ledger.execute("SELECT account FROM lines WHERE place <= ?", (accepted,)).fetchall()
        assert not gone or (ANNA,) not in lines
    own = journal.own(ledger, BETA, "points", "", 0)
    assert (own.earned_after - own.used, own.used) == (balance, used)
    glass.close()
    ledger.close()


def test_what_was_saved_of_a_person_is_forgotten_once_it_is_sent(tmp_path: Path) -> None:
    """Its tombstone was done with before the lines came back into the chain: they wait, are sent whole, and then forgotten."""
    file, name = tmp_path / "journal.db", "journal.db"
    with closing(journal.open_journal(file)) as ledger:
        journal.begin(ledger, IDENTITY)
        till = Till(ledger)
        for number in range(60):
            till.record(award(1, who=1 + number % 2))
        body = journal.lines_after(ledger, 29, 1)[0].body
    spoil_where(file, body)
    found = salvage(file, "now")
    assert found.later > 5
    with closing(journal.open_journal(file)) as ledger, closing(mirror.open_mirror(tmp_path / "mirror.db", ledger)) as glass:
        renewal.renew(ledger, UUID(int=500), 0)
        glass.execute(forgetting.TOMBSTONE, (ANNA, 5))
        store(ledger, journal.head(ledger).sequence)
        forgetting.forget(ledger, glass)
        assert glass.execute("SELECT done FROM forgotten").fetchone() == (1,)
        assert readmit(ledger, glass, tmp_path, name) == found.later
        forgetting.forget(ledger, glass)
        assert (ANNA,) in ledger.execute("SELECT account FROM lines")
        store(ledger, journal.head(ledger).sequence)
        forgetting.forget(ledger, glass)
        for table in ("lines", "postings", "tallies"):
            assert (ANNA,) not in ledger.execute(f"SELECT account FROM {table}").fetchall()
            assert (BETA,) in ledger.execute(f"SELECT account FROM {table}").fetchall()
        gone = [(line.personal, line.salt) for line in journal.lines_after(ledger, 0, 100)]
        assert sum(pair == (None, None) for pair in gone) > found.later // 3
        clear_away(ledger, tmp_path, name, 0)
        assert sorted(one.name for one in tmp_path.glob("*.readmitted-*")) == []


def test_a_damaged_file_goes_after_thirty_days_of_the_clouds_time(
    tmp_path: Path, ledger: sqlite3.Connection, till: Till
) -> None:
    """What was set aside stays until all is sent; what a wrong clock has dated counts from when time is known."""
    now = 1_800_000_000_000
    old, wrong, aside = (tmp_path / f"j.{kind}" for kind in ("damaged-1", "damaged-2", "readmitted-1"))
    for path, at in ((old, now), (wrong, 3_600_000), (aside, now)):
        path.touch()
        os.utime(path, (at / 1000, at / 1000))
    till.record(award(1))

    def left(known_ms: int) -> list[str]:
        clear_away(ledger, tmp_path, "j", known_ms)
        return sorted(path.name for path in tmp_path.glob("j.*"))

    assert left(0) == left(now + KEPT_MS) == [aside.name.replace("readmitted", "damaged"), wrong.name, aside.name]
    store(ledger, 1)
    assert left(0) == [old.name, wrong.name]
    assert left(now + KEPT_MS + 1) == [wrong.name]
    assert left(now + 2 * KEPT_MS) == [wrong.name]
    assert left(now + 2 * KEPT_MS + 1) == []
