"""A café to try things with: its programme, members, cards and staff, from the files in `sample/`.

Starting balances are entries like any other, written by the merchant's own identity, so that sums hold.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib import resources
from uuid import UUID

import sqlalchemy as sa

from backend import card_tables, merchant_tables, merchants, own_entries, programmes
from backend.book import Book
from backend.identities import Identity
from backend.numbering import next_changes
from backend.surroundings import Random
from loyalty.entry import Personal, Posting, TokenKind
from loyalty.tokens import TokenKey, token

NAME = "Kaviareň Bodka"
TRAINING = "Cvičná kaviareň"
"""The same café as a merchant to train with."""

SHOP, SHOP_NAME = "hlavna-1", "Hlavná 1"


def is_there(connection: sa.Connection, name: str = NAME) -> bool:
    """Whether the sample was added before."""
    return (
        connection.execute(sa.select(merchant_tables.merchant.c.id).where(merchant_tables.merchant.c.name == name)).first()
        is not None
    )


def add_sample(connection: sa.Connection, now_ms: int, random: Random, *, training: bool = False) -> UUID:
    """Adds the sample network and merchant, a real one or one to train with; returns the merchant's id."""
    name = TRAINING if training else NAME
    network = merchants.found_network(connection, name, now_ms, random)
    own = merchants.open_merchant(connection, network, name, SHOP, SHOP_NAME, now_ms, random, training=training)
    text = resources.files("backend").joinpath("sample", "programme.toml").read_text(encoding="utf-8")
    programmes.publish(connection, own.merchant, text, now_ms)
    key = merchants.current_key(connection, network)
    members = list(_rows("members.csv"))
    cards = list(_rows("cards.csv"))
    # An account is called after the first card that led to it, as it is when a terminal opens one.
    accounts = {card["member"]: _token(key, card["kind"], card["number"]) for card in reversed(cards)}
    _add_members(connection, own, accounts, members)
    _add_cards(connection, own, key, accounts, cards)
    _add_staff(connection, own, key, accounts)
    _add_balances(connection, own, accounts, members, now_ms, random)
    return own.merchant


def _add_members(connection: sa.Connection, own: Identity, accounts: dict[str, bytes], members: list[dict[str, str]]) -> None:
    changes = next_changes(connection, own.network, len(members))
    rows = [
        {
            "network": own.network,
            "account": accounts[member["member"]],
            "name": member["name"],
            "level": member["level"],
            "language": member["language"],
            "change": next(changes),
        }
        for member in members
    ]
    connection.execute(sa.insert(card_tables.member), rows)


def _add_cards(
    connection: sa.Connection, own: Identity, key: TokenKey, accounts: dict[str, bytes], cards: list[dict[str, str]]
) -> None:
    changes = next_changes(connection, own.network, len(cards))
    rows = [
        {
            "network": own.network,
            "token": _token(key, card["kind"], card["number"]),
            "account": accounts[card["member"]],
            "kind": card["kind"],
            "status": card["status"],
            "change": next(changes),
        }
        for card in cards
    ]
    connection.execute(sa.insert(card_tables.card), rows)


def _add_staff(connection: sa.Connection, own: Identity, key: TokenKey, accounts: dict[str, bytes]) -> None:
    people = list(_rows("staff.csv"))
    changes = next_changes(connection, own.network, len(people))
    rows = [
        {
            "merchant": own.merchant,
            "id": person["id"],
            "name": person["name"],
            "token": _token(key, "staff", person["number"]),
            "account": accounts.get(person["member"]),
            "active": True,
            "change": next(changes),
        }
        for person in people
    ]
    connection.execute(sa.insert(card_tables.staff), rows)


def _add_balances(
    connection: sa.Connection,
    own: Identity,
    accounts: dict[str, bytes],
    members: list[dict[str, str]],
    now_ms: int,
    random: Random,
) -> None:
    book = Book(connection, own, now_ms)
    for member in members:
        account = accounts[member["member"]]
        whose = Personal(account, account, TokenKind.CARD)
        for purse in ("points", "coffee"):
            if amount := int(member[purse]):
                own_entries.award(book, whose, Posting(purse, amount), random)
    book.write()


def _token(key: TokenKey, kind: str, number: str) -> bytes:
    return token(key, TokenKind(kind), number)


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = resources.files("backend").joinpath("sample", name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())
