"""A thread for a library that blocks, and every way in which it may end."""

from __future__ import annotations

import asyncio
import threading

import pytest

from drivers import worker
from drivers.worker import WorkerEnded, in_thread


def test_it_ends_when_its_work_does() -> None:
    names: list[str] = []
    asyncio.run(in_thread("reader", lambda stop: names.append(threading.current_thread().name)))
    assert names == ["reader"]


@pytest.mark.parametrize("error", [OSError, ValueError, TimeoutError])
def test_it_raises_what_its_work_raised(error: type[Exception]) -> None:
    def work(stop: threading.Event) -> None:
        raise error("gone")

    with pytest.raises(error, match="gone"):
        asyncio.run(in_thread("reader", work))


@pytest.mark.parametrize("odd", [StopIteration, SystemExit, KeyboardInterrupt, asyncio.CancelledError, GeneratorExit])
def test_what_is_no_error_ends_the_device_and_not_the_daemon(odd: type[BaseException]) -> None:
    def work(stop: threading.Event) -> None:
        raise odd

    async def main() -> None:
        await asyncio.wait_for(in_thread("reader", work), 5)

    with pytest.raises(WorkerEnded, match=odd.__name__):
        asyncio.run(main())


async def cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


def test_cancelling_stops_the_thread_and_waits_for_it() -> None:
    async def main() -> None:
        begun, ended = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def work(stop: threading.Event) -> None:
            loop.call_soon_threadsafe(begun.set)
            stop.wait(10)
            ended.set()

        task = asyncio.create_task(in_thread("reader", work))
        await begun.wait()
        await cancelled(task)
        assert ended.is_set()

    asyncio.run(main())


def test_cancelling_wakes_a_thread_that_blocks_elsewhere() -> None:
    async def main() -> None:
        begun, blocked, ended = asyncio.Event(), threading.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def work(stop: threading.Event) -> None:
            loop.call_soon_threadsafe(begun.set)
            blocked.wait(10)
            assert stop.is_set()
            ended.set()

        task = asyncio.create_task(in_thread("reader", work, wake=blocked.set))
        await begun.wait()
        await cancelled(task)
        assert ended.is_set()

    asyncio.run(main())


def test_a_thread_that_does_not_stop_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "STOP_SECONDS", 0.05)
    release = threading.Event()

    async def main() -> None:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def work(stop: threading.Event) -> None:
            loop.call_soon_threadsafe(begun.set)
            release.wait(10)
            raise OSError("too late to matter")

        task = asyncio.create_task(in_thread("stuck", work))
        await begun.wait()
        await cancelled(task)

    asyncio.run(main())
    thread = next(thread for thread in threading.enumerate() if thread.name == "stuck")
    release.set()  # the loop is closed by now: its end must disturb nobody
    thread.join(5)
    assert not thread.is_alive()


def test_an_error_while_stopping_disturbs_nobody() -> None:
    async def main() -> None:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()
        complaints: list[object] = []
        loop.set_exception_handler(lambda _, context: complaints.append(context))

        def work(stop: threading.Event) -> None:
            loop.call_soon_threadsafe(begun.set)
            stop.wait(10)
            raise OSError("hung up while stopping")

        task = asyncio.create_task(in_thread("reader", work))
        await begun.wait()
        await cancelled(task)
        assert complaints == []

    asyncio.run(main())
