"""Terminals that wait to be called: requests held open without a thread or a transaction, answered when something is new.

Whoever wrote rings the bell in this process; what another process wrote is found by looking every few seconds.

Example::

    doorbell = Doorbell()
    doorbell.ring(network)                                      # after a commit, in any thread
    await doorbell.answer(caller, message, look, gone)          # True: there is something to pull
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

import sqlalchemy as sa

from backend import fleet_tables, merchant_tables
from sync.messages import MAX_WAIT_SECONDS, Wait

LOOK_SECONDS = 5.0
"""How often a waiting request looks by itself: for what the portal, the shell or another process of the cloud wrote."""
CALLS, CALLS_SECONDS = 4, 4.0
"""So many answers within so many seconds are given at once where it is only somebody else's change: a busy shop's terminals
then pull about once a second, not at every tap. A call is always told at once."""

_N, _I = merchant_tables.network.c, fleet_tables.identity.c
_OF_CALLER = (_I.network == _N.id) & (_I.merchant == sa.bindparam("merchant")) & (_I.id == sa.bindparam("identity"))
_NEWS = sa.select(_N.change, _I.called).join_from(merchant_tables.network, fleet_tables.identity, _OF_CALLER)


class News(Enum):
    """What there is for a terminal that waits."""

    NONE = "none"
    CHANGE = "change"
    CALL = "call"
    """It is asked for something, or something was granted that it had asked for."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Which terminal waits, and whose."""

    network: UUID
    merchant: UUID
    identity: UUID


@dataclass(eq=False, slots=True)
class _Waiter:
    loop: asyncio.AbstractEventLoop
    rung: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False
    """The same terminal asks again: this request is answered, for nobody reads it any more."""

    def wake(self) -> None:
        with suppress(RuntimeError):  # its loop has ended
            self.loop.call_soon_threadsafe(self.rung.set)


def look(connection: sa.Connection, caller: Caller, cursor: int) -> News:
    """What there is for a terminal that has pulled up to `cursor`."""
    last, called = connection.execute(_NEWS, {"merchant": caller.merchant, "identity": caller.identity}).one()
    if called > cursor:
        return News.CALL
    return News.CHANGE if last > cursor else News.NONE


class Doorbell:
    """All requests of this process that wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[UUID, dict[UUID, _Waiter]] = defaultdict(dict)
        self._answered: defaultdict[UUID, deque[float]] = defaultdict(lambda: deque(maxlen=CALLS))

    def ring(self, network: UUID) -> None:
        """Something of this network was written and committed; from any thread."""
        with self._lock:
            waiters = list(self._waiting.get(network, {}).values())
        for waiter in waiters:
            waiter.wake()

    @property
    def waiting(self) -> int:
        """How many requests wait now."""
        with self._lock:
            return sum(len(waiters) for waiters in self._waiting.values())

    async def answer(
        self, caller: Caller, message: Wait, look: Callable[[], Awaitable[News]], gone: Callable[[], Awaitable[None]]
    ) -> bool:
        """True as soon as `look` finds news; False when the time is up, or when `gone` returns: nobody waits any more."""
        loop = asyncio.get_running_loop()
        until = loop.time() + min(max(0.0, message.seconds), MAX_WAIT_SECONDS)
        leaving = asyncio.ensure_future(gone())
        try:
            with self._at_the_door(caller) as waiter:
                while True:
                    waiter.rung.clear()
                    news = await look()
                    held = self._hold(caller.identity, loop.time()) if news is News.CHANGE else 0.0
                    left = until - loop.time()
                    if waiter.over or leaving.done():
                        return False
                    if news is not News.NONE and min(held, left) <= 0:
                        self._answered[caller.identity].append(loop.time())
                        return True
                    if left <= 0:
                        return False
                    await _first(waiter.rung, leaving, min(left, held or LOOK_SECONDS))
        finally:
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)

    def _hold(self, identity: UUID, now: float) -> float:
        """How long a mere change is kept back."""
        answered = self._answered[identity]
        return answered[0] + CALLS_SECONDS - now if len(answered) == CALLS else 0.0

    @contextmanager
    def _at_the_door(self, caller: Caller) -> Iterator[_Waiter]:
        waiter = _Waiter(asyncio.get_running_loop())
        with self._lock:
            before = self._waiting[caller.network].get(caller.identity)
            self._waiting[caller.network][caller.identity] = waiter
        if before is not None:
            before.over = True
            before.wake()
        try:
            yield waiter
        finally:
            with self._lock:
                waiters = self._waiting[caller.network]
                if waiters.get(caller.identity) is waiter:
                    del waiters[caller.identity]
                if not waiters:
                    del self._waiting[caller.network]


async def _first(rung: asyncio.Event, leaving: asyncio.Future[None], seconds: float) -> None:
    ringing = asyncio.ensure_future(rung.wait())
    try:
        await asyncio.wait((ringing, leaving), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ringing.cancel()
        await asyncio.gather(ringing, return_exceptions=True)
