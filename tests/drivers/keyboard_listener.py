"""The drivers of scanners and number pads in a process of their own: prints each event as a line of JSON.

python keyboard_listener.py '[["scanner", "counter scanner", "name:ACME Scanner"], ["pad", "pad", "usb:1234:abcd"]]' us

The second argument is the layout that the terminal is set to. The match "every" takes all that look like one and are not named.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import signal
import sys
import time

from drivers.calibration import Taught
from drivers.events import Event
from drivers.every_keyboard import EveryKeyboard
from drivers.keyboard import NumberPad, Scanner
from drivers.keyboard_layouts import LAYOUTS
from drivers.keyboard_reading import Manner
from drivers.keyboard_search import Looks, Match
from drivers.supervise import Device, supervise

PICTURE = 7


def clock() -> int:
    return time.monotonic_ns() // 1_000_000


def say(event: Event) -> None:
    values = {name: getattr(value, "value", value) for name, value in dataclasses.asdict(event).items()}
    print(json.dumps({"event": type(event).__name__, "ns": time.monotonic_ns(), **values}, default=bytes.hex), flush=True)


class Lessons:
    """Kept in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Taught] = {}

    def recall(self, usb: str) -> Taught | None:
        return self.kept.get(usb)

    def remember(self, usb: str, taught: Taught) -> None:
        self.kept[usb] = taught


def made(kind: str, name: str, match: Match, named: list[Match], manner: Manner, lessons: Lessons) -> Device:
    if match.every:
        return EveryKeyboard(name, Looks(kind), clock, lambda: PICTURE, manner=manner, lessons=lessons, named=named)
    if kind == "scanner":
        return Scanner(name, match, clock, manner, lessons)
    return NumberPad(name, match, clock, lambda: PICTURE)


def busy() -> None:
    """Keeps the loop from reading for longer than a scanner's pause."""
    print(json.dumps({"event": "Busy"}), flush=True)
    time.sleep(0.4)


def held() -> None:
    """Keeps the loop from everything until it is let go."""
    print(json.dumps({"event": "Held"}), flush=True)
    signal.sigwait({signal.SIGUSR2})


async def main() -> None:
    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    assert this
    loop.add_signal_handler(signal.SIGTERM, this.cancel)
    loop.add_signal_handler(signal.SIGUSR1, busy)
    loop.add_signal_handler(signal.SIGHUP, held)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})  # before there is another thread that could get it
    tables = [(kind, name, Match.parse(match)) for kind, name, match in json.loads(sys.argv[1])]
    named, lessons, manner = [match for _, _, match in tables], Lessons(), Manner(LAYOUTS[sys.argv[2]])
    devices = [made(*table, named, manner, lessons) for table in tables]
    await asyncio.gather(*(supervise(device, say, clock=clock) for device in devices))


if __name__ == "__main__":
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(main())
