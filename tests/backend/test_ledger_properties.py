"""Invariants 2 to 6 and 8, after every step of terminals that write and send anything in any order."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from uuid import UUID

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from backend import ledger_tables
from backend.accept import accept, void_next
from backend.changes import ask, present, pull
from backend.identities import find
from backend.leases import write_off_terminal
from backend.pairing import NothingToRenew, renew
from backend.recalls import open_to
from emulators.cloud_house import NOW, House, build_house, empty, new_engine
from emulators.ledger_reference import Key, Reference
from emulators.terminal_peer import Chain
from loyalty.chain import Line
from loyalty.entry import Cause, Entry, Personal, Posting, decode_entry, decode_personal, encode
from sync.messages import Present, Standing
from sync.pairing_messages import Renew

ACCOUNTS = [b"anna" * 4, b"bela" * 4]
PURSES = ["points", "coffee"]
AMOUNTS = st.integers(1, 6)
UNREADABLE = b'{"of":"the future"}'


def _postings(line: Line) -> list[tuple[bytes, Posting]]:
    """What a line posts, and to which account."""
    assert line.personal is not None
    account = decode_personal(line.personal).account
    return [(account, posting) for posting in decode_entry(line.body).postings] if line.body != UNREADABLE else []


@cache
def _engine() -> sa.Engine:
    return new_engine()


class Ledger(RuleBasedStateMachine):
    """Two terminals to begin with; more by renewal. All of them share one merchant's accounts."""

    house: House

    @initialize()
    def open(self) -> None:
        self.engine = _engine()
        empty(self.engine)
        self.house = build_house(self.engine)
        with self.engine.begin() as connection:
            self.chains = [self.house.terminal(connection) for _ in range(2)]
        self.posted: dict[UUID, int] = {chain.identity: 0 for chain in self.chains}
        self.stored: dict[UUID, Chain] = {chain.identity: Chain(chain.identity) for chain in self.chains}
        self.lost: set[UUID] = set()
        self.reference = Reference()
        self.written: list[tuple[bytes, Entry]] = []
        self.mirror: dict[UUID, dict[Key, tuple[int, int, int]]] = defaultdict(dict)
        self.cursors: dict[UUID, int] = defaultdict(int)

    # What terminals write: anything that `loyalty.entry.check` lets pass.

    @rule(data=st.data(), account=st.sampled_from(ACCOUNTS), purse=st.sampled_from(PURSES), amount=AMOUNTS)
    def award(self, data: st.DataObject, account: bytes, purse: str, amount: int) -> None:
        self._write(data, Cause.AWARD, account, Posting(purse, amount))

    @rule(data=st.data(), account=st.sampled_from(ACCOUNTS), amount=AMOUNTS, rest=st.integers(0, 3))
    def redeem(self, data: st.DataObject, account: bytes, amount: int, rest: int) -> None:
        earned = (Posting("points", rest),) if rest else ()
        self._write(data, Cause.REDEEM, account, Posting("points", -amount, amount), *earned)

    @rule(data=st.data(), account=st.sampled_from(ACCOUNTS), purse=st.sampled_from(PURSES), amount=AMOUNTS)
    def give_back(self, data: st.DataObject, account: bytes, purse: str, amount: int) -> None:
        self._write(data, Cause.GIVE_BACK, account, Posting(purse, 0, amount))

    @precondition(lambda self: getattr(self, "written", None))
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        account, entry = data.draw(st.sampled_from(self.written))
        inverted = tuple(Posting(p.purse, -p.delta, max(0, p.delta), p.instance) for p in entry.postings if p.delta)
        self._write(data, Cause.UNDO, account, *inverted, refers=entry.id)

    @precondition(lambda self: getattr(self, "written", None))
    @rule(data=st.data(), amount=AMOUNTS, leased=AMOUNTS)
    def give_goods_back(self, data: st.DataObject, amount: int, leased: int) -> None:
        account, entry = data.draw(st.sampled_from(self.written))
        purse = entry.postings[0].purse if entry.postings else "points"
        posting = Posting(purse, -amount, min(amount, leased))
        self._write(data, Cause.RETURN, account, posting, refers=data.draw(st.sampled_from([entry.id, None])))

    @precondition(lambda self: getattr(self, "written", None))
    @rule(data=st.data())
    def write_an_id_again(self, data: st.DataObject) -> None:
        account, entry = data.draw(st.sampled_from(self.written))
        self._chain(data).write(entry.cause, account, *entry.postings, refers=entry.refers, id=entry.id)

    def _write(
        self,
        data: st.DataObject,
        cause: Cause,
        account: bytes,
        *postings: Posting,
        refers: UUID | None = None,
        chain: Chain | None = None,
    ) -> None:
        entry = (chain or self._chain(data)).write(cause, account, *postings, refers=refers)
        self.written.append((account, entry))

    def _chain(self, data: st.DataObject) -> Chain:
        return self.chains[data.draw(st.integers(0, len(self.chains) - 1))]

    # What the network carries.

    @rule(data=st.data())
    def push_what_is_new(self, data: st.DataObject) -> None:
        chain = self._chain(data)
        first = min(self.stored[chain.identity].head.sequence, len(chain.lines)) + 1
        self._push(chain, first, len(chain.lines))

    @rule(data=st.data())
    def push_any_part(self, data: st.DataObject) -> None:
        """The next lines, lines again, lines too far on."""
        chain = self._chain(data)
        first = data.draw(st.integers(1, len(chain.lines) + 1))
        self._push(chain, first, data.draw(st.integers(first - 1, len(chain.lines))))

    def _push(self, chain: Chain, first: int, last: int) -> None:
        stored = self.stored[chain.identity]
        with self.engine.begin() as connection:
            answer = accept(connection, chain.identity, chain.push(first, last), NOW, self.house.chance.randbytes)
        agreed = next((n for n, head in enumerate(stored.heads) if n >= len(chain.heads) or chain.heads[n] != head), None)
        seen_off = chain.head.sequence <= stored.head.sequence and chain.head != stored.head
        if not seen_off and agreed is None and first <= stored.head.sequence + 1 <= last + 1:
            self._post(chain, min(last, len(chain.lines)))
        met = agreed is not None and first <= stored.head.sequence + 1 and max(first, agreed) <= last
        if seen_off or met:
            assert answer.standing is Standing.OFF_HEAD
        elif agreed is None:
            assert answer.standing is (Standing.WRITTEN_OFF if chain.identity in self.lost else Standing.GOOD)
        assert answer.head == self.stored[chain.identity].head
        assert answer.posted == answer.head.sequence
        assert answer.trouble == ""

    def _post(self, chain: Chain, last: int) -> None:
        stored = self.stored[chain.identity]
        touched: dict[Key, None] = {}
        given: dict[Key, None] = {}
        for line in chain.lines[len(stored.lines) : last]:
            stored.lines.append(line)
            stored.heads.append(chain.heads[line.sequence])
            assert line.personal is not None
            entry, whose = decode_entry(line.body), decode_personal(line.personal)
            self.reference.post(chain.identity, whose.account, entry)
            touched.update({(whose.account, p.purse, p.instance): None for p in entry.postings})
            if entry.cause is Cause.GIVE_BACK:
                given.update({(whose.account, p.purse, p.instance): None for p in entry.postings})
        if self._sole(chain.identity):
            for key in touched:
                self.reference.grant(chain.identity, key, 2**62)
        for key in given:
            self.reference.fulfil((chain.identity, key), self._good())

    def _good(self) -> set[UUID]:
        return set(self.stored) - self.lost

    def _sole(self, identity: UUID) -> bool:
        return self._good() == {identity}

    @rule(data=st.data(), limit=st.integers(1, 4))
    def pull_and_apply(self, data: st.DataObject, limit: int) -> None:
        chain = self._chain(data)
        with self.engine.begin() as connection:
            answer = pull(connection, chain.identity, chain.pull(self.cursors[chain.identity], limit), NOW)
        stored = self.stored[chain.identity]
        if chain.head.sequence <= stored.head.sequence and chain.head != stored.head:
            assert answer.standing is Standing.OFF_HEAD
            assert (answer.purses, answer.cards, answer.members, answer.staff) == ((), (), (), ())
            return
        assert (answer.through, answer.hash) == (stored.head.sequence, stored.head.hash)
        assert answer.since == self.cursors[chain.identity]
        numbers = [row.change for kind in (answer.purses, answer.cards, answer.members, answer.staff) for row in kind]
        assert len(numbers) <= limit
        assert all(answer.since < number <= answer.cursor for number in numbers)
        if self._sole(chain.identity):
            for row in answer.purses:
                self.reference.grant(chain.identity, (row.account, row.purse, row.instance), 2**62)
        for row in answer.purses:
            key = (row.account, row.purse, row.instance)
            self.mirror[chain.identity][key] = (row.balance, row.granted, answer.through)
        self.cursors[chain.identity] = answer.cursor
        if not answer.more:
            self._mirror_is_true(chain)

    def _mirror_is_true(self, chain: Chain) -> None:
        """Nothing between the cursors was skipped: every row says what the cloud knows, or own lines make up for it (4)."""
        mirror = self.mirror[chain.identity]
        r = self.reference
        for key in r.named:
            balance, granted, through = mirror[key]
            assert balance == r.earned[key] - r.spent[key]
            assert granted <= r.granted[chain.identity, key]
            touching = [
                line.sequence
                for line in self.stored[chain.identity].lines[through:]
                if any((account, p.purse, p.instance) == key for account, p in _postings(line))
            ]
            assert touching == []

    @rule(data=st.data(), account=st.sampled_from(ACCOUNTS), purse=st.sampled_from(PURSES), wanted=st.integers(-1, 30))
    def ask_for_more(self, data: st.DataObject, account: bytes, purse: str, wanted: int) -> None:
        chain = self._chain(data)
        with self.engine.begin() as connection:
            answer = ask(connection, chain.identity, chain.ask(account, purse, wanted), NOW)
        stored = self.stored[chain.identity]
        key = (account, purse, "")
        if chain.head.sequence <= stored.head.sequence and chain.head != stored.head:
            assert (answer.standing, answer.row) == (Standing.OFF_HEAD, None)
            return
        if chain.identity not in self.lost:
            self.reference.withdraw(chain.identity, account)
            if answer.row is not None:
                self.reference.wish(chain.identity, self._good(), key, wanted)
        if answer.row is not None:
            r = self.reference
            assert (answer.row.balance, answer.row.granted) == (r.earned[key] - r.spent[key], r.granted[chain.identity, key])

    @rule(data=st.data(), account=st.sampled_from(ACCOUNTS), at_once=st.booleans())
    def show_a_card(self, data: st.DataObject, account: bytes, at_once: bool) -> None:
        """At one terminal; the others may hear of it at once."""
        self._show(self._chain(data), account)
        for chain in self.chains if at_once else ():
            self._give_back(data, chain)
            self._push(chain, min(self.stored[chain.identity].head.sequence, len(chain.lines)) + 1, len(chain.lines))

    def _show(self, chain: Chain, account: bytes) -> None:
        r = self.reference
        with self.engine.begin() as connection:
            answer = present(connection, chain.identity, Present(chain.identity, chain.head, account), NOW)
        stored = self.stored[chain.identity]
        if chain.head.sequence <= stored.head.sequence and chain.head != stored.head:
            assert (answer.standing, answer.rows) == (Standing.OFF_HEAD, ())
            return
        if chain.identity not in self.lost:
            r.withdraw(chain.identity, account)
            for row in answer.rows:
                r.wish(chain.identity, self._good(), (account, row.purse, row.instance), 2**62)
        for row in answer.rows:
            key = (account, row.purse, row.instance)
            assert (row.balance, row.granted) == (r.earned[key] - r.spent[key], r.granted[chain.identity, key])

    @rule(data=st.data())
    def answer_a_recall(self, data: st.DataObject) -> None:
        self._give_back(data, self._chain(data))

    def _give_back(self, data: st.DataObject, chain: Chain) -> None:
        """As a terminal does: what it holds, and some that it does not know to have spent."""
        with self.engine.begin() as connection:
            asked = open_to(connection, find(connection, chain.identity), NOW)
        mine = {held[1] for held in self.reference.recalls if held[0] == chain.identity}
        assert {(one.account, one.purse, one.instance) for one in asked} == (mine if chain.identity not in self.lost else set())
        for one in asked:
            held = self.reference.outstanding((chain.identity, (one.account, one.purse, one.instance)))
            if held > one.keep:
                self._write(data, Cause.GIVE_BACK, one.account, Posting(one.purse, 0, held - one.keep), chain=chain)

    @rule(data=st.data(), account=st.sampled_from(ACCOUNTS), voided=st.booleans())
    def a_line_cannot_be_read(self, data: st.DataObject, account: bytes, voided: bool) -> None:
        """It and the one behind it are stored, and nothing is posted there until a person gives it up (invariant 2)."""
        sound = [c for c in self.chains if c.heads[: len(self.stored[c.identity].heads)] == self.stored[c.identity].heads]
        sound = [chain for chain in sound if len(chain.lines) == len(self.stored[chain.identity].lines)]
        if not sound:
            return
        chain = data.draw(st.sampled_from(sound))
        chain.append(UNREADABLE, encode(Personal(account, account)))
        self._write(data, Cause.AWARD, account, Posting("points", 3), chain=chain)
        stored, random = self.stored[chain.identity], self.house.chance.randbytes
        behind = len(stored.lines)
        with self.engine.begin() as connection:
            answer = accept(connection, chain.identity, chain.push(behind + 1), NOW, random)
            assert (answer.head, answer.posted) == (chain.head, behind)
            again = accept(connection, chain.identity, chain.push(behind + 1 + voided), NOW, random)
            assert (again.head, again.posted) == (chain.head, behind)
            assert void_next(connection, chain.identity, NOW, random, by="a person", sequence=behind + 1) == ""
        stored.lines.append(chain.lines[behind])
        stored.heads.append(chain.heads[behind + 1])
        self._post(chain, behind + 2)

    @rule(data=st.data())
    def write_off(self, data: st.DataObject) -> None:
        chain = self._chain(data)
        with self.engine.begin() as connection:
            write_off_terminal(connection, chain.identity, NOW)
        self.lost.add(chain.identity)
        self.reference.write_off(chain.identity)

    @precondition(lambda self: len(getattr(self, "chains", [])) in (2, 3))
    @rule(data=st.data())
    def clone(self, data: st.DataObject) -> None:
        self.chains.append(self._chain(data).copy())

    @precondition(lambda self: len(getattr(self, "stored", [])) in (2, 3))
    @rule(data=st.data())
    def begin_anew(self, data: st.DataObject) -> None:
        """A terminal takes a new identity and sends its lines again, wrapped: some of them twice."""
        place = data.draw(st.integers(0, len(self.chains) - 1))
        chain = self.chains[place]
        message = Renew(chain.identity, chain.head, self.house.chance.randbytes(32))
        with self.engine.begin() as connection:
            try:
                answer = renew(connection, chain.identity, message, NOW, self.house.chance.randbytes)
            except NothingToRenew:
                assert chain.identity not in self.lost
                assert chain.head == self.stored[chain.identity].head
                return
            assert renew(connection, chain.identity, message, NOW, self.house.chance.randbytes) == answer
        if chain.identity in self.lost:
            self.reference.write_off(chain.identity)
        # What was given up is not sent again: posting would stop there once more.
        void = max((line.sequence for line in chain.lines if line.body == UNREADABLE), default=0)
        after = data.draw(st.integers(void, max(void, min(answer.accepted, len(chain.lines)))))
        self.chains[place] = chain.wrap(answer.identity, after)
        self.stored[answer.identity] = Chain(answer.identity)

    # What must be true after every step.

    @invariant()
    def the_cloud_says_what_the_reference_says(self) -> None:
        if not hasattr(self, "engine"):
            return
        r = self.reference
        with self.engine.begin() as connection:
            purses = {(p.account, p.purse, p.instance): p for p in connection.execute(sa.select(ledger_tables.purse))}
            leases = {
                (le.identity, (le.account, le.purse, le.instance)): le
                for le in connection.execute(sa.select(ledger_tables.lease))
            }
            sums = connection.execute(
                sa.select(
                    ledger_tables.posting.c.account,
                    ledger_tables.posting.c.purse,
                    ledger_tables.posting.c.instance,
                    sa.func.sum(ledger_tables.posting.c.posted),
                ).group_by(ledger_tables.posting.c.account, ledger_tables.posting.c.purse, ledger_tables.posting.c.instance)
            ).all()
        for key in r.earned | r.spent | r.overdraft | r.debt | dict.fromkeys(purses):
            p = purses.get(key)
            found = (p.earned, p.spent, p.overdraft, p.debt) if p else (0, 0, 0, 0)
            assert found == (r.earned[key], r.spent[key], r.overdraft[key], r.debt[key])
        for held in r.granted | r.used | dict.fromkeys(leases):
            lease = leases.get(held)
            found = (lease.granted, lease.used, lease.written_off) if lease else (0, 0, 0)
            assert found == (r.granted[held], r.used[held], r.written_off[held])
            assert r.outstanding(held) >= 0
        balances = {key: p.earned - p.spent for key, p in purses.items()}
        assert {(a, p, i): total for a, p, i, total in sums} | balances == balances, "invariant 4"
        for key, p in purses.items():
            assert p.leased == sum(le.granted - le.used - le.written_off for held, le in leases.items() if held[1] == key)
            assert p.spent + p.leased <= p.earned + p.overdraft + p.debt, "invariant 5"
        for (entry, purse), award in r.awards.items():
            assert r.taken[entry, purse] - r.excess(entry, purse) <= award, "invariant 6"

    @invariant()
    def the_cloud_counts_the_use_that_the_chain_holds(self) -> None:
        if not hasattr(self, "engine"):
            return
        for identity, stored in self.stored.items():
            used: dict[Key, int] = defaultdict(int)
            for line in stored.lines:
                for account, p in _postings(line):
                    used[account, p.purse, p.instance] += p.used
            for key, amount in used.items():
                assert self.reference.used[identity, key] == amount


TestLedger = Ledger.TestCase
TestLedger.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    # Shrinking forty steps on a real database takes longer than the test may.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
