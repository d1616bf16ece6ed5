"""What the panel costs: how soon it shows something, how long a press takes to be seen, and how many bytes that is.

The daemon is the shop's own, on emulated hardware, I2C at 400 kHz. An event is a key of the number pad at the kernel's input
device; its time ends with the last byte that it put on the bus. CPU time is the kernel's account of all the daemon's threads
from the key to 10 ms after that byte. Then the bytes (`panel_bytes`), and tap to screen as `first_tap` measures it.

    scripts/bench display 100
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import first_tap
import panel_bytes
from panel_bytes import say

from display.starting import starting
from emulators.hardware import PANEL_ADDRESS, Hardware
from emulators.witness import Witness
from shop import PATIENCE, Shop, command, drawn, environment, until

STARTS, HEAVIEST = 7, 12
REST_SECONDS = 0.05
"""A slow finger's pace, and time for all that a key set going to end."""


def start(shop: Shop, hardware: Hardware, listed: Path, **variables: str) -> tuple[float, int]:
    """Seconds from the start of the daemon's process to its first picture, and how far its list of imports was by then."""
    hardware.bus.chips[PANEL_ADDRESS] = panel = Witness(listed)
    run, surroundings = command("bodka-terminal", "run", "--settings", str(shop.settings)), hardware.environment()
    with listed.open("wb") as errors:
        began = time.monotonic()
        daemon = subprocess.Popen(run, env=environment(**surroundings, **variables), stderr=errors)
    try:
        until(lambda: panel.seen, lambda: "no picture came")
        until(lambda: panel.saw(drawn(starting("sk"))), lambda: "the first picture is another")
        first = panel.saw(drawn(starting("sk"))) or panel.seen[0]
        return first.at - began, first.written
    finally:
        daemon.kill()
        daemon.wait(PATIENCE)


def bare(hardware: Hardware) -> float:
    """Seconds of an interpreter that imports PIL.Image and ends, in the same surroundings."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import PIL.Image"], env=environment(**hardware.environment()), check=True)
    return time.monotonic() - began


def starts(shop: Shop, hardware: Hardware) -> None:
    listed = shop.folder / "imports"
    pairs = [(bare(hardware), start(shop, hardware, listed)[0]) for _ in range(STARTS)]
    alone, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
    against = f"a bare interpreter importing PIL.Image, {alone:.3f} s; ours {ours:.3f} s"
    say("process start to first picture", ours / alone, "times", "<= 5", against=against, load=os.getloadavg()[0])
    _, length = start(shop, hardware, listed, PYTHONPROFILEIMPORTTIME="1")
    lines = [line.removeprefix("import time:").split("|") for line in listed.read_bytes()[:length].decode().splitlines()]
    costs = [(int(total), name) for own, total, name in (line for line in lines if len(line) == 3) if own.strip().isdigit()]
    say("imported before the first picture", len(costs), "modules", None, all=sorted({name.strip() for _, name in costs}))
    for total, name in sorted(costs, reverse=True)[:HEAVIEST]:
        say(f"imported before the first picture: {name.strip()}, with what it imports", total / 1000, "ms", None)


def spent(process: int) -> float:
    """CPU milliseconds of a process so far."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


def presses(shop: Shop, hardware: Hardware, times: int, panels: str = "") -> None:
    """Keys and cancels; with a panel for staff, the last byte is that of either."""
    assert shop.daemon is not None
    process, took, cpu, sent = shop.daemon.process.pid, [], [], []
    shop.shows_idle()
    for number in range(times):
        keys = "5" if number % 4 < 3 else "\b"
        time.sleep(REST_SECONDS)
        with hardware.bus.lock:
            length = len(hardware.bus.log)
        before, began = spent(process), time.monotonic()
        if keys == "\b":
            hardware.gpio.drive(first_tap.PINS["cancel"], 0)
        else:
            shop.type(keys)
        until(lambda length=length: any(len(one.data) > 2 for one in hardware.bus.log[length:]), lambda: "nothing was shown")  # type: ignore[misc]
        time.sleep(REST_SECONDS)
        with hardware.bus.lock:
            put = [one for one in hardware.bus.log[length:] if one.data]
        took.append((put[-1].at - began) * 1000)
        cpu.append(spent(process) - before)
        sent.append(sum(1 + len(one.data) for one in put))
        hardware.gpio.drive(first_tap.PINS["cancel"], None)
    load = os.getloadavg()[0]
    say(f"key to last byte{panels}, median", statistics.median(took), "ms", "<= 20", load=load)
    say(f"key to last byte{panels}, p99", sorted(took)[min(times - 1, round(times * 0.99))], "ms", "<= 60", load=load)
    say(f"key to last byte{panels}, CPU of the daemon, median", statistics.median(cpu), "ms", "<= 8", load=load)
    say(f"key to last byte{panels}, on the bus, median", statistics.median(sent), "bytes", None)


@contextmanager
def opened(*, two_panels: bool = False) -> Iterator[tuple[Shop, Hardware]]:
    """A shop whose bus and readers take the time that they would."""
    with (
        tempfile.TemporaryDirectory() as name,
        Hardware(Path(name), hertz=first_tap.BUS_HERTZ, real_time=True, two_panels=two_panels) as hardware,
    ):
        shop = Shop(Path(name), hardware)
        try:
            shop.open()
            yield shop, hardware
        finally:
            shop.close()


def main(times: int) -> None:
    """Prints JSON lines."""
    with opened() as (shop, hardware):
        presses(shop, hardware, times)
        assert shop.daemon is not None
        shop.daemon.kill()
        starts(shop, hardware)
    with opened(two_panels=True) as (shop, hardware):
        presses(shop, hardware, times, " of two panels")
    panel_bytes.main()
    first_tap.main(times)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
