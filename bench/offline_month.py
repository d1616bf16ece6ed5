"""A month of a merchant with five terminals, one of them a week without a network: who is refused, and what is overdrawn.

Three ways to treat redemptions are tried on the same visits of the same members: **leases** (as built), **deny offline** (a
terminal without a network lets nobody redeem), and **allow all** (it lets everybody redeem what its last picture shows).

The members are those of `offline_month_members`, drawn from a seed.

The terminal that draws most is cut off from the morning of day 11 to the evening of day 17. A merchant who hears of it may
write it off the next morning: what it held is free again, it takes a new identity when it is back, and what it let people have
of the old leases meanwhile is listed.

Refused is a redemption that the member's true balance (all entries of all terminals) covers and of which the terminal lets him
have nothing. The goal is about those that are refused for want of a lease: of the others the terminal cannot know that so much
is there: what was earned elsewhere in that week has not come to it, or not left. These are told beside it, and so are those who
could pay with some of the points that they wanted to pay with.

One month goes through the real cloud: `backend.accept`, `changes`, `recalls` and the nightly `overnight` on SQLite in memory,
called directly. A terminal's side is the real arithmetic of `loyalty.holding` over its own lines; requests, signatures, the
journal's and mirror's files and the time that messages take are left out: whoever is online answers a recall at once. Chance
weighs much in one month, so many more are reckoned without a cloud (`offline_month_placed`), under other policies as well, and
with the best that could be done by who knew all habits. The same month is told both ways, so that the reckoning can be judged.

    scripts/bench offline-month 1000
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import sqlalchemy as sa
from offline_month_members import (
    DAY_MS,
    DAYS,
    IN_ONE_TOWN,
    IN_SEVERAL,
    OFFLINE,
    OFFLINE_DAYS,
    POINT,
    SHARES,
    Key,
    Members,
    Visit,
    draw,
    offline,
    wishes,
)
from offline_month_placed import NEVER, NEXT_MORNING, Told, allow, best, by_visits, deny, placed, usual_only

from backend import changes, fleet_tables, identities, ledger_tables, own_entries, pairing, programmes, recalls
from backend.accept import accept
from backend.book import Book
from backend.leases import write_off_terminal
from backend.overnight import overnight
from emulators.cloud_house import House, build_house, new_engine
from emulators.terminal_peer import Chain
from loyalty.entry import Cause, Personal, Posting
from loyalty.holding import Own, Row, spendable
from sync.messages import MAX_LINES, Present
from sync.mirror_rows import PurseRow
from sync.pairing_messages import Renew

SEED = 4
SEEDS = range(1, 22)
START = 1_790_000_000_000


# With leases: the real cloud.


class Till:
    """A terminal's side: its chain, its rows, and what its own lines say since."""

    def __init__(self, house: House, chain: Chain) -> None:
        self.house = house
        self._begin(chain)

    def _begin(self, chain: Chain) -> None:
        self.chain = chain
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

    def renew(self, connection: sa.Connection, now: int) -> None:
        """It was written off: what it wrote goes to the cloud, and then it is somebody new, without leases."""
        self.push(connection, now)
        wish = Renew(self.chain.identity, self.chain.head, self.house.chance.randbytes(identities.PUBLIC_KEY_BYTES))
        renewed = pairing.renew(connection, self.chain.identity, wish, now, self.house.chance.randbytes)
        assert renewed.accepted == self.chain.head.sequence, "the cloud has all its lines"
        self._begin(Chain(renewed.identity))
        self.pull(connection, now)

    def _apply(self, rows: tuple[PurseRow, ...], through: int) -> None:
        for row in rows:
            key = (row.account, row.purse)
            self.rows[key] = Row(row.balance, row.granted, through)
            self._changes[key] = [change for change in self._changes[key] if change[0] > through]

    def _is_seen(self, connection: sa.Connection, now: int) -> None:
        i = fleet_tables.identity.c
        connection.execute(sa.update(fleet_tables.identity).where(i.id == self.chain.identity).values(seen_ms=now))


def with_leases(members: Members, written_off: range = NEVER) -> Told:
    """As built, through the real cloud; the terminal that is cut off is written off on these days."""
    house = build_house(new_engine())
    text = (Path(__file__).parent.parent / "backend" / "sample" / "programme.toml").read_text(encoding="utf-8")
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
    told, true, low, day = Told(), dict(members.saved), defaultdict[Key, int](int), -1
    for visit in members.visits:
        while day < visit.at // DAY_MS:
            _night(house, tills, day, START + (day + 1) * DAY_MS - 4 * 3_600_000)
            day += 1
            _morning(house, tills[OFFLINE], day, written_off)
        _serve(house, tills, visit, told, true, low)
    _night(house, tills, DAYS, START + DAYS * DAY_MS)
    with house.database.reading() as connection:
        p = ledger_tables.purse.c
        for (_, purse), least in low.items():
            told.fall(purse, -least)
        for purse, listed in connection.execute(sa.select(p.purse, sa.func.sum(p.overdraft)).group_by(p.purse)):
            told.listed[purse] = listed
        for account, purse, balance in connection.execute(sa.select(p.account, p.purse, p.earned - p.spent)):
            assert true[account, purse] == balance, "the cloud has what was recorded"
    return told


def _morning(house: House, till: Till, day: int, written_off: range) -> None:
    """Whether the merchant gives the terminal up, or it is back and was given up."""
    if day in written_off[:1] or day - 1 in written_off[-1:]:
        with house.database.writing() as connection:
            if day in written_off:
                write_off_terminal(connection, till.chain.identity, START + day * DAY_MS, house.chance.randbytes)
            else:
                till.renew(connection, START + day * DAY_MS)


def _serve(house: House, tills: list[Till], visit: Visit, told: Told, true: dict[Key, int], low: defaultdict[Key, int]) -> None:
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
    # Who is offered more than there is (its lease was written off, and spent elsewhere) asks for that.
    most = {key: max(0, true[key], till.spendable(key)) for key in keys}
    for purse, amount in wishes(visit, most[keys[0]], most[keys[1]]):
        key = (account, purse)
        if had := told.redeem(purse, amount, till.spendable(key), till.shown(key), till not in online):
            till.write(Cause.REDEEM, account, Posting(purse, -had, had))
            true[key] -= had
            low[key] = min(low[key], true[key])
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


def row(name: str, value: float, unit: str, goal: str = "") -> None:
    """One JSON object a line."""
    print(json.dumps({"name": f"offline month, {name}", "value": round(value, 2), "unit": unit, "goal": goal}), flush=True)


def report(policy: str, months: list[Told], goal: str = "") -> None:
    """Medians of these months, beside the least and the most of what the goal is about."""
    lacking = [_share(told, told.lacking) for told in months]
    spread = ""
    if len(months) > 1:
        all_of_them = 100 * sum(told.lacking for told in months) / sum(told.wanted for told in months)
        spread = f", {min(lacking):.2f} to {max(lacking):.2f} % in {len(months)} months, {all_of_them:.2f} % of all"
    row(f"{policy}: refused for want of a lease{spread}", median(lacking), "%", goal)
    row(f"{policy}: all refused that the true balance covers", median(_share(told, told.refused) for told in months), "%")
    row(f"{policy}: those of which the screen does not know", median(_share(told, told.unknown) for told in months), "%")
    row(f"{policy}: offered fewer points than wanted", median(_share(told, told.less) for told in months), "%")
    whole = median(_share(told, told.refused + told.short) for told in months)
    row(f"{policy}: what was wanted and not had, partly or wholly", whole, "%")
    row(f"{policy}: redemptions wanted", median(told.wanted for told in months), "redemptions")
    row(f"{policy}: refused at the terminal without a network", median(told.refused_offline for told in months), "redemptions")
    row(f"{policy}: overdraft", median(told.overdraft / POINT for told in months), "points")
    row(f"{policy}: overdraft", median(told.coffees for told in months), "stamps")
    for purse, listed in months[0].listed.items() if len(months) == 1 else ():
        amount, unit = (listed / POINT, "points") if purse == "points" else (listed, "stamps")
        row(f"{policy}: of leases written off, used and listed", amount, unit)


def reasons(policy: str, months: list[Told]) -> None:
    """Where those come from that are refused for want of a lease: all months together, in parts of a hundred of them."""
    why = sum((told.why for told in months), Counter())
    for (purse, where, member), count in why.most_common():
        of_what = "a full stamp card" if purse == "coffee" else "points"
        row(f"{policy}: of those refused, {of_what}, {where}, a member {member}", 100 * count / why.total(), "%")


def _share(told: Told, part: float) -> float:
    return 100 * part / max(1, told.wanted)


def town(count: int, where: str, true_to_it: tuple[int, int]) -> list[Members]:
    """Many months of members who are so true to their usual terminal, and how they fare with leases."""
    months = [draw(count, seed, true_to_it) for seed in SEEDS]
    away = sum(offline(visit) for members in months for visit in members.visits)
    visits = sum(len(members.visits) for members in months)
    of = f"population {where}, each of {len(months)} months, {visits} visits in all, {away} where there is no network"
    row(of, count, "members")
    as_built = [placed(members, by_visits("0.9")) for members in months]
    report(f"leases, {where}", as_built, "<= 0.5")
    reasons(f"leases, {where}", as_built)
    given_up = [placed(members, by_visits("0.9"), NEXT_MORNING) for members in months]
    report(f"leases, written off the next morning, {where}", given_up, "<= 0.5")
    report(f"deny offline, {where}", [deny(members) for members in months])
    report(f"allow all, {where}", [allow(members) for members in months])
    return months


def main(count: int) -> None:
    """Two months through the real cloud, and many by reckoning."""
    real = draw(count, SEED)
    report(f"leases, the real cloud, seed {SEED}", [with_leases(real)])
    report(f"leases, reckoned, seed {SEED}", [placed(real, by_visits("0.9"))])
    report(f"leases, written off the next morning, the real cloud, seed {SEED}", [with_leases(real, NEXT_MORNING)])
    report(f"leases, written off the next morning, reckoned, seed {SEED}", [placed(real, by_visits("0.9"), NEXT_MORNING)])
    town(count, "shops in several towns", IN_SEVERAL)
    months = town(count, "shops in one town", IN_ONE_TOWN)
    report("leases, the share 0.5", [placed(members, by_visits("0.5")) for members in months])
    report("leases, the share 1", [placed(members, by_visits("1")) for members in months])
    report("leases as before: 0.5, to the usual terminal only", [placed(members, usual_only("0.5")) for members in months])
    oracle = [placed(members, best(members)) for members in months]
    report("the best placement for who knows all habits", oracle)
    reasons("the best placement for who knows all habits", oracle)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
