"""Invariants 1 to 5 of the ledger, asked of the real files and tables after each step that changed them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from loyalty.chain import Head, Line, extend
from loyalty.entry import Personal, Posting, decode_entry, decode_personal
from simulation.cloud import Cloud
from simulation.counter import Counter
from simulation.history import Violation

ALARMS_OF_PEOPLE = {"DEBT", "CARD_NOT_ACTIVE", "TWO_ACCOUNTS"}
"""What people can cause without a copy, a write-off or a fault of ours."""


class PurseKey(NamedTuple):
    account: bytes
    purse: str
    instance: str


@dataclass(frozen=True, slots=True)
class Written:
    """One line of a journal, read from its bytes."""

    id: UUID
    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Purse:
    """One purse in the cloud."""

    earned: int
    spent: int
    leased: int
    overdraft: int
    debt: int
    change: int

    @property
    def balance(self) -> int:
        return self.earned - self.spent


def demand(holds: bool, number: int, *what: object) -> None:
    """Raises `Violation` of invariant `number` unless `holds`."""
    if not holds:
        raise Violation(f"{number}: " + " ".join(str(part) for part in what))


class CloudBook:
    """What the cloud's tables say, and what they said at each earlier moment (`said`)."""

    def __init__(self, cloud: Cloud) -> None:
        self._database = cloud.database
        self.purses: dict[PurseKey, Purse] = {}
        self.posted: dict[UUID, int] = {}
        self.stored: dict[UUID, int] = {}
        self.change = 0
        self.said: defaultdict[tuple[UUID, PurseKey, int, int], set[tuple[int, int]]] = defaultdict(set)
        """(identity, purse, change, posted): every (balance, granted) that was true at such a moment."""
        self._lines = self._alarms = 0

    def read(self, counters: dict[UUID, CounterBook]) -> None:
        """Reads it all again and checks the cloud by itself."""
        ask = self._database.execute
        self.change = ask("SELECT change FROM network").fetchone()[0]
        heads = "SELECT id, head_sequence, posted FROM identity WHERE public_key IS NOT NULL"
        for id, head, posted in ask(heads).fetchall():
            self.stored[UUID(id)], self.posted[UUID(id)] = head, posted
            demand(posted == head, 2, "the cloud stopped posting", id, "at", posted, "of", head)
        purses = "SELECT account, purse, instance, earned, spent, leased, overdraft, debt, change FROM purse"
        self.purses = {PurseKey(*row[:3]): Purse(*row[3:]) for row in ask(purses)}
        self._check_lines(counters)
        self._check_sums()
        self._check_leases(counters)
        for id, kind, detail in ask("SELECT id, kind, detail FROM alarm WHERE id > ?", (self._alarms,)).fetchall():
            demand(kind in ALARMS_OF_PEOPLE, 3, "an alarm:", kind, detail)
            self._alarms = id

    def _check_lines(self, counters: dict[UUID, CounterBook]) -> None:
        new = self._database.execute("SELECT rowid, identity, sequence, body FROM line WHERE rowid > ?", (self._lines,))
        for rowid, id, sequence, body in new.fetchall():
            self._lines = rowid
            if (counter := counters.get(UUID(id))) is not None:
                demand(sequence <= len(counter.lines), 3, "the cloud has line", sequence, "that was never written")
                demand(counter.lines[sequence - 1].body == body, 3, "line", sequence, "is another one in the cloud")
        counted = self._database.execute("SELECT identity, count(*), count(DISTINCT id) FROM entry GROUP BY identity")
        for id, count, distinct in counted.fetchall():
            if UUID(id) in counters:
                demand(count == distinct == self.posted[UUID(id)], 3, count, "entries of", self.posted[UUID(id)], "lines")

    def _check_sums(self) -> None:
        grouped = "SELECT account, purse, instance, sum(posted) FROM posting GROUP BY account, purse, instance"
        sums = {PurseKey(*row[:3]): row[3] for row in self._database.execute(grouped)}
        for key, purse in self.purses.items():
            demand(sums.get(key, 0) == purse.balance, 4, key.purse, "sums to", sums.get(key), "and stands at", purse.balance)

    def _check_leases(self, counters: dict[UUID, CounterBook]) -> None:
        leased: defaultdict[PurseKey, int] = defaultdict(int)
        granted: dict[tuple[UUID, PurseKey], int] = {}
        leases = "SELECT identity, account, purse, instance, granted, used, written_off FROM lease"
        for id, account, purse, instance, grant, used, written_off in self._database.execute(leases).fetchall():
            identity, key = UUID(id), PurseKey(account, purse, instance)
            outstanding = grant - used - written_off
            demand(outstanding >= 0, 5, "a lease of", purse, "is", outstanding)
            leased[key] += outstanding
            granted[identity, key] = grant
            if identity in counters:
                chain = counters[identity].used(key, self.posted[identity])
                demand(used == chain, 5, "the cloud counts", used, "of", purse, "used, the chain", chain)
        for key, held in self.purses.items():
            demand(held.leased == leased[key], 5, key.purse, "leased", held.leased, "in all,", leased[key], "singly")
            covered = held.earned + held.overdraft + held.debt
            demand(held.spent + held.leased <= covered, 5, key.purse, "is leased or spent twice:", held)
            demand(held.overdraft == 0, 5, key.purse, "is overdrawn by", held.overdraft)
            for identity in counters:
                moment = (identity, key, held.change, self.posted[identity])
                self.said[moment].add((held.balance, granted.get((identity, key), 0)))


class CounterBook:
    """What a terminal's files say."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.lines: list[Written] = []
        self._of: defaultdict[PurseKey, list[tuple[int, Posting]]] = defaultdict(list)
        self.spendable: dict[PurseKey, int] = {}
        self._version: tuple[object, ...] = ()
        self._read = 0

    def changed(self) -> bool:
        """Whether a transaction was committed since the last time this was asked."""
        reader = self.counter.store.reader
        version = (
            self.counter.crashes,
            reader.journal.execute("PRAGMA data_version").fetchone(),
            reader.mirror.execute("PRAGMA data_version").fetchone(),
        )
        fresh, self._version = version != self._version, version
        return fresh

    def postings(self, key: PurseKey, after: int = 0, up_to: int = 1 << 62) -> list[Posting]:
        """What the lines in (after, up_to] do to one purse."""
        return [posting for place, posting in self._of[key] if after < place <= up_to]

    def used(self, key: PurseKey, up_to: int) -> int:
        return sum(posting.used for posting in self.postings(key, up_to=up_to))

    def read(self, cloud: CloudBook) -> None:
        """Reads it again and checks it against what the cloud said."""
        name, reader = self.counter.name, self.counter.store.reader
        query = "SELECT place, id, key, body, personal FROM lines WHERE place > ? ORDER BY place"
        for place, id, key, body, personal in reader.journal.execute(query, (len(self.lines),)).fetchall():
            demand(place == len(self.lines) + 1, 2, name, "has a gap before", place)
            demand(
                key in self.counter.keys, 1, name, "has an entry that nobody asked for, or one that was asked for once, twice"
            )
            line = Written(UUID(bytes=id), key, body)
            self.lines.append(line)
            account = decode_personal(personal).account
            for posting in decode_entry(body).postings:
                self._of[PurseKey(account, posting.purse, posting.instance)].append((place, posting))
        ids = [row[0] for row in reader.journal.execute("SELECT id FROM lines ORDER BY place")]
        demand(ids == [line.id.bytes for line in self.lines], 2, name, "has lost or changed lines")
        by_key = {line.key: line.id for line in self.lines}
        for key, id in self.counter.promised.items():
            demand(by_key.get(key) == id, 1, name, "showed an entry that is gone")
        for key, answered in self.counter.keys.items():
            demand(answered is None or by_key.get(key) == answered, 1, name, "was told of an entry that is not there")
        self._check_standing(cloud)
        self._check_purses(cloud)

    def _check_standing(self, cloud: CloudBook) -> None:
        name, identity = self.counter.name, self.counter.identity
        accepted, posted = self.counter.store.reader.journal.execute("SELECT accepted, posted FROM identities").fetchone()
        demand(posted <= accepted <= len(self.lines), 2, name, "believes", posted, accepted, "of", len(self.lines))
        believed = accepted <= cloud.stored[identity] and posted <= cloud.posted[identity]
        demand(believed, 2, name, "believes more to be accepted than the cloud has")

    def _check_purses(self, cloud: CloudBook) -> None:
        name, identity = self.counter.name, self.counter.identity
        query = "SELECT account, purse, instance, balance, granted, place, change FROM purse_rows"
        rows = {PurseKey(*row[:3]): row[3:] for row in self.counter.store.reader.mirror.execute(query)}
        for key, (balance, granted, place, change) in rows.items():
            true = cloud.said[identity, key, change, place]
            demand((balance, granted) in true, 4, name, "holds a row that never was:", key.purse, (balance, granted), true)
        keys = {*rows, *self._of}
        for account in {key.account for key in keys}:
            seen = self.counter.store.account(Personal(account, account))
            if seen.whose.account != account:
                continue  # earned before this terminal knew the card: it leads elsewhere by now, and nobody gets here by it
            for key in (key for key in keys if key.account == account):
                balance, granted, place, _ = rows.get(key, (0, 0, 0, 0))
                after = self.postings(key, after=place)
                shown = balance + sum(p.delta for p in after)
                spendable = granted + sum(p.earned for p in after) - self.used(key, len(self.lines))
                holding = seen.holding(key.purse, key.instance)
                demand(holding.balance == shown, 4, name, "shows", holding.balance, "of", key.purse, "and not", shown)
                demand(holding.spendable == spendable, 5, name, "would spend", holding.spendable, "and not", spendable)
                self.spendable[key] = holding.spendable

    def check_chain(self) -> None:
        """Every line follows the one before it."""
        query = "SELECT place, before, body, digest, personal, salt FROM lines ORDER BY place"
        head = Head()
        for row in self.counter.store.reader.journal.execute(query):
            head = extend(self.counter.identity, head, Line(*row))


class Invariants:
    """`check()` after each step, `check_end()` when all is quiet."""

    def __init__(self, cloud: Cloud, counters: list[Counter]) -> None:
        self.cloud = CloudBook(cloud)
        self.counters = {counter.identity: CounterBook(counter) for counter in counters}
        self.checks = 0

    def check(self, *, cloud_touched: bool) -> None:
        """All that could have changed. Journals are read first: what the cloud has was written before."""
        fresh = [book for book in self.counters.values() if book.changed()]
        if cloud_touched or not self.cloud.purses:
            self.cloud.read(self.counters)
        for book in fresh:
            book.read(self.cloud)
        if fresh or cloud_touched:
            self._check_together()
            self.checks += 1

    def _check_together(self) -> None:
        """No two terminals may spend the same: what all could spend now is there, posted or on its way (invariant 5)."""
        for key in {key for book in self.counters.values() for key in book.spendable}:
            purse = self.cloud.purses.get(key, Purse(0, 0, 0, 0, 0, 0))
            could = sum(max(0, book.spendable.get(key, 0)) for book in self.counters.values())
            waiting = [p for id, book in self.counters.items() for p in book.postings(key, after=self.cloud.posted[id])]
            there = purse.balance + purse.debt + sum(p.earned - p.used for p in waiting)
            demand(could <= there, 5, "the terminals could spend", could, "of", key.purse, "where", there, "is there")

    def check_end(self) -> None:
        """When everything has arrived: both sides have the same, exactly once."""
        self.cloud.read(self.counters)
        posted = "SELECT id, sequence FROM entry WHERE identity = ? ORDER BY sequence"
        for identity, book in self.counters.items():
            book.read(self.cloud)
            book.check_chain()
            there = self.cloud._database.execute(posted, (identity.hex,)).fetchall()
            here = [(line.id.hex, number) for number, line in enumerate(book.lines, 1)]
            demand(there == here, 1, book.counter.name, "has", len(here), "entries, the cloud", len(there), "of them")
            for key, purse in self.cloud.purses.items():
                account = book.counter.store.account(Personal(key.account, key.account))
                if account.whose.account != key.account:
                    continue
                seen = account.holding(key.purse, key.instance)
                demand(seen.balance == purse.balance, 4, book.counter.name, "shows", seen.balance, "not", purse.balance)
