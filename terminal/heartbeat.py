"""What the terminal tells systemd: that it serves, what it is doing, and that it is alive.

Without systemd nothing is told. Sources: sd_notify(3), "Notes" (the socket's protocol); sd_watchdog_enabled(3).
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog

log = structlog.get_logger("heartbeat")

BEATS = 3
"""So many beats fit into the time after which systemd starts the terminal anew: one that is late is no death."""


def tell(*assignments: str) -> None:
    """Says "READY=1", "STATUS=..." and the like; never raises, for nobody is served better by a daemon that dies of it."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # a name of Linux's abstract namespace
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
        manager.sendto("\n".join(assignments).encode(), address)


def seconds() -> float | None:
    """How often to beat; None where systemd does not wait for it (`WatchdogSec=`)."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        return int(os.environ["WATCHDOG_USEC"]) / 1_000_000 / BEATS
    except (KeyError, ValueError):
        return None


async def beat(alive: Callable[[], Awaitable[None]]) -> None:
    """Beats until cancelled, each time after `alive` came back. While it does not, or raises, systemd hears nothing."""
    pause = seconds()
    if pause is None:
        return
    while True:
        try:
            await alive()
        except Exception:
            log.exception("not alive: systemd will start the terminal anew")
        else:
            tell("WATCHDOG=1")
        await asyncio.sleep(pause)


@asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Beats as long as the event loop turns, where there is nothing else yet to be alive."""
    task = asyncio.create_task(beat(_turn), name="heartbeat")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _turn() -> None:
    await asyncio.sleep(0)
