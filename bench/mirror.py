"""A first snapshot of a million members: its time, the mirror's size, look-ups, taps meanwhile, and the daemon's memory.

The cloud is `bodka-cloud serve` on SQLite, the terminal the real daemon, each in a process of its own, over loopback. A queue
of entries drains while the snapshot comes, and somebody taps ten times a second.

    scripts/bench mirror 1000000 2000
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mirror_base import found

BIN = Path(sys.executable).parent
GOALS = {"whole": "<= 60", "size": "<= 180", "look": "<= 0.2", "tap": "<= 200", "turn": "<= 20", "memory": "<= 64"}


def report(name: str, value: float, unit: str, goal: str | None = None) -> None:
    line: dict[str, object] = {"name": name, "value": round(value, 3), "unit": unit}
    print(json.dumps(line | ({"goal": goal} if goal else {})), flush=True)


def anonymous_mb(pid: int) -> float:
    """Memory of a process that no file stands behind (proc(5), RssAnon)."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def nearest(sorted_values: list[float], share: float) -> float:
    return sorted_values[min(len(sorted_values) - 1, round(len(sorted_values) * share))]


def main(members: int, backlog: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, database = Path(name) / "terminal", Path(name) / "cloud.sqlite"
        folder.mkdir()
        began = time.monotonic()
        codes, some = found(database, members, 1)
        report("member base made", time.monotonic() - began, "s")
        (folder / "tokens").write_text("\n".join(token.hex() for pair in some for token in pair))
        serve = [BIN / "bodka-cloud", "--database", f"sqlite:///{database}", "serve", "--port", "0"]
        cloud = subprocess.Popen(serve, stdout=subprocess.PIPE, text=True)
        try:
            assert cloud.stdout is not None
            url = cloud.stdout.readline().split()[-1]
            settings = Path(name) / "terminal.toml"
            settings.write_text(f'[cloud]\nurl = "{url}"\n[terminal]\nstate = "{folder}"\n')
            pair = [BIN / "bodka-terminal", "pair", "--settings", settings, "--code", codes[0]]
            subprocess.run(pair, check=True, stdout=subprocess.DEVNULL)
            measure(folder, url, backlog)
        finally:
            cloud.terminate()
            cloud.wait()


def measure(folder: Path, url: str, backlog: int) -> None:
    serve = [sys.executable, Path(__file__).parent / "mirror_counter.py", folder, url, str(backlog)]
    anonymous: list[float] = []
    with (folder / "log").open("w") as log:
        counter = subprocess.Popen(serve, stdout=log, stderr=log)
    while not (folder / "result").exists():
        if counter.poll() is not None:
            raise SystemExit((folder / "log").read_text()[-5000:])
        if (folder / "filled").exists():
            anonymous.append(anonymous_mb(counter.pid))
        time.sleep(0.05)
    counter.terminate()
    counter.wait()
    seen = json.loads((folder / "result").read_text())
    taps, turns = sorted(seen["taps"]), sorted(seen["turns"])
    report("first snapshot", seen["whole"], "s", GOALS["whole"])
    report("queue drained", seen["drained"], "s")
    report("mirror on the disk", (folder / "mirror.db").stat().st_size / 1e6, "MB", GOALS["size"])
    report("look-up of a token, median", statistics.median(seen["looks"]) * 1000, "ms", GOALS["look"])
    report("taps meanwhile", len(taps), "taps")
    report("tap during the import, median", statistics.median(taps) * 1000, "ms")
    report("tap during the import, p99", nearest(taps, 0.99) * 1000, "ms", GOALS["tap"])
    report("turn of the writer thread, p99", nearest(turns, 0.99) * 1000, "ms", GOALS["turn"])
    report("turn of the writer thread, longest", turns[-1] * 1000, "ms")
    report("anonymous memory of the daemon at the start", anonymous[0], "MB")
    report("anonymous memory of the daemon, highest", max(anonymous), "MB", GOALS["memory"])
    report("load average", os.getloadavg()[0], "")


if __name__ == "__main__":
    given = [int(value) for value in sys.argv[1:]]
    main(*(given + [1_000_000, 2_000][len(given) :]))
