"""Every terminal of a merchant as the portal's page shows it: what waits, what is wrong, what is leased to it. Read only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from backend import card_tables, fleet_tables, ledger_tables, lines, merchant_tables
from backend.alarms import Kind
from backend.identities import find
from backend.opening import Hours, UnclearHours, read
from loyalty.entry import Unreadable, decode_personal
from sync.messages import Health, Standing

DAY_MS = 24 * 60 * 60 * 1000
LATE_MS = DAY_MS
"""A terminal that was not heard of for a day, or whose oldest entry is a day old, is looked at first."""
OPEN_LATE_MS = 2 * 60 * 60 * 1000
"""So long its shop must have been open, where it is known when that is."""
HOT_CELSIUS = 80
"""A Raspberry Pi slows down from here on (Raspberry Pi documentation, "Frequency management and thermal control")."""
LEAST_FREE_MB = 100


@dataclass(frozen=True, slots=True)
class Terminal:
    """One identity. `queue` is how many lines it is known to hold that are not here, as far as it told; times are milliseconds.

    `heir` is the identity that was renewed from it, and it is `replaced` where nobody used it since: of two copies the other
    may go on; or where nobody ever will, for it was made for entries out of a file (`backend.imports`). `stuck` says why
    posting stopped behind `posted`. `leased` is what it may still spend, summed by purse.
    """

    id: UUID
    device: str
    shop: str
    standing: str
    stored: int
    posted: int
    queue: int
    oldest_ms: int | None
    seen_ms: int | None
    programme: int | None
    newest_programme: int
    verified: int
    verified_ms: int | None
    heir: UUID | None
    replaced: bool
    stuck: str
    alarms: int
    broken: bool
    leased: Mapping[str, int] = field(default_factory=dict)
    late: bool = False
    within: str = "a day"
    """After how long it counts as late: a day, or some hours in which its shop is open."""
    health: Health | None = None
    up_ms: int | None = None
    """How long its machine had been up when it was seen last."""

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong, worst first, in words that say what follows."""
        found = []
        if self.broken:
            found.append("stored lines are damaged: restore them from a backup")
        if self.stuck:
            found.append("posting has stopped at a line that cannot be read")
        if not self.replaced and self.standing == Standing.OFF_HEAD.value:
            found.append("a copy or a restored backup: staff renew it from its menu")
        if not self.replaced and self.standing == Standing.WRITTEN_OFF.value:
            found.append("written off: if it comes back, staff renew it from its menu")
        if self.late and self.queue:
            found.append(f"its entries have waited for more than {self.within}")
        elif self.late and not self.replaced:
            found.append(f"not heard of for more than {self.within}")
        if not self.replaced and self.health is not None:
            found += ailments(self.health)
        if self.replaced and self.leased:
            found.append("what was leased to it is still out: write it off once no copy of it is in use")
        if not self.replaced and self.programme is not None and self.programme < self.newest_programme:
            found.append(f"still serves version {self.programme} of the programme")
        return tuple(found)

    @property
    def rank(self) -> tuple[int, int, int]:
        """For sorting: the worst first, those that were replaced and are done with last."""
        weights = (self.broken, bool(self.stuck), self.standing != Standing.GOOD.value, self.late, bool(self.troubles))
        worst = next((place for place, there in enumerate(weights) if there), len(weights))
        done = self.replaced and not (self.broken or self.stuck or self.leased)
        return (len(weights) + 1 if done else worst), -self.alarms, -self.queue


def ailments(health: Health) -> list[str]:
    """What the machine says is wrong with it, in words that say what to do."""
    found = [f"{name} is missing: look at its cable" for name in health.missing]
    if health.weak:
        found.append("its power supply is too weak: take the official one, and a short cable")
    if health.celsius is not None and health.celsius >= HOT_CELSIUS:
        found.append(f"it is hot ({health.celsius} °C): give it air")
    if health.free_mb is not None and health.free_mb < LEAST_FREE_MB:
        found.append(f"its disk is nearly full ({health.free_mb} MB are free)")
    return found


@dataclass(frozen=True, slots=True)
class StuckLine:
    """The line at which posting stopped: its bytes, and whose account it names where that much can be read."""

    sequence: int
    body: bytes
    received_ms: int
    account: bytes | None


def terminals(connection: sa.Connection, merchant: UUID, now_ms: int, only: UUID | None = None) -> list[Terminal]:
    """Every terminal that was ever paired, the one with the worst trouble first; or one, where it is the merchant's."""
    i, s = fleet_tables.identity, merchant_tables.shop
    wanted = (
        sa.select(i, s.c.name.label("shop_name"), s.c.hours, s.c.zone)
        .outerjoin_from(i, s, (i.c.merchant == s.c.merchant) & (i.c.shop == s.c.id))
        .where(i.c.merchant == merchant, i.c.public_key.is_not(None))
        .order_by(i.c.made_ms.desc(), i.c.id)
    )
    rows = connection.execute(wanted if only is None else wanted.where(i.c.id == only)).all()
    newest = connection.execute(
        sa.select(merchant_tables.merchant.c.programme).where(merchant_tables.merchant.c.id == merchant)
    ).scalar_one()
    heirs = (
        sa.select(i.c.renews, i.c.id, i.c.made_ms)
        .where(i.c.merchant == merchant, i.c.renews.is_not(None))
        .order_by(i.c.made_ms)
    )
    heir = {row.renews: row for row in connection.execute(heirs)}
    unseen, broken = _alarms(connection, merchant)
    stuck, leased = _stuck(connection, merchant), _leased(connection, merchant)
    found = [
        Terminal(
            id=row.id,
            device=row.device,
            shop=row.shop_name or row.shop,
            standing=_standing(row),
            stored=row.head_sequence,
            posted=row.posted,
            queue=_queue(row),
            oldest_ms=max(0, now_ms - row.told_since_ms) if row.told_since_ms is not None and _queue(row) else None,
            seen_ms=row.seen_ms,
            programme=row.told_programme,
            newest_programme=newest,
            verified=row.verified or 0,
            verified_ms=row.verified_ms,
            heir=heir[row.id].id if row.id in heir else None,
            replaced=_is_replaced(row, heir[row.id].made_ms if row.id in heir else None),
            stuck=stuck.get(row.id, ""),
            alarms=unseen.get(row.id, 0),
            broken=row.id in broken,
            leased=leased.get(row.id, {}),
            late=_late(row, now_ms),
            within="two hours of opening time" if _hours(row) is not None else "a day",
            health=_health(row.told_health),
            up_ms=row.told_up_ms,
        )
        for row in rows
    ]
    return sorted(found, key=lambda terminal: terminal.rank)


def stuck_line(connection: sa.Connection, identity: UUID) -> StuckLine | None:
    """The line that waits behind the last posted one; None where all are posted."""
    writer = find(connection, identity)
    stored = lines.after(connection, writer, writer.posted.sequence, 1)
    if not stored:
        return None
    line, _, received_ms = stored[0]
    try:
        account = decode_personal(line.personal).account if line.personal is not None else None
    except Unreadable:
        account = None
    return StuckLine(line.sequence, line.body, received_ms, account)


def leases(connection: sa.Connection, merchant: UUID, identity: UUID, limit: int) -> list[Mapping[str, Any]]:
    """What one terminal may still spend, purse by purse, the largest first."""
    le = ledger_tables.lease.c
    out = (le.granted - le.used - le.written_off).label("out")
    wanted = sa.select(le.account, le.purse, le.instance, out).where(le.merchant == merchant, le.identity == identity, out > 0)
    ordered = wanted.order_by(out.desc(), le.account, le.purse, le.instance).limit(limit)
    return [dict(row._mapping) for row in connection.execute(ordered)]


def listed(connection: sa.Connection, merchant: UUID, limit: int) -> list[Mapping[str, Any]]:
    """Purses that were overdrawn or owe something, the largest sum first, with the member's name where it is known."""
    p, m, n = ledger_tables.purse.c, card_tables.member.c, merchant_tables.merchant.c
    wanted = (
        sa.select(p.account, p.purse, p.instance, p.overdraft, p.debt, (p.earned - p.spent).label("balance"), m.name)
        .join_from(ledger_tables.purse, merchant_tables.merchant, p.merchant == n.id)
        .outerjoin(card_tables.member, (m.network == n.network) & (m.account == p.account))
        .where(p.merchant == merchant, (p.overdraft > 0) | (p.debt > 0))
        .order_by((p.overdraft + p.debt).desc(), p.account, p.purse, p.instance)
        .limit(limit)
    )
    return [dict(row._mapping) for row in connection.execute(wanted)]


def _standing(row: sa.Row[Any]) -> str:
    """What the merchant decided, or what its last message showed."""
    return str(row.standing if row.standing != Standing.GOOD.value else row.told_standing or row.standing)


def _is_replaced(row: sa.Row[Any], heir_made_ms: int | None) -> bool:
    if heir_made_ms is None:
        return row.seen_ms is None and row.renews is not None and bool(row.standing == Standing.WRITTEN_OFF.value)
    return bool((row.seen_ms or 0) <= heir_made_ms)


def _queue(row: sa.Row[Any]) -> int:
    """Its own head minus what is stored; a copy's head cannot be compared, so there its own count is taken."""
    if row.told_standing == Standing.OFF_HEAD.value:
        return int(row.told_waiting or 0)
    return max(0, int(row.told_head or 0) - int(row.head_sequence))


def _late(row: sa.Row[Any], now_ms: int) -> bool:
    last = row.told_since_ms if row.told_since_ms is not None and _queue(row) else row.seen_ms or row.made_ms
    hours = _hours(row)
    return bool(hours.open_ms(last, now_ms) > OPEN_LATE_MS if hours is not None else now_ms - last > LATE_MS)


def _hours(row: sa.Row[Any]) -> Hours | None:
    try:
        return read(row.hours, row.zone) if row.hours and row.zone else None
    except UnclearHours:
        return None


def _health(told: bytes | None) -> Health | None:
    try:
        return msgspec.json.decode(told, type=Health) if told else None
    except msgspec.MsgspecError:
        return None


def _alarms(connection: sa.Connection, merchant: UUID) -> tuple[dict[UUID, int], set[UUID]]:
    a = fleet_tables.alarm.c
    mine = (a.merchant == merchant) & a.seen_ms.is_(None)
    counted = sa.select(a.identity, sa.func.count().label("number")).where(mine).group_by(a.identity)
    broken = sa.select(a.identity).where(mine, a.kind == Kind.BROKEN_CHAIN.name)
    numbers = {row.identity: int(row.number) for row in connection.execute(counted)}
    return numbers, set(connection.execute(broken).scalars())


def _stuck(connection: sa.Connection, merchant: UUID) -> dict[UUID, str]:
    i, a = fleet_tables.identity.c, fleet_tables.alarm.c
    wanted = (
        sa.select(i.id, a.detail)
        .join_from(fleet_tables.identity, fleet_tables.alarm, (a.identity == i.id) & (a.sequence == i.posted + 1))
        .where(i.merchant == merchant, i.posted < i.head_sequence, a.kind == Kind.UNREADABLE.name)
    )
    return {row.id: row.detail for row in connection.execute(wanted)}


def _leased(connection: sa.Connection, merchant: UUID) -> Mapping[UUID, dict[str, int]]:
    le = ledger_tables.lease.c
    out = sa.func.sum(le.granted - le.used - le.written_off).label("out")
    summed = sa.select(le.identity, le.purse, out).where(le.merchant == merchant).group_by(le.identity, le.purse)
    found: defaultdict[UUID, dict[str, int]] = defaultdict(dict)
    for row in connection.execute(summed.having(out > 0).order_by(le.purse)):
        found[row.identity][row.purse] = int(row.out)
    return found
