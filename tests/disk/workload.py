"""A terminal's files at work on a watched disk: opened, filled, sent, moved, pruned, renewed. A part of power_cuts.py.

After each action it prints how long the disk's log is and what the journal says: that much was acknowledged.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from disk.judge import JOURNAL, contents

from emulators.drafts import IDENTITY, Till, award, give_back, moment, returned, spend, undo
from loyalty.chain import Head
from loyalty.holding import Row
from sync import database, journal, renewal
from sync.counter import RequestCounter
from sync.messages import Standing
from sync.refusals import NotRecorded
from sync.sun import sun_seen

Action = tuple[str, Callable[[], object]]
GRANTED = 1_000
SEVERAL = "several transactions"
"""The planted fault that each statement is a transaction of its own."""


class Work:
    """The journal, opened and worked on."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.path, self.chance = folder / JOURNAL, random.Random(seed)
        self.connection: sqlite3.Connection | None = None
        self.tills = 0

    @property
    def journal(self) -> sqlite3.Connection:
        assert self.connection is not None
        return self.connection

    def open(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection = journal.open_journal(self.path)
        self.tills += 1
        self.till = Till(self.connection, self.tills, rows=lambda *_: Row(GRANTED, GRANTED, 0))

    def record(self) -> None:
        """An entry of any kind, for one of five members."""
        who, amount = self.chance.randrange(5), self.chance.randrange(1, 9)
        last = self.journal.execute("SELECT id FROM lines WHERE cause = 'award' ORDER BY place DESC LIMIT 1").fetchone()
        kind = self.chance.randrange(6)
        try:
            if kind == 0:
                self.till.record(spend(amount, who=who))
            elif kind == 1:
                self.till.record(give_back(amount, who=who))
            elif kind == 2 and last is not None:
                self.till.record(returned(amount, UUID(bytes=last[0]), who=who))
            elif kind == 3:
                done = self.till.record(award(amount, who=who))
                self.stamp()
                self.till.record(undo(done.id, done.postings, who=who))
            else:
                self.till.record(award(amount, who=who))
        except NotRecorded:
            self.till.record(award(amount, who=who))

    def stamp(self) -> None:
        """Says what has been acknowledged by now."""
        print(json.dumps([os.stat(os.environ["DISK_LOG"]).st_size, contents(self.journal)]), flush=True)

    def accept(self) -> None:
        now, head = journal.current(self.journal), journal.head(self.journal)
        sequence = self.chance.randint(min(now.accepted, head.sequence), head.sequence)
        hash = journal.hash_at(self.journal, now, sequence)
        if hash is not None:
            journal.accept(self.journal, Head(sequence, hash), sequence)

    def renew(self) -> None:
        journal.stop(self.journal, journal.current(self.journal).identity, Standing.OFF_HEAD)
        self.stamp()
        renewal.renew(self.journal, UUID(int=self.chance.getrandbits(128)), journal.current(self.journal).accepted)

    def prune(self) -> None:
        renewal.prune(self.journal, journal.current(self.journal).posted, moment(1 << 40).wall_ms)

    def move_the_log(self) -> None:
        self.journal.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if self.chance.random() < 0.5:
            database.begin_log(self.journal)

    def actions(self, rounds: int) -> Iterator[Action]:
        yield "open", self.open
        if self.journal.execute("SELECT 1 FROM identities").fetchone() is None:
            yield "begin", lambda: journal.begin(self.journal, IDENTITY)
        often = [self.record] * 8 + [self.accept] * 2 + [self.move_the_log, self.prune, self.open]
        rare = [self.renew, lambda: RequestCounter(self.journal).take(), lambda: sun_seen(self.journal, bytes(16), self.tills)]
        for number in range(rounds):
            yield str(number), self.chance.choice(rare if number % 12 == 11 else often)


@contextmanager
def _statement_by_statement(connection: sqlite3.Connection) -> Iterator[None]:
    with database._words():
        yield


def plant(faults: Sequence[str]) -> None:
    """Breaks the code on purpose, in this process."""
    if SEVERAL in faults:
        journal.transaction = _statement_by_statement  # type: ignore[assignment, misc]


def main(folder: Path, seed: int, rounds: int, faults: list[str]) -> None:
    work, pragmas = Work(folder, seed), [fault for fault in faults if fault != SEVERAL]
    plant(faults)
    for name, action in work.actions(rounds):
        action()
        for pragma in pragmas if name == "open" or action == work.open else ():
            work.journal.execute(f"PRAGMA {pragma}")
        work.stamp()
    work.journal.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
