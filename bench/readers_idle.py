"""What one of each device costs while nothing happens: the real daemon on emulated hardware, all of it plugged in.

CPU time is the kernel's own account of the daemon (/proc/PID/stat) and of its threads, 10 ms a tick. The emulators run in other
processes and are not in it; what they cost the daemon (a socket in place of an ioctl, their preloads) is.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

from emulators.hardware import Hardware
from shop import Shop

SECONDS = 60
GOAL = 10.0
"""CPU milliseconds a second, on the machine that measures."""

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


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
    say("idle_cpu", idle, "ms/s", GOAL)
    for thread, cost in threads.most_common(5):
        say(f"idle_cpu_{thread}", cost, "ms/s", None)


def spent(process: int, seconds: int) -> tuple[float, Counter[str]]:
    """CPU milliseconds a second of a process, and of each of its threads by its number and name."""
    began = time.monotonic()
    before, each_before = ticks(Path(f"/proc/{process}")), by_thread(process)
    time.sleep(seconds)
    after, each_after = ticks(Path(f"/proc/{process}")), by_thread(process)
    took = time.monotonic() - began
    each_after.subtract(each_before)
    return (after - before) * TICK_MS / took, Counter({name: cost * TICK_MS / took for name, cost in each_after.items()})


def by_thread(process: int) -> Counter[str]:
    """Ticks by thread: "thread 0" is the loop, the others in the order they began."""
    tasks = sorted(Path(f"/proc/{process}/task").iterdir(), key=lambda task: int(task.name))
    return Counter({f"thread_{number}": ticks(task) for number, task in enumerate(tasks)})


def ticks(folder: Path) -> int:
    """User and system time of a process or thread (proc(5): fields 14 and 15 of stat)."""
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def say(name: str, value: float, unit: str, goal: float | None) -> None:
    """One number."""
    print(json.dumps({"name": name, "value": round(value, 2), "unit": unit, "goal": goal}))


if __name__ == "__main__":
    main()
