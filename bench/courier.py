"""How fast a queue drains: queued entries through courier, wire and the real server into the cloud, against its ledger alone.

A journal on disk with N entries of 10,000 members, in batches of 500. First `backend.accept.accept` alone takes them, push by
push, into a copy of the cloud's database; then the courier sends the same lines to `bodka-cloud serve`, a process of its own,
over loopback. Both databases are SQLite files with every commit flushed.

    scripts/bench courier            100,000 entries, some minutes
    scripts/bench courier 10000      the short form
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from backend.accept import accept
from backend.database import Database, open_engine
from backend.migrate import upgrade
from emulators.cloud_house import NOW, build_house
from emulators.drafts import Till, award, moment
from sync import journal, mirror, pairing
from sync.connection import cloud_client
from sync.counter import RequestCounter
from sync.courier import CloudState, Courier
from sync.keys import DeviceKey, load_or_make
from sync.messages import MAX_LINES, Push
from sync.signing import RequestSigner

MEMBERS = 10_000
GOAL = ">= 0.5"

T = TypeVar("T")


@contextmanager
def serving(database: Path) -> Iterator[str]:
    """`bodka-cloud serve` in a process of its own; its address."""
    words = [sys.executable, "-c", "from backend.commands import main; main()", "--database", f"sqlite:///{database}"]
    with subprocess.Popen([*words, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = re.fullmatch(r"listening on (\S+)\n", process.stdout.readline())
            assert said
            yield said[1]
        finally:
            process.terminate()


async def pair(url: str, code: str, key: DeviceKey) -> pairing.Pairing:
    async with cloud_client(url) as client:
        return await pairing.pair(client, code, key)


def fill(folder: Path, kept: pairing.Pairing, count: int) -> None:
    """A journal with `count` entries; not flushed one by one, for that is another bench's subject."""
    connection = journal.open_journal(folder / "journal.db")
    journal.begin(connection, kept.identity)
    connection.execute("PRAGMA synchronous=OFF")
    till, chance = Till(connection), random.Random(1)
    for _ in range(count):
        till.record(award(chance.randrange(100, 5_000), who=chance.randrange(1, MEMBERS)))
    connection.execute("PRAGMA synchronous=FULL")
    connection.close()


def ledger_alone(database: Path, folder: Path, kept: pairing.Pairing) -> float:
    """Seconds in which the ledger takes all lines, push by push, each in its transaction."""
    connection, engine = journal.open_journal(folder / "journal.db"), open_engine(f"sqlite:///{database}")
    cloud, chance, after, seconds = Database(engine), random.Random(1), 0, 0.0
    head = journal.head(connection)
    while lines := journal.lines_after(connection, after, MAX_LINES):
        push = Push(kept.identity, head, tuple(lines))
        began = time.perf_counter()
        with cloud.writing() as transaction:
            pushed = accept(transaction, kept.identity, push, NOW, chance.randbytes)
        seconds += time.perf_counter() - began
        after = pushed.head.sequence
        assert pushed.posted == after
    engine.dispose()
    connection.close()
    return seconds


async def courier(url: str, folder: Path, kept: pairing.Pairing, key: DeviceKey) -> float:
    """Seconds from the first request to the answer after which nothing waits."""
    books = journal.open_journal(folder / "journal.db")
    glass = mirror.open_mirror(folder / "mirror.db", books)
    drained: list[float] = []

    def heard(state: CloudState) -> None:
        if state.online and not state.waiting and not drained:
            drained.append(time.perf_counter())

    async def run_blocking(work: Callable[[], T], /) -> T:
        return work()

    async with cloud_client(url, auth=RequestSigner(kept.identity, key, time.time)) as client:
        serves = Courier(
            client,
            books,
            glass,
            RequestCounter(books),
            run_blocking=run_blocking,
            moment=moment,
            sleep=asyncio.sleep,
            random=random.random,
            on_cloud=heard,
            on_changed=lambda accounts: None,
        )
        began = time.perf_counter()
        await serves.exchange()
        assert drained, serves.state
    glass.close()
    books.close()
    return drained[0] - began


def report(name: str, value: float, unit: str, **more: str) -> None:
    print(json.dumps({"name": name, "value": round(value, 3 if unit == "ratio" else 0), "unit": unit, **more}), flush=True)


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = open_engine(f"sqlite:///{folder / 'cloud.sqlite'}")
        upgrade(engine)
        house = build_house(engine)
        house.time.now = time.time_ns() // 1_000_000
        code = house.code()
        engine.dispose()
        key = load_or_make(folder, os.urandom)
        with serving(folder / "cloud.sqlite") as url:
            kept = asyncio.run(pair(url, code, key))
        with (
            closing(sqlite3.connect(folder / "cloud.sqlite")) as paired,
            closing(sqlite3.connect(folder / "alone.sqlite")) as copy,
        ):
            paired.backup(copy)
        fill(folder, kept, count)
        alone = count / ledger_alone(folder / "alone.sqlite", folder, kept)
        report("the ledger alone", alone, "entries/s")
        with serving(folder / "cloud.sqlite") as url:
            sent = count / asyncio.run(courier(url, folder, kept, key))
        report("the courier into the cloud", sent, "entries/s")
        report(f"the courier, {count} queued entries", sent / alone, "ratio", goal=GOAL, against="accept() alone")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
