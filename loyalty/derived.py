"""What follows from an account's past: levels, milestones and daily limits (invariant 7). Exact; amounts as everywhere.

The cloud alone posts what follows from an award, in the award's own transaction. A terminal computes the same from the progress
that the cloud sent, and only shows it. The two may differ where another terminal was quicker: the cloud is right.

Days are UTC days, numbered from 1970: in the countries that Bodka is for they turn while shops are closed.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import floor

DAY_MS = 24 * 60 * 60 * 1000

_EPOCH = date(1970, 1, 1).toordinal()
_LAST_DAY = date.max.toordinal() - _EPOCH


@dataclass(frozen=True, slots=True)
class Level:
    """Who spent `spend` minor units within `months` earns `coefficient` times the points."""

    key: str
    name: str | dict[str, str]
    spend: int
    months: int
    coefficient: Fraction


@dataclass(frozen=True, slots=True)
class Milestone:
    """Every `every` minor units spent give `points` thousandths of a point."""

    key: str
    every: int
    points: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What one card may earn in a day: awards, and thousandths of a point; None: any number."""

    awards: int | None = None
    points: int | None = None

    def excess(self, awards_before: int, points_before: int, points: int) -> int:
        """How much of an award of `points` is too much, after what the card earned that day."""
        if self.awards is not None and awards_before >= self.awards:
            return points
        if self.points is None:
            return 0
        return min(points, max(0, points_before + points - self.points))


@dataclass(frozen=True, slots=True)
class HistoryRules:
    """The rules of a programme that look at the past; levels from the lowest to the highest."""

    levels: tuple[Level, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    limits: Limits = Limits()

    def __bool__(self) -> bool:
        return bool(self.levels or self.milestones) or self.limits != Limits()

    def level(self, key: str) -> Level | None:
        """The level called `key`, or None."""
        return next((level for level in self.levels if level.key == key), None)


@dataclass(frozen=True, slots=True)
class Progress:
    """What the cloud knows of an account's past, as far as a forecast needs it."""

    level: str = ""
    """The key of the level it has; empty for none."""
    spent: int = 0
    """All that was ever paid, in minor units, less what was returned."""
    owing: int = 0
    """Bonus points (thousandths) that were to be taken back and were not free: later bonuses are set against it."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the cloud will most likely add to an award: thousandths of a point; `level` is empty if a milestone gives them."""

    points: int
    level: str = ""


def day_of(ms: int) -> int:
    """The UTC day of a moment in milliseconds since 1970; a moment beyond the calendar counts as its first or last day."""
    return max(-_EPOCH + 1, min(ms // DAY_MS, _LAST_DAY))


def months_before(day: int, months: int) -> int:
    """The same day of the month `months` before, or that month's last day.

    >>> months_before(day_of(1_774_915_200_000), 1) - day_of(1_774_915_200_000)  # from 31 March 2026 to 28 February
    -31
    """
    at = date.fromordinal(day + _EPOCH)
    month = at.year * 12 + at.month - 1 - months
    year, month = divmod(month, 12)
    if year < 1:
        return -_EPOCH + 1
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(at.day, last)).toordinal() - _EPOCH


def level_at(levels: tuple[Level, ...], spent_within: Callable[[int], int]) -> Level | None:
    """The highest level that is reached; `spent_within(months)` says what was spent in that time."""
    reached = [level for level in levels if spent_within(level.months) >= level.spend]
    return reached[-1] if reached else None


def level_bonus(level: Level | None, points: int) -> int:
    """What a level adds to an award of `points`."""
    return floor(points * (level.coefficient - 1)) if level is not None else 0


def remaining(bonus: int, award: int, taken: int) -> int:
    """What is left of an award's bonus when `taken` of the award was taken back."""
    return floor(Fraction(bonus * (award - min(award, taken)), award)) if award else 0


def milestone_points(milestone: Milestone, before: int, after: int) -> int:
    """What the milestones between two totals give; below zero where the total went back across one."""
    return (max(0, after) // milestone.every - max(0, before) // milestone.every) * milestone.points


def settle(bonus: int, owing: int) -> tuple[int, int]:
    """What of a bonus is given, and what is still owing, where some is."""
    against = min(bonus, owing)
    return bonus - against, owing - against


def forecast(rules: HistoryRules, progress: Progress, points: int, paid: int) -> Forecast | None:
    """What a purchase of `paid` minor units that earned `points` will most likely bring besides; None for nothing.

    What the card earned today is not known here: a limit may take some of it back.
    """
    level = rules.level(progress.level)
    by_level = level_bonus(level, points)
    by_milestones = sum(milestone_points(one, progress.spent, progress.spent + paid) for one in rules.milestones)
    given, _ = settle(by_level + max(0, by_milestones), progress.owing)
    return Forecast(given, level.key if level is not None and by_level else "") if given else None
