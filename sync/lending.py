"""Borrowing and giving back: asking for leases, presenting a card, and answering what the cloud calls back (invariant 5).

A give-back is a line of the journal like any other: what it frees is granted to others only when the cloud has posted it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeVar
from uuid import UUID

from loyalty.chain import Head
from loyalty.entry import Cause, Draft, Personal, Posting
from loyalty.holding import spendable
from sync import applying, journal, messages, mirror
from sync.damage import DamagedMirror
from sync.messages import Answered, Ask, Present, Presented, Recall, Standing
from sync.refusals import NotRecorded
from sync.requests import Requests, RunBlocking
from sync.troubles import Trouble

ASK_SECONDS = 1.4
"""A little less than the conversation waits: so that it goes on with the answer."""

T = TypeVar("T")

Write = Callable[[Draft, str], object]
"""Records a draft under a key, as `journal.record` does; called in the writer thread. The same key writes once."""


class Heed(Protocol):
    """Takes note of how the cloud says that a terminal stands, and of its head."""

    def __call__(self, asked_as: UUID, standing: Standing, stored: Head, /) -> Awaitable[object]: ...


class Lending:
    """What a terminal does about its leases beside pushing and pulling; all SQLite work goes through `run_blocking`."""

    def __init__(
        self,
        journal_connection: sqlite3.Connection,
        mirror_connection: sqlite3.Connection,
        requests: Requests,
        *,
        run_blocking: RunBlocking,
        sleep: Callable[[float], Awaitable[None]],
        heed: Heed,
        on_changed: Callable[[set[bytes]], None],
        on_damage: Callable[[], None],
        write: Write | None,
    ) -> None:
        self._journal, self._mirror, self._requests = journal_connection, mirror_connection, requests
        self._run_blocking, self._sleep, self._heed = run_blocking, sleep, heed
        self._on_changed, self._on_damage, self._write = on_changed, on_damage, write
        self.serving: bytes | None = None
        """The account in conversation here: nothing of it is given back before it is over."""
        self.held_back = False
        """Whether the last recalls asked for something of the account in conversation."""
        self._applied: set[asyncio.Event] = set()

    def look_into(self, mirror_connection: sqlite3.Connection) -> None:
        """The mirror was made anew."""
        self._mirror = mirror_connection

    async def ask(
        self, account: bytes, purse: str, need: int, instance: str = "", seconds: float = ASK_SECONDS
    ) -> Answered | None:
        """Asks that `need` be spendable here, and waits for what comes back from other terminals, for `seconds` in all.

        The cloud's answer, whose row is in the mirror (what came back since is there too); None where no usable one came in
        time. An answer that is lost does no harm: asking again asks for the same total.
        """

        def at_hand(connection: sqlite3.Connection) -> tuple[int, int]:
            row = mirror.rows(self._mirror, connection)(account, purse, instance)
            return row.granted, spendable(row, journal.own(connection, account, purse, instance, row.through))

        def question() -> Ask:
            granted, have = at_hand(self._journal)
            return Ask(identity, journal.head(self._journal), account, purse, instance, granted + max(0, need - have))

        patience = asyncio.ensure_future(self._sleep(seconds))
        try:
            async with asyncio.timeout(seconds):
                identity = (await self._blocking(journal.current)).identity
                answer = await self._requests.post(messages.ASK_PATH, question, Answered)
                await self._heed(identity, answer.standing, Head(answer.through, answer.hash))
                await self._blocking(lambda c: applying.apply_answer(self._mirror, c, identity, answer))
            while answer.coming and not patience.done() and (await self._blocking(at_hand))[1] < need:
                await self._news(patience)
        except DamagedMirror:
            self._on_damage()
            return None
        except (Trouble, TimeoutError, applying.Misplaced, NotRecorded):
            return None
        finally:
            patience.cancel()
        return answer

    async def present(self, account: bytes) -> bool:
        """Tells the cloud whose card is shown here; whether its answer is in the mirror."""
        try:
            identity = (await self._blocking(journal.current)).identity
            presented = await self._requests.post(
                messages.PRESENT_PATH, lambda: Present(identity, journal.head(self._journal), account), Presented
            )
            await self._heed(identity, presented.standing, Head(presented.through, presented.hash))
            await self._blocking(lambda c: applying.apply_answer(self._mirror, c, identity, presented))
        except DamagedMirror:
            self._on_damage()
            return False
        except (Trouble, applying.Misplaced, NotRecorded):
            return False
        self._on_changed({account})
        return True

    async def give_back(self, recalls: Iterable[Recall]) -> bool:
        """Records what the cloud asks back, as far as it is there and its card is not in front of us; whether anything was."""
        gave, self.held_back = False, False
        for recall in recalls if self._write is not None else ():
            if await self._blocking(partial(self._give_back, recall=recall)):
                gave = True
                self._on_changed({recall.account})
        return gave

    def applied(self) -> None:
        """New rows are in the mirror: whoever waits for value looks again."""
        for waiting in self._applied:
            waiting.set()

    async def _news(self, patience: asyncio.Future[None]) -> None:
        """Waits until new rows are in the mirror, or until patience ends."""
        applied = asyncio.Event()
        self._applied.add(applied)
        waiting = asyncio.ensure_future(applied.wait())
        try:
            await asyncio.wait((waiting, patience), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            self._applied.discard(applied)

    def _give_back(self, connection: sqlite3.Connection, recall: Recall) -> bool:
        """In the writer thread: nothing can be spent between the look and the line."""
        row = mirror.rows(self._mirror, connection)(recall.account, recall.purse, recall.instance)
        own = journal.own(connection, recall.account, recall.purse, recall.instance, row.through)
        much = spendable(row, own) - recall.keep
        self.held_back = self.held_back or recall.account == self.serving
        if much <= 0 or self._write is None or recall.account == self.serving:
            return False
        nobodys_card = Personal(recall.account, b"")
        before = journal.head(connection)
        with suppress(NotRecorded):  # a terminal that is stopped keeps what it has: it is drained and written off
            self._write(
                Draft(Cause.GIVE_BACK, nobodys_card, (Posting(recall.purse, 0, much, recall.instance),)),
                f"recall {recall.change}",
            )
        return journal.head(connection) != before

    async def _blocking(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._run_blocking(lambda: work(self._journal))
