"""Whoever was forgotten (invariant 11): what the cloud still says of them, and under which id their sums go on."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from uuid import UUID

from simulation import rules
from simulation.rules import demand


class _Place(NamedTuple):
    """A line in the cloud's table."""

    rowid: int
    identity: UUID
    sequence: int


class PeopleBook:
    """Of all accounts that were forgotten: their opaque ids, and what must be gone."""

    def __init__(self) -> None:
        self.opaque: dict[bytes, bytes] = {}
        self.before: dict[bytes, bytes] = {}
        """The other way round: whose sums go on under an id."""
        self._lines: defaultdict[bytes, list[_Place]] = defaultdict(list)

    def called(self, account: bytes) -> bytes:
        """The id under which an account stands in the cloud now."""
        return self.opaque.get(account, account)

    def names(self, account: bytes, rowid: int, identity: UUID, sequence: int) -> None:
        """A line that is new in the cloud names an account."""
        self._lines[account].append(_Place(rowid, identity, sequence))

    def read(self, database: sqlite3.Connection) -> Iterator[tuple[bytes, bytes]]:
        """Those who are newly forgotten: account and opaque id."""
        for account, opaque in database.execute("SELECT account, opaque FROM forgotten").fetchall():
            if account not in self.opaque:
                self.opaque[account], self.before[opaque] = opaque, account
                yield account, opaque

    def check(self, database: sqlite3.Connection, posted: Mapping[UUID, int]) -> None:
        """Nothing of them is left, but in lines that wait to be read."""
        for account, opaque in self.opaque.items():
            for table in ("card", "member"):
                left = database.execute(f"SELECT count(*) FROM {table} WHERE account IN (?, ?)", (account, opaque)).fetchone()[
                    0
                ]
                demand(left == 0, rules.FORGOTTEN, "there is still a", table, "of somebody who was forgotten")
            named = database.execute("SELECT count(*) FROM entry WHERE account = ? AND token <> x''", (opaque,)).fetchone()[0]
            demand(named == 0, rules.FORGOTTEN, named, "entries still name a card of somebody who was forgotten")
            waiting = [place for place in self._lines[account] if place.sequence > posted.get(place.identity, 0)]
            for place in {*self._lines[account]} - {*waiting}:
                kept = database.execute("SELECT personal, salt FROM line WHERE rowid = ?", (place.rowid,)).fetchone()
                demand(kept == (None, None), rules.FORGOTTEN, "line", place.sequence, "still says of whom it is")
            self._lines[account] = waiting
