"""The page that adds a terminal: a code that the terminal scans, or the code that the terminal shows; and Wi-Fi as a code."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from backend import device_flow, merchants
from backend.api import Cloud
from backend.pairing import CODE_LASTS_MS, ExpiredCode, UsedCode, WrongCode, make_code
from backend.portal.answers import Text, owner_of_form, show_page, to_login, who
from backend.portal.people import Visitor
from backend.tries import TooManyTries, Tries
from sync import setup_codes
from sync.setup_codes import SetupMistake, Wifi

_WHICH_SHOP = "choose the shop that the terminal stands in"
_TRIES, _TRIES_WITHIN_MS = 10, 10 * 60 * 1000

Answer = Callable[[sa.Connection, Visitor], Response]


class NewTerminals:
    """Only an owner adds terminals."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._tries = Tries(cloud.clock, _TRIES, _TRIES_WITHIN_MS)

    def add_to(self, routes: APIRouter) -> None:
        """Adds the addresses below the portal's."""
        routes.add_api_route("/pair", self.ask, methods=["GET"])
        routes.add_api_route("/pair/code", self.make, methods=["POST"])
        routes.add_api_route("/pair/shown", self.approve, methods=["POST"])
        routes.add_api_route("/pair/wifi", self.wifi, methods=["POST"])

    def ask(self, request: Request, code: str = "") -> Response:
        """The page; `code` is the one that a terminal shows, where its QR code led here."""
        shown = device_flow.read(code)
        with self._cloud.database.reading() as connection:
            visitor = who(self._cloud, connection, request)
            if visitor is None:
                return to_login(shown)
            if not visitor.is_owner:
                return show_page("owner_only.html", 403, visitor=visitor)
            return self._page(connection, visitor, code=shown)

    def make(self, request: Request, shop: Text = "", device: Text = "", form_token: Text = "") -> Response:
        """A code for a terminal's own scanner, to be shown on this screen or printed."""

        def answer(connection: sa.Connection, visitor: Visitor) -> Response:
            try:
                place = merchants.choose_shop(connection, visitor.merchant, shop or None)
            except merchants.UnknownMerchant:
                return self._page(connection, visitor, problem=_WHICH_SHOP, status=400)
            now, random = self._cloud.clock(), self._cloud.random
            code = make_code(connection, visitor.merchant, place, now, random, device=device.strip()[:200])
            words = setup_codes.pairing(code, self._home(request))
            minutes = CODE_LASTS_MS // 60_000
            qr = _qr(setup_codes.in_digits(words))
            return show_page("pair_code.html", visitor=visitor, code=code, words=words, qr=qr, minutes=minutes)

        return self._write(request, form_token, answer)

    def approve(self, request: Request, code: Text = "", shop: Text = "", device: Text = "", form_token: Text = "") -> Response:
        """The merchant has typed the code that a terminal shows."""

        def answer(connection: sa.Connection, visitor: Visitor) -> Response:
            key = str(visitor.merchant)
            try:
                self._tries.check(key)
                place = merchants.choose_shop(connection, visitor.merchant, shop or None)
                device_flow.approve(connection, visitor.merchant, place, code, device.strip(), self._cloud.clock())
            except (WrongCode, UsedCode, ExpiredCode, TooManyTries) as error:
                self._tries.failed(key)
                return self._page(connection, visitor, code=code[:20], problem=str(error), status=400)
            except merchants.UnknownMerchant:
                return self._page(connection, visitor, code=code[:20], problem=_WHICH_SHOP, status=400)
            return show_page("pair_done.html", visitor=visitor)

        return self._write(request, form_token, answer)

    def wifi(
        self, request: Request, name: Text = "", password: Text = "", hidden: Text = "", form_token: Text = ""
    ) -> Response:
        """A network as a code that scanners of any layout type. It is kept nowhere."""

        def answer(connection: sa.Connection, visitor: Visitor) -> Response:
            try:
                digits = setup_codes.in_digits(setup_codes.wifi(Wifi(name, password, hidden == "yes")))
            except SetupMistake as error:
                return self._page(connection, visitor, problem=str(error), status=400)
            return show_page("pair_wifi.html", visitor=visitor, network=name, qr=_qr(digits))

        return self._write(request, form_token, answer)

    def _home(self, request: Request) -> str:
        return self._cloud.public_url or str(request.base_url).rstrip("/")

    def _page(
        self, connection: sa.Connection, visitor: Visitor, *, code: str = "", problem: str = "", status: int = 200
    ) -> Response:
        shops = merchants.shops(connection, visitor.merchant)
        return show_page("pair.html", status, visitor=visitor, shops=shops, code=code, problem=problem)

    def _write(self, request: Request, form_token: str, answer: Answer) -> Response:
        visitor = owner_of_form(self._cloud, request, form_token)
        if isinstance(visitor, Response):
            return visitor
        with self._cloud.database.writing() as connection:
            return answer(connection, visitor)


def _qr(text: str) -> Markup:
    """A QR code as a picture within the page (SVG)."""
    import segno  # late: 20 ms, and only this page needs it

    return Markup(segno.make_qr(text, error="m").svg_inline(scale=5, border=4, light="#fff"))  # noqa: S704  lines of our own making
