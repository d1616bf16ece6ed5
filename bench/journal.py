"""What an entry costs: against raw SQLite and persist-queue, in flushes of the disk, and from a press to "done" on slow disks.

Raw SQLite stores the very same bytes in the same tables and indexes with the same durability. It takes turns with the journal
entry by entry, the one and the other first, so that a busy moment of the machine hits both; the ratio is the median of the
pairs'. persist-queue takes turns a block at a time. Between the blocks each log is moved into its file, unmeasured, as the
courier does it. Flushes are counted and made slow below SQLite (tests/emulators/disk.c).

    scripts/bench journal [BLOCKS] [FOLDER]
"""

from __future__ import annotations

import gc
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from emulators.disk import MEMORY, Disk, build
from emulators.drafts import BOOT, IDENTITY, award, moment, no_rows
from emulators.program import paths
from loyalty.entry import Draft
from sync import journal
from sync.database import FULL, begin_log, checkpoint

BLOCK = 50
MEMBERS = 200
SLOW_MS = {20: 40, 200: 15, 1_000: 5}
"""A flush's time, and so many presses with it."""

Store = Callable[[int], None]
"""Stores the entry of that number, to the disk."""


def say(name: str, value: float, unit: str, goal: str = "", **more: Any) -> None:
    load = round(os.getloadavg()[0], 2)
    print(json.dumps({"name": name, "value": value, "unit": unit, "goal": goal, **more, "load": load}), flush=True)


def seconds(store: Store, first: int) -> float:
    """One block."""
    began = time.perf_counter()
    for number in range(first, first + BLOCK):
        store(number)
    return time.perf_counter() - began


def ours(connection: sqlite3.Connection, count: int) -> Store:
    drafts: list[Draft] = [award(1 + number % 9, who=number % MEMBERS) for number in range(count)]
    keys, moments = [f"{BOOT.hex}:{number}" for number in range(count)], [moment(number) for number in range(count)]

    def store(number: int) -> None:
        journal.record(
            connection, drafts[number], keys[number], no_rows,
            moment=moments[number], shop="hlavna-1", programme=1, random=os.urandom,
        )  # fmt: skip

    return store


def same_bytes(connection: sqlite3.Connection, written: sqlite3.Connection) -> Callable[[], Store]:
    """Raw statements for what the journal has written last; everything is at hand before the clock runs."""

    def load() -> Store:
        lines = written.execute("SELECT * FROM lines ORDER BY place DESC LIMIT ?", (BLOCK,)).fetchall()[::-1]
        postings = {row[3]: row for row in written.execute("SELECT * FROM postings WHERE place >= ?", (lines[0][0],))}
        run, first = connection.execute, lines[0][0]

        def store(number: int) -> None:
            line = lines[(number - first + 1) % BLOCK]
            account, purse, instance, *_ = posting = postings[line[0]]
            run("BEGIN IMMEDIATE")
            run("INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", line)
            run("INSERT INTO postings VALUES (?, ?, ?, ?, ?)", posting)
            run(
                "INSERT INTO tallies VALUES (?, ?, ?, 1, 0)"
                " ON CONFLICT DO UPDATE SET used = used + excluded.used WHERE excluded.used > 0",
                (account, purse, instance),
            )
            run("COMMIT")

        return store

    return load


@dataclass
class Entries:
    """What each entry of one side took, in seconds: by the clock, and of this thread's own time on the processor."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def store(self, store: Store, number: int) -> None:
        processor, clock = time.thread_time(), time.perf_counter()
        store(number)
        self.clock.append(time.perf_counter() - clock)
        self.processor.append(time.thread_time() - processor)


def in_pairs(record: Store, store: Store, first: int, own: Entries, raw: Entries) -> None:
    """A block of ours and of raw statements, which write the block before, entry by entry."""
    for number in range(first, first + BLOCK):
        turns = [(own, record, number), (raw, store, number - BLOCK)]
        for side, write, of in turns if number % 2 else turns[::-1]:
            side.store(write, of)


def rates(folder: Path, blocks: int) -> None:
    """Ours and raw in pairs, persist-queue in blocks between."""
    from persistqueue import SQLiteAckQueue

    mine, raw = (journal.open_journal(folder / name) for name in ("ours.db", "raw.db"))
    queue = SQLiteAckQueue(str(folder / "queue"), auto_commit=True)
    level = queue._putter.execute("PRAGMA synchronous").fetchone()[0]
    assert level == FULL, f"persist-queue runs with synchronous={level}"
    journal.begin(mine, IDENTITY)
    journal.begin(raw, IDENTITY)
    record, load = ours(mine, (2 * blocks + 1) * BLOCK), same_bytes(raw, mine)
    bodies: list[bytes] = []
    took: dict[str, list[float]] = {"ours": [], "queue": [], "in and out of the queue": [], "in and out": []}
    pairs = {"ours": Entries(), "raw": Entries()}
    seconds(record, 0)
    gc.disable()
    for block in range(blocks):
        first = (2 * block + 1) * BLOCK
        store = load()
        for connection in (mine, raw):
            begin_log(connection)
        in_pairs(record, store, first, pairs["ours"], pairs["raw"])
        seconds(load(), first)  # so that both files have the same again
        first += BLOCK
        took["ours"].append(seconds(record, first))
        bodies[:] = [row[0] for row in mine.execute("SELECT body FROM lines ORDER BY place DESC LIMIT ?", (BLOCK,))]
        took["queue"].append(seconds(lambda number: queue.put(bodies[number % BLOCK]), first))
        took["in and out of the queue"].append(took["queue"][-1] + seconds(lambda _: queue.ack(queue.get()), first))
        began = time.perf_counter()
        sent = journal.lines_after(mine, first, BLOCK)
        journal.accept(mine, journal.head(mine), sent[-1].sequence)
        took["in and out"].append(took["ours"][-1] + time.perf_counter() - began)
        for connection in (mine, raw):
            checkpoint(connection)
        gc.collect()
    gc.enable()
    seconds(load(), 2 * blocks * BLOCK)
    assert mine.execute("SELECT * FROM lines").fetchall() == raw.execute("SELECT * FROM lines").fetchall()
    for name, what in (("ours", "journal"), ("raw", "raw SQLite")):
        entry = {kind: statistics.median(values) for kind, values in vars(pairs[name]).items()}
        processor = {"processor_us": round(entry["processor"] * 1e6)}
        say(f"{what}, entries", round(1 / entry["clock"]), "1/s", **processor)
    ratio = statistics.median(theirs / own for own, theirs in zip(pairs["ours"].clock, pairs["raw"].clock, strict=True))
    say("journal's rate, ratio", round(ratio, 3), "", ">= 0.85", against="raw SQLite, same bytes, tables, durability")
    say("persist-queue SQLiteAckQueue, entries", round(BLOCK / statistics.median(took["queue"])), "1/s")
    ratio = statistics.median(theirs / own for own, theirs in zip(took["ours"], took["queue"], strict=True))
    say("journal's rate, ratio", round(ratio, 3), "", ">= 1", against="persist-queue SQLiteAckQueue, put of the same body")
    in_and_out = zip(took["in and out"], took["in and out of the queue"], strict=True)
    whole = statistics.median(theirs / own for own, theirs in in_and_out)
    say("journal's rate, ratio", round(whole, 2), "", ">= 1", against="persist-queue SQLiteAckQueue, put, get and ack")
    queue.close()
    mine.close()
    raw.close()


def flushes(folder: Path, library: Path) -> None:
    """How many flushes an entry takes, the most of 500, the log moved every ten."""
    state = folder / "counted"
    state.mkdir()
    disk = Disk(folder / "control", state)
    script = Path(__file__).parent.parent / "tests" / "disk" / "counting.py"
    words = [sys.executable, script, state, folder / "control", "500"]
    done = subprocess.run(words, env=paths(**disk.environment(library)), check=True, capture_output=True, text=True)
    counts = json.loads(done.stdout)
    say("flushes an entry, most", max(counts), "", "= 1")
    say("flushes an entry, least", min(counts), "", "= 1")


def presses(folder: Path, library: Path) -> None:
    """From a press to the picture that says done, beyond the flush itself."""
    for slow, count in SLOW_MS.items():
        with tempfile.TemporaryDirectory(dir=MEMORY) as name:
            disk = Disk(folder / "control", Path(name))
            words = [sys.executable, __file__, "press", name, str(folder / "control"), str(slow), str(count)]
            done = subprocess.run(words, env=paths(**disk.environment(library)), check=True, capture_output=True, text=True)
            beyond = sorted(json.loads(done.stdout.splitlines()[-1]))
        say(f"press to done with a flush of {slow} ms, beyond it, median", round(statistics.median(beyond), 2), "ms", "<= 15")
        say(f"press to done with a flush of {slow} ms, beyond it, most", round(beyond[-1], 2), "ms", "<= 15", presses=count)


def press(folder: Path, control: Path, slow: int, count: int) -> None:
    """The child of `presses`: the real daemon, session and store, with a hand that presses +."""
    from counter_desk import JANA, Counter

    from drivers.events import Button, ButtonPressed
    from terminal import states
    from terminal.inputs import Recorded

    disk, beyond, done = Disk.watched(control), list[float](), list[float]()
    with Counter(folder) as counter:
        counter.daemon.on_step = lambda event, effects: (
            done.append(time.perf_counter()) if isinstance(event, Recorded) else None
        )
        for _ in range(count):
            counter.scan(JANA)
            counter.wait(1_000)
            disk.slow(slow)
            before, began = disk.flushes, time.perf_counter()
            counter.tell(ButtonPressed("buttons", Button.AWARD, counter.shown[-1][0], counter.now))
            disk.slow(0)
            assert isinstance(counter.daemon.state.mode, states.Done), counter.screen
            assert disk.flushes == before + 1
            beyond.append((done[-1] - began) * 1000 - slow)
            counter.wait(states.DONE_MS + 1_000)
    print(json.dumps(beyond))


def main(blocks: int, where: str | None) -> None:
    with tempfile.TemporaryDirectory(dir=where) as name:
        folder = Path(name)
        rates(folder, blocks)
        library = build(folder)
        flushes(folder, library)
        presses(folder, library)


if __name__ == "__main__":
    if sys.argv[1:2] == ["press"]:
        press(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 40, sys.argv[2] if len(sys.argv) > 2 else None)
