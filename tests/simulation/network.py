"""The network between terminals and cloud: messages take their time, come twice, late or never, and the cloud may crash."""

from __future__ import annotations

import asyncio
import random as pseudo
from collections import Counter
from dataclasses import dataclass

import httpx
import msgspec

from simulation.agenda import Agenda
from simulation.clocks import Boots
from simulation.cloud import Cloud
from simulation.hearing import IN_TURN, unpacked
from simulation.history import History
from sync.messages import ASK_PATH, Told
from terminal.effects import ASK_MS

PATIENCE_MS = 15_000
"""How long a terminal waits for an answer; what it asked may still arrive later."""


@dataclass
class Weather:
    """How likely each fault is, for one message; and how long a message takes when it is slow."""

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    crash: float = 0.0
    slow_ms: int = 20_000


class Telling(msgspec.Struct):
    """A message that may say how its terminal does."""

    told: Told | None = None


class Network:
    """One network for all; `down` names the terminals that have none now."""

    def __init__(self, agenda: Agenda, cloud: Cloud, chance: pseudo.Random, weather: Weather, history: History) -> None:
        self.agenda, self.cloud, self.chance, self.weather, self.history = agenda, cloud, chance, weather, history
        self.down: set[str] = set()
        self.must: set[str] = set()
        """Faults that happen whenever they can: "terminal 1: /v1/pull is lost"."""
        self._faults: Counter[str] = Counter()
        self.cloud_touched = False
        self.boots = Boots()
        self._bell = asyncio.Event()

    def to_the_cloud(self, name: str) -> httpx.AsyncBaseTransport:
        """The transport of one terminal."""
        return _Cable(self, name)

    def ring(self) -> None:
        """Something was written in the cloud."""
        self.cloud_touched = True
        self._bell.set()
        self._bell = asyncio.Event()

    async def rung(self, name: str) -> None:
        """Returns when the terminal hears that something was written."""
        while True:
            await self._bell.wait()
            await asyncio.sleep(self.chance.randrange(20, 600) / 1000)
            if name not in self.down:
                return

    async def send(self, name: str, request: httpx.Request) -> httpx.Response:
        """One request and its answer, or the error that its sender sees."""
        await request.aread()
        if name in self.down:
            raise httpx.ConnectError("unreachable", request=request)
        answer: asyncio.Future[httpx.Response] = asyncio.get_running_loop().create_future()
        patience = ASK_MS if request.url.path == ASK_PATH else PATIENCE_MS
        self.agenda.after(patience, lambda: _fail(answer, httpx.ReadTimeout("", request=request)))
        doubled = self._happens(self.weather.doubled, name, f"{request.url.path} is doubled")
        for _ in range(2 if doubled else 1):
            self._request_travels(name, request, answer)
        return await answer

    def _request_travels(self, name: str, request: httpx.Request, answer: asyncio.Future[httpx.Response]) -> None:
        path = request.url.path
        if self._happens(self.weather.lost, name, f"{path} is lost"):
            return

        async def arrive() -> None:
            await self._serve(name, request, answer)

        self.agenda.after(self._travel_ms(name, f"{path} is late"), arrive)

    async def _serve(self, name: str, request: httpx.Request, answer: asyncio.Future[httpx.Response]) -> None:
        path = request.url.path
        if self._happens(self.weather.crash, name, f"the cloud crashes in {path}"):
            self.cloud.crash_after(self.chance.randrange(40))
        response = await self.cloud.answer(request)
        self.ring()
        if response is not None and response.status_code == httpx.codes.OK:
            self._note_boot(request)
        if response is None or name in self.down or self._happens(self.weather.lost, name, f"the answer to {path} is lost"):
            self.agenda.after(50, lambda: _fail(answer, httpx.RemoteProtocolError("cut", request=request)))
            return

        def arrive() -> None:
            if not answer.done():
                answer.set_result(response)

        self.agenda.after(self._travel_ms(name, f"the answer to {path} is late"), arrive)

    def _note_boot(self, request: httpx.Request) -> None:
        if request.url.path in IN_TURN and (told := msgspec.json.decode(unpacked(request), type=Telling).told) is not None:
            self.boots.told(told.boot, told.up_ms, self.agenda.now)

    def _travel_ms(self, name: str, what: str) -> int:
        if self._happens(self.weather.late, name, what):
            return self.chance.randrange(500, self.weather.slow_ms)
        return self.chance.randrange(20, 600)

    def _happens(self, likely: float, name: str, what: str) -> bool:
        """Whether a fault happens now; counted and written down if so."""
        if self.chance.random() >= likely and f"{name}: {what}" not in self.must:
            return False
        self._faults[f"{name}: {what}"] += 1
        happens = self.history.happens(f"{name}: {what} #{self._faults[f'{name}: {what}']}")
        if happens:
            self.history.fault(f"{name}: {what}")
        return happens


class _Cable(httpx.AsyncBaseTransport):
    def __init__(self, network: Network, name: str) -> None:
        self._network, self._name = network, name

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._network.send(self._name, request)


def _fail(answer: asyncio.Future[httpx.Response], error: httpx.TransportError) -> None:
    if not answer.done():
        answer.set_exception(error)
