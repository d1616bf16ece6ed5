"""The network switch of the counter page: the terminal's way to the cloud, with a plug in it."""

from __future__ import annotations

from collections.abc import Callable

import httpx

OFF = "the network switch of the counter page is off"


class NetworkSwitch(httpx.AsyncBaseTransport):
    """An httpx transport that can be cut off.

    While it is off no request leaves. One that is under way when it is cut has reached the cloud, perhaps, but its answer is
    lost: the worst that a real network does.

        network = NetworkSwitch(httpx.AsyncHTTPTransport())
        client = httpx.AsyncClient(transport=network)
        network.watch(lambda on: courier.hurry() if on else courier.wake())
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, *, on: bool = True) -> None:
        self._transport = transport
        self._watchers: tuple[Callable[[bool], None], ...] = ()
        self._on = on
        self._cuts = 0

    @property
    def on(self) -> bool:
        """Whether requests go through."""
        return self._on

    def turn(self, *, on: bool) -> None:
        """Plugs the network in, or cuts it; who watches is told where that changes something."""
        if on == self._on:
            return
        self._on = on
        self._cuts += not on
        for tell in self._watchers:
            tell(on)

    def watch(self, tell: Callable[[bool], None]) -> Callable[[], None]:
        """Tells `tell` of each change; the answer ends it."""
        self._watchers = (*self._watchers, tell)

        def end() -> None:
            self._watchers = tuple(one for one in self._watchers if one is not tell)

        return end

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises `httpx.ConnectError` while off, `httpx.ReadError` where it was cut meanwhile."""
        if not self._on:
            raise httpx.ConnectError(OFF, request=request)
        cuts = self._cuts
        response = await self._transport.handle_async_request(request)
        if self._cuts != cuts:
            await response.aclose()
            raise httpx.ReadError(OFF, request=request)
        return response

    async def aclose(self) -> None:
        """Closes the transport behind it."""
        await self._transport.aclose()
