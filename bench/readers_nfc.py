"""How long a card waits from entering the field to `CardSeen`, and what an idle reader costs.

Measured on the emulated PN532 with real frame times.

A card enters at a random phase of the reader's search. Each number is taken at several speeds of the port. The same is measured
of nfcpy's own `connect()` loop at its defaults. CPU is that of the reader's thread alone, not of the emulator.

Chip and driver are two threads of this process. On a machine with other work to do they wait for a core, and these waits (the
kernel's count, /proc/PID/task/TID/schedstat) are told apart from what a tap itself takes: "less waits" is what it would have
been on an idle machine. A tap of more than a second is told with its story.

    scripts/bench readers-nfc 300       # some 13 minutes
"""

from __future__ import annotations

import json
import logging
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from drivers.events import CardGone, CardSeen, DeviceBack
from drivers.nfc import GONE_MS, WAIT_SECONDS, NfcReader
from emulators.nfc_tags import Card, ClassicCard, Ntag424, Type2Tag, Type4Tag, text_message
from emulators.pn532 import Pn532
from emulators.supervised import Supervised, clock

BAUD = (921_600, 230_400, 115_200)
"""A USB adapter or a Pi's good UART; its mini UART; a line that carries no more than the chip begins with."""

IDLE_SECONDS = 60.0
FEWER_TAPS, CONNECT_TAPS = 40, 8
"""A median needs fewer taps than a 99th percentile, and `connect()` is slow enough for few to tell."""

LIES_SECONDS = 0.05
"""A card lies there for so long after it was seen."""

SLOW_MS = 1_000

SUN = "bodka.example/c?e=EF963FF7828658A599F3041510671E88&c=94EED9EE65337086"
KINDS: dict[str, tuple[Callable[[int], Card], int | None, int | None]] = {
    "UID": (lambda n: ClassicCard(f"{0x10000000 + n:08X}"), 80, 160),
    "NDEF text of 8 characters, Type 2": (lambda n: Type2Tag(f"04{n:012X}", text_message(f"K{n:07d}")), 120, None),
    "NDEF address of 50 characters, Type 2": (lambda n: Type2Tag(f"04{n:012X}", text_message(f"{n:050d}")), 120, None),
    "NDEF text of 8 characters, Type 4": (lambda n: Type4Tag(f"04{n:012X}", text_message(f"K{n:07d}")), 120, None),
    "signed address, NTAG 424": (lambda n: Ntag424(lambda counter: SUN, f"04{n:012X}"), None, None),
}
"""Each kind of card, made anew for each tap, and the goals for its median and 99th percentile in milliseconds."""


def tell(name: str, value: float, unit: str, goal: float | None = None) -> None:
    line = {"name": f"nfc: {name}", "value": round(value, 1), "unit": unit, "goal": f"<= {goal}" if goal else None}
    print(json.dumps(line | {"load": os.getloadavg()[0]}), flush=True)


@contextmanager
def speed(chip: Pn532, baud: int) -> Iterator[None]:
    """The line carries so many baud; nfcpy asks stty which speeds a port can do, and is told so."""
    import nfc.clf.pn532

    chip.carries, real = baud, nfc.clf.pn532.os.system
    nfc.clf.pn532.os.system = lambda command: 0 if f" {baud} " in command else 1
    try:
        yield
    finally:
        nfc.clf.pn532.os.system = real


def thread(name: str) -> int:
    return next(one.ident for one in threading.enumerate() if one.name == name and one.ident is not None)


def cpu(ident: int, seconds: float) -> float:
    """Milliseconds of CPU a second that a thread uses."""
    meter = time.pthread_getcpuclockid(ident)
    begun, used = time.monotonic(), time.clock_gettime(meter)
    time.sleep(seconds)
    return (time.clock_gettime(meter) - used) * 1000 / (time.monotonic() - begun)


class Clock:
    """Real time, which a tap moves on: the second for which a card that was taken away is still the same need not be waited."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return clock() + self.ahead


def until(said: Supervised, kind: type[object]) -> None:
    """Waits for an event of this kind. A reader that is lost for a moment on a busy machine makes a slow tap, not an end."""
    while True:
        with said.news:
            if not said.news.wait_for(lambda: len(said.events) > said.read, 10):
                raise TimeoutError(f"no {kind.__name__}; had {said.events[-3:]}")
            event = said.events[said.read]
            said.read += 1
        if isinstance(event, kind):
            return


@dataclass(frozen=True)
class Tap:
    """Milliseconds until the card was seen, and how many of them chip and driver waited for a core."""

    took: float
    waited: float

    @property
    def itself(self) -> float:
        return self.took - min(self.waited, self.took)


def waits(chip: Pn532) -> float:
    """Milliseconds that chip and driver have waited for a core so far (Documentation/scheduler/sched-stats.rst, the second
    field)."""
    threads = [chip.thread.native_id, *(one.native_id for one in threading.enumerate() if one.name == "nfc")]
    return sum(int(Path(f"/proc/self/task/{number}/schedstat").read_text().split()[1]) for number in threads) / 1e6


def tap(chip: Pn532, said: Supervised, card: Card) -> Tap:
    """How long until the card is seen; the reader knows that the last one is gone."""
    time.sleep(random.uniform(0, WAIT_SECONDS))
    heard, waited, begun = len(chip.log), waits(chip), time.monotonic()
    chip.show(card)
    first = said.read
    until(said, CardSeen)
    took = Tap((time.monotonic() - begun) * 1000, waits(chip) - waited)
    if took.took > SLOW_MS:
        story = {"commands": [f"{code:02X}" for code in chip.log[heard:]], "events": [str(one) for one in said.events[first:]]}
        print(json.dumps({"slow tap, ms": took.took, "waited for a core, ms": took.waited, **story}), flush=True)
    time.sleep(LIES_SECONDS)
    chip.show()
    said.clock.ahead += GONE_MS
    until(said, CardGone)
    return took


def ours(chip: Pn532, count: int, idle: float, at: str) -> None:
    now = Clock()
    with Supervised(NfcReader("nfc", str(chip.link), now), now) as said:
        until(said, DeviceBack)
        for kind, (make, median, last) in KINDS.items():
            taps = [tap(chip, said, make(number)) for number in range(count if last else min(count, FEWER_TAPS))]
            times, alone = sorted(one.took for one in taps), sorted(one.itself for one in taps)
            tell(f"{kind} to CardSeen, median, {at}", statistics.median(times), "ms", median)
            tell(f"{kind} to CardSeen, median less waits, {at}", statistics.median(alone), "ms")
            if last:
                most = int(len(times) * 0.99)
                tell(f"{kind} to CardSeen, 99th percentile of {len(times)}, {at}", times[most], "ms", last)
                tell(f"{kind} to CardSeen, 99th percentile less waits, {at}", alone[most], "ms")
            tell(f"{kind} to CardSeen, slowest of {len(times)}, {at}", times[-1], "ms")
        tell(f"idle, {at}", cpu(thread("nfc"), idle), "CPU ms/s", 10)
        chip.show(ClassicCard())
        until(said, CardSeen)
        scans, waited, begun = chip.log.count(0x4A), waits(chip), time.monotonic()
        used = cpu(thread("nfc"), min(idle, 10.0))
        took, scans = (time.monotonic() - begun) * 1000, max(1, chip.log.count(0x4A) - scans)
        tell(f"poll to poll while a card lies there, {at}", took / scans, "ms", 80)
        tell(f"poll to poll less waits, {at}", (took - waits(chip) + waited) / scans, "ms")
        tell(f"with a card on it, {at}", used, "CPU ms/s")


def connects(chip: Pn532, count: int, idle: float, at: str) -> None:
    """nfcpy's `connect()` as its documentation shows it, with nothing set; a tag's NDEF is read in `on-connect`."""
    import nfc
    import nfc.clf.pn532
    import nfc.clf.transport

    logging.getLogger("nfc").setLevel(logging.CRITICAL)
    front = nfc.ContactlessFrontend()
    front.device = nfc.clf.pn532.init(nfc.clf.transport.TTY(str(chip.link)))
    seen, stop = threading.Semaphore(0), threading.Event()

    def connected(tag: object) -> bool:
        getattr(tag, "ndef", None)  # reading it is what takes the time
        seen.release()
        return True

    def loop() -> None:
        while not stop.is_set():
            front.connect(rdwr={"on-connect": connected}, terminate=stop.is_set)

    worker = threading.Thread(target=loop, name="connect", daemon=True)
    worker.start()
    for kind in ("UID", "NDEF text of 8 characters, Type 2", "NDEF text of 8 characters, Type 4"):
        times = []
        for number in range(count):
            time.sleep(random.uniform(1.0, 2.0))
            begun = time.monotonic()
            chip.show(KINDS[kind][0](number))
            seen.acquire(timeout=10)
            times.append((time.monotonic() - begun) * 1000)
            time.sleep(LIES_SECONDS)
            chip.show()
        tell(f"nfcpy connect(): {kind}, median of {count}, {at}", statistics.median(times), "ms")
    time.sleep(1.0)
    tell(f"nfcpy connect(): idle, {at}", cpu(thread("connect"), idle), "CPU ms/s")
    stop.set()
    worker.join(10)
    front.close()


def main(count: int, idle: float = IDLE_SECONDS) -> None:
    """Prints the numbers as JSON lines; `count` taps of each kind (300 and more for a 99th percentile) at the first speed."""
    fastest, *slower = BAUD
    measured(ours, fastest, count, idle)
    measured(connects, fastest, min(count, CONNECT_TAPS), idle)
    for baud in slower:
        measured(ours, baud, min(count, FEWER_TAPS), min(idle, 10.0))


def measured(measure: Callable[[Pn532, int, float, str], None], baud: int, count: int, idle: float) -> None:
    """One measurement on a chip of its own."""
    with tempfile.TemporaryDirectory() as folder:
        chip = Pn532(Path(folder) / "nfc", real_time=True)
        chip.plug()
        try:
            with speed(chip, baud):
                measure(chip, count, idle, f"{baud} baud")
        finally:
            chip.unplug()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
