"""Real sockets and real TLS: whatever stands at the cloud's address, nothing is lost, and the trouble is told by its name."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import httpx
import msgspec
import pytest
from cryptography import x509

from backend.app import create_app
from emulators import wire
from emulators.certificates import Authority, serving
from emulators.cloud_house import House, build_house, new_engine
from emulators.drafts import Till, award, moment
from loyalty.entry import Moment
from sync import history, journal, known_time, mirror, pairing
from sync.connection import cloud_client
from sync.counter import RequestCounter
from sync.courier import CloudState, Courier
from sync.keys import DeviceKey, load_or_make
from sync.messages import COUNTER_HEADER, PULL_PATH, Pull, Pulled
from sync.signing import RequestSigner
from sync.troubles import Kind

HTML = b"<!doctype html><title>Hotel Wi-Fi</title><form>room, name</form>"
PORTAL = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(HTML), HTML)
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: http://login.hotel.example/\r\nContent-Length: 0\r\n\r\n"
CUT = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{"standing":"good","he'
PACKED = gzip.compress(b'{"standing":"good"}')
CUT_GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(PACKED) - 12, PACKED[:-12])
NOT_GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"
BOMB = gzip.compress(bytes(64 * 1024 * 1024))
BOMBED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(BOMB), BOMB)
FAULT = b"HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(HTML), HTML)
LOGIN_511 = b"HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\n\r\n"
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(HTML), HTML)


@dataclass
class Place:
    """The real cloud with TLS on a port of this machine, and the authority that made its certificate."""

    house: House
    authority: Authority
    folder: Path
    files: tuple[Path, Path]
    port: int

    def server(self, *names: x509.GeneralName, days: tuple[int, int] = (-1, 30)) -> ssl.SSLContext:
        """What another server presents with a certificate of this authority."""
        return serving(self.authority.server(self.folder, *names, days=days))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, house, authority = tmp_path_factory.mktemp("cloud"), build_house(new_engine()), Authority.named("ours")
    files = authority.server(folder)
    app = create_app(house.engine, house.time, house.chance.randbytes, authority=authority.pem)
    with wire.serving(app, files) as port:
        yield Place(house, authority, folder, files, port)
    house.engine.dispose()


class Terminal:
    """A paired terminal, whose cloud's address a test may lead anywhere."""

    def __init__(self, folder: Path, place: Place) -> None:
        self.folder, self.place, self.trusted = folder, place, True
        self.at = moment(50)
        key = load_or_make(folder, place.house.chance.randbytes)
        self.pairing = asyncio.run(self._pair(key))
        self.journal = journal.open_journal(folder / "journal.db")
        journal.begin(self.journal, self.pairing.identity)
        self.mirror = mirror.open_mirror(folder / "mirror.db", self.journal)
        self.till = Till(self.journal, rows=mirror.rows(self.mirror, self.journal))
        self.key, self.counter = key, RequestCounter(self.journal)

    async def _pair(self, key: DeviceKey) -> pairing.Pairing:
        address = f"https://127.0.0.1:{self.place.port}"
        async with cloud_client(address, authority=self.place.authority.pem) as client:
            return await pairing.pair(client, self.place.house.code(), key)

    def client(self, port: int | None = None, host: str = "127.0.0.1") -> httpx.AsyncClient:
        return cloud_client(
            f"https://{host}:{port or self.place.port}",
            auth=RequestSigner(self.pairing.identity, self.key, lambda: self.at.wall_ms / 1000),
            authority=self.pairing.authority,
            clock_trusted=lambda: self.trusted,
        )

    async def serve(self, client: httpx.AsyncClient) -> CloudState:
        """One exchange through a client."""
        courier = Courier(
            client,
            self.journal,
            self.mirror,
            self.counter,
            run_blocking=run_here,
            moment=lambda: self.at,
            sleep=asyncio.sleep,
            random=lambda: 0.5,
            on_cloud=lambda state: None,
            on_changed=lambda accounts: None,
        )
        await courier.exchange()
        return courier.state

    async def exchange(self, port: int | None = None, host: str = "127.0.0.1", seconds: float = 1.0) -> CloudState:
        """One exchange with whoever is at the port; reading waits for `seconds`."""
        async with self.client(port, host) as client:
            client.timeout = httpx.Timeout(seconds)
            return await self.serve(client)

    def meet(self, handler: wire.Handler, tls: ssl.SSLContext | None, host: str = "127.0.0.1") -> CloudState:
        async def go() -> CloudState:
            async with wire.answering(handler, tls) as port:
                return await self.exchange(port, host)

        return asyncio.run(go())

    def close(self) -> None:
        self.mirror.close()
        self.journal.close()


T = TypeVar("T")


async def run_here(work: Callable[[], T], /) -> T:
    return work()


@pytest.fixture
def terminal(tmp_path: Path, place: Place) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path, place)
    yield terminal
    terminal.close()


def nothing_is_lost(terminal: Terminal, state: CloudState, kind: Kind) -> None:
    assert (state.kind, state.online, state.waiting) == (kind, False, 1), state.trouble
    after = asyncio.run(terminal.exchange(seconds=10))
    assert after == CloudState(online=True)
    assert history.waiting(terminal.journal).count == 0


ANSWERS = {
    "a login page": (PORTAL, Kind.LOGIN, "use another network"),
    "a redirect to a login page": (REDIRECT, Kind.LOGIN, "use another network"),
    "network authentication required": (LOGIN_511, Kind.LOGIN, "use another network"),
    "a proxy that forbids": (FORBIDDEN, Kind.LOGIN, "use another network"),
    "an answer that is cut": (CUT, Kind.BROKEN, "broke"),
    "a packed answer that is cut": (CUT_GZIP, Kind.BROKEN, "cut"),
    "packed rubbish": (NOT_GZIP, Kind.BROKEN, "broke"),
    "a bomb": (BOMBED, Kind.BROKEN, "too large"),
    "no answer at all": (b"", Kind.BROKEN, "broke"),
    "no http": (b"SSH-2.0-OpenSSH_9.2\r\n", Kind.BROKEN, "broke"),
    "a fault": (FAULT, Kind.FAULT, "fault of its own"),
    "a gateway's fault": (GATEWAY, Kind.FAULT, "fault of its own"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_answers_in_the_clouds_place(terminal: Terminal, place: Place, name: str) -> None:
    answer, kind, words = ANSWERS[name]
    terminal.till.record(award(5))
    state = terminal.meet(wire.says(answer), place.server())
    assert words in state.trouble
    nothing_is_lost(terminal, state, kind)


@pytest.mark.parametrize("handler", [wire.never, wire.drips])
def test_an_answer_that_does_not_end(terminal: Terminal, place: Place, handler: wire.Handler) -> None:
    terminal.till.record(award(5))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sync.requests.EXCHANGE_SECONDS", 0.5)
        patch.setattr("sync.requests.Requests.post.__defaults__", (0.5,))
        state = terminal.meet(handler, place.server())
    nothing_is_lost(terminal, state, Kind.NO_ANSWER)


def test_nobody_at_the_address(terminal: Terminal) -> None:
    terminal.till.record(award(5))
    state = asyncio.run(terminal.exchange(wire.closed_port()))
    nothing_is_lost(terminal, state, Kind.NO_ANSWER)


def test_a_name_that_is_not_found(terminal: Terminal) -> None:
    terminal.till.record(award(5))
    state = asyncio.run(terminal.exchange(443, "cloud.invalid"))  # RFC 6761: never resolves
    assert "router" in state.trouble
    nothing_is_lost(terminal, state, Kind.NO_INTERNET)


def test_a_server_without_encryption(terminal: Terminal) -> None:
    terminal.till.record(award(5))
    nothing_is_lost(terminal, terminal.meet(wire.plain, None), Kind.LOGIN)


def test_another_authoritys_certificate(terminal: Terminal, place: Place) -> None:
    """Also one that the system would trust: only the authority of the pairing is trusted, whatever the clock."""
    terminal.till.record(award(5))
    stranger = serving(Authority.named("theirs").server(place.folder))
    for trusted in (True, False):
        terminal.trusted = trusted
        state = terminal.meet(wire.says(PORTAL), stranger)
        assert "not the cloud" in state.trouble
        assert state.kind is Kind.STRANGER
    nothing_is_lost(terminal, state, Kind.STRANGER)


def test_a_certificate_for_another_name(terminal: Terminal, place: Place) -> None:
    terminal.till.record(award(5))
    other = place.server(x509.DNSName("elsewhere.example"))
    for trusted in (True, False):
        terminal.trusted = trusted
        state = terminal.meet(wire.says(PORTAL), other)
        assert state.kind is Kind.STRANGER
    nothing_is_lost(terminal, state, Kind.STRANGER)


@pytest.mark.parametrize("days", [(-30, -1), (1, 30)])
def test_a_certificate_that_is_not_valid_today(terminal: Terminal, place: Place, days: tuple[int, int]) -> None:
    terminal.till.record(award(5))
    state = terminal.meet(wire.says(FAULT), place.server(days=days))
    assert "clock" in state.trouble
    nothing_is_lost(terminal, state, Kind.DATES)


def test_dates_are_heeded_as_soon_as_the_clock_is_trusted(terminal: Terminal, place: Place) -> None:
    """In 1970 every certificate is of the future. One client serves both times, as the daemon's does."""
    expired = place.server(days=(-30, -1))

    async def go() -> list[int | None]:
        statuses: list[int | None] = []
        async with wire.answering(wire.says(FAULT), expired) as port, terminal.client(port) as client:
            for terminal.trusted in (False, True, False):
                try:
                    statuses.append((await client.get("/health", auth=None)).status_code)
                except httpx.ConnectError:
                    statuses.append(None)
        return statuses

    assert asyncio.run(go()) == [500, None, 500]


# Clocks. The cloud proves the time with every answer; a signature's time is not looked at.

DAY_MS = 24 * 3600 * 1000


@pytest.mark.parametrize("wall_ms", [0, moment().wall_ms + DAY_MS, moment().wall_ms - DAY_MS, 4_102_444_800_000])
def test_any_clock_is_heard(terminal: Terminal, place: Place, wall_ms: int) -> None:
    boot = UUID(int=9)
    terminal.at, terminal.trusted = Moment(boot, 1_000, wall_ms, trusted=False), False
    terminal.till.record(award(5))
    assert asyncio.run(terminal.exchange(seconds=10)) == CloudState(online=True)
    assert known_time.known_ms(terminal.mirror, terminal.at) == place.house.time()
    later = Moment(boot, 61_000, wall_ms, trusted=False)
    assert known_time.known_ms(terminal.mirror, later) == place.house.time() + 60_000


def test_a_month_without_the_network_time(terminal: Terminal, place: Place) -> None:
    """NTP is blocked and every morning the power comes back in 1970: all entries are taken, and time moves on."""
    began, terminal.trusted = place.house.time.now, False
    for day in range(0, 30, 4):
        place.house.time.now = began + day * DAY_MS
        terminal.at = Moment(UUID(int=100 + day), 60_000, 60_000, trusted=False)
        terminal.till.record(award(5))
        assert asyncio.run(terminal.exchange(seconds=10)) == CloudState(online=True)
        assert known_time.known_ms(terminal.mirror, terminal.at) == began + day * DAY_MS
        tomorrow = Moment(UUID(int=101 + day), 0, 0, trusted=False)
        assert known_time.known_ms(terminal.mirror, tomorrow) == began + day * DAY_MS
    place.house.time.now = began


# gzip.


def test_large_messages_are_packed_and_small_ones_plain(terminal: Terminal, place: Place) -> None:
    seen: list[tuple[str, bytes]] = []

    async def note(request: httpx.Request) -> None:
        seen.append((request.headers.get("Content-Encoding", ""), request.content))

    async def go() -> CloudState:
        async with terminal.client() as client:
            client.event_hooks["request"].append(note)
            return await terminal.serve(client)

    for who in range(100):
        terminal.till.record(award(5, who=500 + who))
    assert asyncio.run(go()) == CloudState(online=True)
    [(push, body), *rest] = seen
    assert push == "gzip"
    assert {encoding for encoding, _ in rest} == {""}
    assert len(body) < 0.7 * len(gzip.decompress(body))


def test_an_answer_is_packed_where_it_is_asked_for_and_large(terminal: Terminal, place: Place) -> None:
    for who in range(60):
        terminal.till.record(award(5, who=900 + who))

    async def go(accept: str) -> tuple[str, int]:
        pull = Pull(terminal.pairing.identity, journal.head(terminal.journal), 0)
        headers = {COUNTER_HEADER: str(terminal.counter.take()), "Accept-Encoding": accept}
        async with terminal.client() as client:
            answer = await client.post(PULL_PATH, content=msgspec.json.encode(pull), headers=headers)
        assert msgspec.json.decode(answer.content, type=Pulled).purses
        return answer.headers.get("Content-Encoding", ""), int(answer.headers["Content-Length"])

    asyncio.run(terminal.exchange(seconds=10))
    found = [asyncio.run(go(accept)) for accept in ("gzip", "identity", "gzip;q=0", "deflate, gzip;q=0.5")]
    assert [encoding for encoding, _ in found] == ["gzip", "", "", "gzip"]
    assert found[0][1] < 0.7 * found[1][1]
