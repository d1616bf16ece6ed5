"""What a terminal says and hears, listened to on its own cable: no number is in it, and the cloud says what time it is."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import httpx
import msgspec

from simulation import raw_numbers
from simulation.clocks import Heard
from sync.messages import PULL_PATH, PUSH_PATH, Standing

IN_TURN = (PUSH_PATH, PULL_PATH)
"""What a courier sends only when it is done with the answer before."""


class Timed(msgspec.Struct):
    """An answer that may carry the cloud's time. Who is off the head heeds nothing else of it."""

    now_ms: int | None = None
    standing: Standing = Standing.GOOD


class Hearing(httpx.AsyncBaseTransport):
    """Passes everything on; `heard` gives what was heard of the time in the boot that is on now."""

    def __init__(self, name: str, cable: httpx.AsyncBaseTransport, heard: Callable[[], Heard]) -> None:
        self._name, self._cable, self._heard = name, cable, heard

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path, heard = request.url.path, self._heard()
        raw_numbers.look_at_message(unpacked(request), f"what {self._name} sends to {path}")
        if path in IN_TURN:
            heard.goes_on()
        response = await self._cable.handle_async_request(request)
        raw_numbers.look_at_message(response.content, f"what {self._name} hears from {path}")
        if response.status_code == httpx.codes.OK:
            said = msgspec.json.decode(response.content, type=Timed)
            if said.now_ms is not None:
                heard.answered(said.now_ms, in_turn=path in IN_TURN and said.standing is not Standing.OFF_HEAD)
        return response


def unpacked(request: httpx.Request) -> bytes:
    """A message's body as it was written."""
    return gzip.decompress(request.content) if "Content-Encoding" in request.headers else request.content
