"""The number that each signed request carries: it only grows, also over power cuts."""

from __future__ import annotations

import sqlite3

from sync.database import transaction

BLOCK = 1_000
"""Numbers reserved at once, so that a request does not cost a flush to the disk: an idle terminal writes them six times a day.

A crash skips the rest of a block.
"""


class RequestCounter:
    """Hands out the terminal's request numbers from blocks that the journal holds reserved.

    Make it in any thread; use it in the one that opened the journal.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._last = self._reserved = -1

    def take(self) -> int:
        """The next number, higher than any before; raises `DiskFull` or `JournalFailed` where none can be reserved."""
        self._begin()
        if self._last >= self._reserved:
            self._reserve(self._last + BLOCK)
        self._last += 1
        return self._last

    def adopt(self, counter: int) -> None:
        """Goes on above `counter`, which the cloud says it has seen already; a lower one changes nothing."""
        self._begin()
        if counter > self._last:
            self._reserve(counter + BLOCK)
            self._last = counter

    def _begin(self) -> None:
        if self._last < 0:
            self._last = self._reserved = int(self._connection.execute("SELECT counter FROM terminal").fetchone()[0])

    def _reserve(self, to: int) -> None:
        with transaction(self._connection):
            self._connection.execute("UPDATE terminal SET counter = max(counter, ?)", (to,))
        self._reserved = to
