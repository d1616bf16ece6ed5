"""When a shop is open, as a person writes it: "Mo-Fr 08:00-18:00; Sa 09:00-12:00" (a part of OpenStreetMap's `opening_hours`).

So nobody is alarmed at night by a terminal whose plug is pulled every evening, and soon after opening by one that stays away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
LOOK_BACK_DAYS = 14
"""Opening time is counted no further back: whoever is silent for longer is late anyhow."""

_RULE = re.compile(
    r"(?P<days>[A-Z][a-z](?:[-,][A-Z][a-z])*)\s+(?P<times>\d{1,2}:\d{2}-\d{1,2}:\d{2}(?:,\d{1,2}:\d{2}-\d{1,2}:\d{2})*)"
)
_DAY_MINUTES = 24 * 60


class UnclearHours(ValueError):
    """Nobody can tell when that is; the text shows how to write it."""

    def __init__(self, what: str) -> None:
        super().__init__(f'{what}: write it as in "Mo-Fr 08:00-18:00; Sa 09:00-12:00", and the zone as in "Europe/Bratislava"')


@dataclass(frozen=True, slots=True)
class Hours:
    """For each day of the week, from Monday on, from when to when it is open: minutes after midnight."""

    days: tuple[tuple[tuple[int, int], ...], ...]
    zone: ZoneInfo

    def open_ms(self, since_ms: int, until_ms: int) -> int:
        """How long the shop was open between two moments, in milliseconds."""
        since_ms = max(since_ms, until_ms - LOOK_BACK_DAYS * 24 * 60 * 60 * 1000)
        day = datetime.fromtimestamp(since_ms / 1000, self.zone).date() - timedelta(days=1)
        last = datetime.fromtimestamp(until_ms / 1000, self.zone).date()
        total = 0
        while day <= last:
            for opens, closes in self.days[day.weekday()]:
                # Wall time first, then the moment that it is: days on which clocks change have their own length.
                midnight = datetime(day.year, day.month, day.day)
                begin = _moment(midnight + timedelta(minutes=opens), self.zone)
                end = _moment(midnight + timedelta(minutes=closes), self.zone)
                total += max(0, min(end, until_ms) - max(begin, since_ms))
            day += timedelta(days=1)
        return total


def read(text: str, zone: str) -> Hours:
    """Opening hours from words; raises `UnclearHours`."""
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnclearHours(f'there is no time zone "{zone[:40]}"') from error
    days: list[tuple[tuple[int, int], ...]] = [()] * len(DAYS)
    for rule in filter(None, (part.strip() for part in text.split(";"))):
        match = _RULE.fullmatch(rule)
        if match is None:
            raise UnclearHours(f'"{rule[:40]}" is not clear')
        times = tuple(sorted(_span(span) for span in match["times"].split(",")))
        if any(earlier[1] > later[0] for earlier, later in pairwise(times)):
            raise UnclearHours(f'"{rule[:40]}" is open twice at once')
        for day in _days(match["days"]):
            days[day] = times
    if not any(days):
        raise UnclearHours("it is never open")
    return Hours(tuple(days), place)


def _days(text: str) -> list[int]:
    found = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last and last not in DAYS):
            raise UnclearHours(f'"{part}" is no day')
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found += [day % len(DAYS) for day in range(begin, end + 1 if end >= begin else end + len(DAYS) + 1)]
    return found


def _span(text: str) -> tuple[int, int]:
    opens, closes = (int(hour) * 60 + int(minute) for hour, _, minute in (side.partition(":") for side in text.split("-")))
    if closes <= opens:  # after midnight
        closes += _DAY_MINUTES
    if opens >= _DAY_MINUTES or closes > 2 * _DAY_MINUTES or any(int(side[-2:]) > 59 for side in text.split("-")):
        raise UnclearHours(f'"{text}" is no time of day')
    return opens, closes


def _moment(wall: datetime, zone: ZoneInfo) -> int:
    return int(wall.replace(tzinfo=zone).astimezone(UTC).timestamp() * 1000)
