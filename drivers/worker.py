"""A thread of its own for a library that blocks."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

STOP_SECONDS = 2.0
"""How long a thread is given to end after it was asked to."""


class WorkerEnded(RuntimeError):
    """A thread was ended by something that is no ordinary error, such as a library's `sys.exit`."""


async def in_thread(name: str, work: Callable[[threading.Event], None], wake: Callable[[], None] | None = None) -> None:
    """Runs `work(stop)` in a daemon thread and ends when it does, raising what it raised.

    When this is cancelled, `stop` is set, `wake` is called (it may interrupt what blocks the thread; it must not raise and
    must not block) and the thread is given `STOP_SECONDS` to return; `work` must look at `stop` at least that often.
    What is no `Exception` (a library's `sys.exit`) comes as `WorkerEnded`, so that it ends a device and not the daemon.
    """
    loop, stop = asyncio.get_running_loop(), threading.Event()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        if error is None or stop.is_set():  # once it was told to stop, nobody waits for its complaints
            done.set_result(None)
        else:
            done.set_exception(error)

    def body() -> None:
        error: Exception | None = None
        try:
            work(stop)
        except StopIteration as caught:  # a future refuses this one, and would then wait for ever
            error = WorkerEnded(repr(caught))
        except Exception as caught:
            error = caught
        except BaseException as caught:  # not into the loop, where it would end the daemon or look like a cancellation
            error = WorkerEnded(repr(caught))
        with contextlib.suppress(RuntimeError):  # the loop may have closed meanwhile
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=body, name=name, daemon=True).start()
    try:
        await asyncio.shield(done)
    except asyncio.CancelledError:
        stop.set()
        if wake is not None:
            wake()
        await asyncio.wait([done], timeout=STOP_SECONDS)
        if done.done():
            done.exception()  # looked at, or asyncio complains that it was not
        raise
