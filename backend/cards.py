"""Cards that change: blocked, unblocked, replaced by another (invariant 10). Terminals learn of it at their next pull.

Until then their leases bound the loss; what is served by such a card is posted and flagged.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from backend import card_tables, merchants
from backend.forgetting import tombstones
from backend.numbering import next_changes
from loyalty.account import Status
from loyalty.entry import TokenKind
from loyalty.numbers import Verdict, judge, normalise
from loyalty.programme import Programme
from loyalty.tokens import token


class CannotChange(ValueError):
    """A card that cannot be changed like that; the message says why, and what can be done instead."""


def token_of(connection: sa.Connection, network: UUID, programme: Programme | None, number: str) -> bytes:
    """The token of a card's printed number. Raises `CannotChange` where it is misread or not one of the programme's."""
    verdict, normal = judge(normalise(number), programme.schemes if programme else ())
    if verdict is not Verdict.OURS:
        raise CannotChange("this is not the number of one of your cards: compare it with the card, digit by digit")
    return token(merchants.current_key(connection, network), TokenKind.CARD, normal)


def block(connection: sa.Connection, network: UUID, card: bytes) -> None:
    """From the next pull on the card is refused. Raises `CannotChange` for a card that is not active."""
    _change(connection, network, card, Status.ACTIVE, Status.BLOCKED)


def unblock(connection: sa.Connection, network: UUID, card: bytes) -> None:
    """A blocked card that was found again. Raises `CannotChange` for any other: a replaced card stays replaced."""
    _change(connection, network, card, Status.BLOCKED, Status.ACTIVE)


def replace(connection: sa.Connection, network: UUID, old: bytes, new: bytes) -> None:
    """The new card leads to the old one's account, and the old one is refused from the next pull on.

    Raises `CannotChange` where the new one leads to somebody already, or the old one was replaced before.
    """
    found = _find(connection, network, old)
    if Status(found.status) is Status.REPLACED:
        raise CannotChange("this card was replaced before: replace the newer one")
    c = card_tables.card.c
    if connection.execute(sa.select(c.token).where(c.network == network, c.token == new)).first() is not None:
        raise CannotChange("the new card is somebody's already: take a blank one, or merge the two accounts")
    if tombstones(connection, network, [new]):
        raise CannotChange("the new card belonged to a person who was forgotten: take another one")
    changes = next_changes(connection, network, 2)
    _set(connection, network, old, Status.REPLACED, next(changes))
    connection.execute(
        sa.insert(card_tables.card).values(
            network=network,
            token=new,
            account=found.account,
            kind=TokenKind.CARD.value,
            status=Status.ACTIVE.value,
            change=next(changes),
        )
    )


def _change(connection: sa.Connection, network: UUID, card: bytes, before: Status, after: Status) -> None:
    found = _find(connection, network, card)
    if Status(found.status) is not before:
        raise CannotChange(f"this card is {found.status}, not {before.value}")
    _set(connection, network, card, after, next(next_changes(connection, network, 1)))


def _find(connection: sa.Connection, network: UUID, card: bytes) -> sa.Row[tuple[object, ...]]:
    c = card_tables.card.c
    found = connection.execute(sa.select(card_tables.card).where(c.network == network, c.token == card)).one_or_none()
    if found is None:
        raise CannotChange("there is no such card: open the account's page again")
    return found


def _set(connection: sa.Connection, network: UUID, card: bytes, status: Status, change: int) -> None:
    c = card_tables.card.c
    of = sa.update(card_tables.card).where(c.network == network, c.token == card)
    connection.execute(of.values(status=status.value, change=change))
