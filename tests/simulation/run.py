"""Many simulated days from the command line: `scripts/simulate --seeds 200 --jobs 2`.

Days that break an invariant are told with their seed and a shortened history; the same seed lives the same days again.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import sys
import time
from collections.abc import Collection, Iterator
from functools import partial
from itertools import count, takewhile

from simulation.day import RUSH, WHOLE_DAYS, Broken, Lived, Plan, live
from simulation.shorten import shorten


def main() -> int:
    """Lives the days that were asked for; the number of seeds that broke an invariant, at most 100."""
    parser = argparse.ArgumentParser(prog="simulate", description="Lives days of a few terminals and a cloud, full of faults.")
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--minutes", type=float, default=0.0, help="as many seeds as can be lived in this time, instead")
    parser.add_argument("--jobs", type=int, default=1, help="how many seeds at the same time")
    parser.add_argument("--rush", action="store_true", help="a few busy minutes in place of whole days, as the tests do")
    parser.add_argument("--quiet", action="store_true", help="tell only every hundredth seed that held")
    asked = parser.parse_args()
    started, seeds, taps, faults, entries, broken = time.monotonic(), 0, 0, 0, 0, 0
    end = started + 60 * asked.minutes
    wanted = range(asked.first, asked.first + asked.seeds)
    endless = takewhile(lambda _: time.monotonic() < end, count(asked.first))
    for lived in _all(endless if asked.minutes else wanted, RUSH if asked.rush else WHOLE_DAYS, asked.jobs):
        seeds += 1
        if isinstance(lived, str):
            broken += 1
            print(f"BROKEN {lived}\n", flush=True)
            continue
        taps, faults, entries = taps + lived.taps, faults + lived.faults, entries + lived.recorded
        if not asked.quiet:
            print(
                f"seed {lived.seed}: {lived.terminals} terminals, {lived.taps} taps, {lived.recorded} entries,"
                f" {lived.faults} faults, {lived.checks} checks",
                flush=True,
            )
        elif seeds % 100 == 0:
            print(_sum(seeds, taps, entries, faults, broken, started), flush=True)
    print(_sum(seeds, taps, entries, faults, broken, started))
    return min(broken, 100)


def _sum(seeds: int, taps: int, entries: int, faults: int, broken: int, started: float) -> str:
    took = time.monotonic() - started
    return (
        f"{seeds} seeds, {taps} taps, {entries} entries and {faults} faults in {took:.0f} s"
        f" ({60 * taps / took:.0f} taps and {60 * faults / took:.0f} faults a minute); {broken} broke an invariant"
    )


def _all(seeds: Iterator[int] | range, plan: Plan, jobs: int) -> Iterator[Lived | str]:
    one = partial(told, plan=plan)
    if jobs == 1:
        yield from map(one, seeds)
        return
    with multiprocessing.Pool(jobs, initializer=gc.freeze) as pool:
        # A few at a time: `imap` would draw all seeds at once, also where they end by the clock.
        while some := [seed for _, seed in zip(range(20 * jobs), seeds, strict=False)]:
            yield from pool.imap(one, some)
            if isinstance(seeds, range):
                seeds = seeds[len(some) :]


def told(seed: int, plan: Plan) -> Lived | str:
    """The days of a seed, or the shortened story of what broke."""

    def again(without: Collection[str]) -> Broken | None:
        try:
            live(seed, plan, without)
        except Broken as broken:
            return broken
        return None

    try:
        return live(seed, plan)
    except Broken as broken:
        short = shorten(broken, again)
        few = f"shortened from {broken.taps} taps and {len(broken.happened)} happenings to {len(short.happened)}"
        return f"{broken.words}\nseed {seed}, step {broken.steps}; {few}:\n" + "\n".join([short.words, *short.events[-300:]])


if __name__ == "__main__":
    sys.exit(main())
