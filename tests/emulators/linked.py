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

    def code(self) -> str:
        with self.engine.begin() as connection:
            return make_code(connection, self.house.merchant, "main", time.time_ns() // 1_000_000, os.urandom)


class Linked:
    """One terminal's store and link. `link.serve(store.account(person()))` shows its card."""

    def __init__(self, cloud: RunningCloud, folder: Path, idle_seconds: float = 15.0) -> None:
        folder.mkdir()
        self.cloud, self.folder, self._idle_seconds = cloud, folder, idle_seconds
        self.news: list[Input] = []
        self.changed: list[set[bytes]] = []
        self.online = False
        self.link: Link
        self.store: Store

    async def __aenter__(self) -> Self:
        key = load_or_make(self.folder, os.urandom)
        async with cloud_client(self.cloud.url) as client:
            paired = await pairing.pair(client, self.cloud.code(), key, "test")
        pairing.save(self.folder, paired)
        clocks = Clocks.of_this_boot()
        self.moment: Callable[[], Moment] = clocks.moment
        self.store = Store(self.folder, paired.identity, paired.shop)
        self.link = Link(
            pairing=paired,
            folder=self.folder,
            store=self.store,
            clocks=clocks,
            emit=self._hear,
            on_changed=self.changed.append,
            idle_seconds=self._idle_seconds,
        )
        self._task = asyncio.create_task(self.link.run())
        await self.until(lambda: self.online)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self.store.close()

    def _hear(self, news: Input) -> None:
        self.news.append(news)
        if isinstance(news, CloudNews):
            self.online = news.online

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
