"""The journal against a model of a few lines: entries of every kind, repeats, answers, new identities, pruning, power cuts.

Invariants 1, 4 to 6, 8 and 11.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from disk.judge import sound
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from emulators.disk import MEMORY
from emulators.drafts import IDENTITY, Till, account, award, give_back, moment, returned, spend, undo
from loyalty.chain import Head
from loyalty.entry import Draft
from loyalty.holding import Row, shown, spendable
from loyalty.rules import inverse
from sync import history, journal, renewal
from sync.messages import Standing
from sync.refusals import AlreadyUndone, NotEnough, NothingToUndo, TooMuchReturned

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
    """What the journal says after anything that people, the cloud and the power may do to it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY)
        self.path = Path(self.folder.name) / "journal.sqlite"
        self.connection = journal.open_journal(self.path)
        journal.begin(self.connection, IDENTITY)
        self.identity, self.number = IDENTITY, 1
        self.base = self.accepted = self.posted = self.through = 0
        """Of the identity that writes now; `through` is what the mirror's row includes."""
        self.pruned = 0
        """The place of the first line that is still there, once lines were forgotten."""
        self.seed = 0
        self.till = self.new_till()
        self.done: list[tuple[str, Draft, journal.Recorded]] = []
        self.taken: dict[object, int] = {}

    def new_till(self) -> Till:
        self.seed += 1
        return Till(self.connection, self.seed, rows=lambda *_: self.row())

    def teardown(self) -> None:
        self.connection.close()
        self.folder.cleanup()

    # the rules in the model's own words

    def lines(self, after: int) -> list[tuple[int, Draft, journal.Recorded]]:
        """Place, draft and what became of it, of the lines behind a place."""
        return [(place, draft, r) for place, (_, draft, r) in enumerate(self.done, 1) if place > after]

    def row(self) -> Row:
        """The mirror's one row. The first identity was granted something before its first line; a new one has no leases."""
        until = self.base + self.through
        included = [p for place, _, r in self.lines(0) if place <= until for p in r.postings]
        earned = sum(p.earned for place, _, r in self.lines(self.base) if place <= until for p in r.postings)
        granted = (GRANTED if self.number == 1 else 0) + earned
        return Row(GRANTED + sum(p.delta for p in included), granted, self.through)

    def spendable(self) -> int:
        """What was granted, and what each line of this identity added or used."""
        left = GRANTED if self.number == 1 else 0
        for _, _, recorded in self.lines(self.base):
            left += sum(p.earned - p.used for p in recorded.postings)
        return left

    def there(self, id: UUID) -> int:
        """The place of an entry; 0 where it was forgotten."""
        return next((place for place, _, r in self.lines(max(0, self.pruned - 1)) if r.id == id), 0)

    def record(self, draft: Draft) -> journal.Recorded:
        key = f"{self.seed}/{len(self.done)}"
        recorded = self.till.record(draft, key)
        self.done.append((key, draft, recorded))
        return recorded

    # people

    @rule(amount=amounts)
    def awards(self, amount: int) -> None:
        assert self.record(award(amount)).sequence == len(self.done) - self.base

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
        """The same key again, before it is forgotten with its line: the same entry, wherever it stands now."""
        place, draft, recorded = data.draw(st.sampled_from(self.lines(max(0, self.pruned - 1))))
        again = self.till.record(draft, self.done[place - 1][0])
        assert again.entry == recorded.entry
        if place > self.base:
            assert again.sequence == place - self.base

    @precondition(lambda self: any(d.cause.value in ("award", "redeem") for _, d, _ in self.done))
    @rule(data=st.data())
    def undoes(self, data: st.DataObject) -> None:
        _, _, chosen = data.draw(st.sampled_from([t for t in self.done if t[1].cause.value in ("award", "redeem")]))
        draft = undo(chosen.id, chosen.postings)
        takes = sum(p.used for p in inverse(chosen.postings))
        if self.there(chosen.id) <= self.base:
            with pytest.raises(NothingToUndo):
                self.record(draft)
        elif chosen.id in self.taken:
            with pytest.raises(AlreadyUndone):
                self.record(draft)
        elif takes and takes > self.spendable():
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
        if amount > left and self.there(chosen.id):
            with pytest.raises((TooMuchReturned, AlreadyUndone)):
                self.record(returned(amount, chosen.id))
        else:  # of an award that was forgotten only the cloud can say what is left of it
            leased = min(amount, max(0, self.spendable()))
            assert self.record(returned(amount, chosen.id)).postings[0].used == leased
            self.taken[chosen.id] = self.taken.get(chosen.id, 0) + amount

    # the cloud

    @rule(data=st.data())
    def the_cloud_accepts(self, data: st.DataObject) -> None:
        """Up to any line that is there, also an earlier one: an answer may come late."""
        sequence = data.draw(st.integers(0, len(self.done) - self.base))
        posted = data.draw(st.integers(0, sequence))
        hash = journal.hash_at(self.connection, journal.current(self.connection), sequence)
        assert (hash is None) == (self.base + max(1, sequence) < self.pruned)
        if hash is not None:
            assert journal.accept(self.connection, Head(sequence, hash), posted)
            self.accepted, self.posted = sequence, posted
            self.through = max(self.through, posted)

    @rule(data=st.data())
    def a_new_identity_comes(self, data: st.DataObject) -> None:
        """Or the cloud has lost all that it had: then everything that is still there goes again."""
        journal.stop(self.connection, self.identity, Standing.OFF_HEAD)
        accepted = data.draw(st.none() | st.integers(0, len(self.done) - self.base + 2))
        self.number += 1
        self.identity = UUID(int=1_000 + self.number)
        renewal.renew(self.connection, self.identity, accepted)
        if accepted is None:
            self.base = max(0, self.pruned - 1)
            assert len(journal.lines_after(self.connection, 0, 1_000)) == len(self.done) - self.base
        else:
            self.base = max(self.base + min(accepted, self.accepted), self.pruned)
        self.accepted = self.posted = self.through = 0

    @rule(data=st.data(), age=st.integers(0, 40))
    def old_lines_are_forgotten(self, data: st.DataObject, age: int) -> None:
        """Up to what every row includes, never what is not posted; the last stays for its hash (invariant 11)."""
        through = data.draw(st.integers(0, self.through + 2))
        old = [place for place, _, r in self.lines(max(0, self.pruned - 1)) if r.entry.moment.up_ms < age]
        until = self.base + min(through, self.accepted, self.posted)
        ends = [place for place in old if place <= until and set(range(max(1, self.pruned), place)) <= set(old)]
        count = renewal.prune(self.connection, through, moment(age).wall_ms)
        assert count == (ends[-1] - max(1, self.pruned) if ends else 0)
        if count:
            self.pruned = ends[-1]
            self.through = max(self.through, through)

    # the power

    @rule()
    def restarts(self) -> None:
        self.connection.close()
        self.connection = journal.open_journal(self.path)
        self.till = self.new_till()

    @rule(amount=amounts, statement=st.integers(1, 7), after=st.booleans())
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

    # what always holds

    @invariant()
    def the_chain_is_whole(self) -> None:
        now = journal.current(self.connection)
        assert (now.identity, now.base, now.accepted, now.posted) == (self.identity, self.base, self.accepted, self.posted)
        sound(self.connection)
        kept = [bytes(row[0]) for row in self.connection.execute("SELECT id FROM lines ORDER BY place")]
        assert kept == [r.id.bytes for _, _, r in self.lines(max(0, self.pruned - 1))]
        assert journal.head(self.connection).sequence == len(self.done) - self.base
        assert history.waiting(self.connection).count == len(self.done) - self.base - self.accepted

    @invariant()
    def the_sums_hold(self) -> None:
        row = self.row()
        own = journal.own(self.connection, account(), "points", "", row.through)
        assert spendable(row, own) == self.spendable()
        assert shown(row, own) == GRANTED + sum(p.delta for _, _, r in self.done for p in r.postings)

    @invariant()
    def nothing_is_overdrawn(self) -> None:
        # What a new identity has wrapped was covered by the leases of the old one: then nothing may be spent.
        assert self.spendable() >= 0 or self.number > 1


TestJournal = JournalModel.TestCase
TestJournal.settings = settings(max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
