"""What every page of the portal has in common: its headers and templates, who is there, and whether a form is ours."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from backend.api import Cloud
from backend.portal import people
from backend.portal.amounts import grouped
from backend.portal.people import Visitor

COOKIE = "bodka-session"
LOGIN = "/portal/login"

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Text = Annotated[str, Form()]


def who(cloud: Cloud, connection: sa.Connection, request: Request) -> Visitor | None:
    """Who asks; None for a stranger."""
    return people.visitor(connection, request.cookies.get(COOKIE), cloud.clock())


def to_login(code: str = "") -> Response:
    """A stranger is sent to the door; `code` is a terminal's, which they go on with once they are in."""
    return RedirectResponse(f"{LOGIN}?code={code}" if code else LOGIN, 303, HEADERS)


def show_page(name: str, status: int = 200, **values: Any) -> Response:
    """A page from its template."""
    return HTMLResponse(_templates.get_template(name).render(**values), status, HEADERS)


def missing(visitor: Visitor) -> Response:
    """There is no such thing, or it is another merchant's: nobody is told which."""
    return show_page("missing.html", 404, visitor=visitor)


def check_form(visitor: Visitor, form_token: str) -> None:
    """Refuses a form that another site's page sent."""
    if not same(form_token, visitor.form_token):
        raise HTTPException(403, "This form does not come from this page: open it again.")


def owner_of_form(cloud: Cloud, request: Request, form_token: str) -> Visitor | Response:
    """Who sent a form of this site, if they are an owner; else the answer that they get."""
    with cloud.database.reading() as connection:
        visitor = who(cloud, connection, request)
    if visitor is None:
        return to_login()
    check_form(visitor, form_token)
    return visitor if visitor.is_owner else show_page("owner_only.html", 403, visitor=visitor)


def same(given: str, wanted: str) -> bool:
    """Compares two secrets, in a time that tells nothing; an empty one is never right."""
    return bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())


def _moment(ms: int | None) -> str:
    """`2026-11-22 10:15`, in UTC; empty for never. A terminal may have claimed any time at all."""
    if ms is None:
        return ""
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return "?"


def _age(ms: int | None) -> str:
    """ "3 h 20 min" in its two largest units; empty for none."""
    if ms is None:
        return ""
    minutes = ms // 60_000
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _make_templates() -> Environment:
    made = Environment(loader=PackageLoader("backend.portal", "pages"), autoescape=True, undefined=StrictUndefined)
    made.filters.update(moment=_moment, age=_age, number=grouped, hex=bytes.hex)
    return made


_templates = _make_templates()
