"""Purses and leases as the cloud keeps them, and how each kind of line changes them: the protocol's arithmetic.

The letters of `docs/protocol.md` in words: E `earned`, S `spent`, G `granted`, U `used`, W `written_off`, O `outstanding`.
For every purse, whatever happens: `spent + leased <= earned + overdraft + debt`, and no lease is ever below zero (invariant 5).
All functions are pure: they return the new values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil


@dataclass(frozen=True, slots=True)
class Purse:
    """One purse of one account in the cloud, in its whole units."""

    earned: int = 0
    spent: int = 0
    leased: int = 0
    """The sum of what all identities hold of it: kept with it, so that `free` needs no look at them."""
    overdraft: int = 0
    """Use without a lease behind it (a written-off terminal, a clone): listed for the merchant."""
    debt: int = 0
    """Returned goods whose points were spent elsewhere: listed for the merchant."""

    @property
    def balance(self) -> int:
        return self.earned - self.spent

    @property
    def free(self) -> int:
        """What nobody holds a lease on: may be granted, or touched by portal, expiry, merge. Below zero only where listed."""
        return self.earned - self.spent - self.leased


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one identity to spend from one purse: totals that only grow, so that lost or doubled messages do no harm."""

    granted: int = 0
    used: int = 0
    written_off: int = 0

    @property
    def outstanding(self) -> int:
        """What the terminal may still spend, as far as the cloud knows; never below zero."""
        return self.granted - self.used - self.written_off


@dataclass(frozen=True, slots=True)
class Taking:
    """What was taken back of one award in one purse, by undo and returns; `award` is None until the award itself is posted."""

    award: int | None = None
    taken: int = 0
    excess: int = 0
    """What was taken beyond the award, and given back to the member for it."""


def earn(purse: Purse, lease: Lease, amount: int) -> tuple[Purse, Lease]:
    """An earning: leased at once to the terminal that recorded it, in the same transaction (invariant 5)."""
    earned = replace(purse, earned=purse.earned + amount, leased=purse.leased + amount)
    return earned, replace(lease, granted=lease.granted + amount)


def spend(purse: Purse, lease: Lease, amount: int) -> tuple[Purse, Lease]:
    """A spend, or the undo of an award: uncovered use is listed as overdraft."""
    purse, lease, uncovered = _use(purse, lease, amount)
    return replace(purse, spent=purse.spent + amount, overdraft=purse.overdraft + uncovered), lease


def give_back(purse: Purse, lease: Lease, amount: int) -> tuple[Purse, Lease]:
    """The terminal returns part of its lease: the value is free again, and nothing is ever listed."""
    purse, lease, _ = _use(purse, lease, amount)
    return purse, lease


def take_back(purse: Purse, lease: Lease, amount: int, leased: int) -> tuple[Purse, Lease]:
    """Returned goods: `leased` of `amount` comes out of the terminal's lease, the rest is the member's listed debt."""
    purse, lease, uncovered = _use(purse, lease, leased)
    spent, debt = purse.spent + amount, purse.debt + amount - leased
    return replace(purse, spent=spent, debt=debt, overdraft=purse.overdraft + uncovered), lease


def correct(purse: Purse, taking: Taking) -> tuple[Purse, Taking]:
    """Undo and returns of an award together never exceed it: the excess goes back to the member (invariant 6)."""
    excess = max(0, taking.taken - taking.award) if taking.award is not None else 0
    increase = excess - taking.excess
    return replace(purse, earned=purse.earned + increase), replace(taking, excess=excess)


def take_free(purse: Purse, amount: int) -> tuple[Purse, int]:
    """Takes back what a rule gave, only as far as it is free; the second value is how much that was (invariant 6)."""
    taken = min(amount, max(0, purse.free))
    return replace(purse, spent=purse.spent + taken), taken


def count_copy(lease: Lease, used: int) -> Lease:
    """An id that came twice posts nothing, but its use is counted on both sides (invariant 8)."""
    return replace(lease, granted=lease.granted + used, used=lease.used + used)


def grant(purse: Purse, lease: Lease, wanted: int) -> tuple[Purse, Lease]:
    """Raises the granted total towards `wanted`, as far as free value reaches; asking twice grants once."""
    granted = max(lease.granted, min(wanted, lease.granted + max(0, purse.free)))
    return replace(purse, leased=purse.leased + granted - lease.granted), replace(lease, granted=granted)


def overnight_leases(balance: int, share: Fraction, visits: Sequence[int], whole: int = 1) -> list[int]:
    """What of a balance each terminal is lent while nobody is in the shop; `visits` of the member there, the usual one first.

    The usual one: `share` of it, up to the next multiple of `whole`. The others: what is left, as often as each is visited,
    down to a multiple. Half a stamp card buys nothing: such purses are lent in whole ones.
    """
    balance = max(0, balance)
    usual = min(balance, ceil(balance * share / whole) * whole)
    elsewhere = sum(visits[1:])
    return [usual] + [(balance - usual) * here // elsewhere // whole * whole for here in visits[1:]]


def write_off(purse: Purse, lease: Lease) -> tuple[Purse, Lease]:
    """The merchant gives a terminal up: what it held is free again; its later use is taken from what was written off."""
    held = lease.outstanding
    return replace(purse, leased=purse.leased - held), replace(lease, written_off=lease.written_off + held)


def _use(purse: Purse, lease: Lease, amount: int) -> tuple[Purse, Lease, int]:
    """Uses the lease: the live part first, then what was written off, then thin air. The last value is what was uncovered."""
    before = lease.outstanding
    uncovered = max(0, amount - before)
    from_written_off = min(uncovered, lease.written_off)
    lease = Lease(
        granted=lease.granted + uncovered - from_written_off,
        used=lease.used + amount,
        written_off=lease.written_off - from_written_off,
    )
    return replace(purse, leased=purse.leased + lease.outstanding - before), lease, uncovered
