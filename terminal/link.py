"""The terminal's way to the cloud: the courier, and its news in the conversation's words."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import structlog

from loyalty.programme import ProgrammeError, read
from sync.connection import cloud_client
from sync.counter import RequestCounter
from sync.courier import CloudState, Courier
from sync.history import Waiting
from sync.keys import load_or_make
from sync.messages import ProgrammeText, Standing
from sync.pairing import Pairing
from sync.signing import RequestSigner
from terminal.clocks import Clocks, monotonic_ms
from terminal.inputs import CloudNews, Input, ProgrammeNews
from terminal.store import Store

log = structlog.get_logger("link")


class Link:
    """Keeps journal and cloud in step; `emit` hears of it."""

    def __init__(
        self,
        *,
        pairing: Pairing,
        folder: Path,
        store: Store,
        clocks: Clocks,
        emit: Callable[[Input], None],
        on_changed: Callable[[set[bytes]], None],
        idle_seconds: float,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._store, self._clocks, self._emit, self._on_changed = store, clocks, emit, on_changed
        self._pairing, self._folder, self._idle_seconds, self._transport = pairing, folder, idle_seconds, transport
        self._since = monotonic_ms()
        self._online: bool | None = None
        self._courier: Courier | None = None
        store.on_damage = self._mirror_damaged

    async def run(self) -> None:
        """Serves until cancelled."""
        key = load_or_make(self._folder, os.urandom)
        signer = RequestSigner(self._pairing.identity, key, lambda: self._clocks.moment().wall_ms / 1000)
        counter = await self._store.run_blocking(partial(RequestCounter, self._store.writer.journal))
        trusted = self._clocks.trusted()
        client = cloud_client(self._pairing.cloud, auth=signer, clock_trusted=trusted, transport=self._transport)
        async with client:
            self._courier = Courier(
                client,
                self._store.writer.journal,
                self._store.writer.mirror,
                counter,
                run_blocking=self._store.run_blocking,
                moment=self._clocks.moment,
                sleep=asyncio.sleep,
                random=random.random,
                on_cloud=self._tell,
                on_changed=self._on_changed,
                on_programme=self._programme,
                remake_mirror=self._store.remake_mirror,
                idle_seconds=self._idle_seconds,
            )
            await self._courier.run()

    def wake(self) -> None:
        """An entry was recorded: it is sent at once, if the network is there."""
        if self._courier is not None:
            self._courier.wake()

    def hurry(self) -> None:
        """The network is back: everything is sent now, whatever was waited for."""
        if self._courier is not None:
            self._courier.hurry()

    async def ask(self, account: bytes, purse: str, instance: str, need: int) -> bool:
        """Whether the cloud has answered in time; its row is in the mirror then."""
        return self._courier is not None and await self._courier.ask(account, purse, need, instance) is not None

    def _mirror_damaged(self) -> None:
        if self._courier is not None:
            self._courier.mirror_damaged()

    def _tell(self, state: CloudState) -> None:
        if state.online is not self._online:
            self._online, self._since = state.online, monotonic_ms()
            log.info("cloud", online=state.online, trouble="" if state.online else state.trouble)
        age = Waiting(state.waiting, state.oldest).age_ms(self._clocks.moment())
        stopped = state.standing is not Standing.GOOD
        self._emit(CloudNews(state.online, state.waiting, age, self._since, state.trouble, stopped))

    def _programme(self, text: ProgrammeText) -> None:
        try:
            self._emit(ProgrammeNews(read(text.text)))
        except ProgrammeError as error:
            log.error("this version cannot read the shop's new programme; it goes on with the old one", why=str(error))
