"""systemd hears a beat only while the event loop turns and the journal's thread can take its lock."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from terminal import heartbeat
from terminal.store import JOURNAL, Store

BEAT = "WATCHDOG=1"
SECONDS = 0.03


class Manager:
    """The end of the socket that systemd holds."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(os.fspath(path))
        self.socket.setblocking(False)

    async def hears(self) -> str:
        return (await asyncio.get_running_loop().sock_recv(self.socket, 4096)).decode()

    def forget(self) -> None:
        """What came until now."""
        try:
            while True:
                self.socket.recv(4096)
        except BlockingIOError:
            return

    async def silent(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self.hears()
        except TimeoutError:
            return True
        return False


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    path = tmp_path / "notify"
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    monkeypatch.setenv("WATCHDOG_USEC", str(int(SECONDS * heartbeat.BEATS * 1_000_000)))
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    one = Manager(path)
    with closing(one.socket):
        yield one


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    one = Store(tmp_path, UUID(int=1), "hlavna-1")
    yield one
    one.close()


def test_a_hung_writer_starves_the_watchdog_and_one_that_goes_on_feeds_it(manager: Manager, store: Store) -> None:
    go_on = threading.Event()

    async def scene() -> None:
        beating = asyncio.create_task(heartbeat.beat(store.prove))
        assert await manager.hears() == BEAT
        hung = asyncio.create_task(store.run_blocking(go_on.wait))
        await asyncio.sleep(SECONDS)
        manager.forget()
        silent = await manager.silent(SECONDS * 10)
        go_on.set()
        await hung
        assert silent, "a beat although the writer hangs"
        assert await manager.hears() == BEAT
        beating.cancel()

    asyncio.run(scene())


def test_a_journal_that_another_process_keeps_locked_starves_the_watchdog(
    manager: Manager, store: Store, tmp_path: Path
) -> None:
    async def scene() -> None:
        await store.run_blocking(lambda: store.writer.journal.execute("PRAGMA busy_timeout=1"))
        beating = asyncio.create_task(heartbeat.beat(store.prove))
        assert await manager.hears() == BEAT
        with closing(sqlite3.connect(tmp_path / JOURNAL, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(SECONDS)
            manager.forget()
            assert await manager.silent(SECONDS * 10), "a beat although nothing can be written"
        assert await manager.hears() == BEAT
        beating.cancel()

    asyncio.run(scene())


def test_a_loop_that_does_not_turn_starves_the_watchdog(manager: Manager) -> None:
    async def scene() -> None:
        async with heartbeat.beating():
            assert await manager.hears() == BEAT
            manager.forget()
            hold = threading.Event()
            hold.wait(SECONDS * 10)  # on purpose in the loop's own thread
            with pytest.raises(BlockingIOError):
                manager.socket.recv(4096)
            assert await manager.hears() == BEAT

    asyncio.run(scene())


def test_a_beat_writes_nothing(store: Store, tmp_path: Path) -> None:
    async def beats(count: int) -> None:
        for _ in range(count):
            await store.prove()

    asyncio.run(beats(1))  # after what the opening has to write
    before = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir() if not file.name.endswith("-shm")}
    asyncio.run(beats(20))
    assert before == {file: file.stat().st_mtime_ns for file in before}


def test_nobody_is_told_where_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)
    heartbeat.tell("READY=1")
    assert heartbeat.seconds() is None
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    assert heartbeat.seconds() == 10
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert heartbeat.seconds() is None, "the watchdog of another process"


def test_a_name_in_the_abstract_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as end:
        end.bind("\0bodka-heartbeat-test")
        monkeypatch.setenv("NOTIFY_SOCKET", "@bodka-heartbeat-test")
        heartbeat.tell("READY=1", "STATUS=serves")
        assert end.recv(100) == b"READY=1\nSTATUS=serves"
