"""Change numbers of a network, and keys in pieces that fit into one statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa

from backend import merchant_tables

T = TypeVar("T")
_AT_ONCE = 500
_N = merchant_tables.network.c
_RAISE = (
    sa.update(merchant_tables.network).where(_N.id == sa.bindparam("network")).values(change=_N.change + sa.bindparam("count"))
)
_LAST = sa.select(_N.change).where(_N.id == sa.bindparam("network"))


def next_changes(connection: sa.Connection, network: UUID, count: int) -> Iterator[int]:
    """`count` new change numbers. The counter's row is locked until the transaction ends, so a cursor never skips one."""
    if count == 0:
        return iter(())
    connection.execute(_RAISE, {"network": network, "count": count})
    last = last_change(connection, network)
    return iter(range(last - count + 1, last + 1))


def last_change(connection: sa.Connection, network: UUID) -> int:
    """The number of the network's last change."""
    change: int = connection.execute(_LAST, {"network": network}).scalar_one()
    return change


def batches(keys: Iterable[T]) -> Iterator[list[T]]:
    """Pieces that fit into one statement's parameters, each key once."""
    rest = iter(dict.fromkeys(keys))
    while piece := list(islice(rest, _AT_ONCE)):
        yield piece
