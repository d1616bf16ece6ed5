"""Faults planted in the real code that break time (invariant 9), and what hangs on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from backend import dating, fleet_tables
from loyalty.entry import Moment
from loyalty.timeline import Placed
from simulation import rules, stories_of_time
from simulation.mutant import Mutant, Plant
from sync import known_time
from terminal import store


def an_undo_is_never_too_late(patch: pytest.MonkeyPatch) -> None:
    """Every entry is as young as can be."""
    patch.setattr(store, "_age_ms", lambda then, now: 0)


def an_age_across_a_power_cut_is_believed(patch: pytest.MonkeyPatch) -> None:
    """Also where the clock stood at 1970, before or after."""
    patch.setattr(store, "_age_ms", lambda then, now: max(0, now.wall_ms - then.wall_ms))


def every_clock_is_trusted(patch: pytest.MonkeyPatch) -> None:
    """Whatever the wall clock says."""
    patch.setattr(known_time, "proved", lambda connection, at: msgspec.structs.replace(at, trusted=True))


def the_clouds_time_is_not_noted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(known_time, "prove", lambda connection, now_ms, at: None)


def known_time_stands_still(patch: pytest.MonkeyPatch) -> None:
    """Between two answers of the cloud, and as long as it says nearly the same."""
    patch.setattr(known_time, "known_ms", lambda connection, at: known_time._known(connection)[0])


def known_time_goes_on_without_power(patch: pytest.MonkeyPatch) -> None:
    """What went by is reckoned across a power cut: the wall clock is believed for it."""

    def believed(connection: Any, at: Moment) -> int:
        known, boot, up = known_time._known(connection)
        return known + max(0, at.up_ms - up) if boot == at.boot.bytes else max(known, at.wall_ms)

    patch.setattr(known_time, "known_ms", believed)


def the_cloud_dates_everything_1970(patch: pytest.MonkeyPatch) -> None:
    def long_ago(connection: Any, writer: Any, made: Sequence[Any], *_: Any) -> list[Placed]:
        return [Placed(0, sure=True) for _ in made]

    patch.setattr(dating, "date", long_ago)


def the_cloud_dates_entries_when_they_come(patch: pytest.MonkeyPatch) -> None:
    def now(connection: Any, writer: Any, made: Sequence[Any], *_: Any) -> list[Placed]:
        return [Placed(one.received_ms, sure=True) for one in made]

    patch.setattr(dating, "date", now)


def a_boot_began_when_it_was_heard_of(patch: pytest.MonkeyPatch) -> None:
    """The cloud does not ask how long a terminal has been on."""
    note = dating.note_boot

    def late(connection: sa.Connection, merchant: Any, told: Any, now_ms: int) -> None:
        known = sa.select(fleet_tables.boot.c.id).where(fleet_tables.boot.c.id == told.boot)
        if connection.execute(known).first() is None:
            note(connection, merchant, msgspec.structs.replace(told, up_ms=0), now_ms)

    patch.setattr(dating, "note_boot", late)


MUTANTS: dict[Plant, Mutant] = {
    an_undo_is_never_too_late: Mutant(rules.IN_TIME, story=stories_of_time.an_undo_comes_too_late),
    an_age_across_a_power_cut_is_believed: Mutant(rules.AGE, story=stories_of_time.an_undo_comes_too_late),
    every_clock_is_trusted: Mutant(rules.TRUSTED, story=stories_of_time.a_month_without_time),
    the_clouds_time_is_not_noted: Mutant(rules.NOT_EARLY, seed=0),
    known_time_stands_still: Mutant(rules.NOT_EARLY, seed=0),
    known_time_goes_on_without_power: Mutant(rules.NOT_LATE, seed=2),
    the_cloud_dates_everything_1970: Mutant(rules.DATED, seed=0),
    the_cloud_dates_entries_when_they_come: Mutant(rules.SURE, seed=0),
    a_boot_began_when_it_was_heard_of: Mutant(rules.SURE, story=stories_of_time.a_month_without_time),
}
