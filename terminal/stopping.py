"""How a program of the terminal is told to stop: by systemd (SIGTERM) or by a person's Ctrl-C (SIGINT)."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine


async def until_told_to_stop(work: Coroutine[None, None, None]) -> bool:
    """Does the work until it ends by itself, or SIGTERM or SIGINT cancels it: whether it was cancelled so.

    SIGINT is heeded also where the program was begun with it ignored, as shells begin what runs in the background: there
    `asyncio.run` alone would leave it so, and the program could not be ended.
    """
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False
