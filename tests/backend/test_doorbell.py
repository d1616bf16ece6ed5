"""`Wait`: held open until there is news, without a thread or a transaction; for whoever signs it, while they listen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import msgspec
import pytest
import sqlalchemy as sa
from anyio.to_thread import current_default_thread_limiter
from starlette.types import Message

from backend.app import create_app
from backend.changes import present
from backend.database import open_engine
from backend.doorbell import CALLS, Caller, Doorbell, News, look
from emulators.asgi_client import AsgiClient
from emulators.cloud_house import House, build_house, empty_image
from emulators.terminal_peer import Peer
from loyalty.entry import Cause, Posting
from sync import messages
from sync.messages import Present, Wait, Waited

ANNA = b"anna" * 4
LONG = 20.0


class Lobby:
    """The cloud on a file, for requests at the same time; its terminals `here` and `there`."""

    def __init__(self, file: Path) -> None:
        file.write_bytes(empty_image())
        self.house: House = build_house(open_engine(f"sqlite:///{file}"))
        self.app = create_app(self.house.engine, self.house.time, self.house.chance.randbytes)
        self.doorbell: Doorbell = self.app.state.doorbell
        client = AsgiClient(self.app)
        self.here, self.there = Peer(client, "http://cloud"), Peer(client, "http://cloud")
        for peer in (self.here, self.there):
            assert peer.pair(self.house.code()).status_code == 200

    def change(self) -> int:
        with self.house.engine.connect() as connection:
            return int(connection.execute(sa.text("SELECT change FROM network")).scalar_one())

    def award(self, peer: Peer) -> None:
        peer.chain.write(Cause.AWARD, ANNA, Posting("points", 5))
        assert peer.send(messages.PUSH_PATH, peer.chain.push(len(peer.chain.lines))).status_code == 200

    async def post(self, peer: Peer, path: str, message: msgspec.Struct, counter: int) -> httpx.Response:
        """One request, beside all others."""
        body = msgspec.json.encode(message)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://cloud") as client:
            return await client.post(path, content=body, headers=peer.sign(path, body, counter), timeout=60)

    async def wait(self, peer: Peer, cursor: int, seconds: float = LONG) -> bool:
        response = await self.post(peer, messages.WAIT_PATH, Wait(peer.chain.identity, cursor, seconds), 1)
        assert response.status_code == 200, response.content
        return msgspec.json.decode(response.content, type=Waited).news

    async def waiting(self, count: int) -> None:
        while self.doorbell.waiting != count:
            await asyncio.sleep(0.001)


@pytest.fixture
def lobby(tmp_path: Path) -> Iterator[Lobby]:
    lobby = Lobby(tmp_path / "cloud.sqlite")
    yield lobby
    lobby.house.engine.dispose()


def test_somebodys_change_wakes_who_waits(lobby: Lobby) -> None:
    cursor = lobby.change()

    async def both() -> bool:
        waiting = asyncio.create_task(lobby.wait(lobby.here, cursor))
        await lobby.waiting(1)
        await asyncio.to_thread(lobby.award, lobby.there)
        return await waiting

    assert asyncio.run(both())
    assert lobby.doorbell.waiting == 0


def test_news_that_is_there_already_is_told_at_once(lobby: Lobby) -> None:
    lobby.award(lobby.there)
    assert asyncio.run(lobby.wait(lobby.here, 0))


def test_without_news_the_time_runs_out(lobby: Lobby) -> None:
    assert not asyncio.run(lobby.wait(lobby.here, lobby.change(), 0.05))
    assert not asyncio.run(lobby.wait(lobby.here, lobby.change(), -1))
    assert lobby.doorbell.waiting == 0


def test_whoever_waits_holds_neither_a_thread_nor_the_database(lobby: Lobby) -> None:
    """Two wait in a cloud that has one thread, and somebody else is served."""
    cursor = lobby.change()
    lobby.there.chain.write(Cause.AWARD, ANNA, Posting("points", 5))
    third = Peer(lobby.here.client, "http://cloud")
    third.pair(lobby.house.code())
    third.chain.write(Cause.AWARD, ANNA, Posting("points", 5))

    async def crowd() -> list[bool]:
        current_default_thread_limiter().total_tokens = 1
        waiting = [asyncio.create_task(lobby.wait(peer, cursor)) for peer in (lobby.here, lobby.there)]
        await lobby.waiting(2)
        assert (await lobby.post(third, messages.PUSH_PATH, third.chain.push(), 1)).status_code == 200
        return await asyncio.gather(*waiting)

    assert asyncio.run(crowd()) == [True, True]


def test_a_busy_shop_is_told_now_and_then_but_a_recall_at_once() -> None:
    doorbell, caller = Doorbell(), Caller(UUID(int=1), UUID(int=2), UUID(int=3))
    looks: asyncio.Queue[News] = asyncio.Queue()
    news = News.CHANGE

    async def look() -> News:
        looks.put_nowait(news)
        return news

    async def never() -> None:
        await asyncio.Event().wait()

    async def hear() -> bool:
        return await doorbell.answer(caller, Wait(caller.identity, 0), look, never)

    async def busy() -> bool:
        nonlocal news
        for _ in range(CALLS):
            assert await hear()
            looks.get_nowait()
        held = asyncio.create_task(hear())
        for _ in range(3):
            await looks.get()
            assert not held.done()
            doorbell.ring(caller.network)
        news = News.CALL
        doorbell.ring(caller.network)
        return await held

    assert asyncio.run(busy())


def test_a_recall_is_news_to_its_terminal_until_it_has_pulled(lobby: Lobby) -> None:
    lobby.award(lobby.there)
    here, there = (Caller(lobby.house.network, lobby.house.merchant, peer.chain.identity) for peer in (lobby.here, lobby.there))
    cursor = lobby.change()
    with lobby.house.database.writing() as connection:
        shown = Present(here.identity, lobby.here.chain.head, ANNA)
        present(connection, here.identity, shown, lobby.house.time())
    last = lobby.change()
    with lobby.house.database.reading() as connection:
        assert look(connection, there, cursor) is News.CALL
        assert look(connection, here, cursor) is News.CHANGE
        assert look(connection, there, last) is News.NONE


def test_who_asks_again_lets_the_first_question_go(lobby: Lobby) -> None:
    cursor = lobby.change()

    async def twice() -> tuple[bool, bool]:
        first = asyncio.create_task(lobby.wait(lobby.here, cursor))
        await lobby.waiting(1)
        second = asyncio.create_task(lobby.wait(lobby.here, cursor))
        gone = await first
        await asyncio.to_thread(lobby.award, lobby.there)
        return gone, await second

    assert asyncio.run(twice()) == (False, True)


def test_nobody_is_waited_for_who_hung_up(lobby: Lobby) -> None:
    body = msgspec.json.encode(Wait(lobby.here.chain.identity, lobby.change(), LONG))
    signed = lobby.here.sign(messages.WAIT_PATH, body, 1)
    headers = [(name.lower().encode(), value.encode()) for name, value in signed.items()]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": messages.WAIT_PATH,
        "raw_path": messages.WAIT_PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"cloud"), *headers],
        "server": ("cloud", 80),
        "client": ("there", 1),
    }
    sent: list[Message] = []

    async def call() -> None:
        hung_up = asyncio.Event()
        said = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Message:
            for message in said:
                return message
            await hung_up.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        serving = asyncio.create_task(lobby.app(scope, receive, send))
        await lobby.waiting(1)
        hung_up.set()
        await serving

    asyncio.run(call())
    assert lobby.doorbell.waiting == 0


def test_strangers_wait_for_nothing(lobby: Lobby) -> None:
    client = lobby.here.client
    body = msgspec.json.encode(Wait(lobby.here.chain.identity, 0, LONG))
    headers = lobby.here.sign(messages.WAIT_PATH, body, 1)
    forged = body.replace(b"20", b"21")
    assert client.post(messages.WAIT_PATH, content=forged, headers=headers).status_code == 401
    assert client.post(messages.PULL_PATH, content=body, headers=headers).status_code in (400, 401)
    foreign = lobby.there.sign(messages.WAIT_PATH, body, 1)
    assert client.post(messages.WAIT_PATH, content=body, headers=foreign).status_code == 403
    rubbish = lobby.here.sign(messages.WAIT_PATH, b"{}", 1)
    assert client.post(messages.WAIT_PATH, content=b"{}", headers=rubbish).status_code == 400


def test_waiting_uses_up_no_counter(lobby: Lobby) -> None:
    lobby.award(lobby.here)
    before = lobby.here.counter
    asyncio.run(lobby.wait(lobby.here, 0))
    asyncio.run(lobby.wait(lobby.here, 0))
    lobby.award(lobby.here)
    assert lobby.here.counter == before + 1
