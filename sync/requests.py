"""One signed request to the cloud and its answer, or the trouble that there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

import httpx
import msgspec

from sync import encoding, troubles
from sync.counter import RequestCounter
from sync.messages import COUNTER_HEADER
from sync.troubles import Kind, Trouble

EXCHANGE_SECONDS = 60.0
"""One request and its answer, however slowly they drip."""
MAX_ANSWER_BYTES = 16 * 1024 * 1024
COUNTER_TRIES = 6
"""Asks and shown cards may overtake a push, and each other: the one that comes second then needs a higher number."""

T = TypeVar("T")


class RunBlocking(Protocol):
    """Runs a function in the journal's one writer thread."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


class Requests:
    """Sends messages through a client whose auth signs them; numbers come from the journal's counter."""

    def __init__(
        self, client: httpx.AsyncClient, counter: RequestCounter, run_blocking: RunBlocking, now: Callable[[], float]
    ) -> None:
        self._client, self._counter, self._run_blocking, self._now = client, counter, run_blocking, now

    async def post(
        self, path: str, message: Callable[[], msgspec.Struct], answer: type[T], seconds: float = EXCHANGE_SECONDS
    ) -> T:
        """The cloud's answer to what `message` gives; raises `Trouble` whatever goes wrong on the way.

        `message` is called in the writer thread, in the same turn as the number is taken, and again for a new number: so a
        higher number never carries an older head, which the cloud would take for a restored backup (invariant 8).
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._post(path, message, answer)
        except TimeoutError as error:
            raise troubles.too_slow() from error
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            raise troubles.on_the_way(error) from error

    async def _post(self, path: str, message: Callable[[], msgspec.Struct], answer: type[T]) -> T:
        def numbered() -> tuple[bytes, int]:
            return msgspec.json.encode(message()), self._counter.take()

        status, headers, content = 0, httpx.Headers(), b""
        for _ in range(COUNTER_TRIES):
            body, number = await self._run_blocking(numbered)
            status, headers, content = await self._send(path, body, number)
            seen = troubles.problem_in(content).counter if status == 409 else None
            if seen is None:
                break
            await self._run_blocking(partial(self._counter.adopt, seen))
        if status != 200:
            raise troubles.refused(status, headers, content, self._now())
        try:
            return msgspec.json.decode(content, type=answer)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise troubles.unreadable(headers, content) from error

    async def _send(self, path: str, body: bytes, number: int) -> tuple[int, httpx.Headers, bytes]:
        sent = {COUNTER_HEADER: str(number), encoding.ACCEPT_HEADER: encoding.GZIP}
        if len(body) >= encoding.LEAST_BYTES:
            body, sent = await _packed(body), sent | {encoding.ENCODING_HEADER: encoding.GZIP}
        content = bytearray()
        async with self._client.stream("POST", path, content=body, headers=sent) as response:
            # httpx unpacks 64 KB of what arrives at a time (httpcore's READ_NUM_BYTES), so a bomb is noticed at its beginning.
            async for part in response.aiter_bytes():
                content += part
                if len(content) > MAX_ANSWER_BYTES:
                    raise Trouble("The answer is far too large to be the cloud's.", Kind.BROKEN)
        return response.status_code, response.headers, bytes(content)


async def _packed(body: bytes) -> bytes:
    pieces = bytearray()
    for piece in encoding.packing(body):
        pieces += piece
        await asyncio.sleep(0)  # the loop serves the counter in between
    return bytes(pieces)
