"""What may be forgotten of the journal, and what no answer may reach any more (invariant 11)."""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from disk.judge import sound
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.disk import MEMORY
from emulators.drafts import BOOT, IDENTITY, account, award, bytes_from, moment, no_rows
from loyalty.account import Status
from loyalty.chain import GENESIS, Head
from loyalty.entry import Moment
from sync import applying, journal, mirror, renewal
from sync.messages import Answered, Pulled, Standing
from sync.mirror_rows import CardRow, PurseRow

DAY_MS = 24 * 3600 * 1000
KEPT_DAYS = 90


@settings(max_examples=150, deadline=None)
@given(
    days=st.lists(st.tuples(st.integers(0, 200), st.booleans()), min_size=1, max_size=25),
    accepted=st.integers(0, 25), posted=st.integers(0, 25), through=st.integers(0, 25), tries=st.integers(1, 3),
)  # fmt: skip
def test_only_old_lines_that_are_posted_and_in_every_row_are_forgotten(
    days: list[tuple[int, bool]], accepted: int, posted: int, through: int, tries: int
) -> None:
    """`days`: how old each line is, and whether its clock was trusted."""
    accepted = min(accepted, len(days))
    posted = min(posted, accepted)
    now_ms = moment().wall_ms
    with (
        tempfile.TemporaryDirectory(dir=MEMORY) as name,
        closing(journal.open_journal(Path(name) / "journal.db")) as connection,
        closing(mirror.open_mirror(Path(name) / "mirror.db", connection)) as cloud,
    ):
        journal.begin(connection, IDENTITY)
        write(connection, days, now_ms)
        hashes = {number: journal.hash_at(connection, journal.current(connection), number) for number in range(len(days) + 1)}
        assert journal.accept(connection, Head(accepted, hashes[accepted] or b""), posted)
        own = journal.own(connection, account(), "points", "", through)
        for _ in range(tries):
            renewal.prune(connection, through, now_ms - KEPT_DAYS * DAY_MS)
        first = max(1, journal.pruned(connection))
        assert first <= max(1, min(accepted, posted, through))
        for age, trusted in days[: first - 1]:
            assert age > KEPT_DAYS or not trusted
        assert days[first - 1][0] > KEPT_DAYS or first == 1
        assert journal.lines_after(connection, 0, 100)[0].sequence == first
        assert journal.own(connection, account(), "points", "", max(through, first)).used == own.used
        if first <= through:
            assert journal.own(connection, account(), "points", "", through) == own
        sound(connection)
        for number in range(len(days) + 1):
            _answer(connection, cloud, number, hashes[number], number < first and first > 1)
        # The cloud has lost everything: all that is still here goes again, and a row from before the first of it is no old one.
        renewal.renew(connection, UUID(int=5), None)
        assert len(journal.lines_after(connection, 0, 100)) == len(days) - first + 1
        assert journal.hash_at(connection, journal.current(connection), 0) == GENESIS
        sound(connection)


def write(connection: sqlite3.Connection, days: list[tuple[int, bool]], now_ms: int) -> None:
    """Lines so many days old, and whether their clock was trusted."""
    random = bytes_from(1)
    for number, (age, trusted) in enumerate(days, 1):
        at = Moment(BOOT, number, now_ms - age * DAY_MS, trusted)
        journal.record(connection, award(1), str(number), no_rows, moment=at, shop="main", programme=1, random=random)


STRETCHES = st.lists(st.tuples(st.sampled_from(["untrusted", "old", "young"]), st.integers(1, 12)), min_size=1, max_size=5)


@settings(max_examples=100, deadline=None)
@given(STRETCHES, st.integers(0, 60), st.integers(1, 5), st.integers(0, 60))
def test_all_that_may_go_goes_in_the_end_and_little_of_it_at_once(
    stretches: list[tuple[str, int]], through: int, limit: int, more: int
) -> None:
    """However long a stretch without a clock is, beside what is looked at in one call; and what comes later goes later."""
    kinds = [kind for kind, lines in stretches for _ in range(lines)]
    days = [(20_000 if kind == "untrusted" else 365 if kind == "old" else 1, kind != "untrusted") for kind in kinds]
    now_ms = moment().wall_ms
    with tempfile.TemporaryDirectory(dir=MEMORY) as name, closing(journal.open_journal(Path(name) / "j.db")) as connection:
        journal.begin(connection, IDENTITY)
        write(connection, days, now_ms)
        assert journal.accept(connection, journal.head(connection), len(days))
        for reached in (through, through + more):
            for _ in range(2 * len(days) + 2):
                assert renewal.prune(connection, reached, now_ms - KEPT_DAYS * DAY_MS, limit) <= limit
            sure = itertools.takewhile(lambda kind: kind != "young", kinds[:reached])
            known = [number for number, kind in enumerate(sure, 1) if kind == "old"]
            assert journal.lines_after(connection, 0, 1)[0].sequence == max(known, default=1)
            sound(connection)


def test_a_long_stretch_without_a_clock_does_not_stop_pruning_for_ever(tmp_path: Path) -> None:
    """A terminal is set up offline, at 1970, serves more people than one call looks at, and is connected a year ago."""
    now_ms = moment().wall_ms
    with closing(journal.open_journal(tmp_path / "journal.db")) as connection:
        journal.begin(connection, IDENTITY)
        write(connection, [(20_000, False)] * 150 + [(365, True)] * 150, now_ms)
        assert journal.accept(connection, journal.head(connection), 300)
        gone = [renewal.prune(connection, 300, now_ms - KEPT_DAYS * DAY_MS) for _ in range(6)]
        assert gone == [0, 100, 100, 99, 0, 0]


def _answer(
    connection: sqlite3.Connection, cloud: sqlite3.Connection, through: int, hash: bytes | None, forgotten: bool
) -> None:
    """An answer made for the line at `through`: a pull and an ask."""
    assert hash is not None
    assert (hash == GENESIS) == (through == 0)
    row = PurseRow(account(), "points", "", 5, 5, through + 1)
    cards = (CardRow(account(), account(), Status.ACTIVE, through + 1),)
    pulled = Pulled(Standing.GOOD, through, hash, 0, 0, False, 1, 0, purses=(row,), cards=cards)
    answered = Answered(Standing.GOOD, through, hash, 0, row)
    if forgotten:
        with pytest.raises(applying.Misplaced):
            list(applying.apply(cloud, connection, IDENTITY, pulled))
        with pytest.raises(applying.Misplaced):
            applying.apply_answer(cloud, connection, IDENTITY, answered)
    else:
        list(applying.apply(cloud, connection, IDENTITY, pulled))
        applying.apply_answer(cloud, connection, IDENTITY, answered)
