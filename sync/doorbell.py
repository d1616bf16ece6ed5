"""Waiting for the cloud's call: a request that it holds open until there is something to pull.

It stands outside the counter, for it changes nothing: so it is under way beside pushes and asks and never comes too late.
"""

from __future__ import annotations

import httpx
import msgspec

from sync.messages import COUNTER_HEADER, MAX_WAIT_SECONDS, WAIT_PATH, Wait, Waited
from sync.troubles import on_the_way, unreadable

NO_COUNTER = "1"
"""The header is signed, so it must be there; the cloud does not look at it."""
GRACE_SECONDS = 5.0
"""How much later than it was asked to the answer may come."""


class Doorbell:
    """Waits through a client whose auth signs what it sends."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def listen(self, wait: Wait) -> bool:
        """Whether there is something to pull, before the time is up; raises `Trouble`."""
        seconds = min(wait.seconds, MAX_WAIT_SECONDS)
        try:
            response = await self._client.post(
                WAIT_PATH,
                content=msgspec.json.encode(msgspec.structs.replace(wait, seconds=seconds)),
                headers={COUNTER_HEADER: NO_COUNTER},
                timeout=seconds + GRACE_SECONDS,
            )
            response.raise_for_status()
            return msgspec.json.decode(response.content, type=Waited).news
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            raise on_the_way(error) from error
        except msgspec.MsgspecError as error:
            raise unreadable(response.headers, response.content) from error
