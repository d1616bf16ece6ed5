"""What happens next: a simulated clock, a list of what is due when, and an event loop that tells when nothing more follows."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from math import ceil
from typing import Any, TypeVar

DAWN_MS = 1_790_000_000_000
"""When every simulated day begins, by the wall clock."""

Action = Callable[[], Awaitable[None] | None]
T = TypeVar("T")
FAR = 1 << 62


class _Selector(selectors.DefaultSelector):
    """Never waits: what is next is decided by the agenda, and nothing here speaks from outside."""

    def select(self, timeout: float | None = None) -> list[Any]:
        return []


class _Loop(asyncio.SelectorEventLoop):
    """An event loop on the agenda's time: timeouts end when the agenda says that it is so late."""

    agenda: Agenda | None = None

    def time(self) -> float:
        # Half a millisecond on: after months a float of seconds cannot tell a timer that is due from one that is not.
        return (self.agenda.now + 0.5) / 1000 if self.agenda is not None else super().time()

    @property
    def next_timer(self) -> int:
        """When the next timeout ends, by the agenda; far away where there is none."""
        timers = self._scheduled  # type: ignore[attr-defined]
        while timers and timers[0].cancelled():
            heapq.heappop(timers)._scheduled = False
            self._timer_cancelled_count -= 1  # type: ignore[attr-defined]
        return ceil(timers[0].when() * 1000) if timers else FAR

    @property
    def quiet(self) -> bool:
        """Whether no task or callback could go on now."""
        return not self._ready and self.next_timer > (self.agenda.now if self.agenda else 0)  # type: ignore[attr-defined]


def run(work: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, for work that uses an agenda."""
    with asyncio.Runner(loop_factory=lambda: _Loop(_Selector())) as runner:
        return runner.run(work)


class Agenda:
    """Simulated time in milliseconds, and the actions that wait for theirs. Equal times keep the order of planning."""

    def __init__(self) -> None:
        self.now = self.steps = 0
        self._due: list[tuple[int, int, Action]] = []
        self._order = itertools.count()
        loop = asyncio.get_running_loop()
        assert isinstance(loop, _Loop)
        self._loop, loop.agenda = loop, self

    @property
    def wall_ms(self) -> int:
        return DAWN_MS + self.now

    def after(self, milliseconds: int, action: Action) -> None:
        """Plans an action."""
        heapq.heappush(self._due, (self.now + max(0, milliseconds), next(self._order), action))

    @property
    def next_due(self) -> int:
        """When the next action is due: long past, after a leap. Far away where none is."""
        return min(self._due[0][0] if self._due else FAR, self._loop.next_timer)

    def leap(self, to: int) -> None:
        """Weeks go by in which nothing is looked at: what falls due meanwhile is done at their end, late, in its order."""
        self.now = max(self.now, to)

    async def sleep(self, seconds: float) -> None:
        """As `asyncio.sleep`, in simulated time."""
        awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.after(int(seconds * 1000), lambda: None if awake.done() else awake.set_result(None))
        await awake

    async def step(self) -> None:
        """The next action, and everything that follows from it at once."""
        self.steps += 1
        if self._due and self._due[0][0] <= self._loop.next_timer:
            due, _, action = heapq.heappop(self._due)
            self.now = max(self.now, due)
            doing = action()
            if doing is not None:
                await doing
        else:
            self.now = max(self.now, self._loop.next_timer)
        await self.settle()

    async def settle(self) -> None:
        """Everything that can go on now does."""
        while not self._loop.quiet:
            await asyncio.sleep(0)
