"""How long a customer's value takes from the terminal where it lies to the one at which the card is shown.

Two terminals' own links (files, signatures, courier, doorbell) and the real cloud with its server, over loopback. The other
terminal is online and idle. For comparison: one push and one pull over the same way.

    scripts/bench lending 100
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from emulators.drafts import award, person
from emulators.linked import Linked, RunningCloud

POINTS = 10


def row(name: str, value: float, unit: str, goal: str) -> None:
    print(json.dumps({"name": name, "value": round(value, 1), "unit": unit, "goal": goal}), flush=True)


async def back_and_forth(here: Linked, there: Linked, times: int) -> list[float]:
    """Shows the card now here, now there; milliseconds until it can all be spent where it is shown."""
    took = []
    for number in range(times):
        shown, other = (here, there) if number % 2 else (there, here)
        other.link.serve(None)
        await shown.until(lambda shown=shown: shown.spendable() == 0 and shown.balance() == POINTS)
        began = time.perf_counter()
        shown.link.serve(shown.store.account(person()))
        await shown.until(lambda shown=shown: shown.spendable() == POINTS)
        took.append((time.perf_counter() - began) * 1000)
    return took


async def measure(folder: Path, times: int) -> None:
    with RunningCloud(folder / "cloud.sqlite") as cloud:
        async with Linked(cloud, folder / "here") as here, Linked(cloud, folder / "there") as there:
            await here.store.record(award(POINTS), "first", 1, here.moment())
            here.link.wake()
            await there.until(lambda: there.balance() == POINTS)
            took = await back_and_forth(here, there, times)
    row("lending: card shown to spendable, the other terminal idle: median", statistics.median(took), "ms", "<= 500")
    row("lending: the same, 95 of 100", statistics.quantiles(took, n=20)[-1], "ms", "<= 1500")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else 60))
