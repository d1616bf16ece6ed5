"""The invariants of the ledger, asked of the real files and tables after each step that changed them.

A `Violation` begins with the invariant's number in `docs/ledger.md` and ends with the sentence of `docs/` that is broken.
`cloud_book` and `counter_book` check each side by itself, with a book for each subject; here is what is true of all together.
"""

from __future__ import annotations

from uuid import UUID

from simulation import raw_numbers, rules
from simulation.clocks import Boots
from simulation.cloud import Cloud
from simulation.cloud_book import CloudBook, Purse, PurseKey
from simulation.copies import HeadStart
from simulation.counter import Counter
from simulation.counter_book import CounterBook
from simulation.rules import demand


class Invariants:
    """`check()` after each step, `check_end()` when all is quiet."""

    def __init__(self, cloud: Cloud, counters: list[Counter], boots: Boots) -> None:
        self.cloud = CloudBook(cloud, boots)
        self.books: dict[str, CounterBook] = {}
        self.checks = 0
        self._gone: list[HeadStart] = []
        """Of terminals that are no more."""
        self._first: dict[UUID, CounterBook] = {}
        """Who wrote first under an identity."""
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
        return self._shares(book).again()

    def _shares(self, book: CounterBook) -> HeadStart:
        """From now on another machine writes under its identity as well."""
        start = book.begins_alike()
        self.cloud.time.fooled.add(start.identity)
        book.head_starts.append(start)
        return start

    def _note_identity(self, book: CounterBook) -> None:
        """Two copies of a card on which the next key lay already are renewed to one identity: they are copies once more."""
        assert book.identity is not None
        first = self._first.setdefault(book.identity, book)
        if first.counter.name != book.counter.name and not book.copied:
            for one in (first, book) if first.identity == book.identity else (book,):
                self._shares(one)

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
            self._note_identity(book)
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
        for here, key in {(cloud.called(key), cloud.called_there(key)) for key in touched}:
            purse = cloud.purses.get(here, Purse())
            excused = cloud.given_up[here] + cloud.voided[here]
            excused += sum(start.of(key) for start in starts if start.found_out)
            demand(
                purse.overdraft <= excused, rules.OVERDRAFT, key.purse, "is overdrawn by", purse.overdraft, "and not", excused
            )
            could = sum(max(0, book.may_spend(key)) for book in self.books.values())
            waiting = {line.id: line for book in self.books.values() for line in book.waiting(cloud, key)}
            there = (
                purse.balance + purse.debt + purse.overdraft + cloud.left_behind(here) + sum(start.of(key) for start in starts)
            )
            there += sum(posting.earned - posting.used for line in waiting.values() for posting in line.on(key))
            demand(
                could <= there, rules.TOGETHER, "the terminals could spend", could, "of", key.purse, "where", there, "is there"
            )

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
            demand(not missing, rules.ARRIVED, name, "has lines that are not in the cloud:", missing)
            mine = {line.place - book.base: line.id for line in book.lines[book.base :]}
            for id, sequence in cloud.cloud.database.execute(posted, (book.identity.hex,)).fetchall():
                demand(
                    mine.get(sequence) is not None and mine[sequence].hex == id,
                    rules.ARRIVED,
                    name,
                    "has not written line",
                    sequence,
                )
            book.check_forgotten()
            raw_numbers.look_at_files(book.counter.folder)
            for key, purse in cloud.purses.items():
                if cloud.is_nobodys(key):
                    continue
                seen = book.holding(key)
                demand(
                    seen.balance == purse.balance,
                    rules.SAME,
                    name,
                    "shows",
                    seen.balance,
                    "not",
                    purse.balance,
                    "of",
                    key.purse,
                )
        demand(not raw_numbers.FOUND, rules.RAW, *raw_numbers.FOUND[:1])
