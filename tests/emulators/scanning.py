"""Many scans at a scanner's speed while another core is busy: which were lost or joined, and how long each took."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from emulators.keyboard import Keyboard
from emulators.listener import Listener

MS_PER_KEY = 1.0

TRIES = 10

STALLED_MS = 40
"""A scanner does not stop within a code: one that did was kept from it by this machine, and says nothing about the driver."""


@dataclass(slots=True)
class Scans:
    """What came of them."""

    delays: list[float] = field(default_factory=list)
    """Milliseconds from the last key going down to `CardSeen`, of each scan that came whole."""
    spoilt: list[str] = field(default_factory=list)
    """Codes that did not come out as they were typed, lost, joined or garbled: what was typed, what came, the scanner's longest
    gap."""
    stalled: int = 0
    """Codes that were typed again, because the emulated scanner itself was held up."""


@contextlib.contextmanager
def busy_core() -> Iterator[None]:
    """Keeps one core busy."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def at_pace(scanner: Keyboard, listener: Listener, scan: Callable[[], object]) -> None:
    """Does a scan, again for as long as this machine kept the scanner from its pace; what came of that is dropped."""
    for _ in range(TRIES):
        scan()
        if scanner.longest_gap_ms < STALLED_MS:
            return
        while listener.next(seconds=1.2):  # longer than the same code is the same card
            pass
    raise TimeoutError("this machine is too busy to be a scanner")


def scan_many(scanner: Keyboard, listener: Listener, count: int) -> Scans:
    """Types `count` different codes of 13 digits, Enter after each, with no pause between them beyond that between keys.

    The emulated kernel never loses keys by itself (its queue waits for the reader): what is found here is what the driver does.
    """
    scans, n = Scans(), 0
    while len(scans.delays) + len(scans.spoilt) < count:
        code, n = f"{2_100_000_000_000 + n * 7_919}", n + 1
        pressed = scanner.type(code + "\n", ms_per_key=MS_PER_KEY)
        event = listener.next()
        if event.get("event") == "CardSeen" and event.get("data") == code:
            scans.delays.append((int(str(event["ns"])) - pressed) / 1e6)
            continue
        came = [event]
        while more := listener.next(seconds=0.5):
            came.append(more)
        if scanner.longest_gap_ms >= STALLED_MS:
            scans.stalled += 1
        else:
            scans.spoilt.append(f"{code}, gap {scanner.longest_gap_ms:.1f} ms: {came}")
    return scans
