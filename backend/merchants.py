"""Networks, merchants and shops: who shares cards, who runs a programme, and where."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from backend import identities, merchant_tables, opening
from backend.identities import Identity
from backend.surroundings import Random
from loyalty.ids import uuid7
from loyalty.tokens import KEY_BYTES, TokenKey

OWN_DEVICE = "the cloud itself"


class UnknownMerchant(LookupError):
    """No merchant fits; the message says what to do."""


def found_network(connection: sa.Connection, name: str, now_ms: int, random: Random) -> UUID:
    """A new network with its first token key."""
    network = uuid7(now_ms, random(10))
    epoch = uuid7(now_ms, random(10))
    connection.execute(sa.insert(merchant_tables.network).values(id=network, name=name, change=0, epoch=epoch))
    connection.execute(sa.insert(merchant_tables.token_key).values(network=network, id=1, secret=random(KEY_BYTES)))
    return network


def open_merchant(
    connection: sa.Connection,
    network: UUID,
    name: str,
    shop: str,
    shop_name: str,
    now_ms: int,
    random: Random,
    *,
    training: bool = False,
) -> Identity:
    """A new merchant in a network, with a first shop; returns the merchant's own identity in the cloud.

    `training`: nothing of it is real, and its terminals say so.
    """
    merchant = uuid7(now_ms, random(10))
    connection.execute(
        sa.insert(merchant_tables.merchant).values(id=merchant, network=network, name=name, programme=0, training=training)
    )
    connection.execute(sa.insert(merchant_tables.shop).values(merchant=merchant, id=shop, name=shop_name))
    return identities.add(
        connection,
        id=uuid7(now_ms, random(10)),
        network=network,
        merchant=merchant,
        shop=shop,
        device=OWN_DEVICE,
        public_key=None,
        now_ms=now_ms,
    )


def current_key(connection: sa.Connection, network: UUID) -> TokenKey:
    """The key that new tokens of a network are made with."""
    k = merchant_tables.token_key.c
    row = connection.execute(sa.select(k.id, k.secret).where(k.network == network).order_by(k.id.desc()).limit(1)).one()
    return TokenKey(row.id, row.secret)


class Merchant(NamedTuple):
    """A merchant and its network."""

    id: UUID
    network: UUID
    name: str


def every(connection: sa.Connection) -> list[Merchant]:
    """All merchants of this cloud, in no order."""
    m = merchant_tables.merchant.c
    return [Merchant(*row) for row in connection.execute(sa.select(m.id, m.network, m.name))]


def choose(connection: sa.Connection, name: str | None = None) -> UUID:
    """The merchant by its id or name; without either, the only one there is. Raises `UnknownMerchant`."""
    found = connection.execute(sa.select(merchant_tables.merchant.c.id, merchant_tables.merchant.c.name)).all()
    if name is not None:
        found = [row for row in found if name in (row.name, str(row.id))]
    if len(found) == 1:
        merchant: UUID = found[0].id
        return merchant
    if not found:
        raise UnknownMerchant("there is no such merchant: `bodka-cloud sample` makes one to try things with")
    raise UnknownMerchant("there are several such merchants: name one of them by its id")


class Shop(NamedTuple):
    """A shop of a merchant's."""

    id: str
    name: str


def shops(connection: sa.Connection, merchant: UUID) -> list[Shop]:
    """A merchant's shops, by name."""
    s = merchant_tables.shop.c
    return [
        Shop(*row) for row in connection.execute(sa.select(s.id, s.name).where(s.merchant == merchant).order_by(s.name, s.id))
    ]


def set_hours(connection: sa.Connection, merchant: UUID, shop: str, hours: str, zone: str) -> None:
    """When a shop is open; "" as nobody knows it. Raises `opening.UnclearHours`."""
    if hours:
        opening.read(hours, zone)
    s = merchant_tables.shop
    mine = (s.c.merchant == merchant) & (s.c.id == shop)
    connection.execute(sa.update(s).where(mine).values(hours=hours or None, zone=zone if hours else None))


def choose_shop(connection: sa.Connection, merchant: UUID, shop: str | None = None) -> str:
    """The shop by its id; without one, the only one there is. Raises `UnknownMerchant`."""
    s = merchant_tables.shop.c
    ids = connection.execute(sa.select(s.id).where(s.merchant == merchant).order_by(s.id)).scalars().all()
    if shop in ids:
        return str(shop)
    if shop is None and len(ids) == 1:
        return str(ids[0])
    raise UnknownMerchant(f"name one of the merchant's shops with --shop: {', '.join(ids)}")
