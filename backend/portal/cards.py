"""What an owner does to an account's cards: block, unblock, replace; merge two accounts; forget a person."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from backend import cards, forgetting, identities, merging, programmes, reports
from backend.api import Cloud
from backend.cards import CannotChange
from backend.forgetting import CannotForget
from backend.merging import CannotMerge
from backend.portal.answers import HEADERS, Text, missing, owner_of_form, show_page
from backend.portal.people import Visitor

ACCOUNTS = "/portal/accounts"
SURE = "forget"
"""What is typed by whoever really wants a person forgotten."""

Change = Callable[[sa.Connection, Visitor, UUID, bytes], str]
"""Changes something of an account, in the network's lock; returns the address of the page that shows it."""


class Cards:
    """Every handler asks who is there first, and finds only that merchant's accounts."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def add_to(self, routes: APIRouter) -> None:
        """Adds the addresses below the portal's."""
        for name, handler in (
            ("block", self.block),
            ("unblock", self.unblock),
            ("replace", self.replace),
            ("merge", self.merge),
            ("forget", self.forget),
        ):
            routes.add_api_route(f"/accounts/{{account}}/{name}", handler, methods=["POST"])

    def block(self, request: Request, account: str, form_token: Text = "", card: Text = "") -> Response:
        def change(connection: sa.Connection, visitor: Visitor, network: UUID, of: bytes) -> str:
            cards.block(connection, network, _theirs(connection, network, of, card))
            return f"{ACCOUNTS}/{of.hex()}"

        return self._change(request, account, form_token, change)

    def unblock(self, request: Request, account: str, form_token: Text = "", card: Text = "") -> Response:
        def change(connection: sa.Connection, visitor: Visitor, network: UUID, of: bytes) -> str:
            cards.unblock(connection, network, _theirs(connection, network, of, card))
            return f"{ACCOUNTS}/{of.hex()}"

        return self._change(request, account, form_token, change)

    def replace(self, request: Request, account: str, form_token: Text = "", card: Text = "", number: Text = "") -> Response:
        def change(connection: sa.Connection, visitor: Visitor, network: UUID, of: bytes) -> str:
            programme = programmes.current(connection, visitor.merchant)
            new = cards.token_of(connection, network, programme, number)
            cards.replace(connection, network, _theirs(connection, network, of, card), new)
            return f"{ACCOUNTS}/{of.hex()}"

        return self._change(request, account, form_token, change)

    def merge(self, request: Request, account: str, form_token: Text = "", into: Text = "") -> Response:
        def change(connection: sa.Connection, visitor: Visitor, network: UUID, of: bytes) -> str:
            new = _bytes(into)
            if reports.account(connection, visitor.merchant, new) is None:
                raise CannotMerge("there is no such account: copy it from the account's page")
            merging.merge(connection, network, of, new, self._cloud.clock(), self._cloud.random)
            return f"{ACCOUNTS}/{new.hex()}"

        return self._change(request, account, form_token, change)

    def forget(self, request: Request, account: str, form_token: Text = "", sure: Text = "") -> Response:
        def change(connection: sa.Connection, visitor: Visitor, network: UUID, of: bytes) -> str:
            if sure.strip().lower() != SURE:
                raise CannotForget(f"nothing was forgotten: type {SURE} to say that you are sure")
            forgetting.forget(connection, network, of, self._cloud.clock(), self._cloud.random)
            return "/portal"

        return self._change(request, account, form_token, change)

    def _change(self, request: Request, account: str, form_token: str, change: Change) -> Response:
        """Only an owner changes cards, and only by a form of this page."""
        visitor = owner_of_form(self._cloud, request, form_token)
        if isinstance(visitor, Response):
            return visitor
        of = _bytes(account)
        try:
            with self._cloud.database.writing() as connection:
                own = identities.lock(connection, identities.own_of(connection, visitor.merchant).id)
                if reports.account(connection, visitor.merchant, of) is None:
                    return missing(visitor)
                shown = change(connection, visitor, own.network, of)
        except (CannotChange, CannotMerge, CannotForget) as error:
            return show_page("not_changed.html", 400, visitor=visitor, why=str(error), account=of.hex())
        return RedirectResponse(shown, 303, HEADERS)


def _theirs(connection: sa.Connection, network: UUID, account: bytes, card: str) -> bytes:
    """The card's token, if it leads to the account that the page shows."""
    token = _bytes(card)
    if token not in {row["token"] for row in reports.cards(connection, network, account)}:
        raise CannotChange("there is no such card: open the account's page again")
    return token


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text.strip())
    except ValueError:
        return b""
