"""Runs the buttons and the signals as the daemon does, and says their events; a part of test_gpio.py, not a test.

Arguments: `buttons`, `signals` or both, `active` for an active beeper, `clash` for a pin given twice,
`timed` to number the pictures by the clock. Lines: "picture 7", or a pattern as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from enum import Enum

from drivers.buttons import Buttons
from drivers.events import Button, Event
from drivers.gpio import Gpio
from drivers.signals import Beeper, SignalPins, Signals, Step
from drivers.supervise import Device, supervise

PINS = {Button.AWARD: 5, Button.REDEEM: 6, Button.NEXT: 13, Button.CANCEL: 26}


def clock() -> int:
    return time.monotonic_ns() // 1_000_000


def say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")  # in one piece: two threads speak
    sys.stdout.flush()


def emit(event: Event) -> None:
    values = {name: getattr(event, name) for name in event.__dataclass_fields__}
    plain = {name: value.value if isinstance(value, Enum) else value for name, value in values.items()}
    say(event=type(event).__name__, said=time.monotonic(), **plain)


async def main() -> None:
    picture = 0
    gpio = Gpio(clock)
    signals = Signals(
        "signals",
        SignalPins(green=5 if "clash" in sys.argv else 27, red=22, beeper=18),
        gpio,
        beeper=Beeper.ACTIVE if "active" in sys.argv else Beeper.PASSIVE,
    )
    devices: list[Device] = []
    if "buttons" in sys.argv:
        devices.append(Buttons("buttons", PINS, clock, clock if "timed" in sys.argv else lambda: picture, gpio))
    if "signals" in sys.argv:
        devices.append(signals)
    tasks = [asyncio.create_task(supervise(device, emit, clock=clock)) for device in devices]
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.startswith("picture "):
            picture = int(line.split()[1])
            say(picture=picture)
        else:
            pattern = tuple(Step(*step) for step in json.loads(line))
            began = time.perf_counter()
            signals.play(pattern)
            say(played=time.perf_counter() - began)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    say(ended=True)


if __name__ == "__main__":
    asyncio.run(main())
