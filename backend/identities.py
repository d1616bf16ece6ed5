"""Identities: who writes a chain. A paired terminal has one at a time; each merchant has one of its own in the cloud."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import msgspec
import sqlalchemy as sa

from backend import fleet_tables, merchant_tables
from backend.statements import keyed, setting
from loyalty.chain import GENESIS, Head
from sync.messages import Standing, Told

PUBLIC_KEY_BYTES = 32
_LARGEST = 2**63 - 1
_LONGEST_HEALTH = 4_096
"""Bytes: some dozens of devices."""


class UnknownIdentity(LookupError):
    """There is no such identity in this cloud."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity as it stands now. `head` is the last stored line, `posted` the last posted one."""

    id: UUID
    network: UUID
    merchant: UUID
    shop: str
    device: str
    public_key: bytes | None
    standing: Standing
    head: Head
    posted: Head
    counter: int
    renews: UUID | None
    accepted: int | None


_COLUMNS = [column for column in fleet_tables.identity.c if column.name not in ("request", "answer")]
# Made once: every request asks several times.
_BY_ID = sa.select(*_COLUMNS).where(fleet_tables.identity.c.id == sa.bindparam("of"))
_ITS_NETWORK = (
    sa.select(fleet_tables.identity.c.network).where(fleet_tables.identity.c.id == sa.bindparam("of")).scalar_subquery()
)
_LOCK = sa.select(merchant_tables.network.c.id).where(merchant_tables.network.c.id == _ITS_NETWORK).with_for_update()
_TWO_ACTIVE = (
    sa.select(fleet_tables.identity.c.id)
    .where(
        fleet_tables.identity.c.merchant == sa.bindparam("merchant"),
        fleet_tables.identity.c.public_key.is_not(None),
        fleet_tables.identity.c.standing == Standing.GOOD.value,
    )
    .limit(2)
)


def find(connection: sa.Connection, identity: UUID) -> Identity:
    """The identity by its id, of whichever merchant; raises `UnknownIdentity`."""
    row = connection.execute(_BY_ID, {"of": identity}).one_or_none()
    if row is None:
        raise UnknownIdentity(f"no terminal is paired as {identity}: pair it anew")
    return _identity(row)


def lock(connection: sa.Connection, identity: UUID) -> Identity:
    """Takes the network's lock for this transaction, and the identity as it stands under it.

    Everything that changes a ledger or reads a consistent picture of it goes through here. On SQLite the transaction already
    holds the only writer's lock.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(_LOCK, {"of": identity})
    return find(connection, identity)


def add(
    connection: sa.Connection,
    *,
    id: UUID,
    network: UUID,
    merchant: UUID,
    shop: str,
    device: str,
    public_key: bytes | None,
    now_ms: int,
    renews: UUID | None = None,
    accepted: int | None = None,
) -> Identity:
    """A new identity with no lines and no leases."""
    connection.execute(
        sa.insert(fleet_tables.identity).values(
            id=id,
            network=network,
            merchant=merchant,
            shop=shop,
            device=device,
            public_key=public_key,
            standing=Standing.GOOD.value,
            head_sequence=0,
            head_hash=GENESIS,
            posted=0,
            posted_hash=GENESIS,
            renews=renews,
            accepted=accepted,
            made_ms=now_ms,
            counter=0,
        )
    )
    return find(connection, id)


def set_head(connection: sa.Connection, identity: Identity, head: Head) -> None:
    """Remembers the last line that is stored."""
    _update(connection, identity, head_sequence=head.sequence, head_hash=head.hash)


def set_posted(connection: sa.Connection, identity: Identity, posted: Head) -> None:
    """Remembers the last line that is posted."""
    _update(connection, identity, posted=posted.sequence, posted_hash=posted.hash)


def set_standing(connection: sa.Connection, identity: Identity, standing: Standing) -> None:
    """Remembers what the merchant decided about this terminal."""
    _update(connection, identity, standing=standing.value)


def note_told(
    connection: sa.Connection, identity: Identity, head: Head, told: Told | None, standing: Standing, now_ms: int
) -> None:
    """Remembers what a terminal said of itself, and what it was answered, for the merchant's page."""
    said: dict[str, object] = {"told_head": max(0, min(head.sequence, _LARGEST)), "told_standing": standing.value}
    if told is not None:
        waiting, age = max(0, min(told.waiting, _LARGEST)), max(0, min(told.oldest_ms, now_ms))
        said |= {"told_waiting": waiting, "told_since_ms": now_ms - age if waiting else None}
        said |= {"told_programme": max(0, min(told.programme, 2**31 - 1))}
        said |= {"told_up_ms": max(0, min(told.up_ms, _LARGEST))}
        if told.health is not None:
            kept = msgspec.json.encode(told.health)
            said |= {"told_health": kept if len(kept) <= _LONGEST_HEALTH else None}
    _update(connection, identity, **said)


def note_request(
    connection: sa.Connection, identity: Identity, counter: int, digest: bytes, answer: bytes | None, now_ms: int
) -> None:
    """Remembers a terminal's last request, and its answer where it is to be given again to a repeat."""
    _update(connection, identity, counter=counter, request=digest, answer=answer, seen_ms=now_ms)


def call(connection: sa.Connection, merchant: UUID, identity: UUID, change: int) -> None:
    """Remembers a change that the terminal is told of at once, where it waits (`doorbell.look`)."""
    of = keyed(fleet_tables.identity, {"merchant": merchant, "id": identity})
    connection.execute(setting(fleet_tables.identity, "called"), of | {"called": change})


def own_of(connection: sa.Connection, merchant: UUID) -> Identity:
    """The merchant's own identity in the cloud, for entries that no terminal wrote."""
    chosen = sa.select(*_COLUMNS).where(
        fleet_tables.identity.c.merchant == merchant, fleet_tables.identity.c.public_key.is_(None)
    )
    return _identity(connection.execute(chosen).one())


def is_sole_active(connection: sa.Connection, identity: Identity) -> bool:
    """Whether this is the merchant's only terminal in good standing, so that everything may be leased to it."""
    return connection.execute(_TWO_ACTIVE, {"merchant": identity.merchant}).scalars().all() == [identity.id]


def _update(connection: sa.Connection, identity: Identity, **values: object) -> None:
    of = keyed(fleet_tables.identity, {"merchant": identity.merchant, "id": identity.id})
    connection.execute(setting(fleet_tables.identity, *values), of | values)


def _identity(row: sa.Row[tuple[object, ...]]) -> Identity:
    return Identity(
        id=row.id,
        network=row.network,
        merchant=row.merchant,
        shop=row.shop,
        device=row.device,
        public_key=row.public_key,
        standing=Standing(row.standing),
        head=Head(row.head_sequence, row.head_hash),
        posted=Head(row.posted, row.posted_hash),
        counter=row.counter,
        renews=row.renews,
        accepted=row.accepted,
    )
