"""Which count of changes a network is at: a new one after a backup was restored, so that every terminal fetches all anew."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from backend import merchant_tables
from backend.surroundings import Random
from loyalty.ids import uuid7

_COUNT = sa.select(merchant_tables.network.c.change, merchant_tables.network.c.epoch).where(
    merchant_tables.network.c.id == sa.bindparam("network")
)


class Count(NamedTuple):
    """How far a network counts its changes, and which count it is."""

    change: int
    epoch: UUID


def count_of(connection: sa.Connection, network: UUID) -> Count:
    """The network's count as it stands."""
    return Count(*connection.execute(_COUNT, {"network": network}).one())


def begin_anew(connection: sa.Connection, now_ms: int, random: Random) -> int:
    """Begins a new count in every network of this cloud, and says in how many.

    Change numbers that were given out after the backup come again for other rows: a terminal that has seen the first ones must
    not take the second for old.
    """
    networks = connection.execute(sa.select(merchant_tables.network.c.id)).scalars().all()
    for network in networks:
        epoch = uuid7(now_ms, random(10))
        connection.execute(
            sa.update(merchant_tables.network).where(merchant_tables.network.c.id == network).values(epoch=epoch)
        )
    return len(networks)
