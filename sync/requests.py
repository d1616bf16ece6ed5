"""One signed request to the cloud and its answer, or one sentence about why there is none."""

from __future__ import annotations

import asyncio
import email.utils
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

import httpx
import msgspec

from sync.counter import RequestCounter
from sync.messages import COUNTER_HEADER, Problem

EXCHANGE_SECONDS = 60.0
"""One request and its answer, however slowly they drip."""
MAX_ANSWER_BYTES = 16 * 1024 * 1024
COUNTER_TRIES = 3
"""An ask may overtake a push: the one that comes second then needs a higher number."""

T = TypeVar("T")


class RunBlocking(Protocol):
    """Runs a function in the journal's one writer thread."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


class Trouble(Exception):
    """No usable answer; the words are for a person. `retry_after` in seconds where the cloud asked for it."""

    def __init__(self, words: str, retry_after: float | None = None) -> None:
        super().__init__(words)
        self.retry_after = retry_after


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
            raise Trouble("The cloud is too slow to answer.") from error
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            raise trouble_of(error) from error

    async def _post(self, path: str, message: Callable[[], msgspec.Struct], answer: type[T]) -> T:
        def numbered() -> tuple[bytes, int]:
            return msgspec.json.encode(message()), self._counter.take()

        status, headers, content = 0, httpx.Headers(), b""
        for _ in range(COUNTER_TRIES):
            body, number = await self._run_blocking(numbered)
            status, headers, content = await self._send(path, body, number)
            seen = _problem(content).counter if status == 409 else None
            if seen is None:
                break
            await self._run_blocking(partial(self._counter.adopt, seen))
        if status != 200:
            raise _refused(status, headers, content, self._now())
        try:
            return msgspec.json.decode(content, type=answer)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Trouble(
                "Something answered that is not the cloud, or its answer was cut. Check the network for a login page."
            ) from error

    async def _send(self, path: str, body: bytes, number: int) -> tuple[int, httpx.Headers, bytes]:
        content = bytearray()
        async with self._client.stream("POST", path, content=body, headers={COUNTER_HEADER: str(number)}) as response:
            async for part in response.aiter_bytes():
                content += part
                if len(content) > MAX_ANSWER_BYTES:
                    raise Trouble("The answer is far too large to be the cloud's.")
        return response.status_code, response.headers, bytes(content)


def _problem(content: bytes) -> Problem:
    try:
        return msgspec.json.decode(content, type=Problem)
    except (msgspec.MsgspecError, RecursionError):
        return Problem("")


def _refused(status: int, headers: httpx.Headers, content: bytes, now: float) -> Trouble:
    problem = _problem(content)
    said = ": ".join(part for part in (problem.title, problem.detail) if part)
    said = f" ({said[:200]})" if said else ""
    retry_after = _seconds(headers.get("Retry-After", ""), now)
    if status in (401, 403):
        return Trouble(f"The cloud does not know this terminal any more{said}. Pair it anew.", retry_after)
    if status in (429, 503):
        return Trouble(f"The cloud is busy{said}; it is tried again later.", retry_after)
    if status >= 500:
        return Trouble(f"The cloud has a fault of its own, {status}{said}.", retry_after)
    if status < 400:
        return Trouble(f"Something else than the cloud answered, {status}. Check the network for a login page.", retry_after)
    return Trouble(f"The cloud refused, {status}{said}.", retry_after)


def _seconds(retry_after: str, now: float) -> float | None:
    """Retry-After (RFC 9110 section 10.2.3): seconds or a date."""
    if retry_after.strip().isascii() and retry_after.strip().isdigit():
        return float(retry_after.strip()[:6])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - now)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def trouble_of(error: Exception) -> Trouble:
    """What the HTTP library's error means to a person."""
    return Trouble(_words(error))


def _words(error: Exception) -> str:
    detail = " ".join(str(error).split())[:200]
    if "CERTIFICATE_VERIFY_FAILED" in detail:
        return f"The server is not the cloud that this terminal was paired with ({detail})."
    if isinstance(error, httpx.TimeoutException):
        return "The cloud does not answer in time."
    if isinstance(error, httpx.ConnectError):
        return f"No way to the cloud ({detail})." if detail else "No way to the cloud."
    return f"The connection to the cloud broke ({detail or type(error).__name__})."
