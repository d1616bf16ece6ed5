"""The journal against a model of a few lines: records, repeats, undos, spends, crashes, restarts (invariants 1 to 5)."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from emulators.drafts import IDENTITY, Till, account, award, give_back, returned, spend, undo
from loyalty.chain import Head, extend
from loyalty.entry import Draft
from loyalty.holding import Row, shown, spendable
from loyalty.rules import inverse
from sync import history, journal
from sync.refusals import AlreadyUndone, NotEnough, TooMuchReturned

amounts = st.integers(1, 9)
GRANTED = 5
"""The mirror's one row: so much was granted of a balance of as much, before the first own line."""


class PowerCut(Exception):
    """The power went in the middle of a transaction."""


class Cut:
    """A connection that is gone before or after its nth statement."""

    def __init__(self, connection: sqlite3.Connection, statement: int, *, after: bool) -> None:
        self.connection, self.left, self.after = connection, statement, after

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        self.left -= 1
        if self.left == 0 and not self.after:
            self.cut()
        cursor = self.connection.execute(*arguments)
        if self.left == 0 and self.after:
            self.cut()
        return cursor

    def cut(self) -> None:
        self.connection.close()
        raise PowerCut


class JournalModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "journal.sqlite"
        self.connection = journal.open_journal(self.path)
        journal.begin(self.connection, IDENTITY)
        self.seed = 0
        self.till = self.new_till()
        self.done: list[tuple[str, Draft, journal.Recorded]] = []
        self.taken: dict[object, int] = {}

    def new_till(self) -> Till:
        self.seed += 1
        return Till(self.connection, self.seed, rows=lambda *_: Row(GRANTED, GRANTED, 0))

    def teardown(self) -> None:
        self.connection.close()
        self.folder.cleanup()

    def spendable(self) -> int:
        """The rule in the model's own words: what was granted, and what each line added or used."""
        left = GRANTED
        for _, _, recorded in self.done:
            left += sum(max(0, p.delta) - p.used for p in recorded.postings)
        return left

    def record(self, draft: Draft) -> journal.Recorded:
        key = f"{self.seed}/{len(self.done)}"
        recorded = self.till.record(draft, key)
        self.done.append((key, draft, recorded))
        return recorded

    @rule(amount=amounts)
    def awards(self, amount: int) -> None:
        assert self.record(award(amount)).sequence == len(self.done)

    @rule(amount=amounts, make=st.sampled_from([spend, give_back]))
    def spends(self, amount: int, make: Callable[[int], Draft]) -> None:
        if amount <= self.spendable():
            self.record(make(amount))
        else:
            with pytest.raises(NotEnough):
                self.record(make(amount))

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def repeats(self, data: st.DataObject) -> None:
        key, draft, recorded = data.draw(st.sampled_from(self.done))
        assert self.till.record(draft, key) == recorded

    @precondition(lambda self: any(d.cause.value in ("award", "redeem") for _, d, _ in self.done))
    @rule(data=st.data())
    def undoes(self, data: st.DataObject) -> None:
        _, _, chosen = data.draw(st.sampled_from([t for t in self.done if t[1].cause.value in ("award", "redeem")]))
        draft = undo(chosen.id, chosen.postings)
        takes = sum(p.used for p in inverse(chosen.postings))
        if chosen.id in self.taken:
            with pytest.raises(AlreadyUndone):
                self.record(draft)
        elif takes > self.spendable():
            with pytest.raises(NotEnough):
                self.record(draft)
        else:
            self.record(draft)
            self.taken[chosen.id] = takes

    @precondition(lambda self: any(d.cause.value == "award" for _, d, _ in self.done))
    @rule(data=st.data(), amount=amounts)
    def returns(self, data: st.DataObject, amount: int) -> None:
        _, _, chosen = data.draw(st.sampled_from([t for t in self.done if t[1].cause.value == "award"]))
        left = chosen.postings[0].delta - self.taken.get(chosen.id, 0)
        if amount > left:
            with pytest.raises((TooMuchReturned, AlreadyUndone)):
                self.record(returned(amount, chosen.id))
        else:
            leased = min(amount, max(0, self.spendable()))
            assert self.record(returned(amount, chosen.id)).postings[0].used == leased
            self.taken[chosen.id] = self.taken.get(chosen.id, 0) + amount

    @rule()
    def restarts(self) -> None:
        self.connection.close()
        self.connection = journal.open_journal(self.path)
        self.till = self.new_till()

    @rule(amount=amounts, statement=st.integers(1, 11), after=st.booleans())
    def loses_power(self, amount: int, statement: int, after: bool) -> None:
        """The connection is dropped before or after any statement, the commit included; the conversation repeats its key."""
        key = f"cut {self.seed}/{len(self.done)}"
        cut = Cut(journal.open_journal(self.path), statement, after=after)
        lost = None
        with suppress(PowerCut):
            lost = Till(cast(sqlite3.Connection, cut), self.seed + 1_000).record(award(amount), key)
        cut.connection.close()
        self.restarts()
        recorded = self.till.record(award(amount), key)
        assert lost in (None, recorded)
        self.done.append((key, award(amount), recorded))

    @invariant()
    def the_chain_is_whole(self) -> None:
        at = Head()
        lines = journal.lines_after(self.connection, 0, 1_000)
        for line in lines:
            at = extend(IDENTITY, at, line)
        assert at == journal.head(self.connection)
        assert len(lines) == len(self.done) == history.waiting(self.connection).count

    @invariant()
    def the_sums_hold(self) -> None:
        row = Row(GRANTED, GRANTED, 0)
        own = journal.own(self.connection, account(), "points", "", 0)
        assert spendable(row, own) == self.spendable()
        assert shown(row, own) == GRANTED + sum(p.delta for _, _, r in self.done for p in r.postings)

    @invariant()
    def nothing_is_overdrawn(self) -> None:
        assert self.spendable() >= 0


TestJournal = JournalModel.TestCase
TestJournal.settings = settings(max_examples=20, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
