"""The portal's addresses. Everything but signing in asks who is there, and shows only that merchant's things."""

from __future__ import annotations

import base64

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from backend import device_flow, forgetting, merging, programmes, reports
from backend.api import Cloud
from backend.identities import own_of
from backend.portal import people
from backend.portal.amounts import Amounts
from backend.portal.answers import COOKIE, HEADERS, LOGIN, Text, check_form, missing, same, show_page, to_login, who
from backend.portal.cards import SURE, Cards
from backend.portal.pairing import NewTerminals
from backend.portal.terminals import Terminals
from backend.tries import TooManyTries, Tries

FORM_COOKIE = "bodka-form"

_ACCOUNTS_A_PAGE = 200
_ENTRIES_A_PAGE = 200
_TRIES, _TRIES_WITHIN_MS = 5, 15 * 60 * 1000


def router(cloud: Cloud) -> APIRouter:
    """All pages."""
    routes = APIRouter(prefix="/portal", include_in_schema=False)
    door = _Door(cloud)
    pages = _Pages(cloud)
    routes.add_api_route("/login", door.show, methods=["GET"])
    routes.add_api_route("/login", door.sign_in, methods=["POST"])
    routes.add_api_route("/logout", door.sign_out, methods=["POST"])
    routes.add_api_route("/welcome/{secret}", door.welcome, methods=["GET"])
    routes.add_api_route("/welcome/{secret}", door.choose_password, methods=["POST"])
    routes.add_api_route("", pages.overview, methods=["GET"])
    routes.add_api_route("/accounts/{account}", pages.account, methods=["GET"])
    Cards(cloud).add_to(routes)
    NewTerminals(cloud).add_to(routes)
    Terminals(cloud).add_to(routes)
    return routes


def short_addresses() -> APIRouter:
    """Addresses for small QR codes."""
    routes = APIRouter(include_in_schema=False)

    def pair(code: str) -> Response:
        shown = device_flow.read(code)
        return RedirectResponse(f"{device_flow.PAGE}?code={shown}" if shown else device_flow.PAGE, 303, HEADERS)

    routes.add_api_route(device_flow.SHORT_PAGE + "/{code}", pair, methods=["GET"])
    return routes


class _Door:
    """Signing in and out, and the first owner's welcome."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._tries = Tries(cloud.clock, _TRIES, _TRIES_WITHIN_MS)

    def show(self, request: Request, code: str = "") -> Response:
        return self._form(request, "", 200, code)

    def sign_in(
        self, request: Request, email: Text = "", password: Text = "", form_token: Text = "", code: Text = ""
    ) -> Response:
        if not same(form_token, request.cookies.get(FORM_COOKIE, "")):
            return self._form(request, "This page was open too long: try again.", 403, code)
        keys = [f"address {request.client.host if request.client else ''}", f"email {email.strip().lower()[:200]}"]
        try:
            for key in keys:
                self._tries.check(key)
        except TooManyTries as error:
            return self._form(request, str(error).capitalize() + ".", 429, code)
        # The slow check of the password runs outside the writer's transaction: it would hold up the terminals.
        with self._cloud.database.reading() as connection:
            user = people.check_password(connection, email, password)
        if user is None:
            for key in keys:
                self._tries.failed(key)
            return self._form(request, "This e-mail and password do not belong together.", 403, code)
        with self._cloud.database.writing() as connection:
            secret = people.open_session(connection, user, self._cloud.clock(), self._cloud.random)
        shown = device_flow.read(code)
        response = RedirectResponse(f"{device_flow.PAGE}?code={shown}" if shown else "/portal", 303, HEADERS)
        _set_cookie(request, response, COOKIE, secret)
        return response

    def sign_out(self, request: Request, form_token: Text = "") -> Response:
        secret = request.cookies.get(COOKIE, "")
        with self._cloud.database.reading() as connection:
            visitor = people.visitor(connection, secret, self._cloud.clock())
        if visitor is None:
            return RedirectResponse(LOGIN, 303, HEADERS)
        check_form(visitor, form_token)
        with self._cloud.database.writing() as connection:
            people.close_session(connection, secret)
        response = RedirectResponse(LOGIN, 303, HEADERS)
        response.delete_cookie(COOKIE, path="/portal")
        return response

    def welcome(self, secret: str) -> Response:
        with self._cloud.database.reading() as connection:
            good = people.link_is_good(connection, secret, self._cloud.clock())
        return show_page("welcome.html", 200 if good else 404, good=good, problem="", shortest=people.SHORTEST_PASSWORD)

    def choose_password(self, secret: str, password: Text = "") -> Response:
        now = self._cloud.clock()
        with self._cloud.database.reading() as connection:
            good = people.link_is_good(connection, secret, now)
        if good and len(password) < people.SHORTEST_PASSWORD:
            problem = f"Choose a password of at least {people.SHORTEST_PASSWORD} characters."
            return show_page("welcome.html", 400, good=True, problem=problem, shortest=people.SHORTEST_PASSWORD)
        if good:
            with self._cloud.database.writing() as connection:
                good = people.choose_password(connection, secret, password, now)
        if not good:
            return show_page("welcome.html", 404, good=False, problem="", shortest=people.SHORTEST_PASSWORD)
        return RedirectResponse(LOGIN, 303, HEADERS)

    def _form(self, request: Request, problem: str, status: int, code: str) -> Response:
        token = base64.urlsafe_b64encode(self._cloud.random(24)).decode()
        response = show_page("login.html", status, problem=problem, form_token=token, code=device_flow.read(code))
        _set_cookie(request, response, FORM_COOKIE, token)
        return response


class _Pages:
    """What a merchant sees."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def overview(self, request: Request, page: int = 0) -> Response:
        page = min(max(0, page), 10**6)
        with self._cloud.database.reading() as connection:
            visitor = who(self._cloud, connection, request)
            if visitor is None:
                return to_login()
            found = reports.accounts(connection, visitor.merchant, _ACCOUNTS_A_PAGE + 1, page * _ACCOUNTS_A_PAGE)
            return show_page(
                "overview.html",
                visitor=visitor,
                amounts=Amounts(programmes.current(connection, visitor.merchant)),
                accounts=found[:_ACCOUNTS_A_PAGE],
                page=page,
                more=len(found) > _ACCOUNTS_A_PAGE,
                alarms=reports.unseen_alarms(connection, visitor.merchant),
            )

    def account(self, request: Request, account: str) -> Response:
        with self._cloud.database.reading() as connection:
            visitor = who(self._cloud, connection, request)
            if visitor is None:
                return to_login()
            found = reports.account(connection, visitor.merchant, _bytes(account))
            if found is None:
                return missing(visitor)
            entries = reports.entries(connection, visitor.merchant, found["id"], _ENTRIES_A_PAGE)
            amounts = Amounts(programmes.current(connection, visitor.merchant))
            network = own_of(connection, visitor.merchant).network
            return show_page(
                "account.html",
                visitor=visitor,
                account=found,
                entries=entries,
                amounts=amounts,
                cards=reports.cards(connection, network, found["id"]),
                progress=reports.progress(connection, visitor.merchant, found["id"]),
                leads_to=merging.leads_to(connection, network, found["id"]),
                led_by=merging.led_by(connection, network, found["id"]),
                forgotten=forgetting.is_forgotten(connection, network, found["id"]),
                sure=SURE,
            )


def _set_cookie(request: Request, response: Response, name: str, value: str) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, path="/portal", httponly=True, samesite="strict", secure=secure)


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
