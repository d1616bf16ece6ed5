"""One loop that keeps a device alive: open, run, and on any failure close, wait, open again.

Every device of the terminal, real or virtual, runs under `supervise`. A device that fails never takes the daemon down: its
loss is one `DeviceLost`, its return one `DeviceBack`, however often it was tried in between.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

from drivers.events import DeviceBack, DeviceLost, Emit

FIRST_WAIT = 0.1
LONGEST_WAIT = 2.0
"""Seconds between two tries to open: the first, doubled up to the longest."""

STEADY_SECONDS = 5.0
"""A device that ran this long was well: the next wait starts from the first again."""


class Device(Protocol):
    """What `supervise` needs of a device."""

    name: str

    async def open(self) -> None:
        """Finds the hardware and makes it ready; raises whatever its library raises where that fails."""

    async def run(self, emit: Emit) -> None:
        """Serves until cancelled; raises when the hardware is gone."""

    async def close(self) -> None:
        """Lets go of everything, also after a failed `open`; must not raise and must not hang."""


async def supervise(
    device: Device,
    emit: Emit,
    *,
    clock: Callable[[], int],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Runs `device` until cancelled; `clock` gives monotonic milliseconds."""
    wait, lost = FIRST_WAIT, False
    while True:
        opened = None
        try:
            try:
                await device.open()
                opened, lost = clock(), False
                emit(DeviceBack(device.name, opened))
                await device.run(emit)
                why = "it stopped by itself"
            except Exception as error:  # whatever a library raises, the counter goes on
                why = describe(error)
            failed = clock()
            if not lost:  # said before closing, which may take a while on hardware that hangs
                lost = True
                emit(DeviceLost(device.name, why, failed))
        finally:
            # A driver's mistake in closing must not end the loop that is there to bring the device back.
            with contextlib.suppress(Exception):
                await device.close()
        if opened is not None and failed - opened >= STEADY_SECONDS * 1000:
            wait = FIRST_WAIT
        await sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)


def describe(error: BaseException) -> str:
    """An error's kind and text in one line, for the log and the doctor."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
