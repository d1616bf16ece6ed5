"""`scripts/crash-states`: many workloads, many power cuts each."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from disk.power_cuts import record, try_out

from emulators.disk import MEMORY, build

FIXTURES = Path(__file__).parents[1] / "sync" / "fixtures"
ROUNDS = 150


def cut(states: int, seed: int) -> tuple[int, int, str]:
    """One workload, begun with an empty folder or a journal of an earlier version: (calls, states tried, what is wrong)."""
    versions: list[Path | None] = [None, *sorted(FIXTURES.glob("journal-*.sqlite"))]
    before = versions[seed % len(versions)]
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        folder = Path(name)
        recorded = record(build(folder), folder, seed, ROUNDS, before=before)
        tried, found = try_out(recorded, folder, seed, states)
    words = f"seed {seed}, begun with {before.stem if before else 'nothing'}: {found}" if found else ""
    return len(recorded.calls), tried, words


def main() -> int:
    arguments = argparse.ArgumentParser(description="Rebuilds what power cuts could leave of a journal, and opens it")
    arguments.add_argument("--seeds", type=int, default=20)
    arguments.add_argument("--from", type=int, default=0, dest="first")
    arguments.add_argument("--states", type=int, default=1_000, help="for each seed")
    arguments.add_argument("--jobs", type=int, default=2)
    chosen = arguments.parse_args()
    began, calls, states, wrong = time.monotonic(), 0, 0, list[str]()
    with ProcessPoolExecutor(chosen.jobs) as pool:
        seeds = range(chosen.first, chosen.first + chosen.seeds)
        for made, tried, words in pool.map(partial(cut, chosen.states), seeds):
            calls, states = calls + made, states + tried
            if words:
                wrong.append(words)
                print(words, flush=True)
    minutes = (time.monotonic() - began) / 60
    print(
        f"{states} states of {chosen.seeds} workloads ({calls} calls) in {minutes:.1f} minutes: {states / minutes:.0f} a minute"
    )
    print(f"{len(wrong)} workloads with a fault" if wrong else "every acknowledged entry was there, once and whole")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
