"""A blocking HTTP client for an ASGI application, without a server or a socket; keeps cookies as a browser does."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx


class AsgiClient:
    """`get` and `post` like httpx's. Redirects are not followed; an error inside the application is a 500 answer."""

    def __init__(self, app: Any, base: str = "http://cloud") -> None:
        self._app = app
        self._base = base
        self.cookies = httpx.Cookies()

    def get(self, url: str, **more: Any) -> httpx.Response:
        return self.request("GET", url, **more)

    def post(self, url: str, **more: Any) -> httpx.Response:
        return self.request("POST", url, **more)

    def request(self, method: str, url: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._request(method, url, **more))

    async def _request(self, method: str, url: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=self._base, cookies=self.cookies) as client:
            response = await client.request(method, url, **more)
            self.cookies = client.cookies
            return response
