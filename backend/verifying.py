"""Reading stored lines again: whether each chain is still as its terminal wrote it.

On acceptance every line is checked against its signature's identity and the line before it. This finds what happened later: a
damaged disk, a restored database, somebody's hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from backend import alarms, fleet_tables, identities, lines
from backend.alarms import Alarm, Kind
from backend.database import Database
from loyalty.chain import BrokenChain, Head, extend

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Verified:
    """How far an identity's chain is whole (`through`), how many lines were read, and what is wrong behind it ("": nothing)."""

    identity: UUID
    device: str
    through: Head
    read: int
    broken: str


def every_identity(connection: sa.Connection, merchant: UUID | None = None) -> list[UUID]:
    """All chains there are, the merchants' own in the cloud among them; of one merchant where it is named."""
    i = fleet_tables.identity.c
    wanted = sa.select(i.id).order_by(i.made_ms, i.id)
    return list(connection.execute(wanted if merchant is None else wanted.where(i.merchant == merchant)).scalars())


def verify(database: Database, identity: UUID, now_ms: int, *, everything: bool) -> Verified:
    """Reads the lines of one chain: all, or those after the last that was found whole. A break is an alarm, listed once.

    Reads in a snapshot of its own, so that terminals are served all the while.
    """
    with database.reading() as connection:
        writer, found = identities.find(connection, identity), Head()
        last = connection.execute(
            sa.select(fleet_tables.identity.c.verified, fleet_tables.identity.c.verified_hash).where(
                fleet_tables.identity.c.id == identity
            )
        ).one()
        if not everything and last.verified:
            found = Head(last.verified, last.verified_hash)
        start, broken = found.sequence, ""
        while not broken and (batch := lines.after(connection, writer, found.sequence, _AT_ONCE)):
            for line, hash, _ in batch:
                try:
                    head = extend(identity, found, line)
                except BrokenChain as error:
                    broken = str(error)
                    break
                if head.hash != hash:
                    broken = f"line {line.sequence} is not the one that was stored"
                    break
                found = head
        if not broken and found != writer.head:
            broken = f"line {writer.head.sequence} is the last that the terminal was told is stored; it is not here"
    with database.writing() as connection:
        kept = {"verified": found.sequence, "verified_hash": found.hash, "verified_ms": now_ms}
        connection.execute(sa.update(fleet_tables.identity).where(fleet_tables.identity.c.id == identity).values(kept))
        if broken:
            alarm = Alarm(Kind.BROKEN_CHAIN, identity, found.sequence + 1, f"{broken}: restore these lines from a backup")
            alarms.put_once(connection, writer.merchant, alarm, now_ms)
    return Verified(identity, writer.device, found, found.sequence - start, broken)
