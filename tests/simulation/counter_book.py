"""What a terminal's files say, line by line, and what must be true of them by themselves and beside the cloud's word."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, replace
from uuid import UUID

from loyalty.account import Account, Holding, Status
from loyalty.chain import Head, Line, Was, extend
from loyalty.entry import Cause, Entry, Personal, Posting, decode_entry, decode_personal
from loyalty.holding import spendable
from simulation import past_book, rules, time_book
from simulation.card_book import KnownCards
from simulation.cloud_book import CloudBook, PurseKey
from simulation.copies import HeadStart
from simulation.counter import Counter
from simulation.rules import demand
from sync import journal, mirror, view
from sync.messages import Standing


@dataclass(frozen=True, slots=True)
class Written:
    """One line of a journal, read from its bytes when it was new."""

    place: int
    id: UUID
    key: str
    account: bytes
    entry: Entry

    @property
    def cause(self) -> Cause:
        return self.entry.cause

    @property
    def refers(self) -> UUID | None:
        return self.entry.refers

    @property
    def postings(self) -> tuple[Posting, ...]:
        return self.entry.postings

    def on(self, key: PurseKey) -> list[Posting]:
        """What it does to one purse."""
        return [posting for posting in self.postings if (posting.purse, posting.instance) == (key.purse, key.instance)]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the mirror."""

    balance: int = 0
    granted: int = 0
    place: int = 0
    identity: bytes = b""
    change: int = 0


class CounterBook:
    """Remembers every line, also those that are pruned by now."""

    def __init__(self, counter: Counter, start: HeadStart | None = None) -> None:
        self.counter = counter
        self.lines: list[Written] = []
        self.spendable: dict[PurseKey, int] = {}
        self.identity: UUID | None = None
        self.base = 0
        self.standing = Standing.GOOD
        self.head_starts: list[HeadStart] = []
        self._bases: dict[bytes, int] = {}
        self._of: defaultdict[PurseKey, list[tuple[int, Posting]]] = defaultdict(list)
        self._about: defaultdict[PurseKey, list[Written]] = defaultdict(list)
        self._touched: set[PurseKey] = set()
        self._registered = 0
        self._rows: dict[PurseKey, Row] = {}
        self._ids: dict[str, UUID] = {}
        self._by_id: dict[UUID, Written] = {}
        self._cards = KnownCards(counter)
        self._forgotten: dict[bytes, bool] = {}
        self._version = (0, 0)
        if start is not None:
            self.head_starts.append(start)
            for line in start.common:
                self._remember(line)

    @property
    def copied(self) -> bool:
        """Whether it is one of several that began alike."""
        return any(start.identity == self.identity for start in self.head_starts)

    def changed(self) -> bool:
        """Whether anything was written since the last time this was asked."""
        version = (self.counter.starts, self.counter.written)
        fresh, self._version = version != self._version, version
        return fresh

    def postings(self, key: PurseKey, after: int = 0, up_to: int = 1 << 62) -> list[Posting]:
        """What the lines in (after, up_to] do to one purse."""
        found = self._of[key]
        first = bisect_right(found, after, key=lambda posted: posted[0])
        return [posting for place, posting in found[first:] if place <= up_to]

    def may_spend(self, key: PurseKey) -> int:
        """What it would let people spend now."""
        return self.spendable.get(key, 0) if self.standing is Standing.GOOD else 0

    def waiting(self, cloud: CloudBook, key: PurseKey) -> list[Written]:
        """Its lines about one purse that are not posted under any identity."""
        return [line for line in self._about[key] if line.id not in cloud.entries]

    def note_lines(self, cloud: CloudBook) -> None:
        """Reads new lines. To be done before the cloud is read, for the cloud holds nothing that was not written before."""
        self._touched |= self._read_lines()
        now = journal.current(self.counter.store.reader.journal)
        if now.identity != self.identity:
            demand(now.base <= len(self.lines), rules.ANEW, self.counter.name, "begins anew behind its last line")
            self._touched |= self.spendable.keys()
            identities = self.counter.store.reader.journal.execute("SELECT identity, base FROM identities")
            self._bases = dict(identities.fetchall())
            self.identity, self.base, self._registered = now.identity, now.base, 0
        if self.counter.clock.lied:
            cloud.time.fooled.add(now.identity)
        query = "SELECT place, hash FROM lines WHERE place > ? ORDER BY place"
        after = self.base + self._registered
        for place, hash in self.counter.store.reader.journal.execute(query, (after,)).fetchall():
            self._registered = place - self.base
            cloud.written[now.identity, self._registered].add(hash)

    def read(self, cloud: CloudBook) -> set[PurseKey]:
        """Checks what is new against what the cloud said; the purses that may look different now."""
        self.note_lines(cloud)
        self._check_identity(cloud)
        touched, self._touched = self._touched | self._read_rows(cloud) | self._read_tombstones(), set()
        self._check_promises()
        for key in touched:
            self._check_purse(key)
        self._cards.read(cloud.cards)
        time_book.check_known_time(self.counter)
        return touched

    def _read_lines(self) -> set[PurseKey]:
        name, ask = self.counter.name, self.counter.store.reader.journal.execute
        last = self.lines[-1].place if self.lines else 0
        query = "SELECT place, id, key, cause, account, body, personal FROM lines WHERE place > ? ORDER BY place"
        touched: set[PurseKey] = set()
        for place, id, key, cause, account, body, personal in ask(query, (last,)).fetchall():
            demand(place == last + 1, rules.LINES, name, "has a gap before", place)
            asked = "has an entry that nobody asked for, or one that was asked for once, twice"
            demand(key in self.counter.keys or (cause == "give back" and key.startswith("recall ")), rules.ASKED, name, asked)
            whose, entry = decode_personal(personal), decode_entry(body)
            alike = (whose.account, entry.id.bytes, entry.cause.value) == (account, id, cause)
            demand(alike, rules.LINES, name, "has a line that says one thing and holds another")
            last = place
            line = Written(place, entry.id, key, account, entry)
            time_book.check_moment(self.counter, line)
            if line.cause is Cause.UNDO and line.refers is not None:
                time_book.check_undo(self.counter, line, self._by_id.get(line.refers))
            past_book.check_line(name, entry)
            self._cards.check_shown(whose.token)
            touched |= self._remember(line)
        first, count, end = ask("SELECT coalesce(min(place), 1), count(*), coalesce(max(place), 0) FROM lines").fetchone()
        demand(end == len(self.lines) and count == end - first + 1, rules.LINES, name, "has lost lines:", first, count, end)
        return touched

    def _remember(self, line: Written) -> set[PurseKey]:
        self.lines.append(line)
        self._ids[line.key] = line.id
        self._by_id[line.id] = line
        for posting in line.postings:
            self._of[PurseKey(line.account, posting.purse, posting.instance)].append((line.place, posting))
        purses = {PurseKey(line.account, posting.purse, posting.instance) for posting in line.postings}
        for purse in purses:
            self._about[purse].append(line)
        return purses

    def _check_identity(self, cloud: CloudBook) -> None:
        name, reader = self.counter.name, self.counter.store.reader.journal
        now = journal.current(reader)
        first = reader.execute("SELECT coalesce(min(place), 1) FROM lines").fetchone()[0]
        if first > 1:
            gone = self.lines[first - 2]
            demand(
                gone.id in cloud.entries or gone.id in cloud.void, rules.PRUNED, name, "has pruned what the cloud does not have"
            )
        self.standing = now.standing
        off_head = now.standing is Standing.OFF_HEAD
        demand(not off_head or self.copied, rules.NO_COPY, name, "is taken for a copy, and is none")
        for start in self.head_starts:
            start.found_out |= start.identity != now.identity or now.standing is not Standing.GOOD
        recorded = len(self.lines) - now.base
        demand(
            now.posted <= now.accepted <= recorded, rules.BELIEVED, name, "believes", now.posted, now.accepted, "of", recorded
        )
        believed = now.accepted <= cloud.stored.get(now.identity, 0) and now.posted <= cloud.posted.get(now.identity, 0)
        demand(believed, rules.BELIEVED, name, "believes more to be accepted than the cloud has")

    def _check_promises(self) -> None:
        name, ids = self.counter.name, self._ids
        for key, id in self.counter.promised.items():
            demand(ids.get(key) == id, rules.SHOWN, name, "showed an entry that is gone")
        for key, answered in self.counter.keys.items():
            demand(answered is None or ids.get(key) == answered, rules.SHOWN, name, "was told of an entry that is not there")
        demand(
            ids.keys().isdisjoint(self.counter.refused),
            rules.REFUSED,
            name,
            "holds an entry of which people were told that it is not",
        )

    def _read_rows(self, cloud: CloudBook) -> set[PurseKey]:
        name = self.counter.name
        query = "SELECT account, purse, instance, balance, granted, place, identity, change FROM purse_rows"
        rows = {PurseKey(*row[:3]): Row(*row[3:]) for row in self.counter.store.reader.mirror.execute(query)}
        known, self._rows = self._rows, rows
        changed = {key for key in {*rows, *known} if rows.get(key) != known.get(key)}
        for key in changed & rows.keys():
            row, before = rows[key], known.get(key)
            if row.change <= 0 and known:
                # From before the snapshot that is under way: still there, until that brings another or has swept it away.
                same = before is not None and replace(before, change=row.change) == row
                demand(same, rules.ROWS, name, "has changed a row that waits for a snapshot:", key.purse, before, row)
                continue
            identity, through = UUID(bytes=row.identity), row.place - self._bases[row.identity]
            demand(
                row.place <= len(self.lines), rules.OWN_ROWS, name, "holds a row that includes lines which it has not written"
            )
            true = cloud.said[identity, key, row.change, through]
            found = (row.balance, row.granted)
            demand(found in true, rules.ROWS, name, "holds a row that never was:", key.purse, found, "and not", true)
        for start in (start for start in self.head_starts if start.identity == self.identity):
            for key in changed & rows.keys():
                start.holds(key, self._head_start(len(start.common), key))
        return changed

    def _head_start(self, common: int, key: PurseKey) -> int:
        """What this copy may spend, without what it has done itself since the copies parted."""
        row, base = self._rows.get(key, Row()), self.base
        granted, place = row.granted if self._is_mine(row) else 0, row.place
        used = sum(p.used for p in self.postings(key, base, common))
        earned = sum(p.earned for p in self.postings(key, max(base, place), common))
        own = sum(p.earned for p in self.postings(key, max(base, common), place))
        return granted - used + earned - own

    def _is_mine(self, row: Row) -> bool:
        return self.identity is not None and row.identity == self.identity.bytes

    def begins_alike(self) -> HeadStart:
        """Its card is copied now."""
        assert self.identity is not None
        common, undone = len(self.lines), {line.refers for line in self.lines if line.cause is Cause.UNDO}
        undoable: defaultdict[PurseKey, int] = defaultdict(int)
        for line in self.lines[self.base :]:
            if line.id not in undone and line.cause is not Cause.UNDO:
                for posting in line.postings:
                    undoable[PurseKey(line.account, posting.purse, posting.instance)] += max(0, -posting.delta)
        start = HeadStart(self.identity, tuple(self.lines), undoable)
        for key in {*self._rows, *self._of} if self.standing is Standing.GOOD else ():
            start.holds(key, max(0, self._head_start(common, key)))
        return start

    def holding(self, key: PurseKey) -> Holding:
        """What it would show of a purse, also of an account to which no card leads any more."""
        reader = self.counter.store.reader
        of = "SELECT number FROM accounts WHERE id = ?"
        number = reader.mirror.execute(of, (key.account,)).fetchone() or (None,)
        held = view._holdings(reader.journal, reader.mirror, journal.current(reader.journal), key.account, *number)
        return Account(Personal(key.account, b""), holdings=held).holding(key.purse, key.instance)

    def _read_tombstones(self) -> set[PurseKey]:
        """Whoever was forgotten here: nothing of them is shown, nor in the mirror; their purses where that is new."""
        reader, name = self.counter.store.reader, self.counter.name
        found = {account: bool(done) for account, done in reader.mirror.execute("SELECT account, done FROM forgotten")}
        known, self._forgotten = self._forgotten, found
        for account, done in found.items():
            seen = self.counter.store.account(Personal(account, account))
            hidden = seen.status is Status.BLOCKED and not seen.holdings and not seen.name
            demand(hidden, rules.TOMBSTONE, name, "shows somebody who was forgotten:", seen)
            for rows in ("purse_rows", "card_rows", "member_rows"):
                left = reader.mirror.execute(f"SELECT count(*) FROM {rows} WHERE account = ?", (account,)).fetchone()[0]
                demand(left == 0, rules.TOMBSTONE, name, "has", rows, "of somebody who was forgotten")
            demand(not done or not self._named(account), rules.TOMBSTONE, name, "has lines of somebody who was forgotten")
        fresh = {account for account, done in found.items() if known.get(account) != done}
        return {key for key in self._of if key.account in fresh}

    def _named(self, account: bytes) -> int:
        """How many lines still say that they are an account's."""
        lines = self.counter.store.reader.journal.execute("SELECT account, personal FROM lines WHERE personal IS NOT NULL")
        return sum(account in (named, decode_personal(personal).account) for named, personal in lines)

    @property
    def has_forgotten(self) -> bool:
        """Whether nothing is left to forget."""
        return all(self._forgotten.values())

    def check_forgotten(self) -> None:
        """When all is quiet, nothing is left of whoever was forgotten."""
        for account in self._forgotten:
            left = self._named(account)
            demand(left == 0, rules.TOMBSTONE, self.counter.name, "has", left, "lines of somebody who was forgotten")

    def _check_purse(self, key: PurseKey) -> None:
        """What is shown and what may be spent is what its own lines and its row say."""
        name, store, row = self.counter.name, self.counter.store, self._rows.get(key, Row())
        holding = self.holding(key)
        # Of a purse without a row, after the mirror was lost, only the lines that are still here are known.
        gone = journal.pruned(store.reader.journal) - 1 if key not in self._rows else 0
        shown = row.balance + sum(p.delta for p in self.postings(key, after=max(row.place, gone)))
        granted, place = row.granted if self._is_mine(row) else 0, row.place
        earned = sum(p.earned for p in self.postings(key, after=max(self.base, place, gone)))
        may = granted + earned - sum(p.used for p in self.postings(key, after=self.base))
        said = mirror.rows(store.reader.mirror, store.reader.journal)(*key)
        would = spendable(said, journal.own(store.reader.journal, *key, said.through))
        if key.account in self._forgotten:
            # What was granted went with the row, what was used with the lines: what a line that is left has earned may go.
            named = store.reader.journal.execute("SELECT place FROM lines WHERE account = ?", (key.account,))
            left = {place for (place,) in named}
            most = max(0, may, sum(posting.earned for place, posting in self._of[key] if place in left))
            demand(would <= most, rules.SPENDABLE, name, "would spend", would, "of", key.purse, "of nobody, not", most)
            self.spendable[key] = would
            return
        demand(holding.balance == shown, rules.SEEN, name, "shows", holding.balance, "of", key.purse, "and not", shown)
        demand(would == may, rules.SPENDABLE, name, "would spend", would, "of", key.purse, "and not", may)
        demand(holding.spendable == may, rules.SPENDABLE, name, "offers", holding.spendable, "of", key.purse, "and not", may)
        self.spendable[key] = may

    def check_chain(self) -> None:
        """Every line follows the one before it, and is the one that was read when it was new."""
        query = (
            "SELECT place, before, body, digest, personal, salt, was_identity, was_sequence, was_hash, id, hash"
            " FROM lines WHERE place > ? ORDER BY place"
        )
        assert self.identity is not None
        pruned = journal.pruned(self.counter.store.reader.journal)
        head = Head() if pruned <= self.base else None
        for (
            place,
            before,
            body,
            digest,
            personal,
            salt,
            was,
            at,
            was_hash,
            id,
            hash,
        ) in self.counter.store.reader.journal.execute(query, (self.base,)):
            demand(self.lines[place - 1].id.bytes == id, rules.LINES, self.counter.name, "has changed a line")
            wrapped = Was(UUID(bytes=was), at, was_hash) if was is not None else None
            line = Line(place - self.base, before, body, digest, personal, salt, wrapped)
            head = extend(self.identity, head or Head(line.sequence - 1, before), line)
            demand(head.hash == hash, rules.LINES, self.counter.name, "has a line with another hash")
