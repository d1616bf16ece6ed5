"""What a person should look at: nothing here stops a line from being posted, except one that cannot be read (invariant 2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from backend import fleet_tables


class Kind(Enum):
    """What an alarm is about; the value is what the portal shows."""

    UNREADABLE = "a line that cannot be read"
    SAME_ID = "one id with two different entries"
    OFF_HEAD = "a copied or restored terminal"
    TWO_ACCOUNTS = "one card, two accounts"
    CARD_NOT_ACTIVE = "a blocked or replaced card was served"
    WRITTEN_OFF = "a written-off terminal spent"
    OVERDRAFT = "spent without a lease"
    DEBT = "returned goods whose points were already spent"
    UNDONE_TWICE = "one entry undone twice"
    ISSUED_TWICE = "one card issued at two counters"
    NOT_FREE = "points that a rule takes back were spent or leased already"
    NO_PERSON = "an entry that came without its person"
    VOIDED = "a line was voided: correct by hand what it did"
    BROKEN_CHAIN = "stored lines that are not as they were written"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm about the line at `sequence` of `identity`; `account` where one is concerned."""

    kind: Kind
    identity: UUID
    sequence: int
    detail: str
    account: bytes | None = None


def put(connection: sa.Connection, merchant: UUID, alarms: list[Alarm], now_ms: int) -> None:
    """Lists alarms."""
    if alarms:
        connection.execute(sa.insert(fleet_tables.alarm), [_values(merchant, alarm, now_ms) for alarm in alarms])


def put_once(connection: sa.Connection, merchant: UUID, alarm: Alarm, now_ms: int) -> None:
    """Lists an alarm unless the same kind is already listed for the same line: for what every retry finds again."""
    listed = sa.select(fleet_tables.alarm.c.id).where(
        fleet_tables.alarm.c.identity == alarm.identity,
        fleet_tables.alarm.c.sequence == alarm.sequence,
        fleet_tables.alarm.c.kind == alarm.kind.name,
    )
    if connection.execute(listed.limit(1)).first() is None:
        put(connection, merchant, [alarm], now_ms)


def see(connection: sa.Connection, merchant: UUID, alarm: int, by: str, now_ms: int) -> bool:
    """Notes that somebody has looked at an alarm; again changes nothing. False where the merchant has no such alarm."""
    a = fleet_tables.alarm.c
    mine = (a.merchant == merchant) & (a.id == alarm)
    if connection.execute(sa.select(a.id).where(mine)).first() is None:
        return False
    connection.execute(sa.update(fleet_tables.alarm).where(mine, a.seen_ms.is_(None)).values(seen_ms=now_ms, seen_by=by))
    return True


def _values(merchant: UUID, alarm: Alarm, now_ms: int) -> dict[str, Any]:
    return {
        "merchant": merchant,
        "kind": alarm.kind.name,
        "identity": alarm.identity,
        "sequence": alarm.sequence,
        "account": alarm.account,
        "detail": alarm.detail,
        "at_ms": now_ms,
    }
