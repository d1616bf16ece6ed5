"""A cloud, its terminals and its ledger in one transaction: what is written, what it comes to, and whether the sums hold."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from backend import fleet_tables, ledger_tables, programmes
from backend.accept import accept
from backend.changes import ask, pull
from backend.reports import alarms
from emulators.cloud_house import NOW, House
from emulators.terminal_peer import Chain
from loyalty.chain import Head, Line, Was, extend
from loyalty.derived import DAY_MS
from loyalty.entry import Cause, Entry, Posting, Purchase
from sync.messages import Answered, Pulled, Pushed

PROGRAMME = """
[programme]
key = "p"
version = 1
name = "P"
[points]
per_unit = "1"
"""


@dataclass
class CloudCounter:
    """Everything asked of the cloud at the house's own time."""

    house: House
    connection: sa.Connection

    def terminal(self) -> Chain:
        """A terminal that was paired years ago."""
        chain = self.house.terminal(self.connection)
        paired = sa.update(fleet_tables.identity).where(fleet_tables.identity.c.id == chain.identity)
        self.connection.execute(paired.values(made_ms=NOW - 1000 * DAY_MS))
        return chain

    def publish(self, rules: str) -> None:
        """Makes version 1 of a programme of one point a euro, with these tables besides."""
        programmes.publish(self.connection, self.house.merchant, PROGRAMME + rules, self.house.time())

    def push(self, chain: Chain, first: int = 1, last: int | None = None) -> Pushed:
        return accept(self.connection, chain.identity, chain.push(first, last), self.house.time(), self.house.chance.randbytes)

    def pull(self, chain: Chain, cursor: int = 0) -> Pulled:
        return pull(self.connection, chain.identity, chain.pull(cursor), self.house.time())

    def ask(self, chain: Chain, account: bytes, wanted: int) -> Answered:
        return ask(self.connection, chain.identity, chain.ask(account, "points", wanted), self.house.time())

    def award(self, chain: Chain, account: bytes, cents: int, at_ms: int | None = None, *, trusted: bool = True) -> Entry:
        """A purchase that earns a point a euro; pushed by the caller."""
        at = self.house.time() if at_ms is None else at_ms
        bill = Purchase(cents, "EUR")
        return chain.write(Cause.AWARD, account, Posting("points", cents * 10), purchase=bill, at_ms=at, trusted=trusted)

    def undo(self, chain: Chain, account: bytes, award: Entry) -> Entry:
        amount = award.postings[0].delta
        return chain.write(Cause.UNDO, account, Posting("points", -amount, amount), refers=award.id)

    def give_back(self, chain: Chain, account: bytes, cents: int, award: Entry | None = None, leased: int = 0) -> Entry:
        """Goods of so many cents come back."""
        posting, bill = Posting("points", -cents * 10, leased), Purchase(cents, "EUR")
        return chain.write(Cause.RETURN, account, posting, refers=award.id if award else None, purchase=bill)

    def kinds(self) -> list[str]:
        return [alarm["kind"] for alarm in reversed(alarms(self.connection, self.house.merchant, 1000))]

    def purse(self, account: bytes, purse: str = "points") -> sa.Row[tuple[object, ...]] | None:
        p = ledger_tables.purse.c
        one = sa.select(ledger_tables.purse).where(p.account == account, p.purse == purse, p.instance == "")
        return self.connection.execute(one).one_or_none()

    def balance(self, account: bytes, purse: str = "points") -> int:
        found = self.purse(account, purse)
        return found.earned - found.spent if found else 0

    def free(self, account: bytes) -> int:
        found = self.purse(account)
        return found.earned - found.spent - found.leased if found else 0

    def by_cause(self, cause: Cause, account: bytes | None = None) -> list[tuple[str, int]]:
        """(rule, what it changed) of the entries of a cause, in their order."""
        e, p = ledger_tables.entry.c, ledger_tables.posting.c
        wanted = sa.select(e.reward, p.posted).join_from(ledger_tables.entry, ledger_tables.posting, (p.entry == e.id))
        wanted = wanted.where(e.cause == cause.value).order_by(e.sequence)
        if account is not None:
            wanted = wanted.where(e.account == account)
        return [(row.reward, row.posted) for row in self.connection.execute(wanted)]

    def total(self) -> int:
        p = ledger_tables.purse.c
        return self.connection.execute(sa.select(sa.func.coalesce(sa.func.sum(p.earned - p.spent), 0))).scalar_one()

    def check(self) -> None:
        """Sums, leases and chains, as the invariants 4, 5 and 11 have them."""
        sums: defaultdict[tuple[UUID, bytes, str, str], int] = defaultdict(int)
        for row in self.connection.execute(sa.select(ledger_tables.posting)):
            sums[row.merchant, row.account, row.purse, row.instance] += row.posted
        leased: defaultdict[tuple[UUID, bytes, str, str], int] = defaultdict(int)
        for row in self.connection.execute(sa.select(ledger_tables.lease)):
            assert row.granted - row.used - row.written_off >= 0
            leased[row.merchant, row.account, row.purse, row.instance] += row.granted - row.used - row.written_off
        for row in self.connection.execute(sa.select(ledger_tables.purse)):
            key = (row.merchant, row.account, row.purse, row.instance)
            assert row.earned - row.spent == sums.pop(key, 0), "invariant 4"
            assert row.leased == leased.pop(key, 0)
            assert row.spent + row.leased <= row.earned + row.overdraft + row.debt, "invariant 5"
        assert not any(sums.values())
        assert not any(leased.values())
        self.check_chains()

    def check_chains(self) -> None:
        """Every stored line follows the one before it, whether or not its person is still there."""
        rows = self.connection.execute(
            sa.select(ledger_tables.line).order_by(ledger_tables.line.c.identity, ledger_tables.line.c.sequence)
        )
        heads: dict[object, Head] = {}
        for row in rows:
            was = None if row.was_identity is None else Was(row.was_identity, row.was_sequence, row.was_hash)
            line = Line(row.sequence, row.before, row.body, row.digest, row.personal, row.salt, was)
            head = extend(row.identity, heads.get(row.identity, Head()), line)
            assert head.hash == row.hash
            heads[row.identity] = head
