"""The counter page while the terminal has no power: cards and buttons move and do nothing. `power.cut` starts it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx

from drivers.virtual import VirtualDevices
from terminal.clocks import monotonic_ms
from terminal.counter import power
from terminal.counter.network import NetworkSwitch
from terminal.counter.power import Power
from terminal.counter.server import serve_counter
from terminal.counter.watch import JournalRow, Watch


async def wait() -> None:
    """Serves the page until somebody puts the plug back, or until the process is ended."""
    left = power.left()
    if left is None:
        raise SystemExit("this program is started by the counter page: run bodka-terminal run")
    listener, standing = left
    devices = VirtualDevices(monotonic_ms, lambda: 0, panels=standing.panels)  # nobody listens to them
    network = NetworkSwitch(httpx.AsyncHTTPTransport(trust_env=False), on=standing.network)
    async with serve_counter(
        listener, devices, Watch(_nothing), network, standing=standing, power=Power(on=False, flip=power.restore)
    ):
        await asyncio.Event().wait()


async def _nothing() -> Sequence[JournalRow]:
    return ()


if __name__ == "__main__":
    asyncio.run(wait())
