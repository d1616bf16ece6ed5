"""Time at the counter: what may be undone, and what an entry says of when it was made, whatever the clock does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest

from emulators.drafts import IDENTITY, award
from loyalty.entry import Entry, Moment
from sync import known_time
from terminal.inputs import Recalled
from terminal.link import KEEP_TIME_SECONDS
from terminal.store import UNKNOWN_AGE_MS, Store

NOW = 1_800_000_000_000
MINUTE, DAY = 60_000, 24 * 3_600_000
FIRST, SECOND = UUID(int=1), UUID(int=2)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path, IDENTITY, "main")
    yield store
    store.close()


def record(store: Store, moment: Moment) -> Entry:
    done = asyncio.run(store.record(award(1), f"{moment.boot}:{moment.up_ms}", 1, moment))
    assert isinstance(done, Entry)
    return done


def age(store: Store, moment: Moment) -> int:
    recalled = store.recall(moment, 0)
    assert isinstance(recalled, Recalled)
    return recalled.age_ms


def prove(store: Store, moment: Moment, now_ms: int = NOW) -> None:
    asyncio.run(store.run_blocking(lambda: known_time.prove(store.writer.mirror, now_ms, moment)))


@pytest.mark.parametrize("jump", [-DAY, DAY, -NOW])
def test_within_one_boot_the_wall_clock_may_jump_as_it_likes(store: Store, jump: int) -> None:
    record(store, Moment(FIRST, MINUTE, NOW, trusted=True))
    for trusted in (True, False):
        assert age(store, Moment(FIRST, 3 * MINUTE, NOW + jump, trusted)) == 2 * MINUTE


@pytest.mark.parametrize("then_trusted", [True, False])
@pytest.mark.parametrize("now_trusted", [True, False])
def test_after_a_power_cut_only_two_clocks_that_were_right_tell_an_age(
    store: Store, then_trusted: bool, now_trusted: bool
) -> None:
    """An entry of last week must not become a minute old because the clock starts where it stopped."""
    record(store, Moment(FIRST, MINUTE, NOW, then_trusted))
    known = then_trusted and now_trusted
    assert age(store, Moment(SECOND, 5, NOW + 2 * MINUTE, now_trusted)) == (2 * MINUTE if known else UNKNOWN_AGE_MS)


def test_a_trusted_clock_that_went_back_makes_nothing_young(store: Store) -> None:
    record(store, Moment(FIRST, MINUTE, NOW, trusted=True))
    assert age(store, Moment(SECOND, 5, NOW - DAY, trusted=True)) == UNKNOWN_AGE_MS


def test_where_ntp_is_blocked_the_clouds_time_dates_entries_and_ages(store: Store) -> None:
    """The clock stands at 1970 for ever, but the cloud is heard: entries carry its time, and have an age after a power cut."""
    before = record(store, Moment(FIRST, 1, 1, trusted=False))
    assert before.moment == Moment(FIRST, 1, 1, trusted=False)
    prove(store, Moment(FIRST, MINUTE, MINUTE, trusted=False))
    made = record(store, Moment(FIRST, 2 * MINUTE, 2 * MINUTE, trusted=False))
    assert made.moment == Moment(FIRST, 2 * MINUTE, NOW + MINUTE, trusted=True)
    rebooted = Moment(SECOND, 5, 5, trusted=False)
    assert age(store, rebooted) == UNKNOWN_AGE_MS
    prove(store, rebooted, NOW + 3 * MINUTE)
    assert age(store, Moment(SECOND, MINUTE, 0, trusted=False)) == 3 * MINUTE - 5


def by_the_shops_clock(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000).astimezone()


def test_known_time_is_told_and_kept(store: Store) -> None:
    at = Moment(FIRST, MINUTE, 0, trusted=False)
    assert store.known_time(at) is None
    prove(store, at)
    assert store.known_time(Moment(FIRST, 2 * MINUTE + 59_000, 0, trusted=False)) == by_the_shops_clock(NOW + MINUTE)
    asyncio.run(store.keep_time(Moment(FIRST, DAY, 0, trusted=False)))
    assert known_time.known_ms(store.reader.mirror, Moment(SECOND, 0, 0, trusted=False)) == NOW + DAY - MINUTE


PAGE = 4_096
PAGES_A_TIME = 4
"""As the kernel counted them for a daemon that was left alone (/proc/PID/io, write_bytes): two of the log, two of its index."""


def test_keeping_known_time_takes_a_fifth_of_what_an_idle_day_may_write(store: Store, tmp_path: Path) -> None:
    prove(store, Moment(FIRST, MINUTE, 0, trusted=False))
    log = tmp_path / "mirror.db-wal"
    before = log.stat().st_size
    asyncio.run(store.keep_time(Moment(FIRST, 2 * MINUTE, 0, trusted=False)))
    assert PAGE < log.stat().st_size - before < 2 * PAGE, "one page with its header"
    assert DAY / 1_000 / KEEP_TIME_SECONDS * PAGES_A_TIME * PAGE <= 1_000_000
