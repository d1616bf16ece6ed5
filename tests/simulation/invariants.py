"""The invariants of the ledger, asked of the real files and tables after each step that changed them.

A `Violation` begins with the number that the invariant has in the ledger: `cloud_book` and `counter_book` check each side by
itself, and what is true of all together is checked here.
"""

from __future__ import annotations

from simulation.cloud import Cloud
from simulation.cloud_book import CloudBook, Purse, PurseKey, demand
from simulation.copies import HeadStart
from simulation.counter import Counter
from simulation.counter_book import CounterBook


class Invariants:
    """`check()` after each step, `check_end()` when all is quiet."""

    def __init__(self, cloud: Cloud, counters: list[Counter]) -> None:
        self.cloud = CloudBook(cloud)
        self.books: dict[str, CounterBook] = {}
        self.checks = 0
        self._gone: list[HeadStart] = []
        """Of terminals that are no more."""
        for counter in counters:
            self.add(counter)

    def add(self, counter: Counter, start: HeadStart | None = None) -> None:
        """A terminal starts, with a fresh card or a copy."""
        book = CounterBook(counter, start)
        if (before := self.books.get(counter.name)) is not None:
            self._gone += [old for old in before.head_starts if old.found_out]
        self.books[counter.name] = book

    def copied(self, counter: Counter) -> HeadStart:
        """A terminal's card is copied: its original has no more right to it than the copy."""
        self.check(cloud_touched=True)
        self.cloud.copies = True
        book = self.books[counter.name]
        start = book.begins_alike()
        book.head_starts.append(start)
        return start.again()

    def written_off(self) -> None:
        """The merchant has given a terminal up just now."""
        before = self.cloud.leases
        touched = self.cloud.read()
        self.cloud.wrote_off(before)
        self._check_together(touched)

    def check(self, *, cloud_touched: bool) -> None:
        """All that could have changed. Journals are read first: what the cloud has was written before."""
        fresh = [book for book in self.books.values() if book.counter.running and book.changed()]
        touched: set[PurseKey] = set()
        for book in fresh:
            book.note_lines(self.cloud)
        if cloud_touched or not self.cloud.purses:
            touched |= self.cloud.read()
        for book in fresh:
            touched |= book.read(self.cloud)
        if touched:
            self._check_together(touched)
            self.checks += 1

    def _check_together(self, touched: set[PurseKey]) -> None:
        """No two terminals may spend the same: what all could spend now is there, posted or on its way (invariants 5 and 8)."""
        cloud = self.cloud
        starts = [*self._gone, *(start for book in self.books.values() for start in book.head_starts)]
        for key in touched:
            purse = cloud.purses.get(key, Purse())
            excused = cloud.given_up[key] + cloud.voided[key]
            excused += sum(start.of(key) for start in starts if start.found_out)
            demand(purse.overdraft <= excused, 5, key.purse, "is overdrawn by", purse.overdraft, "and not", excused)
            could = sum(max(0, book.may_spend(key)) for book in self.books.values())
            waiting = {line.id: line for book in self.books.values() for line in book.waiting(cloud, key)}
            there = (
                purse.balance + purse.debt + purse.overdraft + cloud.left_behind(key) + sum(start.of(key) for start in starts)
            )
            there += sum(posting.earned - posting.used for line in waiting.values() for posting in line.on(key))
            demand(could <= there, 5, "the terminals could spend", could, "of", key.purse, "where", there, "is there")

    def check_end(self) -> None:
        """When everything has arrived: both sides have the same, exactly once."""
        self.cloud.read()
        posted = "SELECT id, sequence FROM entry WHERE identity = ? ORDER BY sequence"
        for book in self.books.values():
            name, cloud = book.counter.name, self.cloud
            book.read(cloud)
            book.check_chain()
            assert book.identity is not None
            missing = [line.place for line in book.lines if line.id not in cloud.entries and line.id not in cloud.void]
            demand(not missing, 1, name, "has lines that are not in the cloud:", missing)
            mine = {line.place - book.base: line.id for line in book.lines[book.base :]}
            for id, sequence in cloud.cloud.database.execute(posted, (book.identity.hex,)).fetchall():
                demand(mine.get(sequence) is not None and mine[sequence].hex == id, 1, name, "has not written line", sequence)
            book.check_cards(cloud.cards())
            for key, purse in cloud.purses.items():
                seen = book.holding(key)
                demand(seen.balance == purse.balance, 4, name, "shows", seen.balance, "not", purse.balance, "of", key.purse)
