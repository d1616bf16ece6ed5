"""Invariants 4 to 6 on the pure protocol: terminals that record, a cloud that posts, messages that are late, doubled or lost.

One purse of one account, two terminals. Each step is what may happen next in the world; after each, every invariant is checked.
`docs/protocol.md` has the rules this follows; the simulator proves the same on the real journal and the real ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from loyalty import purse as ledger
from loyalty.holding import Own, Row, shown, spendable

TERMINALS = st.integers(0, 1)
AMOUNTS = st.integers(1, 5)


@dataclass(frozen=True)
class Move:
    """What one line does to the purse; `refers` is (terminal, place) of the award a return names."""

    kind: str
    amount: int
    used: int = 0
    refers: tuple[int, int] | None = None

    @property
    def delta(self) -> int:
        return {"award": self.amount, "give back": 0}.get(self.kind, -self.amount)

    @property
    def earned(self) -> int:
        return max(0, self.delta)


@dataclass
class Terminal:
    lines: list[Move] = field(default_factory=list)
    row: Row = field(default_factory=Row)
    late: list[Row] = field(default_factory=list)

    def own(self) -> Own:
        after = self.lines[self.row.through :]
        return Own(sum(m.used for m in self.lines), sum(m.earned for m in after), sum(m.delta for m in after))

    def spendable(self) -> int:
        return spendable(self.row, self.own())


class World(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.terminals = [Terminal(), Terminal()]
        self.purse = ledger.Purse()
        self.leases = [ledger.Lease(), ledger.Lease()]
        self.posted = [0, 0]
        self.takings: dict[tuple[int, int], ledger.Taking] = {}
        self.written_off = False
        self.written_off_lease = 0

    # what terminals do

    @rule(t=TERMINALS, amount=AMOUNTS)
    def award(self, t: int, amount: int) -> None:
        self.terminals[t].lines.append(Move("award", amount))

    @rule(t=TERMINALS, amount=AMOUNTS, kind=st.sampled_from(["spend", "give back"]))
    def spend(self, t: int, amount: int, kind: str) -> None:
        if self.terminals[t].spendable() >= amount:
            self.terminals[t].lines.append(Move(kind, amount, used=amount))

    @rule(t=TERMINALS, of=TERMINALS, data=st.data())
    def take_goods_back(self, t: int, of: int, data: st.DataObject) -> None:
        awards = [i for i, move in enumerate(self.terminals[of].lines) if move.kind == "award"]
        if not awards:
            return
        place = data.draw(st.sampled_from(awards))
        known = sum(m.amount for m in self.terminals[t].lines if m.refers == (of, place))
        left = self.terminals[of].lines[place].amount - known
        if left > 0:
            amount = data.draw(st.integers(1, left))
            used = min(amount, max(0, self.terminals[t].spendable()))
            self.terminals[t].lines.append(Move("return", amount, used, (of, place)))

    # what the network and the cloud do

    @rule(t=TERMINALS)
    def post_next_line(self, t: int) -> None:
        if self.posted[t] == len(self.terminals[t].lines):
            return
        place, move = self.posted[t], self.terminals[t].lines[self.posted[t]]
        self.posted[t] += 1
        lease = self.leases[t]
        if move.kind == "award":
            self.purse, lease = ledger.earn(self.purse, lease, move.amount)
            self.settle((t, place), award=move.amount)
        elif move.kind == "spend":
            self.purse, lease = ledger.spend(self.purse, lease, move.amount)
        elif move.kind == "give back":
            self.purse, lease = ledger.give_back(self.purse, lease, move.amount)
        else:
            self.purse, lease = ledger.take_back(self.purse, lease, move.amount, move.used)
            assert move.refers is not None
            self.settle(move.refers, taken=move.amount)
        self.leases[t] = lease

    def settle(self, award_of: tuple[int, int], *, award: int | None = None, taken: int = 0) -> None:
        taking = self.takings.get(award_of, ledger.Taking())
        taking = replace(taking, award=taking.award if award is None else award, taken=taking.taken + taken)
        self.purse, self.takings[award_of] = ledger.correct(self.purse, taking)

    @rule(t=TERMINALS, wanted=st.integers(0, 30))
    def grant(self, t: int, wanted: int) -> None:
        if not (t == 0 and self.written_off):
            self.purse, self.leases[t] = ledger.grant(self.purse, self.leases[t], wanted)

    @rule(t=TERMINALS)
    def pull(self, t: int) -> None:
        answer = Row(self.purse.balance, self.leases[t].granted, self.posted[t])
        self.terminals[t].late.append(answer)
        self.terminals[t].row = answer

    @rule(t=TERMINALS, data=st.data())
    def a_late_answer_comes(self, t: int, data: st.DataObject) -> None:
        if self.terminals[t].late:
            self.terminals[t].row = data.draw(st.sampled_from(self.terminals[t].late))

    @rule(t=TERMINALS)
    def lose_the_mirror(self, t: int) -> None:
        self.terminals[t].row = Row()

    @precondition(lambda self: not self.written_off)
    @rule()
    def write_off_the_first(self) -> None:
        self.written_off, self.written_off_lease = True, self.leases[0].outstanding
        self.purse, self.leases[0] = ledger.write_off(self.purse, self.leases[0])

    # what must hold

    @invariant()
    def leases_are_never_below_zero_and_add_up(self) -> None:
        assert all(lease.outstanding >= 0 for lease in self.leases)
        assert self.purse.leased == sum(lease.outstanding for lease in self.leases)

    @invariant()
    def nothing_is_overdrawn_that_is_not_listed(self) -> None:
        purse = self.purse
        assert purse.spent + purse.leased <= purse.earned + purse.overdraft + purse.debt
        assert purse.overdraft <= self.written_off_lease

    @invariant()
    def the_cloud_counts_use_as_the_chain_does(self) -> None:
        for t, terminal in enumerate(self.terminals):
            assert self.leases[t].used == sum(move.used for move in terminal.lines[: self.posted[t]])

    @invariant()
    def sums_hold(self) -> None:
        """The balance is the sum of posted lines plus corrections, and no award has more taken than it gave."""
        lines = [move for t, terminal in enumerate(self.terminals) for move in terminal.lines[: self.posted[t]]]
        assert self.purse.balance == sum(move.delta for move in lines) + sum(t.excess for t in self.takings.values())
        for taking in self.takings.values():
            assert taking.award is None or taking.taken - taking.excess <= taking.award

    @invariant()
    def what_a_person_sees_is_the_row_and_what_came_after(self) -> None:
        for terminal in self.terminals:
            own = terminal.own()
            assert shown(terminal.row, own) == terminal.row.balance + sum(
                move.delta for move in terminal.lines[terminal.row.through :]
            )


World.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestProtocol = World.TestCase


def test_an_id_that_came_twice_posts_nothing_but_counts() -> None:
    lease = ledger.count_copy(ledger.Lease(granted=10, used=4), 3)
    assert (lease.granted, lease.used, lease.outstanding) == (13, 7, 6)


def test_a_clone_is_listed_to_the_point() -> None:
    """A lease of 2 is spent on the original and on its copy: the second spend is an overdraft of exactly 2."""
    held, lease = ledger.earn(ledger.Purse(), ledger.Lease(), 2)
    held, lease = ledger.spend(held, lease, 2)
    held, lease = ledger.spend(held, lease, 2)
    assert (held.overdraft, held.balance, lease.outstanding) == (2, -2, 0)


def test_asking_twice_grants_once() -> None:
    held = ledger.Purse(earned=10)
    held, lease = ledger.grant(held, ledger.Lease(), 6)
    assert ledger.grant(held, lease, 6) == (held, lease)
    held, lease = ledger.grant(held, lease, 60)
    assert (lease.granted, held.free) == (10, 0)
