"""What one of each device costs while nothing happens: the real daemon on emulated hardware, all of it plugged in.

CPU time is the kernel's own account of the daemon's threads (the first field of /proc/PID/task/TID/schedstat, nanoseconds).
The emulators run in other processes and are not in it; what they cost the daemon is (a socket in place of an ioctl, preloads).

The estimate for a Raspberry Pi Zero 2 is that time multiplied. With one thread its core at 1 GHz does 835 MIPS in 7-Zip's
benchmark (T. Kaiser, "A quick look at RPi Zero 2 W", github.com/ThomasKaiser/Knowledge); a core of the first machine that
measured, an AMD EPYC (family 25, model 17), does `MIPS_HERE` of the same (`7z b -mmt1`, the rating by used time). On another
machine measure that first. 7-Zip computes in memory, an idle daemon wakes up and calls the kernel: the estimate may be wrong by
a factor of two either way.

    scripts/bench readers-idle 60
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from emulators.hardware import Hardware
from shop import Shop

SECONDS = 60
GOAL = 10.0
"""CPU milliseconds a second, on the machine that measures."""

MIPS_HERE, MIPS_PI_ZERO_2 = 4_400, 835


def main(count: int = SECONDS) -> None:
    """Lets a whole counter stand idle for `count` seconds; JSON lines on standard output."""
    with tempfile.TemporaryDirectory() as name, Hardware(Path(name), real_time=True) as hardware:
        shop = Shop(Path(name), hardware)
        # The tests ask for changes each second; a shop asks as config/terminal.toml says.
        shop.settings.write_text(shop.toml().replace("poll_seconds = 1\n", ""))
        try:
            shop.open()
            assert shop.daemon is not None
            time.sleep(3)  # the first pull from the cloud and the first pictures are no idling
            idle, threads = spent(shop.daemon.process.pid, count)
        finally:
            shop.close()
    say("idle: one of each device", idle, "CPU ms/s", GOAL)
    say("idle: the same on a Pi Zero 2, estimated", idle * MIPS_HERE / MIPS_PI_ZERO_2, "CPU ms/s of one of four cores")
    for thread, cost in threads.most_common(5):
        say(f"idle: {thread}", cost, "CPU ms/s")


def spent(process: int, seconds: int) -> tuple[float, Counter[str]]:
    """CPU milliseconds a second of a process, and of each of its threads by the order in which they began."""
    began, before = time.monotonic(), by_thread(process)
    time.sleep(seconds)
    after, took = by_thread(process), time.monotonic() - began
    costs = Counter({name: (cost - before[name]) / 1e6 / took for name, cost in after.items()})
    return sum(costs.values()), costs


def by_thread(process: int) -> Counter[str]:
    """Nanoseconds by thread: "thread 0" is the loop."""
    tasks = sorted(Path(f"/proc/{process}/task").iterdir(), key=lambda task: int(task.name))
    return Counter({f"thread {number}": int((task / "schedstat").read_text().split()[0]) for number, task in enumerate(tasks)})


def say(name: str, value: float, unit: str, goal: float | None = None) -> None:
    """One number."""
    line = {"name": name, "value": round(value, 2), "unit": unit, "goal": f"<= {goal}" if goal else None}
    print(json.dumps(line | {"load": os.getloadavg()[0]}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
