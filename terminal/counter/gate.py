"""Who may use the counter page: whoever holds the one-time address that the terminal printed, in one browser, on this machine.

The token in the address is exchanged for a cookie at its first use. Every request must name this server as its Host (a page of
somebody else that resolves to 127.0.0.1 does not), and a WebSocket must come from our own page (its Origin).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

Message: TypeAlias = MutableMapping[str, Any]

NAMES = ("127.0.0.1", "localhost")

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

NO_COOKIE = "Open the address that the terminal printed: it lets this browser in. Start the demo again for a new one.\n"
USED = "This address was used already. It is good for one browser; start the demo again for a new one.\n"
WRONG_HOST = "Open the counter page by the address that the terminal printed.\n"


class Gate:
    """ASGI middleware in front of the page; `random` makes the token and the cookie.

    With a `session`, the browser that was let in before comes in again, and no other: there is no address then.
    """

    def __init__(self, app: ASGIApp, port: int, random: Callable[[], str], session: str = "") -> None:
        self._app = app
        self._hosts = frozenset(f"{name}:{port}" for name in NAMES)
        self._origins = frozenset(f"http://{host}" for host in self._hosts)
        self._cookie = f"bodka-counter-{port}"  # browsers share cookies between the ports of one host
        self._token = None if session else random()
        self.session = session or random()
        self.address = f"http://127.0.0.1:{port}/?token={self._token}" if self._token else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or answers it."""
        headers = Headers(scope=scope)
        if headers.get("host") not in self._hosts:
            refusal: Response | None = PlainTextResponse(WRONG_HOST, 403, HEADERS)
        elif scope["type"] == "websocket":
            fine = headers.get("origin") in self._origins and self._known(headers)
            refusal = None if fine else PlainTextResponse(NO_COOKIE, 403, HEADERS)
        else:
            refusal = self._exchange(scope) or (None if self._known(headers) else PlainTextResponse(NO_COOKIE, 403, HEADERS))
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the server answers 403
        else:
            await refusal(scope, receive, send)

    def _exchange(self, scope: Scope) -> Response | None:
        """The answer to an address with a token; None for one without."""
        given = parse_qs(scope["query_string"].decode("ascii", "replace")).get("token")
        if not given:
            return None
        if self._token is None or not _same(given[0], self._token):
            return PlainTextResponse(USED if self._token is None else NO_COOKIE, 403, HEADERS)
        self._token = None
        answer = RedirectResponse("/", 303, HEADERS)
        answer.set_cookie(self._cookie, self.session, httponly=True, samesite="strict", path="/")
        return answer

    def _known(self, headers: Headers) -> bool:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        cookie = cookies.get(self._cookie)
        return cookie is not None and _same(cookie.value, self.session)


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
