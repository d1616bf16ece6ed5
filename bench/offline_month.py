"""A month of a merchant with five terminals, one of them a week without a network: who is refused, and what is overdrawn.

Three ways to treat redemptions are tried on the same visits of the same members: **leases** (as built), **deny offline** (a
terminal without a network lets nobody redeem), and **allow all** (it lets everybody redeem what its last picture shows).

The members, drawn from a seed:

- visits in the month: Pareto with shape 1.3 from 1.0, at most 30: many come once or twice, few come every day; mean about 2.6.
  In the two months before, each came twice as often, to the same terminals: the cloud knows their habits
- a usual terminal, one of five that draw 30, 25, 20, 15 and 10 in a hundred; a member is true to it in a share of visits drawn
  from Beta(8, 2), mean 0.8; other visits go to the other terminals in those proportions
- hours: evenly over the 12 hours of 30 days; one coffee stamp in 7 of 10 visits, two in 1 of 10
- bills: log-normal, median 6 EUR, sigma 0.6; one point a euro, beside what was saved: log-normal, median 150, sigma 1.0
- redemption: a full stamp card is redeemed in 9 of 10 visits in which it is full; points are spent when at least 200 are
  there, in 3 of 10 visits: 200, 500 or all, one as likely as the other

The terminal that draws most is cut off from the morning of day 11 to the evening of day 17. Refused is a redemption that the
member's true balance (all entries of all terminals) covers and of which the terminal lets him have nothing; who could pay with
some of the points that he wanted to pay with is counted by himself.

The cloud is real: `backend.accept`, `changes`, `recalls` and the nightly `overnight` on SQLite in memory, called directly. A
terminal's side is the real arithmetic of `loyalty.holding` over its own lines; requests, signatures, the journal's and mirror's
files and the time that messages take are left out: whoever is online answers a recall at once.

    scripts/bench offline-month 1000
"""

from __future__ import annotations

import json
import random
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import sqlalchemy as sa

from backend import changes, identities, own_entries, programmes, recalls, tables
from backend.accept import accept
from backend.book import Book
from backend.overnight import overnight
from emulators.cloud_house import House, build_house, new_engine
from emulators.terminal_peer import Chain
from loyalty.entry import Cause, Personal, Posting
from loyalty.holding import Own, Row, spendable
from sync.messages import MAX_LINES, Present, PurseRow

SEED = 4
DAYS, OPEN_MS, DAY_MS = 30, 12 * 3_600_000, 24 * 3_600_000
START = 1_790_000_000_000
SHARES = (0.30, 0.25, 0.20, 0.15, 0.10)
OFFLINE, OFFLINE_DAYS = 0, range(10, 17)
POINT, GOAL = 1_000, 10

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


@dataclass
class Members:
    """Who comes, and what they had saved before."""

    saved: dict[Key, int] = field(default_factory=dict)
    before: list[tuple[int, bytes, int]] = field(default_factory=list)
    """Terminal, account and points of the visits of the two months before: they are part of what is saved."""
    visits: list[Visit] = field(default_factory=list)


@dataclass
class Told:
    """How a month went under one policy."""

    wanted: int = 0
    refused: int = 0
    refused_offline: int = 0
    less: int = 0
    """Who wanted to pay with points and could with some of them only, which the screen offers then."""
    overdraft: int = 0
    """In thousandths of a point."""
    coffees: int = 0
    """Stamps below zero."""


def draw(count: int) -> Members:
    """The members and all their visits of the month, in order."""
    chance, members = random.Random(SEED), Members()
    for number in range(count):
        account = f"member {number:09}".encode()
        members.saved[account, "points"] = int(chance.lognormvariate(5.01, 1.0)) * POINT
        members.saved[account, "coffee"] = chance.randrange(GOAL)
        usual = chance.choices(range(5), SHARES)[0]
        true = chance.betavariate(8, 2)
        often = min(DAYS, int(chance.paretovariate(1.3)))
        others = [0.0 if n == usual else share for n, share in enumerate(SHARES)]
        for _ in range(2 * often):
            terminal = usual if chance.random() < true else chance.choices(range(5), others)[0]
            members.before.append((terminal, account, 6 * POINT))
            members.saved[account, "points"] += 6 * POINT
        for _ in range(often):
            terminal = usual if chance.random() < true else chance.choices(range(5), others)[0]
            at = chance.randrange(DAYS) * DAY_MS + chance.randrange(OPEN_MS)
            bill = int(chance.lognormvariate(1.79, 0.6) * POINT)
            wish = chance.choice([200 * POINT, 500 * POINT, 0.5]) if chance.random() < 0.3 else 0.0
            coffees = chance.choices([0, 1, 2], [2, 7, 1])[0]
            members.visits.append(Visit(at, terminal, account, coffees, bill, chance.random() < 0.9, wish))
    members.visits.sort()
    return members


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


# The two that need no leases: whole sums, and one terminal that does not hear of the others for a week.


def without_leases(members: Members, *, allow: bool) -> Told:
    """Deny offline, or allow all: a terminal without a network sees its last picture and what it did itself since."""
    told, cloud = Told(), dict(members.saved)
    picture: dict[Key, int] = {}
    waiting: defaultdict[Key, int] = defaultdict(int)
    low: defaultdict[Key, int] = defaultdict(int)
    for visit in members.visits:
        day = visit.at // DAY_MS
        if day in OFFLINE_DAYS and not picture:
            picture = dict(cloud)
        elif day not in OFFLINE_DAYS and waiting:
            for key, change in waiting.items():
                cloud[key] += change
                low[key] = min(low[key], cloud[key])
            waiting.clear()
        away = offline(visit)
        coffee, points = (visit.account, "coffee"), (visit.account, "points")
        shown = {key: picture[key] + waiting[key] if away else cloud[key] for key in (coffee, points)}
        there = {key: cloud[key] + waiting[key] for key in (coffee, points)}
        for purse, amount in wishes(visit, shown[coffee], shown[points]):
            key = (visit.account, purse)
            told.wanted += 1
            if away and not allow:
                told.refused += there[key] >= amount
                told.refused_offline += there[key] >= amount
            elif away:
                waiting[key] -= amount
            else:
                cloud[key] -= amount
        for key, earned in ((coffee, visit.coffees), (points, visit.points)):
            if away:
                waiting[key] += earned
            else:
                cloud[key] += earned
    told.overdraft = -sum(least for (_, purse), least in low.items() if purse == "points")
    told.coffees = -sum(least for (_, purse), least in low.items() if purse == "coffee")
    return told


# With leases: the real cloud.


class Till:
    """A terminal's side: its chain, its rows, and what its own lines say since."""

    def __init__(self, house: House, chain: Chain) -> None:
        self.house, self.chain = house, chain
        self.rows: dict[Key, Row] = {}
        self.cursor = 0
        self._used: defaultdict[Key, int] = defaultdict(int)
        self._changes: defaultdict[Key, list[tuple[int, int]]] = defaultdict(list)

    def own(self, key: Key) -> Own:
        """What its lines say after the row."""
        after = [delta for sequence, delta in self._changes[key] if sequence > self.rows.get(key, Row()).through]
        return Own(self._used[key], sum(max(0, delta) for delta in after), sum(after))

    def spendable(self, key: Key) -> int:
        return spendable(self.rows.get(key, Row()), self.own(key))

    def shown(self, key: Key) -> int:
        return self.rows.get(key, Row()).balance + self.own(key).change_after

    def write(self, cause: Cause, account: bytes, *postings: Posting) -> None:
        self.chain.write(cause, account, *postings)
        for posting in postings:
            key = (account, posting.purse)
            self._used[key] += posting.used
            self._changes[key].append((self.chain.head.sequence, posting.delta))

    def push(self, connection: sa.Connection, now: int) -> None:
        identity = identities.find(connection, self.chain.identity)
        for first in range(identity.head.sequence + 1, self.chain.head.sequence + 1, MAX_LINES):
            push = self.chain.push(first, first + MAX_LINES - 1)
            accept(connection, identity.id, push, now, self.house.chance.randbytes)
        self._is_seen(connection, now)

    def present(self, connection: sa.Connection, account: bytes, now: int) -> None:
        message = Present(self.chain.identity, self.chain.head, account)
        answer = changes.present(connection, self.chain.identity, message, now)
        self._apply(answer.rows, answer.through)
        self._is_seen(connection, now)

    def pull(self, connection: sa.Connection, now: int) -> None:
        more = True
        while more:
            answer = changes.pull(connection, self.chain.identity, self.chain.pull(self.cursor), now)
            self._apply(answer.purses, answer.through)
            self.cursor, more = answer.cursor, answer.more
        self._is_seen(connection, now)

    def give_back(self, connection: sa.Connection, now: int) -> None:
        """What it is asked for, as far as it is there."""
        gave = False
        for recall in recalls.open_to(connection, identities.find(connection, self.chain.identity), now):
            much = self.spendable((recall.account, recall.purse)) - recall.keep
            if much > 0:
                self.write(Cause.GIVE_BACK, recall.account, Posting(recall.purse, 0, much))
                gave = True
        if gave:
            self.push(connection, now)

    def _apply(self, rows: tuple[PurseRow, ...], through: int) -> None:
        for row in rows:
            key = (row.account, row.purse)
            self.rows[key] = Row(row.balance, row.granted, through)
            self._changes[key] = [change for change in self._changes[key] if change[0] > through]

    def _is_seen(self, connection: sa.Connection, now: int) -> None:
        i = tables.identity.c
        connection.execute(sa.update(tables.identity).where(i.id == self.chain.identity).values(seen_ms=now))


def with_leases(members: Members, share: str) -> Told:
    """As built; `share` of what a member has is lent to the usual terminal over night."""
    house = build_house(new_engine())
    text = (Path(__file__).parent.parent / "backend" / "sample" / "programme.toml").read_text(encoding="utf-8")
    text += f'\n[lending]\novernight_share = "{share}"\n'
    with house.database.writing() as connection:
        programmes.publish(connection, house.merchant, text, START)
        tills = [Till(house, house.terminal(connection)) for _ in SHARES]
        book = Book(connection, identities.own_of(connection, house.merchant), START)
        earned_before: defaultdict[Key, int] = defaultdict(int)
        for terminal, account, points in members.before:
            tills[terminal].write(Cause.AWARD, account, Posting("points", points))
            earned_before[account, "points"] += points
        for (account, purse), whole in members.saved.items():
            if amount := whole - earned_before[account, purse]:
                own_entries.award(book, Personal(account, account), Posting(purse, amount), house.chance.randbytes)
        book.write()
        for till in tills:
            till.push(connection, START - DAY_MS)
    told, true, day = Told(), dict(members.saved), -1
    for visit in members.visits:
        while day < visit.at // DAY_MS:
            _night(house, tills, day, START + (day + 1) * DAY_MS - 4 * 3_600_000)
            day += 1
        _serve(house, tills, visit, told, true)
    _night(house, tills, DAYS, START + DAYS * DAY_MS)
    with house.database.reading() as connection:
        p = tables.purse.c
        for purse, overdraft in connection.execute(sa.select(p.purse, sa.func.sum(p.overdraft)).group_by(p.purse)):
            if purse == "points":
                told.overdraft = overdraft
            else:
                told.coffees += overdraft
        for account, purse, balance in connection.execute(sa.select(p.account, p.purse, p.earned - p.spent)):
            assert true[account, purse] == balance, "the cloud has what was recorded"
    return told


def _serve(house: House, tills: list[Till], visit: Visit, told: Told, true: dict[Key, int]) -> None:
    till, now, account = tills[visit.terminal], START + visit.at, visit.account
    online = [other for other in tills if not (other is tills[OFFLINE] and visit.at // DAY_MS in OFFLINE_DAYS)]
    keys = [(account, "coffee"), (account, "points")]
    if till in online:
        with house.database.writing() as connection:
            till.present(connection, account, now)
        if any(till.spendable(key) < till.shown(key) for key in keys):
            with house.database.writing() as connection:
                for other in (other for other in online if other is not till):
                    other.give_back(connection, now)
                till.present(connection, account, now)
    shown = {key: max(0, true[key]) for key in keys}
    for purse, amount in wishes(visit, shown[keys[0]], shown[keys[1]]):
        key = (account, purse)
        told.wanted += 1
        there = till.spendable(key)
        if purse == "points" and POINT <= there < amount:
            told.less += 1
            amount = there
        if there < amount:
            told.refused += 1
            told.refused_offline += till not in online
            continue
        till.write(Cause.REDEEM, account, Posting(purse, -amount, amount))
        true[key] -= amount
    earned = tuple(Posting(purse, much) for purse, much in (("coffee", visit.coffees), ("points", visit.points)) if much)
    if earned:
        till.write(Cause.AWARD, account, *earned)
        for posting in earned:
            true[account, posting.purse] += posting.delta
    if till in online:
        with house.database.writing() as connection:
            till.push(connection, now)


def _night(house: House, tills: list[Till], day: int, now: int) -> None:
    """Everybody who has a network sends, learns, is settled, gives back and learns again."""
    online = [till for till in tills if not (till is tills[OFFLINE] and day in OFFLINE_DAYS)]
    for till in online:
        with house.database.writing() as connection:
            till.push(connection, now)
            till.pull(connection, now)
    overnight(house.database.writing, house.merchant, now)
    for till in online:
        with house.database.writing() as connection:
            till.pull(connection, now)
            till.give_back(connection, now)
    for till in online:
        with house.database.writing() as connection:
            till.pull(connection, now)


def report(policy: str, told: Told, goal: str) -> None:
    """One JSON object a line."""
    share = 100 * told.refused / max(1, told.wanted)
    rows = [
        ("redemptions refused that the balance covers", round(share, 2), "%", goal),
        (
            "paid with fewer points than they wanted, for want of a lease",
            round(100 * told.less / max(1, told.wanted), 2),
            "%",
            "",
        ),
        ("redemptions wanted", told.wanted, "redemptions", ""),
        ("refused in the week at the terminal without a network", told.refused_offline, "redemptions", ""),
        ("overdraft", round(told.overdraft / POINT), "points", ""),
        ("overdraft", told.coffees, "stamps", ""),
    ]
    for name, value, unit, wanted in rows:
        print(
            json.dumps({"name": f"offline month, {policy}: {name}", "value": value, "unit": unit, "goal": wanted}), flush=True
        )


def main(count: int) -> None:
    """The month under each policy."""
    members = draw(count)
    away = sum(offline(visit) for visit in members.visits)
    drawn = f"{count} members, {len(members.visits)} visits, {away} of them at the terminal without a network"
    told = "visits Pareto(1.3) up to 30, usual terminal 30/25/20/15/10 % and true to it Beta(8, 2), see bench/offline_month.py"
    print(
        json.dumps(
            {"name": "offline month: population", "value": count, "unit": "members", "goal": "", "told": f"{drawn}; {told}"}
        )
    )
    report("leases, half over night", with_leases(members, "0.5"), "<= 0.5")
    report("leases, all over night", with_leases(members, "1"), "")
    report("deny offline", without_leases(members, allow=False), "")
    report("allow all", without_leases(members, allow=True), "")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
