"""What the cloud's tables say, read a little at a time, and what is true of them by themselves (invariants 2 to 6)."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from backend import forgetting
from loyalty.entry import Posting, decode_entry, decode_personal
from simulation import rules
from simulation.card_book import CardBook
from simulation.clocks import Boots
from simulation.cloud import Cloud
from simulation.past_book import PastBook, Posted
from simulation.people_book import PeopleBook
from simulation.rules import demand
from simulation.time_book import Dated, TimeBook

ALARMS_OF_PEOPLE = {"DEBT", "CARD_NOT_ACTIVE", "TWO_ACCOUNTS", "ISSUED_TWICE", "NOT_FREE"}
"""What people can cause without a copy, a write-off or a fault of ours."""


class PurseKey(NamedTuple):
    account: bytes
    purse: str
    instance: str


class TakingKey(NamedTuple):
    """One purse of an entry that may be taken back."""

    entry: UUID
    purse: str
    instance: str


@dataclass(frozen=True, slots=True)
class Purse:
    """One purse in the cloud."""

    earned: int = 0
    spent: int = 0
    leased: int = 0
    overdraft: int = 0
    debt: int = 0
    change: int = 0

    @property
    def balance(self) -> int:
        return self.earned - self.spent


@dataclass(frozen=True, slots=True)
class Stored:
    """One line of a terminal as the cloud keeps it."""

    sequence: int
    id: UUID
    account: bytes | None
    """Whom the line names; None where it came without its person."""
    postings: tuple[Posting, ...]


class CloudBook:
    """What the cloud says, and what it said at each earlier moment (`said`)."""

    def __init__(self, cloud: Cloud, boots: Boots) -> None:
        self.cloud = cloud
        self.time, self.past, self.cards, self.people = TimeBook(boots), PastBook(), CardBook(), PeopleBook()
        self.purses: dict[PurseKey, Purse] = {}
        self.leases: dict[tuple[UUID, PurseKey], tuple[int, int, int]] = {}
        self.posted: dict[UUID, int] = {}
        self.stored: dict[UUID, int] = {}
        self.change = 0
        self.said: defaultdict[tuple[UUID, PurseKey, int, int], set[tuple[int, int]]] = defaultdict(set)
        """(identity, purse, change, posted): every (balance, granted) that was true at such a moment."""
        self.entries: dict[UUID, tuple[UUID, int]] = {}
        """Which line of whom each entry was posted for."""
        self.written: dict[tuple[UUID, int], set[bytes]] = defaultdict(set)
        """The hashes of all lines that any terminal ever wrote, by identity and sequence."""
        self.given_up: defaultdict[PurseKey, int] = defaultdict(int)
        """What terminals held when the merchant wrote them off."""
        self.void: dict[UUID, UUID] = {}
        """Lines that were posted as nothing: id and identity."""
        self.voided: defaultdict[PurseKey, int] = defaultdict(int)
        """What void lines would have earned."""
        self.copies = self.could_not_read = self.may_be_void = False
        self._waits: defaultdict[UUID, deque[Stored]] = defaultdict(deque)
        self._used: defaultdict[tuple[UUID, PurseKey], int] = defaultdict(int)
        self._sums: defaultdict[PurseKey, int] = defaultdict(int)
        self._undone: set[UUID] = set()
        self._taken: defaultdict[TakingKey, int] = defaultdict(int)
        self._awards: dict[TakingKey, int] = {}
        self._lines = self._entries = self._postings = self._alarms = 0

    def read(self) -> set[PurseKey]:
        """Reads what is new and checks the cloud by itself; the purses that changed in any way."""
        ask = self.cloud.database.execute
        self.change = ask("SELECT change FROM network").fetchone()[0]
        for account, opaque in self.people.read(self.cloud.database):
            self._rename(account, opaque)
        merged = self.cards.read(self.cloud.database)
        self._read_lines()
        self._read_entries()
        self._read_postings()
        touched = self._read_heads()
        self.people.check(self.cloud.database, self.posted)
        purses = {
            PurseKey(*row[:3]): Purse(*row[3:])
            for row in ask("SELECT account, purse, instance, earned, spent, leased, overdraft, debt, change FROM purse")
        }
        leases = {
            (UUID(id), PurseKey(account, purse, instance)): (granted, used, written_off)
            for id, account, purse, instance, granted, used, written_off in ask(
                "SELECT identity, account, purse, instance, granted, used, written_off FROM lease"
            )
        }
        touched |= {key for key, purse in purses.items() if self.purses.get(key) != purse}
        touched |= {held[1] for held, lease in leases.items() if self.leases.get(held) != lease}
        touched |= {key for key in purses if key.account in merged}
        self.purses, self.leases = purses, leases
        self._check_purses(touched)
        for id, kind, detail in ask("SELECT id, kind, detail FROM alarm WHERE id > ?", (self._alarms,)).fetchall():
            self._alarms = id
            demand(kind in self._alarms_allowed(), rules.ALARMS, "an alarm:", kind, detail)
        return touched

    def _alarms_allowed(self) -> set[str]:
        copies = {"OFF_HEAD", "UNDONE_TWICE"} if self.copies else set()
        given_up = {"WRITTEN_OFF"} if self.given_up else set()
        # How much may be overdrawn is checked purse by purse.
        return (
            ALARMS_OF_PEOPLE | copies | given_up | {"OVERDRAFT"} | ({"UNREADABLE", "VOIDED"} if self.could_not_read else set())
        ) | ({"NO_PERSON"} if self.copies and self.people.opaque else set())

    def _rename(self, account: bytes, opaque: bytes) -> None:
        """What a person who was forgotten had goes on under another id."""

        def moved(key: PurseKey) -> PurseKey:
            return key._replace(account=opaque)

        for sums in (self._sums, self.given_up, self.voided):
            for key in [key for key in sums if key.account == account]:
                sums[moved(key)] += sums.pop(key)
        for identity, key in [held for held in self._used if held[1].account == account]:
            self._used[identity, moved(key)] += self._used.pop((identity, key))

    def _read_lines(self) -> None:
        new = "SELECT rowid, identity, sequence, hash, body, personal FROM line WHERE rowid > ? ORDER BY rowid"
        for rowid, id, sequence, hash, body, personal in self.cloud.database.execute(new, (self._lines,)).fetchall():
            self._lines = rowid
            identity = UUID(id)
            if (known := self.written.get((identity, sequence))) is not None:
                demand(hash in known, rules.ONE_LINE, "line", sequence, "is another one in the cloud")
            else:
                demand(identity not in self.stored, rules.ONE_LINE, "the cloud has line", sequence, "that was never written")
            entry = decode_entry(body)
            account = decode_personal(personal).account if personal is not None else None
            if account is not None:
                self.people.names(account, rowid, identity, sequence)
            self.time.moments[entry.id] = entry.moment
            self._waits[identity].append(Stored(sequence, entry.id, account, entry.postings))

    def _read_entries(self) -> None:
        new = (
            "SELECT e.rowid, e.id, e.identity, e.cause, e.refers, e.reward, coalesce(e.amount, 0) - e.discount, e.made_ms,"
            " e.sure, l.received_ms, i.public_key IS NULL FROM entry e JOIN identity i ON i.id = e.identity JOIN line l"
            " ON l.merchant = e.merchant AND l.identity = e.identity AND l.sequence = e.sequence"
            " WHERE e.rowid > ? ORDER BY e.rowid"
        )
        posted, dated = list[Posted](), list[Dated]()
        for row in self.cloud.database.execute(new, (self._entries,)).fetchall():
            self._entries, hex, by, cause, refers, rule, paid, made_ms, sure, received_ms, own = row
            id, about = UUID(hex), UUID(refers) if refers is not None else None
            posted.append(Posted(id, cause, about, rule, paid, bool(own)))
            if not own:
                dated.append(Dated(id, UUID(by), made_ms, bool(sure), received_ms))
        for entry in sorted(posted, key=lambda entry: entry.own):
            self.past.note(entry)
        self.time.check(dated)

    def _read_postings(self) -> None:
        new = (
            "SELECT p.rowid, p.entry, p.account, p.purse, p.instance, p.posted, e.identity, e.sequence, e.cause, e.refers,"
            " e.reward, i.public_key IS NULL FROM posting p JOIN entry e ON e.id = p.entry JOIN identity i ON i.id = e.identity"
            " WHERE p.rowid > ? ORDER BY p.rowid"
        )
        takings: set[TakingKey] = set()
        bonuses: list[tuple[TakingKey, str, int]] = []
        for row in self.cloud.database.execute(new, (self._postings,)).fetchall():
            self._postings, id, account, purse, instance, posted, identity, sequence, cause, refers, rule, own = row
            self._sums[PurseKey(account, purse, instance)] += posted
            self.entries[UUID(id)] = (UUID(identity), sequence)
            if cause == "undo" and posted > 0:
                demand(refers not in self._undone, rules.ONE_UNDO, "the spend", refers, "is undone twice")
                self._undone.add(refers)
            if posted > 0 and cause in ("award", "redeem") and not own:
                self._awards[TakingKey(UUID(id), purse, instance)] = posted
            elif cause in ("undo", "return") and posted < 0 and refers is not None:
                taking = TakingKey(UUID(refers), purse, instance)
                self._taken[taking] -= posted
                takings.add(taking)
            elif own and refers is not None and (cause == "award" or (cause == "taken back" and rule.startswith("limit "))):
                self._taken[TakingKey(UUID(refers), purse, instance)] -= posted
            if cause == "bonus":
                bonuses.append((TakingKey(UUID(refers), purse, instance), rule, posted))
        for taking, rule, points in bonuses:
            self.past.check_bonus(taking.entry, rule, points, self._awards.get(taking, 0))
        for taking in takings & self._awards.keys():
            award, taken = self._awards[taking], self._taken[taking]
            demand(taken <= award, rules.TAKEN, "of an award of", award, taking.purse, taken, "were taken back")

    def _read_heads(self) -> set[PurseKey]:
        """How far each terminal's lines are posted; what those lines used is counted again here."""
        touched: set[PurseKey] = set()
        ask = self.cloud.database.execute
        for id, head, posted in ask("SELECT id, head_sequence, posted FROM identity WHERE public_key IS NOT NULL").fetchall():
            identity = UUID(id)
            self.stored[identity], self.posted[identity] = head, posted
            demand(
                posted == head or self.could_not_read, rules.POSTED, "the cloud stopped posting", id, "at", posted, "of", head
            )
            waits = self._waits[identity]
            while waits and waits[0].sequence <= posted:
                touched |= self._post(identity, waits.popleft())
        return touched

    def _post(self, identity: UUID, line: Stored) -> set[PurseKey]:
        found = "SELECT identity, sequence, account FROM entry WHERE id = ?"
        row = self.cloud.database.execute(found, (line.id.hex,)).fetchone()
        account = self.people.called(line.account if line.account is not None else forgetting.NAMELESS)
        if row is not None:
            named = line.account is None or row[2] == account
            demand(named, rules.NAMED, "line", line.sequence, "of", identity, "is posted to", row[2].hex())
            account = row[2]
        keys = {PurseKey(account, posting.purse, posting.instance) for posting in line.postings}
        if line.id not in self.entries:
            if row is None:
                demand(self.may_be_void, rules.POSTED, "line", line.sequence, "of", identity, "was posted as nothing")
                self.void[line.id] = identity
                for posting in line.postings:
                    self.voided[PurseKey(account, posting.purse, posting.instance)] += posting.earned
                return keys
            self.entries[line.id] = (UUID(row[0]), row[1])
        by, sequence = self.entries[line.id]
        demand(
            (by, sequence) == (identity, line.sequence) or self.copies,
            rules.ONE_PLACE,
            "entry",
            line.id,
            "was posted for another line",
        )
        for posting in line.postings:
            self._used[identity, PurseKey(account, posting.purse, posting.instance)] += posting.used
        return keys

    def _check_purses(self, touched: set[PurseKey]) -> None:
        leased: defaultdict[PurseKey, int] = defaultdict(int)
        for (identity, key), (granted, used, written_off) in self.leases.items():
            outstanding = granted - used - written_off
            leased[key] += outstanding
            if key in touched:
                demand(outstanding >= 0, rules.LEASES, "a lease of", key.purse, "is", outstanding)
                chain = self._used[identity, key]
                demand(used == chain, rules.LEASES, "the cloud counts", used, "of", key.purse, "used, the chain", chain)
        for key in touched & self.purses.keys():
            purse = self.purses[key]
            demand(
                self._sums[key] == purse.balance,
                rules.SUMS,
                key.purse,
                "sums to",
                self._sums[key],
                "and stands at",
                purse.balance,
            )
            demand(
                purse.leased == leased[key], rules.LEASES, key.purse, "leased", purse.leased, "in all,", leased[key], "singly"
            )
            covered = purse.earned + purse.overdraft + purse.debt
            led = purse.balance - purse.leased if key.account in self.cards.merged else 0
            demand(led <= 0, rules.LEADS, led, "of", key.purse, "are free of an account that leads to another")
            demand(purse.spent + purse.leased <= covered, rules.COVERED, key.purse, "is leased or spent twice:", purse)
        for key, purse in self.purses.items():
            for identity, posted in self.posted.items():
                granted = self.leases.get((identity, key), (0, 0, 0))[0]
                self.said[identity, key, purse.change, posted].add((purse.balance, granted))

    def wrote_off(self, before: dict[tuple[UUID, PurseKey], tuple[int, int, int]]) -> None:
        """The merchant has just given a terminal up: what was leased to it by then may come to be overdrawn."""
        for held, (_, _, written_off) in self.leases.items():
            more = written_off - before.get(held, (0, 0, 0))[2]
            if more > 0:
                self.given_up[held[1]] += more

    def called(self, key: PurseKey) -> PurseKey:
        """What a terminal's purse is called here, where its person was forgotten."""
        return key._replace(account=self.people.called(key.account))

    def called_there(self, key: PurseKey) -> PurseKey:
        """The other way round: what terminals call a purse."""
        return key._replace(account=self.people.before.get(key.account, key.account))

    def is_nobodys(self, key: PurseKey) -> bool:
        """Whether no terminal shows it: its person was forgotten, or came with no line."""
        return key.account in self.people.before or key.account == forgetting.NAMELESS

    def left_behind(self, key: PurseKey) -> int:
        """What written-off terminals may still spend without knowing that they are."""
        return sum(written_off for (_, held), (_, _, written_off) in self.leases.items() if held == key)
