"""The drivers of scanners and number pads in a process of their own: prints each event as a line of JSON.

python keyboard_listener.py '[["scanner", "counter scanner", "name:ACME Scanner"], ["pad", "pad", "usb:1234:abcd"]]'
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import signal
import sys
import time

from drivers.events import Event
from drivers.keyboard import NumberPad, Scanner
from drivers.keyboard_search import Match
from drivers.supervise import supervise

PICTURE = 7


def clock() -> int:
    return time.monotonic_ns() // 1_000_000


def say(event: Event) -> None:
    values = {name: getattr(value, "value", value) for name, value in dataclasses.asdict(event).items()}
    print(json.dumps({"event": type(event).__name__, "ns": time.monotonic_ns(), **values}), flush=True)


def made(kind: str, name: str, match: str) -> Scanner | NumberPad:
    if kind == "scanner":
        return Scanner(name, Match.parse(match), clock)
    return NumberPad(name, Match.parse(match), clock, lambda: PICTURE)


def busy() -> None:
    """Keeps the loop from reading for longer than a scanner's pause."""
    print(json.dumps({"event": "Busy"}), flush=True)
    time.sleep(0.4)


async def main() -> None:
    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    assert this
    loop.add_signal_handler(signal.SIGTERM, this.cancel)
    loop.add_signal_handler(signal.SIGUSR1, busy)
    await asyncio.gather(*(supervise(made(*device), say, clock=clock) for device in json.loads(sys.argv[1])))


if __name__ == "__main__":
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(main())
