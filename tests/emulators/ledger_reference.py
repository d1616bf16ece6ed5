"""The ledger's rules once more, as plain arithmetic after `acceptLine` of the model-checked reference (invariants 2 to 8).

It keeps no tables and takes no short cuts: what it says after each step is what the cloud must say.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from loyalty.entry import Cause, Entry

Key = tuple[bytes, str, str]
Held = tuple[UUID, Key]


@dataclass
class Reference:
    """E, S, overdraft and debt by purse; G, U and W by identity and purse."""

    earned: dict[Key, int] = field(default_factory=lambda: defaultdict(int))
    spent: dict[Key, int] = field(default_factory=lambda: defaultdict(int))
    overdraft: dict[Key, int] = field(default_factory=lambda: defaultdict(int))
    debt: dict[Key, int] = field(default_factory=lambda: defaultdict(int))
    granted: dict[Held, int] = field(default_factory=lambda: defaultdict(int))
    used: dict[Held, int] = field(default_factory=lambda: defaultdict(int))
    written_off: dict[Held, int] = field(default_factory=lambda: defaultdict(int))
    posted: dict[UUID, Any] = field(default_factory=dict)
    undone: set[UUID] = field(default_factory=set)
    awards: dict[tuple[UUID, str], int] = field(default_factory=dict)
    named: set[Key] = field(default_factory=set)
    taken: dict[tuple[UUID, str], int] = field(default_factory=lambda: defaultdict(int))
    recalls: dict[Held, tuple[UUID, int]] = field(default_factory=dict)
    """What a terminal is asked to give back: for whom, and up to which total."""

    def outstanding(self, held: Held) -> int:
        return self.granted[held] - self.used[held] - self.written_off[held]

    def free(self, key: Key) -> int:
        leased = sum(self.outstanding(held) for held in list(self.granted) if held[1] == key)
        return self.earned[key] - self.spent[key] - leased

    def use(self, held: Held, amount: int, *, listed: bool) -> None:
        x = max(0, amount - self.outstanding(held))
        self.used[held] += amount
        y = min(x, self.written_off[held])
        self.written_off[held] -= y
        self.granted[held] += x - y
        if listed:
            self.overdraft[held[1]] += x

    def excess(self, entry: UUID | None, purse: str) -> int:
        if entry is None or (entry, purse) not in self.awards:
            return 0
        return max(0, self.taken[entry, purse] - self.awards[entry, purse])

    def post(self, identity: UUID, account: bytes, entry: Entry) -> None:
        copy = entry.id in self.posted
        second_undo = entry.cause is Cause.UNDO and entry.refers in self.undone
        for p in entry.postings:
            key = (account, p.purse, p.instance)
            self.named.add(key)
            held = (identity, key)
            if copy:
                self.granted[held] += p.used
                self.used[held] += p.used
                continue
            about = entry.refers if entry.cause in (Cause.UNDO, Cause.RETURN) else entry.id
            before = self.excess(about, p.purse)
            if entry.cause is Cause.GIVE_BACK:
                self.use(held, p.used, listed=False)
            elif entry.cause is Cause.RETURN:
                self.spent[key] += -p.delta
                self.use(held, p.used, listed=True)
                self.debt[key] += -p.delta - p.used
            elif p.delta < 0:
                self.spent[key] += -p.delta
                self.use(held, -p.delta, listed=True)
            elif not second_undo:
                self.earned[key] += p.delta
                self.granted[held] += p.delta
            if entry.cause in (Cause.AWARD, Cause.REDEEM) and p.delta > 0:
                self.awards[entry.id, p.purse] = p.delta
            if entry.cause in (Cause.UNDO, Cause.RETURN) and p.delta < 0 and entry.refers is not None:
                self.taken[entry.refers, p.purse] += -p.delta
            self.earned[key] += self.excess(about, p.purse) - before
        if not copy:
            self.posted[entry.id] = entry
            if entry.cause is Cause.UNDO and entry.refers is not None:
                self.undone.add(entry.refers)

    def grant(self, identity: UUID, key: Key, wanted: int) -> None:
        held = (identity, key)
        self.granted[held] = max(self.granted[held], min(wanted, self.granted[held] + max(0, self.free(key))))

    def wish(self, wisher: UUID, good: set[UUID], key: Key, wanted: int) -> None:
        """Grants what is free, and asks all others in good standing for what they hold, where that falls short."""
        self.grant(wisher, key, wanted)
        others = [held for held in self.granted if held[1] == key and held[0] != wisher and self.outstanding(held) > 0]
        if self.granted[wisher, key] < wanted:
            self.recalls |= {held: (wisher, wanted) for held in others if held[0] in good}

    def withdraw(self, holder: UUID, account: bytes) -> None:
        for held in [held for held in self.recalls if held[0] == holder and held[1][0] == account]:
            del self.recalls[held]

    def fulfil(self, held: Held, good: set[UUID]) -> None:
        """A give-back was posted: as if the wisher's Ask came in this moment."""
        wisher, wanted = self.recalls.pop(held, (held[0], 0))
        if wisher in good:
            self.grant(wisher, held[1], wanted)

    def write_off(self, identity: UUID) -> None:
        self.recalls = {held: wish for held, wish in self.recalls.items() if identity not in (held[0], wish[0])}
        for held in list(self.granted):
            if held[0] == identity:
                self.written_off[held] += self.outstanding(held)
