"""Who comes to a merchant with five terminals in a month, and what they would like to redeem: for `offline_month`.

The members, drawn from a seed:

- visits in the month: Pareto with shape 1.3 from 1.0, at most 30: many come once or twice, few come every day; mean about 2.6.
  In the two months before, each came twice as often, to the same terminals: the cloud knows their habits
- a usual terminal, one of five that draw 30, 25, 20, 15 and 10 in a hundred; a member is true to it in a share of visits drawn
  from Beta(8, 2), mean 0.8 (shops in one town), or from Beta(9, 1), mean 0.9 (shops in several); other visits go to the other
  terminals in those proportions
- hours: evenly over the 12 hours of 30 days; one coffee stamp in 7 of 10 visits, two in 1 of 10
- bills: log-normal, median 6 EUR, sigma 0.6; one point a euro, beside what was saved: log-normal, median 150, sigma 1.0
- redemption: a full stamp card is redeemed in 9 of 10 visits in which it is full; points are spent when at least 200 are
  there, in 3 of 10 visits: 200, 500 or all, one as likely as the other

The terminal that draws most is cut off from the morning of day 11 to the evening of day 17.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import NamedTuple

DAYS, OPEN_MS, DAY_MS = 30, 12 * 3_600_000, 24 * 3_600_000
SHARES = (0.30, 0.25, 0.20, 0.15, 0.10)
OFFLINE, OFFLINE_DAYS = 0, range(10, 17)
POINT, GOAL = 1_000, 10

IN_ONE_TOWN, IN_SEVERAL = (8, 2), (9, 1)
"""How true members are to their usual terminal: the two numbers of a Beta distribution."""

Key = tuple[bytes, str]


class Visit(NamedTuple):
    """One visit: what is bought, and what the member would like to redeem of what is there."""

    at: int
    terminal: int
    account: bytes
    coffees: int
    points: int
    wants_coffee: bool
    wants_points: float
    """0: nothing; below 1: everything; else so many thousandths."""


class Habit(NamedTuple):
    """Where a member comes, and how often in a month."""

    usual: int
    true: float
    often: int

    def terminal(self, chance: random.Random) -> int:
        others = [0.0 if n == self.usual else share for n, share in enumerate(SHARES)]
        return self.usual if chance.random() < self.true else chance.choices(range(5), others)[0]


@dataclass
class Members:
    """Who comes, and what they had saved before."""

    saved: dict[Key, int] = field(default_factory=dict)
    before: list[tuple[int, bytes, int]] = field(default_factory=list)
    """Terminal, account and points of the visits of the two months before: they are part of what is saved."""
    habits: dict[bytes, Habit] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)


def draw(count: int, seed: int, true_to_it: tuple[int, int] = IN_ONE_TOWN) -> Members:
    """The members and all their visits of the month, in order."""
    chance, members = random.Random(seed), Members()
    for number in range(count):
        account = f"member {number:09}".encode()
        members.saved[account, "points"] = int(chance.lognormvariate(5.01, 1.0)) * POINT
        members.saved[account, "coffee"] = chance.randrange(GOAL)
        usual = chance.choices(range(5), SHARES)[0]
        true = chance.betavariate(*true_to_it)
        often = min(DAYS, int(chance.paretovariate(1.3)))
        habit = members.habits[account] = Habit(usual, true, often)
        for _ in range(2 * often):
            terminal = habit.terminal(chance)
            members.before.append((terminal, account, 6 * POINT))
            members.saved[account, "points"] += 6 * POINT
        members.visits += [visit(chance, account, habit, range(DAYS)) for _ in range(often)]
    members.visits.sort()
    return members


def visit(chance: random.Random, account: bytes, habit: Habit, days: range) -> Visit:
    """One visit on one of these days."""
    terminal = habit.terminal(chance)
    at = chance.choice(days) * DAY_MS + chance.randrange(OPEN_MS)
    bill = int(chance.lognormvariate(1.79, 0.6) * POINT)
    wish = chance.choice([200 * POINT, 500 * POINT, 0.5]) if chance.random() < 0.3 else 0.0
    coffees = chance.choices([0, 1, 2], [2, 7, 1])[0]
    return Visit(at, terminal, account, coffees, bill, chance.random() < 0.9, wish)


def offline(visit: Visit) -> bool:
    """Whether it is paid at the terminal that has no network then."""
    return visit.terminal == OFFLINE and visit.at // DAY_MS in OFFLINE_DAYS


def wishes(visit: Visit, coffee: int, points: int) -> list[tuple[str, int]]:
    """What a member asks for who is shown these balances."""
    wanted = [("coffee", GOAL)] if visit.wants_coffee and coffee >= GOAL else []
    if visit.wants_points and points >= 200 * POINT:
        amount = points if visit.wants_points < 1 else int(visit.wants_points)
        wanted += [("points", amount)] if amount <= points else []
    return wanted
