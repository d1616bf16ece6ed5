"""The courier rests until it is called; where it cannot be, by the clock as before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import msgspec
import pytest

from emulators.cloud_peer import CloudPeer
from emulators.drafts import IDENTITY, moment
from sync import journal, mirror
from sync.connection import cloud_client
from sync.counter import RequestCounter
from sync.courier import Courier
from sync.doorbell import Doorbell
from sync.keys import DeviceKey
from sync.messages import MAX_WAIT_SECONDS, PULL_PATH, WAIT_PATH, Problem, Standing, Wait, Waited
from sync.requests import Trouble
from sync.signing import RequestSigner


class Resting:
    """A courier at an emulated cloud, run until it has rested so often; what it waits for is in the test's hands."""

    def __init__(self, folder: Path, called: Callable[[Wait], Awaitable[bool]] | None) -> None:
        self.peer = CloudPeer(IDENTITY)
        self.journal = journal.open_journal(folder / "journal.sqlite")
        journal.begin(self.journal, IDENTITY)
        self.mirror = mirror.open_mirror(folder / "mirror.sqlite", self.journal)
        self.rests: list[float] = []
        self.go_on = asyncio.Event()
        self.courier = Courier(
            cloud_client("http://127.0.0.1:1", transport=self.peer),
            self.journal,
            self.mirror,
            RequestCounter(self.journal),
            run_blocking=self.run_blocking,
            moment=moment,
            sleep=self.sleep,
            random=lambda: 0.5,
            on_cloud=lambda state: None,
            on_changed=lambda accounts: None,
            idle_seconds=15.0,
            called=called,
        )

    async def run_blocking(self, work: Callable[[], object], /) -> object:
        await asyncio.sleep(0)
        return work()

    async def sleep(self, seconds: float) -> None:
        """The clock stands still until the test lets it go on."""
        self.rests.append(seconds)
        await self.go_on.wait()
        self.go_on.clear()

    async def until(self, holds: Callable[[], bool]) -> None:
        running = asyncio.create_task(self.courier.run())
        try:
            async with asyncio.timeout(20):
                while not holds():
                    await asyncio.sleep(0)
                    if running.done():
                        running.result()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def pulls(self) -> int:
        return self.peer.requests.count(PULL_PATH)

    def close(self) -> None:
        self.journal.close()
        self.mirror.close()


def test_a_call_ends_the_rest(tmp_path: Path) -> None:
    waits: list[Wait] = []

    async def called(wait: Wait) -> bool:
        waits.append(wait)
        resting.peer.change += 1  # something happened
        return True

    resting = Resting(tmp_path, called)
    asyncio.run(resting.until(lambda: resting.pulls() >= 5))
    assert [wait.cursor for wait in waits[:4]] == [0, 1, 2, 3]
    assert {(wait.identity, wait.seconds) for wait in waits} == {(IDENTITY, 15.0)}
    resting.close()


def test_a_call_that_brings_nothing_is_not_followed_again_and_again(tmp_path: Path) -> None:
    calls = 0

    async def called(wait: Wait) -> bool:
        nonlocal calls
        calls += 1
        return True

    resting = Resting(tmp_path, called)

    async def two_rests() -> None:
        """The first is ended by the call, the second only by the clock; then the cloud is listened to again."""
        running = asyncio.create_task(resting.until(lambda: calls == 2))
        while len(resting.rests) < 2:
            await asyncio.sleep(0)
        for _ in range(100):
            await asyncio.sleep(0)
        assert (calls, resting.pulls()) == (1, 2)
        resting.go_on.set()
        await running

    asyncio.run(two_rests())
    assert resting.pulls() == 3
    resting.close()


@pytest.mark.parametrize("answer", ["nothing new", "not to be had"])
def test_where_the_cloud_cannot_be_waited_for_the_clock_ends_the_rest(tmp_path: Path, answer: str) -> None:
    calls = 0

    async def called(wait: Wait) -> bool:
        nonlocal calls
        calls += 1
        if answer == "not to be had":
            raise Trouble("404")
        return False

    resting = Resting(tmp_path, called)

    async def both() -> None:
        ticked = 0
        resting_thrice = asyncio.create_task(resting.until(lambda: resting.pulls() >= 3))
        while not resting_thrice.done():
            await asyncio.sleep(0)
            if calls > ticked:
                ticked = calls
                resting.go_on.set()
        await resting_thrice

    asyncio.run(both())
    assert calls >= 2
    assert resting.courier.state.online
    resting.close()


def test_who_is_off_the_head_waits_for_no_call(tmp_path: Path) -> None:
    calls = 0

    async def called(wait: Wait) -> bool:
        nonlocal calls
        calls += 1
        return True

    resting = Resting(tmp_path, called)
    resting.peer.standing = Standing.WRITTEN_OFF
    asyncio.run(resting.until(lambda: len(resting.rests) == 1))
    assert calls == 0
    resting.close()


# The request itself.


def listen(answer: httpx.Response | httpx.HTTPError, seconds: float = 15.0) -> tuple[bool, httpx.Request]:
    asked: list[httpx.Request] = []

    def cloud(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(answer, httpx.HTTPError):
            raise answer
        return answer

    async def call() -> bool:
        signer = RequestSigner(IDENTITY, DeviceKey(bytes(32)), lambda: 5.0)
        async with cloud_client("http://127.0.0.1:1", auth=signer, transport=httpx.MockTransport(cloud)) as client:
            return await Doorbell(client).listen(Wait(IDENTITY, 3, seconds))

    return asyncio.run(call()), asked[0]


def test_it_asks_signed_and_no_longer_than_is_held_open() -> None:
    heard, request = listen(httpx.Response(200, content=msgspec.json.encode(Waited(True))), seconds=600)
    assert heard
    assert request.url.path == WAIT_PATH
    assert msgspec.json.decode(request.content, type=Wait) == Wait(IDENTITY, 3, MAX_WAIT_SECONDS)
    assert request.headers["Signature"].startswith("bodka=:")
    assert request.extensions["timeout"]["read"] > MAX_WAIT_SECONDS


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, content=msgspec.json.encode(Problem("There is no such thing"))),
        httpx.Response(200, content=b"<html>Log in to the network</html>"),
        httpx.Response(302, headers={"Location": "http://login.example"}),
        httpx.ConnectError("no route"),
        httpx.ReadTimeout("silence"),
    ],
)
def test_whatever_goes_wrong_is_trouble(answer: httpx.Response | httpx.HTTPError) -> None:
    with pytest.raises(Trouble):
        listen(answer)
