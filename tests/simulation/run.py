"""Many simulated days from the command line: `scripts/simulate --seeds 200 --jobs 2`.

A day that breaks an invariant is told with its seed and what happened last; the same seed lives the same day again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterator
from functools import partial

from simulation.day import RUSH, WHOLE_DAYS, Lived, Plan, live
from simulation.history import Violation


def main() -> int:
    """Lives the days that were asked for; the number of days that broke an invariant, at most 100."""
    parser = argparse.ArgumentParser(prog="simulate", description="Lives days of two terminals and one cloud, full of faults.")
    parser.add_argument("--seeds", type=int, default=20, help="how many days")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--jobs", type=int, default=1, help="how many days at the same time")
    parser.add_argument("--rush", action="store_true", help="five busy minutes in place of eight hours, as the tests do")
    asked = parser.parse_args()
    started, taps, faults, broken = time.monotonic(), 0, 0, 0
    for lived in _days(range(asked.first, asked.first + asked.seeds), RUSH if asked.rush else WHOLE_DAYS, asked.jobs):
        if isinstance(lived, str):
            broken += 1
            print(f"BROKEN {lived}\n", flush=True)
        else:
            taps, faults = taps + lived.taps, faults + lived.faults
            print(f"day {lived.seed}: {lived.taps} taps, {lived.recorded} entries, {lived.faults} faults", flush=True)
    took = time.monotonic() - started
    print(f"{asked.seeds} days, {taps} taps and {faults} faults in {took:.0f} s; {broken} broke an invariant")
    return min(broken, 100)


def _days(seeds: range, plan: Plan, jobs: int) -> Iterator[Lived | str]:
    if jobs == 1:
        yield from map(partial(_day, plan=plan), seeds)
        return
    with multiprocessing.Pool(jobs) as pool:
        yield from pool.imap(partial(_day, plan=plan), seeds)


def _day(seed: int, plan: Plan) -> Lived | str:
    try:
        return live(seed, plan)
    except Violation as violation:
        return str(violation)


if __name__ == "__main__":
    sys.exit(main())
