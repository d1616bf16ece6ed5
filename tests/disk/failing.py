"""Works on a disk of which the nth call fails, for every n, and says what went wrong. A part of test_failing_disk.py.

Run with a watched disk: it sets its own failures. Prints one JSON line for each way of failing.
"""

from __future__ import annotations

import errno
import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from disk.judge import JOURNAL, Lost, sound
from disk.workload import plant

from emulators.disk import FOR_EVER, Disk
from emulators.drafts import IDENTITY, Till, award, moment
from loyalty.account import Status
from loyalty.chain import GENESIS
from sync import applying, journal, mirror, renewal
from sync.database import UnsafeJournal, begin_log, checkpoint
from sync.messages import Pulled, Standing
from sync.mirror_rows import CardRow, PurseRow
from sync.refusals import NotRecorded

T = TypeVar("T")
WAYS = {
    "one call fails": (errno.EIO, 1, False),
    "one write is torn": (errno.EIO, 1, True),
    "full for three calls": (errno.ENOSPC, 3, True),
    "read-only for seven calls": (errno.EROFS, 7, False),
    "dead until the action is over": (errno.EIO, FOR_EVER, False),
}
MIRROR = "mirror.db"
ACTIONS = 9


class Terminal:
    """The two files as the store uses them. What fails is counted by the name of its error, and tried again once."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.folder, self.disk = folder, disk
        self.acknowledged: list[str] = []
        self.named: Counter[str] = Counter()
        self.entries = 0

    def open(self) -> None:
        """As at a start: what fails ends the daemon with words, and systemd starts it again."""
        self.journal = self.twice(lambda: journal.open_journal(self.folder / JOURNAL))
        self.twice(lambda: journal.begin(self.journal, IDENTITY))
        self.twice(lambda: begin_log(self.journal))
        self.mirror = self.twice(lambda: mirror.open_mirror(self.folder / MIRROR, self.journal))
        self.till = Till(self.journal, rows=mirror.rows(self.mirror, self.journal))

    def twice(self, work: Callable[[], T]) -> T:
        """Tries it; after a failure the disk is healed, and then it must work. A failure without words is not caught."""
        try:
            return work()
        except (NotRecorded, UnsafeJournal) as failed:
            self.named[type(failed).__name__] += 1
        self.disk.heal()
        return work()

    def record(self) -> None:
        """As the counter does: after "not saved" the same bill is tried under a new key."""
        self.entries += 1
        with suppress(NotRecorded):
            self.acknowledged.append(self.till.record(award(3), f"first {self.entries}").id.hex)
        self.acknowledged.append(self.twice(lambda: self.till.record(award(2), f"second {self.entries}")).id.hex)

    def send(self) -> None:
        self.twice(lambda: journal.accept(self.journal, journal.head(self.journal), self.entries))

    def pull(self) -> None:
        """The mirror fails without harm: a slice is asked for again."""
        through = journal.current(self.journal).accepted
        hash = journal.hash_at(self.journal, journal.current(self.journal), through) or GENESIS
        since = mirror.cursor(self.mirror)
        who = since.to_bytes(16, "big")
        pulled = Pulled(
            Standing.GOOD, through, hash, since, since + 9, False, 1, 0,
            purses=tuple(PurseRow(who, f"purse {n}", "", n, n, since + n + 1) for n in range(9)),
            cards=(CardRow(who, who, Status.ACTIVE, since + 9),),
        )  # fmt: skip
        self.twice(lambda: list(applying.apply(self.mirror, self.journal, IDENTITY, pulled)))

    def tidy(self) -> None:
        for connection in (self.journal, self.mirror):
            self.twice(lambda c=connection: (c.execute("PRAGMA user_version").fetchone(), checkpoint(c)))
        self.twice(lambda: renewal.prune(self.journal, 2, moment(1 << 40).wall_ms))

    def judge(self) -> None:
        """Everything acknowledged is there once; nothing is half there; and a new start finds the same."""
        for _ in range(2):
            sound(self.journal)
            kept = Counter(row[0].hex() for row in self.journal.execute("SELECT id FROM lines"))
            pruned = max(0, journal.pruned(self.journal) - 1)
            if missing := [id for id in self.acknowledged[pruned:] if kept[id] != 1]:
                raise Lost(f"{len(missing)} acknowledged entries are not there once")
            if self.mirror.execute("PRAGMA integrity_check").fetchone()[0] != "ok" or not mirror.cursor(self.mirror):
                raise Lost("the mirror is damaged or empty")
            self.close()
            self.open()

    def close(self) -> None:
        self.mirror.close()
        self.journal.close()


def empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def live(folder: Path, disk: Disk) -> Counter[str]:
    """A day of one terminal on an empty folder; what failed, by name."""
    terminal = Terminal(folder, disk)
    terminal.open()
    for number in range(ACTIONS):
        terminal.record()
        for action in (terminal.send, terminal.pull, terminal.tidy)[: number % 4]:
            action()
    disk.heal()
    terminal.judge()
    terminal.close()
    return terminal.named


def main(folder: Path, control: Path, stride: int, *faults: str) -> None:
    disk = Disk.watched(control)
    plant(faults)
    empty(folder)
    began = disk.calls
    live(folder, disk)
    calls = disk.calls - began
    for way, (error, count, torn) in WAYS.items():
        named, wrong = Counter[str](), list[str]()
        for number in range(1, calls + 1, stride):
            try:
                empty(folder)
                disk.fail(disk.calls + number, error, calls=count, torn=torn)
                named += live(folder, disk)
            except (Lost, sqlite3.Error, OSError, NotRecorded, UnsafeJournal) as found:
                wrong.append(f"call {number}: {type(found).__name__}: {found}")
                disk.heal()
        print(json.dumps({"way": way, "calls": calls, "named": named, "wrong": wrong}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
