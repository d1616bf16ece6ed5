"""The pages of terminals: what is wrong first; voiding a line, writing a terminal off, and alarms that were seen."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from backend import alarms, fleet, programmes, reports
from backend.accept import void_next
from backend.api import Cloud
from backend.fleet import Terminal
from backend.leases import write_off_terminal
from backend.portal.amounts import Amounts
from backend.portal.answers import HEADERS, Text, check_form, missing, show_page, to_login, who
from backend.portal.people import Visitor

HERE = "/portal/terminals"
_ALARMS, _LEASES, _LISTED = 100, 200, 500
_SHOWN_BYTES = 2_000

Answer = Callable[[sa.Connection, Visitor, Terminal], Response]


class Terminals:
    """Every handler asks who is there first, and finds only that merchant's terminals."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def add_to(self, routes: APIRouter) -> None:
        """Adds the addresses below the portal's."""
        routes.add_api_route("/terminals", self.overview, methods=["GET"])
        routes.add_api_route("/listed", self.listed, methods=["GET"])
        routes.add_api_route("/terminals/{identity}", self.one, methods=["GET"])
        routes.add_api_route("/terminals/{identity}/void", self.ask_void, methods=["GET"])
        routes.add_api_route("/terminals/{identity}/void", self.void, methods=["POST"])
        routes.add_api_route("/terminals/{identity}/write-off", self.ask_write_off, methods=["GET"])
        routes.add_api_route("/terminals/{identity}/write-off", self.write_off, methods=["POST"])
        routes.add_api_route("/alarms/{alarm}/seen", self.seen, methods=["POST"])

    def overview(self, request: Request) -> Response:
        with self._cloud.database.reading() as connection:
            visitor = who(self._cloud, connection, request)
            if visitor is None:
                return to_login()
            return show_page(
                "terminals.html",
                visitor=visitor,
                terminals=fleet.terminals(connection, visitor.merchant, self._cloud.clock()),
                alarms=reports.alarms(connection, visitor.merchant, _ALARMS, unseen=True),
                amounts=Amounts(programmes.current(connection, visitor.merchant)),
            )

    def listed(self, request: Request) -> Response:
        with self._cloud.database.reading() as connection:
            visitor = who(self._cloud, connection, request)
            if visitor is None:
                return to_login()
            amounts = Amounts(programmes.current(connection, visitor.merchant))
            found = fleet.listed(connection, visitor.merchant, _LISTED)
            return show_page("listed.html", visitor=visitor, purses=found, amounts=amounts, limit=_LISTED)

    def one(self, request: Request, identity: str) -> Response:
        def answer(connection: sa.Connection, visitor: Visitor, terminal: Terminal) -> Response:
            return show_page(
                "terminal.html",
                visitor=visitor,
                terminal=terminal,
                stuck=fleet.stuck_line(connection, terminal.id) if terminal.stuck else None,
                leases=fleet.leases(connection, visitor.merchant, terminal.id, _LEASES),
                alarms=reports.alarms(connection, visitor.merchant, _ALARMS, of=terminal.id),
                amounts=Amounts(programmes.current(connection, visitor.merchant)),
                limit=_LEASES,
            )

        return self._read(request, identity, answer)

    def ask_void(self, request: Request, identity: str) -> Response:
        def answer(connection: sa.Connection, visitor: Visitor, terminal: Terminal) -> Response:
            line = fleet.stuck_line(connection, terminal.id) if terminal.stuck else None
            if line is None:
                return RedirectResponse(f"{HERE}/{terminal.id}", 303, HEADERS)
            body = line.body[:_SHOWN_BYTES].decode("utf-8", "replace")
            return show_page("void.html", visitor=visitor, terminal=terminal, line=line, body=body)

        return self._read(request, identity, answer, owner=True)

    def void(self, request: Request, identity: str, form_token: Text = "", sequence: Text = "") -> Response:
        """Gives up the line that was shown, and no other: `sequence` is its number."""

        def answer(connection: sa.Connection, visitor: Visitor, terminal: Terminal) -> Response:
            if sequence.isascii() and sequence.isdigit():
                now, random = self._cloud.clock(), self._cloud.random
                void_next(connection, terminal.id, now, random, by=visitor.email, sequence=int(sequence[:18]))
            return RedirectResponse(f"{HERE}/{terminal.id}", 303, HEADERS)

        return self._write(request, identity, form_token, answer)

    def ask_write_off(self, request: Request, identity: str) -> Response:
        def answer(connection: sa.Connection, visitor: Visitor, terminal: Terminal) -> Response:
            amounts = Amounts(programmes.current(connection, visitor.merchant))
            return show_page("write_off.html", visitor=visitor, terminal=terminal, amounts=amounts)

        return self._read(request, identity, answer, owner=True)

    def write_off(self, request: Request, identity: str, form_token: Text = "") -> Response:
        def answer(connection: sa.Connection, visitor: Visitor, terminal: Terminal) -> Response:
            write_off_terminal(connection, terminal.id, self._cloud.clock())
            return RedirectResponse(f"{HERE}/{terminal.id}", 303, HEADERS)

        return self._write(request, identity, form_token, answer)

    def seen(self, request: Request, alarm: str, form_token: Text = "") -> Response:
        """Somebody has looked at an alarm."""
        with self._cloud.database.reading() as connection:
            visitor = who(self._cloud, connection, request)
        if visitor is None:
            return to_login()
        check_form(visitor, form_token)
        if not (alarm.isascii() and alarm.isdigit()):
            return missing(visitor)
        with self._cloud.database.writing() as connection:
            known = alarms.see(connection, visitor.merchant, int(alarm[:18]), visitor.email, self._cloud.clock())
        return RedirectResponse(HERE, 303, HEADERS) if known else missing(visitor)

    def _read(self, request: Request, identity: str, answer: Answer, *, owner: bool = False) -> Response:
        with self._cloud.database.reading() as connection:
            visitor = who(self._cloud, connection, request)
            if visitor is None:
                return to_login()
            return self._of_theirs(connection, visitor, identity, answer, owner=owner)

    def _write(self, request: Request, identity: str, form_token: str, answer: Answer) -> Response:
        """Only an owner changes a ledger, and only by a form of this page."""
        with self._cloud.database.reading() as connection:
            visitor = who(self._cloud, connection, request)
        if visitor is None:
            return to_login()
        check_form(visitor, form_token)
        with self._cloud.database.writing() as connection:
            return self._of_theirs(connection, visitor, identity, answer, owner=True)

    def _of_theirs(
        self, connection: sa.Connection, visitor: Visitor, identity: str, answer: Answer, *, owner: bool
    ) -> Response:
        try:
            [terminal] = fleet.terminals(connection, visitor.merchant, self._cloud.clock(), UUID(identity))
        except ValueError:  # no id at all, or nobody's that this visitor may know of
            return missing(visitor)
        if owner and not visitor.is_owner:
            return show_page("owner_only.html", 403, visitor=visitor)
        return answer(connection, visitor, terminal)
