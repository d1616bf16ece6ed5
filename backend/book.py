"""The part of a merchant's ledger that one transaction works on: loaded once, changed in memory, written once.

Posting 500 lines one by one would cost thousands of statements; with a book it costs about a dozen. The book is right only
under the network's lock (`identities.lock`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from backend import alarms, card_tables, identities, ledger_tables, lines
from backend.alarms import Alarm
from backend.history import History
from backend.identities import Identity
from backend.numbering import batches, next_changes
from backend.statements import among, keyed, owned, setting
from loyalty.account import Status
from loyalty.chain import Line
from loyalty.entry import Cause, TokenKind
from loyalty.purse import Lease, Purse, Taking


class PurseKey(NamedTuple):
    """One purse of one account of the book's merchant."""

    account: bytes
    purse: str
    instance: str


class TakingKey(NamedTuple):
    """One purse of one entry that was, or may be, taken back."""

    entry: UUID
    purse: str
    instance: str


class Card(NamedTuple):
    """What a token leads to."""

    account: bytes
    status: Status
    kind: TokenKind = TokenKind.CARD


@dataclass(slots=True)
class Book:
    """Everything known and changed about one identity's lines. Made by `open_book`, written by `write`."""

    connection: sa.Connection
    identity: Identity
    now_ms: int
    purses: dict[PurseKey, Purse] = field(default_factory=dict)
    leases: dict[PurseKey, Lease] = field(default_factory=dict)
    takings: dict[TakingKey, Taking] = field(default_factory=dict)
    awards: dict[TakingKey, int] = field(default_factory=dict)
    """What entries earned, where somebody may take it back."""
    known: dict[UUID, bytes] = field(default_factory=dict)
    """Entries that are posted, and the hash of their body."""
    undone: set[UUID] = field(default_factory=set)
    posted_to: dict[UUID, bytes] = field(default_factory=dict)
    """The accounts of those entries."""
    cards: dict[bytes, Card] = field(default_factory=dict)
    issued: dict[bytes, UUID] = field(default_factory=dict)
    """Which terminal issued a card first."""
    accounts: set[bytes] = field(default_factory=set)
    into: dict[bytes, bytes] = field(default_factory=dict)
    """Where merged accounts lead."""
    history: History | None = None
    """The past of the accounts, where the programme looks at it."""
    own: Identity | None = None
    """The merchant's own identity, once it has written something here."""
    own_lines: list[tuple[Line, bytes]] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    entry_rows: list[dict[str, Any]] = field(default_factory=list)
    posting_rows: list[dict[str, Any]] = field(default_factory=list)
    _stored_purses: set[PurseKey] = field(default_factory=set)
    _stored_leases: set[PurseKey] = field(default_factory=set)
    _stored_takings: set[TakingKey] = field(default_factory=set)
    _new_cards: dict[bytes, Card] = field(default_factory=dict)
    _new_accounts: dict[bytes, None] = field(default_factory=dict)
    _touched: dict[PurseKey, None] = field(default_factory=dict)
    _changed_leases: dict[PurseKey, None] = field(default_factory=dict)
    _changed_takings: dict[TakingKey, None] = field(default_factory=dict)

    # What the rules of posting read and change.

    def purse(self, key: PurseKey) -> tuple[Purse, Lease]:
        """A purse and this identity's lease on it; empty ones where there are none yet."""
        return self.purses.get(key, Purse()), self.leases.get(key, Lease())

    def put(self, key: PurseKey, purse: Purse, lease: Lease) -> None:
        """Changes a purse and the lease. Terminals are told of the purse again, even where nothing changed (see `touch`)."""
        self.touch(key)
        self.purses[key] = purse
        if lease != self.leases.get(key, Lease()):
            self.leases[key] = lease
            self._changed_leases[key] = None

    def touch(self, key: PurseKey) -> None:
        """Makes the next pull send this purse: a line that posted nothing still moves `through` past it."""
        self.open_account(key.account)
        self.purses.setdefault(key, Purse())
        self._touched[key] = None

    def taking(self, key: TakingKey) -> Taking:
        """What was taken back of one earning so far."""
        return self.takings.get(key) or Taking(award=self.awards.get(key))

    def put_taking(self, key: TakingKey, taking: Taking) -> None:
        self.takings[key] = taking
        self._changed_takings[key] = None

    def open_account(self, account: bytes) -> None:
        """Gives the merchant an account by this id, unless it has one."""
        if account not in self.accounts:
            self.accounts.add(account)
            self._new_accounts[account] = None

    def lead(self, token: bytes, account: bytes, kind: TokenKind = TokenKind.CARD) -> None:
        """Makes a card that nobody knew yet lead to an account."""
        self.cards[token] = self._new_cards[token] = Card(account, Status.ACTIVE, kind)

    def leads_to(self, account: bytes) -> bytes:
        """The account that an account leads to: itself, unless it was merged."""
        return self.into.get(account, account)

    def touched(self) -> list[PurseKey]:
        return list(self._touched)

    # Loading.

    def load_accounts(self, accounts: Collection[bytes]) -> None:
        """Loads accounts, their purses, and this identity's leases on them; those that they were merged into as well."""
        self.into.update((row.account, row.into) for row in self._found(_MERGED, accounts))
        for some in batches([*accounts, *self.into.values()]):
            self.accounts.update(row.id for row in self._found(_ACCOUNTS, some))
            for row in self._found(_PURSES, some):
                key = PurseKey(row.account, row.purse, row.instance)
                self.purses[key] = Purse(row.earned, row.spent, row.leased, row.overdraft, row.debt)
                self._stored_purses.add(key)
            for row in self._found(_LEASES, some):
                key = PurseKey(row.account, row.purse, row.instance)
                self.leases[key] = Lease(row.granted, row.used, row.written_off)
                self._stored_leases.add(key)

    def load_cards(self, tokens: Collection[bytes]) -> None:
        """Loads what tokens lead to."""
        for row in self._found(_CARDS, tokens):
            self.cards[row.token] = Card(row.account, Status(row.status), TokenKind(row.kind))

    def load_issued(self, tokens: Collection[bytes]) -> None:
        """Loads which terminals issued these cards; the account of a card that a terminal issued is called after it."""
        for row in self._found(_ISSUES, tokens):
            self.issued.setdefault(row.account, row.identity)

    def load_entries(self, ids: Collection[UUID]) -> None:
        """Loads which of these ids are already posted."""
        for row in self._found(_ENTRIES, ids):
            self.known[row.id], self.posted_to[row.id] = row.body_hash, row.account

    def load_takings(self, ids: Collection[UUID]) -> None:
        """Loads what was taken back of these entries."""
        for row in self._found(_TAKINGS, ids):
            key = TakingKey(row.entry, row.purse, row.instance)
            self.takings[key] = Taking(row.award, row.taken, row.excess)
            self._stored_takings.add(key)

    def load_referred(self, ids: Collection[UUID]) -> None:
        """Loads what these entries earned, and which of them are already undone."""
        self.undone.update(row.refers for row in self._found(_UNDONE, ids))
        for row in self._found(_EARNED, ids):
            self.awards[TakingKey(row.entry, row.purse, row.instance)] = row.delta

    def _found(self, statement: sa.Select[Any], keys: Collection[Any]) -> Iterator[sa.Row[Any]]:
        """What one of the statements below finds for these keys."""
        mine = {"network": self.identity.network, "merchant": self.identity.merchant, "identity": self.identity.id}
        for some in batches(keys):
            yield from self.connection.execute(statement, mine | {"some": some})

    # Writing.

    def write(self) -> None:
        """Writes all that changed. The book is not used again."""
        fresh = 0 if self.history is None else len(self.history.changed)
        changes = next_changes(self.connection, self.identity.network, len(self._touched) + len(self._new_cards) + fresh)
        self._write_own_lines()
        self._write_accounts()
        self._write_cards(changes)
        self._write_purses(changes)
        self._write_leases()
        self._write_takings()
        _insert(self.connection, ledger_tables.entry, self.entry_rows)
        _insert(self.connection, ledger_tables.posting, self.posting_rows)
        if self.history is not None:
            self.history.write(changes)
        alarms.put(self.connection, self.identity.merchant, self.alarms, self.now_ms)

    def write_grants(self) -> None:
        """Writes purses and leases where nothing but leases of this identity was raised: no new change numbers."""
        p = ledger_tables.purse.c
        of = (p.account == sa.bindparam("a")) & (p.purse == sa.bindparam("p")) & (p.instance == sa.bindparam("i"))
        raised = sa.update(ledger_tables.purse).where(p.merchant == self.identity.merchant, of).values(leased=sa.bindparam("l"))
        rows = [{"a": k.account, "p": k.purse, "i": k.instance, "l": self.purses[k].leased} for k in self._touched]
        if rows:
            self.connection.execute(raised, rows)
        self._write_leases()

    def _write_own_lines(self) -> None:
        if self.own is not None:
            lines.store(self.connection, self.own, self.own_lines, self.now_ms)
            identities.set_head(self.connection, self.own, self.own.head)
            identities.set_posted(self.connection, self.own, self.own.head)

    def _write_accounts(self) -> None:
        mine = {"merchant": self.identity.merchant, "opened_ms": self.now_ms}
        _insert(self.connection, ledger_tables.account, [mine | {"id": account} for account in self._new_accounts])

    def _write_cards(self, changes: Iterator[int]) -> None:
        rows = [
            {
                "network": self.identity.network,
                "token": token,
                "account": card.account,
                "kind": card.kind.value,
                "status": card.status.value,
                "change": next(changes),
            }
            for token, card in self._new_cards.items()
        ]
        _insert(self.connection, card_tables.card, rows)

    def _write_purses(self, changes: Iterator[int]) -> None:
        rows = {
            key: {
                "earned": self.purses[key].earned,
                "spent": self.purses[key].spent,
                "leased": self.purses[key].leased,
                "overdraft": self.purses[key].overdraft,
                "debt": self.purses[key].debt,
                "change": next(changes),
            }
            for key in self._touched
        }
        mine = {"merchant": self.identity.merchant}
        self._save(ledger_tables.purse, mine, rows, self._stored_purses)

    def _write_leases(self) -> None:
        rows = {
            key: {
                "granted": self.leases[key].granted,
                "used": self.leases[key].used,
                "written_off": self.leases[key].written_off,
            }
            for key in self._changed_leases
        }
        mine = {"merchant": self.identity.merchant, "identity": self.identity.id}
        self._save(ledger_tables.lease, mine, rows, self._stored_leases)

    def _write_takings(self) -> None:
        rows = {
            key: {
                "award": self.takings[key].award,
                "taken": self.takings[key].taken,
                "excess": self.takings[key].excess,
            }
            for key in self._changed_takings
        }
        self._save(ledger_tables.taking, {"merchant": self.identity.merchant}, rows, self._stored_takings)

    def _save(
        self,
        table: sa.Table,
        mine: dict[str, Any],
        rows: dict[PurseKey, dict[str, Any]] | dict[TakingKey, dict[str, Any]],
        stored: Collection[PurseKey] | Collection[TakingKey],
    ) -> None:
        """Inserts or updates: nobody else can have added a row since it was loaded, because of the network's lock."""
        full = [(key in stored, {**mine, **key._asdict()}, values) for key, values in rows.items()]
        _insert(self.connection, table, [key | values for there, key, values in full if not there])
        old = [keyed(table, key) | values for there, key, values in full if there]
        if old:
            self.connection.execute(setting(table, *full[0][2]), old)


def _insert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)


_E, _P = ledger_tables.entry.c, ledger_tables.posting.c
_MERGED = sa.select(card_tables.merged).where(owned(card_tables.merged, "network"), among(card_tables.merged.c.account))
_ACCOUNTS = sa.select(ledger_tables.account.c.id).where(owned(ledger_tables.account), among(ledger_tables.account.c.id))
_PURSES = sa.select(ledger_tables.purse).where(owned(ledger_tables.purse), among(ledger_tables.purse.c.account))
_LEASES = sa.select(ledger_tables.lease).where(
    owned(ledger_tables.lease), owned(ledger_tables.lease, "identity"), among(ledger_tables.lease.c.account)
)
_CARDS = sa.select(card_tables.card).where(owned(card_tables.card, "network"), among(card_tables.card.c.token))
_TAKINGS = sa.select(ledger_tables.taking).where(owned(ledger_tables.taking), among(ledger_tables.taking.c.entry))
_ENTRIES = sa.select(_E.id, _E.body_hash, _E.account).where(owned(ledger_tables.entry), among(_E.id))
_ISSUES = (
    sa.select(_E.account, _E.identity)
    .where(owned(ledger_tables.entry), _E.cause == Cause.ISSUE.value, among(_E.account))
    .order_by(_E.posted_ms)
)
_UNDONE = sa.select(_E.refers).where(owned(ledger_tables.entry), _E.cause == Cause.UNDO.value, among(_E.refers))
_EARNED = (
    sa.select(ledger_tables.posting)
    .join(ledger_tables.entry, (_P.merchant == _E.merchant) & (_P.entry == _E.id))
    .where(owned(ledger_tables.posting), among(_P.entry), _P.delta > 0)
    .where(_E.cause.in_([Cause.AWARD.value, Cause.REDEEM.value]))
)
