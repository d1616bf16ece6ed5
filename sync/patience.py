"""How the courier waits: between exchanges, after a failure, and as long as the cloud has asked for quiet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
LONGEST_RETRY_AFTER = 3600.0
EARLY_SECONDS = 5.0
"""So often at most an entry that is recorded while the network is away brings a try of its own."""


class Patience:
    """Everything is injected: `random` gives a number from 0 to below 1, `up_ms` the monotonic clock."""

    def __init__(
        self, sleep: Callable[[float], Awaitable[None]], random: Callable[[], float], up_ms: Callable[[], int]
    ) -> None:
        self._sleep, self._random, self._up_ms = sleep, random, up_ms
        self._woken, self._hurried = asyncio.Event(), asyncio.Event()
        self._failures = 0
        self._held_until_ms = 0.0
        self._tried_early_ms: int | None = None

    def wake(self) -> None:
        """Something is there to be sent."""
        self._woken.set()

    def hurry(self) -> None:
        """The network may be back."""
        self._hurried.set()
        self._woken.set()

    def begin(self) -> None:
        """An exchange begins: whatever woke it is heeded by that."""
        self._woken.clear()
        self._hurried.clear()

    async def idle(self, seconds: float, called: Awaitable[None] | None) -> None:
        """All went well: rests until it is woken, or until `called` returns."""
        self._failures = 0
        await self._rest(seconds, self._woken, called)

    async def after_failure(self, asked: float, *, network: bool) -> None:
        """Rests before the next try: by chance up to a limit that doubles from 1 s to a minute; ended by `hurry`.

        `network`: nothing but the network was in the way. Then what was recorded ends the rest too, every `EARLY_SECONDS` at
        most. Where the cloud `asked` for seconds, nothing does, and up to a quarter is added by chance: or all terminals of a
        cloud would come back in one moment.
        """
        limit = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(self._failures, 10))
        self._failures += 1
        if asked > 0:
            asked = min(asked, LONGEST_RETRY_AFTER)
            self._held_until_ms = self._up_ms() + 1000 * (asked + self._random() * max(limit, asked / 4))
            await self.hold()
        else:
            await self._back_off(limit * self._random(), network=network)

    async def hold(self) -> None:
        """Rests for what is left of the time that the cloud has asked for: also where that rest was ended from outside."""
        left = (self._held_until_ms - self._up_ms()) / 1000
        if left > 0:
            await self._sleep(left)
        self._held_until_ms = 0.0

    async def _back_off(self, seconds: float, *, network: bool) -> None:
        since = EARLY_SECONDS if self._tried_early_ms is None else (self._up_ms() - self._tried_early_ms) / 1000
        deaf = min(seconds, max(0.0, EARLY_SECONDS - since)) if network else seconds
        if deaf > 0:
            await self._rest(deaf, self._hurried)
        if deaf < seconds and not self._hurried.is_set():
            await self._rest(seconds - deaf, self._woken)
            if self._woken.is_set() and not self._hurried.is_set():
                self._tried_early_ms = self._up_ms()
                self._failures -= 1  # people at the counter do not make the network worse

    async def _rest(self, seconds: float, cut_short: asyncio.Event, called: Awaitable[None] | None = None) -> None:
        waits = [asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(cut_short.wait())]
        if called is not None:
            waits.append(asyncio.ensure_future(called))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
