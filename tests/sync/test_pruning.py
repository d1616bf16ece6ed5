"""What may be forgotten of the journal, and what no answer may reach any more (invariant 11)."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

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
        random = bytes_from(1)
        for number, (age, trusted) in enumerate(days, 1):
            at = Moment(BOOT, number, now_ms - age * DAY_MS, trusted)
            journal.record(
                connection, award(1), str(number), no_rows, moment=at, shop="main", programme=1, random=random
            )  # fmt: skip
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
