"""How much longer than pcscd itself a chip card takes to become a `CardSeen`, and what an idle reader costs.

The real pcscd with virtual readers. A watcher in this process blocks in a SCardGetStatusChange of its own: from the moment it
is told of the card to the moment the event is there is our share. "on the line" are cards that take the time that a contact
card needs for each character at the speed of its reset, 9,600 baud (ISO/IEC 7816-3, section 10.2), and agree on no higher one.
CPU is that of the driver's thread alone.

    scripts/bench readers-chip 100
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from drivers.chip import ChipReader
from drivers.chip_profiles import FileProfile, MemoryProfile, Place, RecordProfile
from drivers.events import CardGone, CardSeen, DeviceBack, Event
from drivers.pcsc import PcscError, Service, State
from emulators.contactless_reader import tag
from emulators.memory_card import MemoryCard
from emulators.nfc_tags import text_message
from emulators.pcscd import Pcscd
from emulators.supervised import Supervised, clock
from emulators.virtual_card import VirtualCard

IDLE_SECONDS = 60.0
GOAL_MS = 60
READER = "Bench"
AID, OTHER = bytes.fromhex("F0424F444B41"), bytes.fromhex("F0424F444B42")
ATR_OF_OTHER = bytes.fromhex("3B6500002063CBA900")
PROFILES = (
    RecordProfile(AID, sfi=2, record=3),
    FileProfile(OTHER, b"\xef\x01", Place(length=10), atr=ATR_OF_OTHER),
    MemoryProfile(Place(offset=32, length=10)),
)
NUMBER = b"BODKA-0042"
FCI = bytes.fromhex("6F1A840E") + bytes(14) + bytes.fromhex("A5088801025F2D02736B")
"""What an application says of itself when it is selected: 28 bytes are usual (EMV Book 1, section 11.3.4)."""

CARDS: dict[str, tuple[Callable[[], VirtualCard], int | None]] = {
    "record": (lambda: VirtualCard({AID: {(2, 3): NUMBER}}), GOAL_MS),
    "record, T=0 on the line": (lambda: VirtualCard({AID: {(2, 3): NUMBER}}, fci=FCI, t0=True, line=True), GOAL_MS),
    "file, second profile, T=0 on the line": (
        lambda: VirtualCard({OTHER: {b"\xef\x01": NUMBER}}, fci=FCI, t0=True, line=True, atr=ATR_OF_OTHER),
        GOAL_MS,
    ),
    "file, second profile, T=0 on the line, its ATR not in the settings": (
        lambda: VirtualCard({OTHER: {b"\xef\x01": NUMBER}}, fci=FCI, t0=True, line=True),
        None,
    ),
    "SLE 4442": (lambda: MemoryCard(NUMBER).card, GOAL_MS),
    "NTAG with NDEF": (lambda: tag(message=text_message("BODKA-0042")), GOAL_MS),
}


class Stamped(Supervised):
    """Keeps when each event was there, in seconds of the monotonic clock."""

    def __init__(self, reader: ChipReader) -> None:
        super().__init__(reader)
        self.stamps: list[float] = []

    def emit(self, event: Event) -> None:
        self.stamps.append(time.monotonic())
        super().emit(event)


class Watcher(threading.Thread):
    """When pcscd said that a card came: the next one is in `told`."""

    def __init__(self) -> None:
        super().__init__(name="watcher", daemon=True)
        self.told: queue.Queue[float] = queue.Queue()
        self.start()

    def run(self) -> None:
        service, known = Service(), {f"{READER} 00 00": State()}
        with contextlib.suppress(PcscError):  # the measuring is over
            while True:
                changes = service.wait(known, 1_000)
                now = time.monotonic()
                for name, state in changes.items():
                    if state.present and not known[name].present:
                        self.told.put(now)
                known.update(changes)


def tell(name: str, value: float, unit: str, goal: float | None = None) -> None:
    line = {"name": f"chip: {name}", "value": round(value, 2), "unit": unit, "goal": f"<= {goal}" if goal else None}
    print(json.dumps(line | {"load": os.getloadavg()[0]}), flush=True)


def insertions(
    port: int, make: Callable[[], VirtualCard], count: int, said: Stamped, watcher: Watcher
) -> tuple[list[float], list[float]]:
    """Milliseconds from pcscd's word, and from putting the card in, to `CardSeen`."""
    share, whole = [], []
    for _ in range(count):
        time.sleep(random.uniform(0.05, 0.15))
        put = time.monotonic()
        card = make().insert(port)
        said.expect(CardSeen, 10)
        seen, told = said.stamps[-1], watcher.told.get(timeout=10)
        share.append((seen - told) * 1000)
        whole.append((seen - put) * 1000)
        card.remove()
        said.expect(CardGone, 10)
    return share, whole


def idle(said: Stamped, seconds: float) -> float:
    """Milliseconds of CPU a second of the driver's thread."""
    worker = next(thread for thread in threading.enumerate() if thread.name == said.device.name)
    assert worker.ident is not None
    cpu = time.pthread_getcpuclockid(worker.ident)
    before = time.clock_gettime(cpu)
    time.sleep(seconds)
    return (time.clock_gettime(cpu) - before) / seconds * 1000


def main(count: int = 100, idle_seconds: float = IDLE_SECONDS) -> None:
    with tempfile.TemporaryDirectory() as folder:
        service = Pcscd(Path(folder), READER)
        os.environ["PCSCLITE_CSOCK_NAME"] = str(service.socket)
        service.start()
        try:
            with Stamped(ChipReader("chip", PROFILES, clock, again_ms=20)) as said:
                said.expect(DeviceBack)
                watcher = Watcher()
                for name, (make, goal) in CARDS.items():
                    share, whole = insertions(service.port, make, count, said, watcher)
                    tell(f"{name}, after pcscd's word, median", statistics.median(share), "ms", goal)
                    tell(f"{name}, after pcscd's word, 99th percentile", sorted(share)[len(share) * 99 // 100], "ms")
                    tell(f"{name}, from the card in, median", statistics.median(whole), "ms")
                tell("idle", idle(said, idle_seconds), "ms of CPU a second", 10)
        finally:
            service.kill()


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
