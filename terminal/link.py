"""The terminal's way to the cloud: the courier, and its news in the conversation's words."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec
import structlog

from display.screens import Message
from loyalty.account import Account
from loyalty.entry import Draft, Entry
from loyalty.programme import ProgrammeError, read
from sync import mirror
from sync.connection import cloud_client
from sync.counter import RequestCounter
from sync.courier import CloudState, Courier
from sync.doorbell import Doorbell
from sync.history import Waiting
from sync.keys import load_or_make
from sync.messages import Health, ProgrammeText
from sync.pairing import Pairing
from sync.requests import Requests
from sync.signing import RequestSigner
from sync.troubles import Kind, Trouble
from sync.update_messages import UPDATE_PATH, UPDATE_PIECE_PATH, Offer, Piecemeal, Update, UpdatePiece
from terminal import renewal
from terminal.clocks import Clocks, monotonic_ms
from terminal.cloud_report import TROUBLES, Reporter
from terminal.inputs import CloudNews, Input, ProgrammeNews
from terminal.store import Store

log = structlog.get_logger("link")

T = TypeVar("T")

KEEP_TIME_SECONDS = 1_800.0
"""Each time costs the SD card four pages: a frame of the mirror's log lies across two, and its index is mapped.

So much at most does known time fall behind over a power cut, besides the time without power. It is a lower bound anyway
(invariant 9): the dates that go by it are days, and a lower one serves and flags. Within a boot nothing is lost, also not when
the daemon starts anew: the monotonic clock goes on. Ages of entries do not go by it across boots.
"""


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
        health: Callable[[], Health | None] = lambda: None,
    ) -> None:
        self._health = health
        self._store, self._clocks, self._emit, self._on_changed = store, clocks, emit, on_changed
        self._pairing, self._folder, self._idle_seconds, self._transport = pairing, folder, idle_seconds, transport
        self._since = monotonic_ms()
        self._online: bool | None = None
        self._report = Reporter(folder)
        self._courier: Courier | None = None
        self._wanted = asyncio.Event()
        self._renewals: list[asyncio.Future[Message | None]] = []
        store.on_damage = self._mirror_damaged
        self._serving: bytes | None = None
        self._lacking = False
        """Whether the one in conversation has value that cannot be spent here."""
        self._requests: Requests | None = None
        self._shown = asyncio.Event()

    async def run(self) -> None:
        """Serves until cancelled; a new identity gets a new courier, in the same process."""
        while True:
            key = load_or_make(self._folder, os.urandom)
            signer = RequestSigner(self._pairing.identity, key, lambda: self._clocks.moment().wall_ms / 1000)
            counter = await self._store.run_blocking(partial(RequestCounter, self._store.writer.journal))
            client = cloud_client(
                self._pairing.cloud,
                auth=signer,
                authority=self._pairing.authority,
                clock_trusted=self._clocks.trusted,
                transport=self._transport,
            )
            async with client:
                self._courier = courier = self._new_courier(client, counter)
                self._requests = Requests(
                    client, counter, self._store.run_blocking, lambda: self._clocks.moment().wall_ms / 1000
                )
                courier.lending.serving = self._serving
                if self._store.mirror_is_damaged:  # a look has found it before there was a courier
                    courier.mirror_damaged()
                while not await self._serve(courier):
                    pass
                self._requests = None

    def _new_courier(self, client: httpx.AsyncClient, counter: RequestCounter) -> Courier:
        return Courier(
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
            write=self._write,
            called=Doorbell(client).listen,
            health=self._health,
        )

    async def _serve(self, courier: Courier) -> bool:
        """Runs the courier until somebody wants a new identity; whether there is one now."""
        tasks: tuple[asyncio.Future[object], ...] = (
            asyncio.ensure_future(courier.run()),
            asyncio.ensure_future(self._present(courier)),
            asyncio.ensure_future(self._wanted.wait()),
        )
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        # Nothing else speaks for the old identity while the new one is made.
        self._wanted.clear()
        self._pairing, refused = await renewal.renew(self._folder, self._pairing, self._store, courier)
        for asked in self._renewals:
            if not asked.done():
                asked.set_result(refused)
        self._renewals.clear()
        return refused is None

    async def renew(self) -> Message | None:
        """Takes a new identity, in place; None when it is done, else why not. Asking while it is under way joins it."""
        if self._courier is None:
            return Message.RENEW_LATER
        asked: asyncio.Future[Message | None] = asyncio.get_running_loop().create_future()
        self._renewals.append(asked)
        self._wanted.set()
        return await asked

    async def keep_time(self) -> None:
        """Writes known time down every half hour; until cancelled."""
        while True:
            await asyncio.sleep(KEEP_TIME_SECONDS)
            await self._store.keep_time(self._clocks.moment())

    def wake(self) -> None:
        """An entry was recorded: it is sent at once, if the network is there."""
        if self._courier is not None:
            self._courier.wake()

    def hurry(self) -> None:
        """The network is back: everything is sent now, whatever was waited for."""
        if self._courier is not None:
            self._courier.hurry()

    def network_back(self) -> None:
        """There may be a way to the cloud again. Where it was never lost there is nothing to hurry for."""
        if not self._online:
            self.hurry()

    async def ask(self, account: bytes, purse: str, instance: str, need: int) -> bool | None:
        """None where the cloud has not answered in time; else its row is in the mirror. True: more is on its way to us."""
        answered = await self._courier.lending.ask(account, purse, need, instance) if self._courier is not None else None
        return answered.coming > 0 if answered is not None else None

    async def update(self, version: str, architecture: str, refused: tuple[str, ...]) -> Offer:
        """A newer version, if one is offered to this terminal; raises `Trouble`."""
        message = Update(self._pairing.identity, version, architecture, refused)
        return await self._post(UPDATE_PATH, message, Offer)

    async def update_piece(self, offer: Offer, number: int) -> Piecemeal:
        """A piece of it; raises `Trouble`."""
        message = UpdatePiece(self._pairing.identity, offer.version, offer.architecture, number)
        return await self._post(UPDATE_PIECE_PATH, message, Piecemeal)

    async def _post(self, path: str, message: msgspec.Struct, answer: type[T]) -> T:
        if self._requests is None:
            raise Trouble("There is no way to the cloud yet.", Kind.NO_NETWORK)
        return await self._requests.post(path, lambda: message, answer)

    def serve(self, account: Account | None) -> None:
        """Whose card is in conversation here now; None: nobody's. Told again and again, heeded when it changes."""
        serving = account.whose.account if account is not None else None
        if serving == self._serving:
            return
        self._serving = serving
        if self._courier is not None:
            self._courier.lending.serving = serving
            if self.holds_back:
                self._courier.wake()
        # Where all can be spent here there is nothing to ask for; and what was only typed cannot be spent.
        self._lacking = account is not None and not account.typed and any(h.spendable < h.balance for h in account.holdings)
        if self._lacking:
            self._shown.set()

    @property
    def holds_back(self) -> bool:
        """Whether the cloud asks for value of the card that is in conversation here."""
        return self._courier is not None and self._courier.lending.held_back

    async def _present(self, courier: Courier) -> None:
        """Tells the cloud of cards that are shown: one request at a time, and always about the last card."""
        while True:
            await self._shown.wait()
            self._shown.clear()
            if self._serving is not None and self._lacking and self._online:
                await courier.lending.present(self._serving)

    def _write(self, draft: Draft, key: str) -> Entry:
        """In the writer thread."""
        version = mirror.programme_version(self._store.writer.mirror)
        return self._store.write(draft, key, version, self._clocks.moment())

    def _mirror_damaged(self) -> None:
        if self._courier is not None:
            self._courier.mirror_damaged()

    def _tell(self, state: CloudState) -> None:
        if state.online is not self._online:
            self._online, self._since = state.online, monotonic_ms()
            if state.online and self._lacking:
                self._shown.set()
            log.info("cloud", online=state.online, trouble="" if state.online else state.trouble)
        self._report.say(state, self._clocks.moment())
        age = Waiting(state.waiting, state.oldest).age_ms(self._clocks.moment())
        trouble = TROUBLES[state.kind] if state.kind is not None else None
        known = self._store.known_time(self._clocks.moment())
        news = CloudNews(state.online, state.waiting, age, self._since, trouble, state.standing, bool(state.posting), known)
        self._emit(news)

    def _programme(self, text: ProgrammeText) -> None:
        try:
            self._emit(ProgrammeNews(read(text.text)))
        except ProgrammeError as error:
            log.error("this version cannot read the shop's new programme; it goes on with the old one", why=str(error))
