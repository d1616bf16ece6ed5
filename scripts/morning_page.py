"""The counter page in the hands of a script: it does what a person can do there, and waits for what they would see."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect

WAIT_SECONDS = 20.0
"""How long something may take that should come at once: slow machines are no failure."""

WIDTH = 23

STAFF_PANEL = "staff panel"


class NotSeen(Exception):
    """What the script waited for has not come; the text says what was there instead."""


class Page:
    """The page as it stands now, and what can be done on it."""

    def __init__(self, link: ClientConnection) -> None:
        self.screen = ""
        self.online = False
        self.waiting = 0
        self.rows: list[dict[str, Any]] = []
        self.drawn = False
        self._counts = "panel"
        """The panel that a press belongs to."""
        self._link = link
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, address: str) -> Self:
        """Exchanges the one-time address for a cookie, as a browser does, and opens the WebSocket."""
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(address)
        cookies = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())
        host = urlsplit(address).netloc
        headers = {"Cookie": cookies}
        return cls(await connect(f"ws://{host}/talk", origin=f"http://{host}", additional_headers=headers, proxy=None))

    async def close(self) -> None:
        """Leaves the page."""
        await self._link.close()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def until(self, wanted: Callable[[Page], bool], what: str) -> None:
        """Until it is so; raises `NotSeen`."""
        try:
            async with asyncio.timeout(WAIT_SECONDS), self._news:
                await self._news.wait_for(lambda: wanted(self))
        except TimeoutError:
            raise NotSeen(f"waited for {what}; the screen is\n{self.framed()}\nand {self.waiting} entries wait") from None

    async def shows(self, *parts: str) -> None:
        """Until the panel shows a picture with all these words in it."""
        await self.until(lambda page: page.drawn and all(part in page.screen for part in parts), " and ".join(parts))

    async def card(self, key: str) -> None:
        """Shows a card of the tray to its reader, and takes it away again."""
        await self._do("show", card=key)
        await self._do("take", card=key)

    async def press(self, button: str) -> None:
        """Presses a button shortly."""
        await self._do("press", button=button)
        await self._do("release", button=button)

    async def hold(self, button: str, *parts: str) -> None:
        """Holds a button until the panel shows these words."""
        await self._do("press", button=button)
        await self.shows(*parts)
        await self._do("release", button=button)

    async def keys(self, text: str) -> None:
        """Types on the number pad; a space is Enter."""
        for key in text:
            await self._do("key", key="enter" if key == " " else key)

    async def network(self, *, on: bool) -> None:
        """Turns the network switch."""
        await self._do("network", on=on)

    def framed(self) -> str:
        """The screen as text in a frame."""
        lines = [f"  │ {line:^{WIDTH}} │" for line in self.screen.splitlines()]
        edge = "─" * (WIDTH + 2)
        return "\n".join((f"  ┌{edge}┐", *lines, f"  └{edge}┘"))

    async def _do(self, action: str, **what: object) -> None:
        await self._link.send(json.dumps({"do": action, **what}))

    async def _read(self) -> None:
        async for message in self._link:
            async with self._news:
                self._hear(json.loads(message))
                self._news.notify_all()

    def _hear(self, message: dict[str, Any]) -> None:
        match message["say"]:
            case "screen":
                self.screen, self.drawn = message["text"], False
            case "picture":
                if message["panel"] == STAFF_PANEL:
                    self._counts = STAFF_PANEL
                if message["panel"] == self._counts:
                    self.drawn = message["width"] > 0
            case "cloud":
                self.online, self.waiting = message["online"], message["waiting"]
            case "journal":
                self.rows = message["rows"]
            case "wrong":
                raise NotSeen(f"the page did not understand the script: {message['text']}")
