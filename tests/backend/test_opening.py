"""Opening hours: how long a shop was open between two moments, over nights, weekends and days on which clocks change."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.opening import LOOK_BACK_DAYS, Hours, UnclearHours, read

HERE = ZoneInfo("Europe/Bratislava")
HOUR = 3_600_000
SHOP = "Mo-Fr 08:00-12:00,13:00-18:00; Sa 09:00-12:00"


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=HERE).timestamp() * 1000)


def opened(since: str, until: str, hours: str = SHOP) -> float:
    return read(hours, "Europe/Bratislava").open_ms(at(since), at(until)) / HOUR


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("2026-11-27T17:30", "2026-11-27T20:00", 0.5),  # a Friday evening
        ("2026-11-28T12:00", "2026-11-30T08:00", 0),  # the weekend
        ("2026-11-28T12:00", "2026-11-30T09:15", 1.25),
        ("2026-11-27T11:00", "2026-11-27T14:00", 2),  # over noon
        ("2026-11-23T00:00", "2026-11-30T00:00", 48),  # a week
        ("2026-11-30T09:00", "2026-11-30T09:00", 0),
    ],
)
def test_how_long_it_was_open(since: str, until: str, hours: float) -> None:
    assert opened(since, until) == hours


def test_over_midnight_and_around_the_week() -> None:
    assert opened("2026-11-27T20:00", "2026-11-28T10:00", "Fr-Su 18:00-02:00") == 6
    assert opened("2026-11-29T23:00", "2026-11-30T05:00", "Fr-Su 18:00-02:00") == 3
    assert opened("2026-11-23T00:00", "2026-11-30T00:00", "Sa-Mo 10:00-11:00") == 3
    assert opened("2026-11-23T00:00", "2026-11-30T00:00", "Mo,We 10:00-11:00") == 2


def test_days_on_which_clocks_change_have_their_own_length() -> None:
    assert opened("2026-10-25T00:00", "2026-10-26T00:00", "Su 00:00-23:59") == pytest.approx(24.98, 0.01)
    assert opened("2026-03-29T00:00", "2026-03-30T00:00", "Su 00:00-23:59") == pytest.approx(22.98, 0.01)


moments = st.integers(1_700_000_000_000, 1_900_000_000_000)


@given(moments, st.integers(0, 20 * 24 * HOUR), st.integers(0, 20 * 24 * HOUR))
def test_time_adds_up(since: int, first: int, second: int) -> None:
    hours: Hours = read(SHOP, "Europe/Bratislava")
    limit = LOOK_BACK_DAYS * 24 * HOUR
    whole = hours.open_ms(since, since + first + second)
    assert 0 <= whole <= min(first + second, limit)
    if first + second <= limit:
        assert whole == hours.open_ms(since, since + first) + hours.open_ms(since + first, since + first + second)


UNCLEAR = ["", "Mo", "8-18", "Mo-Fr 8-18", "Xx 08:00-18:00", "Mo 25:00-26:00", "Mo 08:61-18:00", "x" * 99]


@pytest.mark.parametrize("text", [*UNCLEAR, "Mo 08:00-12:00,11:00-13:00"])
def test_what_is_not_clear_says_how_to_write_it(text: str) -> None:
    with pytest.raises(UnclearHours, match="write it as in"):
        read(text, "Europe/Bratislava")


def test_a_zone_that_is_not_there() -> None:
    for zone in ("", "Europe/Nowhere", "../etc/passwd", "/etc/passwd"):
        with pytest.raises(UnclearHours, match="no time zone"):
            read(SHOP, zone)
