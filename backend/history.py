"""What the cloud remembers of accounts' pasts, as far as levels, milestones and daily limits look at it (invariant 7).

Like the book it is loaded once a batch, changed in memory and written once. It is kept only for merchants whose programme has
such rules; `levels.tally_anew` makes it from the entries when a programme first has some.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from backend import ledger_tables, programmes
from backend.numbering import batches
from backend.statements import keyed, setting
from loyalty.derived import HistoryRules, Progress, day_of, level_at, months_before
from loyalty.entry import Cause
from loyalty.programme import Programme


class DerivedKey(NamedTuple):
    """What one rule made of one entry."""

    entry: UUID
    rule: str


@dataclass(frozen=True, slots=True)
class Derived:
    """`of` is what the rule looked at, `whole` what it gave then, `given` what of that is not taken back."""

    of: int
    whole: int
    given: int


@dataclass(frozen=True, slots=True)
class CardDay:
    """What one card earned in a day: awards, and thousandths of a point."""

    awards: int = 0
    points: int = 0


@dataclass(frozen=True, slots=True)
class Past:
    """An entry that a later one refers to: its UTC day, its card, what was paid, and whether it was an award."""

    day: int
    token: bytes
    paid: int
    award: bool


@dataclass(slots=True)
class History:
    """Made by `open_history`; `load` comes before anything else."""

    connection: sa.Connection
    merchant: UUID
    now_ms: int
    programmes: dict[int, Programme]
    """By version, those that could be read."""
    current: Programme | None
    progress: dict[bytes, Progress] = field(default_factory=dict)
    days: dict[bytes, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    card_days: dict[tuple[bytes, int], CardDay] = field(default_factory=dict)
    derived: dict[DerivedKey, Derived] = field(default_factory=dict)
    past: dict[UUID, Past] = field(default_factory=dict)
    changed: dict[bytes, None] = field(default_factory=dict)
    _stored: set[Any] = field(default_factory=set)
    _changed_days: dict[tuple[bytes, int], None] = field(default_factory=dict)
    _changed_card_days: dict[tuple[bytes, int], None] = field(default_factory=dict)
    _changed_derived: dict[DerivedKey, None] = field(default_factory=dict)

    def programme(self, version: int) -> Programme | None:
        """The programme that an entry names, or, where it is not known, the one in force."""
        return self.programmes.get(version, self.current)

    # What is asked and changed.

    def of(self, account: bytes) -> Progress:
        return self.progress.get(account, Progress())

    def put(self, account: bytes, progress: Progress) -> None:
        if progress != self.of(account):
            self.progress[account] = progress
            self.changed[account] = None

    def spend(self, account: bytes, day: int, paid: int) -> None:
        """Counts what was paid, or takes it off where it is below zero."""
        if paid:
            self.days[account][day] = self.days[account].get(day, 0) + paid
            self._changed_days[account, day] = None
            progress = self.of(account)
            self.put(account, replace(progress, spent=progress.spent + paid))

    def spent_within(self, account: bytes, day: int, months: int) -> int:
        """What was spent in the `months` that end with `day`."""
        start = months_before(day, months)
        return sum(amount for at, amount in self.days[account].items() if start < at <= day)

    def card_day(self, token: bytes, day: int) -> CardDay:
        return self.card_days.get((token, day), CardDay())

    def put_card_day(self, token: bytes, day: int, earned: CardDay) -> None:
        self.card_days[token, day] = earned
        self._changed_card_days[token, day] = None

    def put_derived(self, key: DerivedKey, derived: Derived) -> None:
        self.derived[key] = derived
        self._changed_derived[key] = None

    def levels_now(self, accounts: Iterable[bytes]) -> None:
        """Gives accounts the levels that they have today by the programme in force."""
        levels, today = (self.current.history if self.current else HistoryRules()).levels, day_of(self.now_ms)
        for account in accounts:
            level = level_at(levels, lambda months, of=account: self.spent_within(of, today, months))  # type: ignore[misc]
            self.put(account, replace(self.of(account), level=level.key if level else ""))

    # Loading and writing.

    def load(self, accounts: Collection[bytes], tokens: Collection[bytes], referred: Collection[UUID]) -> None:
        """Loads the past of accounts, of cards, and of entries that are referred to."""
        self._load_accounts(accounts)
        c, d, e = ledger_tables.card_day.c, ledger_tables.derived.c, ledger_tables.entry.c
        for some in batches(tokens):
            found = sa.select(ledger_tables.card_day).where(c.merchant == self.merchant, c.token.in_(some))
            for row in self.connection.execute(found):
                self.card_days[row.token, row.day] = CardDay(row.awards, row.points)
                self._stored.add((row.token, row.day))
        for ids in batches(referred):
            for row in self.connection.execute(
                sa.select(ledger_tables.derived).where(d.merchant == self.merchant, d.entry.in_(ids))
            ):
                key = DerivedKey(row.entry, row.rule)
                self.derived[key] = Derived(row.of, row.whole, row.given)
                self._stored.add(key)
            for row in self.connection.execute(
                sa.select(ledger_tables.entry).where(e.merchant == self.merchant, e.id.in_(ids))
            ):
                at = day_of(row.made_ms)
                paid = row.amount - row.discount if row.amount is not None and self.counts(row.currency) else 0
                self.past[row.id] = Past(at, row.token, paid, row.cause == Cause.AWARD.value)

    def _load_accounts(self, accounts: Collection[bytes]) -> None:
        p, s = ledger_tables.progress.c, ledger_tables.spend_day.c
        for some in batches(accounts):
            for row in self.connection.execute(
                sa.select(ledger_tables.progress).where(p.merchant == self.merchant, p.account.in_(some))
            ):
                self.progress[row.account] = Progress(row.level, row.spent, row.owing)
                self._stored.add(row.account)
            for row in self.connection.execute(
                sa.select(ledger_tables.spend_day).where(s.merchant == self.merchant, s.account.in_(some))
            ):
                self.days[row.account][row.day] = row.amount
                self._stored.add((row.account, row.day))

    def counts(self, currency: str) -> bool:
        """Whether sums in this currency are what levels and milestones are about."""
        return self.current is None or currency == self.current.currency

    def write(self, changes: Iterator[int]) -> None:
        """Writes all that changed, with change numbers for the progress that terminals mirror."""
        mine = {"merchant": self.merchant}
        rows = [
            mine | {"account": account, "level": p.level, "spent": p.spent, "owing": p.owing, "change": next(changes)}
            for account in self.changed
            for p in [self.progress[account]]
        ]
        self._save(ledger_tables.progress, rows, [row["account"] in self._stored for row in rows])
        days = [
            mine | {"account": account, "day": day, "amount": self.days[account][day]} for account, day in self._changed_days
        ]
        self._save(ledger_tables.spend_day, days, [key in self._stored for key in self._changed_days])
        cards = [
            mine | {"token": key[0], "day": key[1], "awards": self.card_days[key].awards, "points": self.card_days[key].points}
            for key in self._changed_card_days
        ]
        self._save(ledger_tables.card_day, cards, [key in self._stored for key in self._changed_card_days])
        derived = [
            mine | key._asdict() | {"of": one.of, "whole": one.whole, "given": one.given}
            for key in self._changed_derived
            for one in [self.derived[key]]
        ]
        self._save(ledger_tables.derived, derived, [key in self._stored for key in self._changed_derived])

    def _save(self, table: sa.Table, rows: list[dict[str, Any]], stored: list[bool]) -> None:
        put_rows(
            self.connection,
            table,
            [row for row, there in zip(rows, stored, strict=True) if not there],
            [row for row, there in zip(rows, stored, strict=True) if there],
        )


def put_rows(connection: sa.Connection, table: sa.Table, new: list[dict[str, Any]], old: list[dict[str, Any]]) -> None:
    """Inserts new rows and updates old ones by their primary key."""
    if new:
        connection.execute(sa.insert(table), new)
    if old:
        changed = [name for name in old[0] if not table.c[name].primary_key]
        rows = [keyed(table, row) | {name: row[name] for name in changed} for row in old]
        connection.execute(setting(table, *changed), rows)


def open_history(connection: sa.Connection, merchant: UUID, now_ms: int, versions: Collection[int]) -> History | None:
    """The history that entries of these programme versions need; None where no rule looks at the past."""
    current = programmes.current(connection, merchant)
    known = {version: found for version in set(versions) if (found := programmes.version(connection, merchant, version))}
    if not any(one.history for one in [*known.values(), *([current] if current else [])]):
        return None
    return History(connection, merchant, now_ms, known, current)
