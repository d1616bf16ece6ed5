"""The month reckoned without a cloud: of leases only that matters which lies at the terminal cut off when its week begins.

The others ask back from each other whatever they want, so they are one. A purse is therefore in two parts for a week, and
undivided before and after. `offline_month` runs the same month through the real cloud once; this is quick enough for many.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from offline_month_members import (
    DAY_MS,
    DAYS,
    GOAL,
    OFFLINE,
    OFFLINE_DAYS,
    POINT,
    Habit,
    Key,
    Members,
    Visit,
    offline,
    visit,
    wishes,
)

from loyalty.purse import overnight_leases

NEVER = range(0)
NEXT_MORNING = OFFLINE_DAYS[1:]
"""When the terminal is written off, where the merchant does so on the first morning after it was not heard of."""

FUTURES = 100
"""Weeks that could have been, tried for each purse and placement."""


@dataclass
class Told:
    """How a month went under one policy."""

    wanted: int = 0
    refused: int = 0
    """Covered by the true balance, and the member has nothing of it here."""
    unknown: int = 0
    """Those of the refused that this terminal's screen does not show to be there: it lacks news, and no lease would help."""
    refused_offline: int = 0
    less: int = 0
    """Who wanted to pay with points and could with some of them only, which the screen offers then."""
    short: float = 0.0
    """What they lacked, in parts of what they wanted."""
    overdraft: int = 0
    """Points below zero, in thousandths."""
    coffees: int = 0
    """Stamps below zero."""
    listed: Counter[str] = field(default_factory=Counter)
    """What the cloud lists as used of leases that were written off, by purse, also where the balance covered it."""
    why: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Refused for want of a lease: of what, at which side, and what the member is to the terminal that has no network."""

    def redeem(self, purse: str, amount: int, spendable: int, shown: int, away: bool, member: str = "") -> int:
        """What the member has of what is wanted, where so much may be spent and so much is shown."""
        self.wanted += 1
        if spendable >= amount:
            return amount
        if purse == "points" and spendable >= POINT:
            self.less += 1
            self.short += 1 - spendable / amount
            return spendable
        self.refused += 1
        self.unknown += shown < amount
        self.refused_offline += away
        if shown >= amount:
            self.why[purse, "there" if away else "elsewhere", member] += 1
        return 0

    def fall(self, purse: str, below: int) -> None:
        """A purse that stood so far below zero at its lowest."""
        if purse == "points":
            self.overdraft += below
        else:
            self.coffees += below

    @property
    def lacking(self) -> int:
        """Refused for want of a lease: the screen shows that it is there."""
        return self.refused - self.unknown


class Visits(NamedTuple):
    """What the cloud knows of a member's habit: entries at a terminal, and the last one's time."""

    entries: int
    last: int
    terminal: int


Place = Callable[[Key, int, list[Visits]], int]
"""How much of a balance lies at the terminal that is cut off, by the member's visits, most often first."""


@dataclass
class Parted:
    """A purse in the week: what may be spent here and there, and how far either side's own lines changed it since."""

    away: int
    others: int
    away_since: int = 0
    others_since: int = 0
    lowest: int = 0
    """Of both together, where that was below zero."""

    def change(self, away: bool, delta: int) -> None:
        if away:
            self.away, self.away_since = self.away + delta, self.away_since + delta
        else:
            self.others, self.others_since = self.others + delta, self.others_since + delta
        self.lowest = min(self.lowest, self.away + self.others)

    def serve(self, told: Told, visit: Visit, purse: str, member: str = "", *, written_off: bool = False) -> None:
        """What one visit redeems of it, and earns.

        Where the terminal that is cut off is `written_off`, the others spend what lay there as well, and it does not know.
        Who is offered more than there is asks for that.
        """
        away, there = offline(visit), self.away + self.others
        spendable, unseen = (self.away, self.others_since) if away else (self.others, self.away_since)
        if written_off and not away:
            spendable += self.away - self.away_since
        earned = visit.coffees if purse == "coffee" else visit.points
        most = max(there, spendable) if written_off else there
        asked = wishes(visit, most, 0) if purse == "coffee" else wishes(visit, 0, most)
        for _, amount in asked:
            self.change(away, -told.redeem(purse, amount, spendable, there - unseen, away, member))
        self.change(away, earned)


def by_visits(share: str) -> Place:
    """As built."""

    def place(key: Key, balance: int, habit: list[Visits]) -> int:
        whole = GOAL if key[1] == "coffee" else 1
        lent = overnight_leases(balance, Fraction(share), [known.entries for known in habit], whole) if habit else []
        return sum(part for part, known in zip(lent, habit, strict=True) if known.terminal == OFFLINE)

    return place


def usual_only(share: str) -> Place:
    """As it was before: other terminals hold nothing."""

    def place(key: Key, balance: int, habit: list[Visits]) -> int:
        return by_visits(share)(key, balance, habit[:1])

    return place


def best(members: Members) -> Place:
    """For who knows each member's true habit, but not when they will come, nor for what.

    Of some placements the one that lacks a lease least, in so many weeks that could have been, and of equal ones the one with
    which most of what is wanted is had.
    """
    chance = random.Random(0)

    def place(key: Key, balance: int, habit: list[Visits]) -> int:
        account, purse = key
        weeks = [_week(chance, account, members.habits[account]) for _ in range(FUTURES)]
        if purse == "coffee":
            tried = {0, min(balance, GOAL), max(0, balance - GOAL), balance}
        else:
            # Some on either side, for some can be paid with: nothing at all is refused.
            tried = {max(0, balance) * part // 20 for part in (1, 2, 5, 10, 15, 18, 19)}

        def lacking(here: int) -> tuple[int, float]:
            told = Told()
            for week in weeks:
                parted = Parted(here, balance - here)
                for coming in week:
                    parted.serve(told, coming, purse)
            return told.lacking, told.short

        return min(sorted(tried), key=lacking)

    return place


def _week(chance: random.Random, account: bytes, habit: Habit) -> list[Visit]:
    times = sum(chance.random() < len(OFFLINE_DAYS) / DAYS for _ in range(habit.often))
    return sorted(visit(chance, account, habit, OFFLINE_DAYS) for _ in range(times))


def placed(members: Members, place: Place, written_off: range = NEVER) -> Told:
    """The month where so much lies at the terminal that is cut off.

    Nothing can be overdrawn unless it is `written_off`, on these days of the month.
    """
    told, true = Told(), dict(members.saved)
    entries: defaultdict[bytes, Counter[int]] = defaultdict(Counter)
    last: dict[tuple[bytes, int], int] = {}
    parted: dict[Key, Parted] = {}
    for terminal, account, _ in members.before:
        entries[account][terminal] += 1
        last[account, terminal] = -1
    for coming in members.visits:
        week, habit = coming.at // DAY_MS in OFFLINE_DAYS, entries[coming.account]
        known = sorted((Visits(n, last[coming.account, at], at) for at, n in habit.items()), reverse=True)
        written = 0
        for purse, earned in (("coffee", coming.coffees), ("points", coming.points)):
            key = (coming.account, purse)
            if week and key not in parted:
                # Nobody of this account came since the week began, so it is as it was then.
                here = place(key, true[key], known)
                parted[key] = Parted(here, true[key] - here)
            # Outside the week all of it is wherever the member is.
            one = parted[key] if week else Parted(0, true[key])
            one.serve(told, coming, purse, _member(known), written_off=coming.at // DAY_MS in written_off)
            written += true[key] + earned > one.away + one.others
            true[key] = one.away + one.others
        written += bool(coming.coffees or coming.points)
        if written:
            habit[coming.terminal] += written
            last[coming.account, coming.terminal] = coming.at
    for (_, purse), one in parted.items():
        told.fall(purse, -one.lowest)
    return told


def _member(known: list[Visits]) -> str:
    """What somebody with these habits is to the terminal that is cut off."""
    if not known or known[0].terminal == OFFLINE:
        return "whose usual terminal it is" if known else "of whom nothing is known"
    return "who came there before" if any(visits.terminal == OFFLINE for visits in known) else "who never came there before"


def deny(members: Members) -> Told:
    """A terminal without a network lets nobody redeem."""
    return _by_picture(members, lambda shown: 0)


def allow(members: Members) -> Told:
    """It lets everybody redeem what its last picture shows, and what it did itself since."""
    return _by_picture(members, lambda shown: shown)


def _by_picture(members: Members, may: Callable[[int], int]) -> Told:
    """Whole sums, and one terminal that does not hear of the others for a week. Who sees more than there is asks for that."""
    told, cloud = Told(), dict(members.saved)
    picture: dict[Key, int] = {}
    waiting: defaultdict[Key, int] = defaultdict(int)
    low: defaultdict[Key, int] = defaultdict(int)
    for coming in members.visits:
        day = coming.at // DAY_MS
        if day in OFFLINE_DAYS and not picture:
            picture = dict(cloud)
        elif day not in OFFLINE_DAYS and waiting:
            for key, change in waiting.items():
                cloud[key] += change
                low[key] = min(low[key], cloud[key])
            waiting.clear()
        away, keys = offline(coming), ((coming.account, "coffee"), (coming.account, "points"))
        shown = {key: picture[key] + waiting[key] if away else cloud[key] for key in keys}
        coffee, points = (max(shown[key], cloud[key] + waiting[key]) for key in keys)
        for purse, amount in wishes(coming, coffee, points):
            key = (coming.account, purse)
            had = told.redeem(purse, amount, may(shown[key]) if away else shown[key], shown[key], away)
            (waiting if away else cloud)[key] -= had
        for key, earned in zip(keys, (coming.coffees, coming.points), strict=True):
            (waiting if away else cloud)[key] += earned
    for (_, purse), least in low.items():
        told.fall(purse, -least)
    return told
