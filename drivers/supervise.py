"""One loop that keeps a device alive: open, run, and on any failure close, wait, open again.

Every device of the terminal, real or virtual, runs under `supervise`. A device that fails never takes the daemon down: its
loss is one `DeviceLost`, its return one `DeviceBack`, however often it was tried in between. One that comes and goes all the
time (a loose plug, a weak power supply) is used whenever it is there, but counts as lost until it has stayed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

from drivers.events import DeviceBack, DeviceLost, Emit

FIRST_WAIT = 0.1
LONGEST_WAIT = 1.5
"""Seconds from one try to open to the next: the first, doubled up to the longest. With the longest, and what opening takes, a
device that was put back works within two seconds."""

STEADY_SECONDS = 5.0
"""A device that ran this long was well: the next wait starts from the first again."""

SHORT_LIVES = 5
"""After so many lives in a row that were not steady, the return is said only when the device has become steady."""

OPEN_SECONDS = 5.0
"""A device that takes longer to open is said to be lost; its answer is waited for all the same."""

CLOSE_SECONDS = 2.0
"""A close that takes longer is left behind: the device is opened again without it."""


class Device(Protocol):
    """What `supervise` needs of a device."""

    name: str

    async def open(self) -> None:
        """Finds the hardware and makes it ready; raises whatever its library raises where that fails."""

    async def run(self, emit: Emit) -> None:
        """Serves until cancelled; raises when the hardware is gone."""

    async def close(self) -> None:
        """Lets go of everything, also after a failed `open`; must not raise and must not block the loop."""


async def supervise(
    device: Device,
    emit: Emit,
    *,
    clock: Callable[[], int],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Runs `device` until cancelled; `clock` gives monotonic milliseconds."""
    said, wait = _Said(device.name, emit, clock), FIRST_WAIT
    while True:
        began, opened = clock(), None
        try:
            try:
                said.opening()
                await device.open()
                opened = clock()
                said.opened()
                await device.run(emit)
                why = "it stopped by itself"
            except Exception as error:  # whatever a library raises, the counter goes on
                why = describe(error)
            steady = opened is not None and clock() - opened >= STEADY_SECONDS * 1000
            said.lost(why, short=opened is not None and not steady)  # before closing, which may hang on dead hardware
        finally:
            said.quiet()
            await _close(device)
        if steady:
            wait = FIRST_WAIT
        # A dead serial port takes its time to fail: that time is a part of the wait, or the return would be noticed late.
        tried = 0.0 if opened is not None else (clock() - began) / 1000
        await sleep(max(FIRST_WAIT, wait - tried))
        wait = min(wait * 2, LONGEST_WAIT)


class _Said:
    """What the daemon was told of a device, so that losses and returns take turns."""

    def __init__(self, name: str, emit: Emit, clock: Callable[[], int]) -> None:
        self._name, self._emit, self._clock = name, emit, clock
        self._lost, self._back = False, False
        self._short = 0
        self._timer: asyncio.TimerHandle | None = None

    def opening(self) -> None:
        self._after(OPEN_SECONDS, lambda: self._say_lost("it does not answer while it is being opened: check its cable"))

    def opened(self) -> None:
        if self._short < SHORT_LIVES:
            self.quiet()
            self._say_back()
        else:
            self._after(STEADY_SECONDS, self._say_back)

    def lost(self, why: str, *, short: bool) -> None:
        """`short`: it worked, and not for long. What never opens is neither, and what was steady begins anew."""
        if short:
            self._short += 1
        elif self._back:
            self._short = 0
        many = self._short == SHORT_LIVES
        self._say_lost(f"{why} (it keeps coming and going: check its plug, cable and power supply)" if many else why)

    def quiet(self) -> None:
        """Nothing will be said by itself."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def _after(self, seconds: float, say: Callable[[], None]) -> None:
        self.quiet()
        self._timer = asyncio.get_running_loop().call_later(seconds, say)

    def _say_lost(self, why: str) -> None:
        self._back = False
        if not self._lost:
            self._lost = True
            self._emit(DeviceLost(self._name, why, self._clock()))

    def _say_back(self) -> None:
        self._lost, self._back = False, True
        self._emit(DeviceBack(self._name, self._clock()))


async def _close(device: Device) -> None:
    """Closes, for `CLOSE_SECONDS` at most. A driver's mistake in closing must not end the loop that is there to bring the
    device back."""
    closing = asyncio.ensure_future(_closed(device))
    try:
        await asyncio.wait([closing], timeout=CLOSE_SECONDS)
    finally:
        closing.cancel()


async def _closed(device: Device) -> None:
    with contextlib.suppress(Exception):
        await device.close()


def describe(error: BaseException) -> str:
    """An error's kind and text in one line, for the log and the doctor."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
