"""Power cuts at any call of a terminal's disk, thousands a minute: SQLite's real files, rebuilt as they may have been left.

recorded = record(library, folder, seed=1, rounds=60)
tried, lost = try_out(recorded, folder, seed=1, states=600)
"""

from __future__ import annotations

import bisect
import json
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from disk import log
from disk.judge import Lost, judge

from emulators.disk import Disk
from emulators.program import paths

WAYS = ((0.0, 0.0), (1.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.8, 0.3), (0.2, 0.3), (0.95, 1.0))
"""How likely an unflushed call survives, and how likely a surviving write is torn."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A workload: its calls, and what was acknowledged when the log was how long."""

    calls: list[log.Call]
    names: dict[int, str]
    before: dict[str, bytes]
    acknowledged: list[tuple[int, str]]

    def allowed(self, end: int) -> set[str]:
        """What the journal may say after a cut there: what was acknowledged last, or what was being done."""
        done = bisect.bisect_right(self.acknowledged, end, key=lambda one: one[0])
        return {contents for _, contents in self.acknowledged[max(0, done - 1) : done + 1]}


@dataclass(frozen=True, slots=True)
class Found:
    """The state that showed it: the how manyeth it was, after which call, and what is wrong."""

    state: int
    call: int
    why: str


def record(library: Path, folder: Path, seed: int, rounds: int, *faults: str, before: Path | None = None) -> Recorded:
    """Runs the workload on a watched disk, in a process of its own; `before` is a journal of an earlier version to begin with.

    `faults` are planted in it: `workload.SEVERAL`, or pragmas that are run on each opened journal.
    """
    state = folder / "state"
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir()
    if before is not None:
        shutil.copy(before, state / "journal.db")
    there = {path.name: path.read_bytes() for path in state.iterdir()}
    (folder / "log").unlink(missing_ok=True)
    disk = Disk(folder / "control", state, folder / "log")
    script = Path(__file__).with_name("workload.py")
    words = [sys.executable, "-P", script, state, str(seed), str(rounds), *faults]
    done = subprocess.run(words, env=paths(**disk.environment(library)), check=True, stdout=subprocess.PIPE, text=True)
    disk.close()
    acknowledged = [(end, contents) for end, contents in map(json.loads, done.stdout.splitlines())]
    calls, names = log.read(folder / "log")
    return Recorded(calls, names, there, acknowledged)


def try_out(recorded: Recorded, folder: Path, seed: int, states: int) -> tuple[int, Found | None]:
    """Cuts the power so often, when and how the seed chooses; how many states were tried, and the first bad one."""
    chance = random.Random(seed)
    turns = sorted(chance.randrange(len(recorded.calls)) for _ in range(states))
    place, tried, turn = folder / "after", 0, 0
    for number, (end, disk) in enumerate(log.cuts(recorded.calls, recorded.names, recorded.before)):
        while turn < len(turns) and turns[turn] == number:
            turn += 1
            tried += 1
            files = disk.cut(chance, *WAYS[chance.randrange(len(WAYS))])
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            for name, data in files.items():
                (place / name).write_bytes(data)
            try:
                judge(place, recorded.allowed(end))
            except Lost as lost:
                return tried, Found(tried, number, str(lost))
    return tried, None
