"""What happens next: a simulated clock, a list of what is due when, and an event loop that tells when nothing more follows."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

DAWN_MS = 1_790_000_000_000
"""When every simulated day begins, by the wall clock."""

Action = Callable[[], Awaitable[None] | None]
T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Looks at the operating system only when there is nothing else to do: only the cloud's threads speak from there."""

    def select(self, timeout: float | None = None) -> list[Any]:
        return [] if timeout == 0 else super().select(timeout)


class _Loop(asyncio.SelectorEventLoop):
    @property
    def quiet(self) -> bool:
        """Whether no task or callback could go on now."""
        return not self._ready  # type: ignore[attr-defined]


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

    @property
    def wall_ms(self) -> int:
        return DAWN_MS + self.now

    def after(self, milliseconds: int, action: Action) -> None:
        """Plans an action."""
        heapq.heappush(self._due, (self.now + max(0, milliseconds), next(self._order), action))

    @property
    def next_due(self) -> int:
        """When the next action is due: long past, after a leap. Far away where none is."""
        return self._due[0][0] if self._due else 1 << 62

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
        due, _, action = heapq.heappop(self._due)
        self.now = max(self.now, due)
        self.steps += 1
        doing = action()
        if doing is not None:
            await doing
        loop = asyncio.get_running_loop()
        assert isinstance(loop, _Loop)
        while not loop.quiet:
            await asyncio.sleep(0)
