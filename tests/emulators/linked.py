"""Terminals as the daemon links them to a cloud that really listens: over loopback, at the same time, in real time."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import httpx
import sqlalchemy as sa
import uvicorn

from backend.app import create_app
from backend.database import open_engine
from backend.pairing import make_code
from emulators.cloud_house import build_house, empty_image
from emulators.drafts import person
from loyalty.entry import Moment
from sync import pairing
from sync.connection import cloud_client
from sync.keys import load_or_make
from terminal.clocks import Clocks
from terminal.inputs import CloudNews, Input
from terminal.link import Link
from terminal.store import Store

PATIENCE = 30.0


class RunningCloud:
    """The cloud behind its web server, in a thread, with one merchant."""

    def __init__(self, file: Path) -> None:
        file.write_bytes(empty_image())
        self.engine = open_engine(f"sqlite:///{file}")
        self.house = build_house(self.engine)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        app = create_app(self.engine)
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), name="cloud")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()
        self.engine.dispose()

    def count(self, query: str) -> int:
        with self.house.database.reading() as connection:
            return int(connection.execute(sa.text(query)).scalar_one() or 0)

    def code(self) -> str:
        with self.engine.begin() as connection:
            return make_code(connection, self.house.merchant, "main", time.time_ns() // 1_000_000, os.urandom)


class Cable(httpx.AsyncBaseTransport):
    """The way to the cloud, which can break also under a request."""

    def __init__(self) -> None:
        self._way = httpx.AsyncHTTPTransport()
        self.broken = asyncio.Event()
        self.requests: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request.url.path)
        sending = asyncio.ensure_future(self._way.handle_async_request(request))
        breaking = asyncio.ensure_future(self.broken.wait())
        try:
            await asyncio.wait((sending, breaking), return_when=asyncio.FIRST_COMPLETED)
            if not sending.done() or self.broken.is_set():
                raise httpx.ConnectError("unplugged", request=request)
            return sending.result()
        finally:
            for waiting in (sending, breaking):
                waiting.cancel()
            await asyncio.gather(sending, breaking, return_exceptions=True)

    async def aclose(self) -> None:
        await self._way.aclose()


class Linked:
    """One terminal's store and link. `link.serve(store.account(person()))` shows its card."""

    def __init__(self, cloud: RunningCloud, folder: Path, idle_seconds: float = 15.0) -> None:
        folder.mkdir()
        self.cloud, self.folder, self._idle_seconds = cloud, folder, idle_seconds
        self.news: list[Input] = []
        self.changed: list[set[bytes]] = []
        self.online = False
        self._way = Cable()
        self.requests = self._way.requests
        self.link: Link
        self.store: Store

    async def __aenter__(self) -> Self:
        key = load_or_make(self.folder, os.urandom)
        async with cloud_client(self.cloud.url) as client:
            paired = await pairing.pair(client, self.cloud.code(), key, "test")
        pairing.save(self.folder, paired)
        self.identity = paired.identity
        self._begin(paired, lambda: None)
        await self.until(lambda: self.online)
        return self

    def _begin(self, paired: pairing.Pairing, between: Callable[[], object]) -> None:
        clocks = Clocks.of_this_boot()
        self.moment: Callable[[], Moment] = clocks.moment
        self.store = Store(self.folder, paired.identity, paired.shop)
        between()
        self.link = Link(
            pairing=paired,
            folder=self.folder,
            store=self.store,
            clocks=clocks,
            emit=self._hear,
            on_changed=self.changed.append,
            idle_seconds=self._idle_seconds,
            transport=self._way,
        )
        self._task = asyncio.create_task(self.link.run())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self.store.close()

    async def restart(self, off: Callable[[], object] = lambda: None, between: Callable[[], object] = lambda: None) -> None:
        """Ends and begins anew: `off` runs while it is off, `between` when the files are open and nothing is linked yet."""
        await self.__aexit__()
        off()
        paired = pairing.load(self.folder)
        assert paired is not None
        self._begin(paired, between)

    def _hear(self, news: Input) -> None:
        self.news.append(news)
        if isinstance(news, CloudNews):
            self.online = news.online

    async def unplug(self) -> None:
        """Nothing reaches the cloud any more, nor what it was asked before."""
        self._way.broken.set()
        self.link.hurry()
        await self.until(lambda: not self.online)

    async def plug_in(self) -> None:
        self.begin_plugging_in()
        await self.until(lambda: self.online)

    def begin_plugging_in(self) -> None:
        self._way.broken.clear()
        self.link.hurry()

    def balance(self) -> int:
        return self.store.account(person()).holding("points").balance

    def spendable(self) -> int:
        return self.store.account(person()).holding("points").spendable

    async def until(self, holds: Callable[[], bool]) -> None:
        """Lets the loop run until it holds."""
        async with asyncio.timeout(PATIENCE):
            while not holds():
                await asyncio.sleep(0.002)
                if self._task.done():
                    self._task.result()
