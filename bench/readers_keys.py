"""How long from a scanner's last key to `CardSeen`, and whether a scan is ever lost or joined.

The driver runs in a process of its own on the real python-evdev and an emulated keyboard that types a millisecond a key, code
after code, while another core is busy. The last key is that which ends the scan: Enter. The named scanner, then "every
scanner", which is judged by how it types. Some 30 ms a scan: 10,000 take five minutes on an idle machine, and 15 on a busy one.

    scripts/bench readers-keys 10000
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from emulators.keyboard import Keyboard
from emulators.listener import Listener
from emulators.scanning import Scans, busy_core, scan_many
from emulators.umockdev import Testbed

MATCHES = {"named": "name:ACME Scanner", "every": "every"}
GOAL_MS = 5


def measure(match: str, count: int) -> Scans:
    """`count` scans through a scanner that is found in this way."""
    bed = Testbed()
    scanner = Keyboard(bed, "ACME Scanner", "0c2e:0b61")
    scanner.plug()
    listener = Listener(bed, ("scanner", "scanner", match))
    try:
        listener.expect("DeviceBack")
        with busy_core():
            return scan_many(scanner, listener, count)
    finally:
        listener.close()
        scanner.unplug()
        bed.close()


def say(name: str, value: float, unit: str, goal: float | None) -> None:
    line = {"name": name, "value": value, "unit": unit, "goal": None if goal is None else f"<= {goal}"}
    print(json.dumps(line | {"load": os.getloadavg()[0]}), flush=True)


def main(count: int) -> None:
    """Half of the scans each way."""
    for kind, match in MATCHES.items():
        share = max(2, count // len(MATCHES))
        scans = measure(match, share)
        delays = scans.delays or [float("nan")]
        say(f"scanner, {kind}: last key to CardSeen, median", round(statistics.median(delays), 2), "ms", GOAL_MS)
        say(f"scanner, {kind}: last key to CardSeen, p99", round(sorted(delays)[int(len(delays) * 0.99)], 2), "ms", None)
        say(f"scanner, {kind}: lost or joined of {share}", len(scans.spoilt), "scans", 0)
        say(f"scanner, {kind}: typed again, as the emulated scanner was held up", scans.stalled, "scans", None)
        for story in scans.spoilt:
            print(json.dumps({"lost or joined": story}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
