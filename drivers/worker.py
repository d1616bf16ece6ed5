"""A thread of its own for a library that blocks."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

STOP_SECONDS = 2.0
"""How long a thread is given to end after it was asked to."""


async def in_thread(name: str, work: Callable[[threading.Event], None]) -> None:
    """Runs `work(stop)` in a daemon thread and ends when it does, raising what it raised.

    When this is cancelled, `stop` is set and the thread is given `STOP_SECONDS` to return; `work` must look at `stop` at
    least that often, or be woken by its driver's `close`.
    """
    loop, stop = asyncio.get_running_loop(), threading.Event()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def body() -> None:
        error: BaseException | None = None
        try:
            work(stop)
        except BaseException as caught:  # handed to the waiting task
            error = caught
        with contextlib.suppress(RuntimeError):  # the loop may have closed meanwhile
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=body, name=name, daemon=True).start()
    try:
        await asyncio.shield(done)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([done], timeout=STOP_SECONDS)
        if done.done():
            done.exception()  # looked at, or asyncio complains that it was not
        raise
