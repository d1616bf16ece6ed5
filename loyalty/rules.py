"""How a purchase, a stamp, a reward or a return becomes postings under a programme. Exact: floors and ceilings, no floats.

Whatever is rounded is rounded once, at the end, and never gives away value twice: earnings are rounded down to a thousandth of
a point, prices in points up.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from loyalty.entry import Cause, Entry, Posting, Purchase
from loyalty.programme import POINT, Programme, Reward, StampRules


@dataclass(frozen=True, slots=True)
class Payment:
    """A bill paid in part with points."""

    discount: int
    """What the points pay, in minor units."""
    rest: int
    """What is left to pay at the till."""
    cost: int
    """Thousandths of a point that the discount costs."""
    earned: int
    """Thousandths of a point that the rest earns."""


def earned(programme: Programme, purchase: Purchase) -> int:
    """Thousandths of a point that a purchase earns: each share at its group's coefficient, the remainder at 1."""
    return floor(_weight(programme, purchase) * programme.per_minor)


def award(programme: Programme, purchase: Purchase) -> tuple[Posting, ...]:
    """The posting of a purchase; empty where it earns nothing."""
    points = earned(programme, purchase)
    if programme.points is None or points == 0:
        return ()
    return (Posting(programme.points.purse, points),)


def stamp(stamps: StampRules, count: int = 1) -> tuple[Posting, ...]:
    """The posting of `count` stamps."""
    return (Posting(stamps.purse, count),)


def full_card(stamps: StampRules) -> tuple[Posting, ...]:
    """The posting that gives the reward of a full stamp card: a spend of its stamps (invariant 7)."""
    return (Posting(stamps.purse, -stamps.goal, used=stamps.goal),)


def cost(reward: Reward) -> int:
    """What a reward costs, in thousandths of a point."""
    return int(reward.cost * POINT)


def give(programme: Programme, reward: Reward) -> tuple[Posting, ...]:
    """The posting that gives a reward for points."""
    if programme.points is None:
        return ()
    return (Posting(programme.points.purse, -cost(reward), used=cost(reward)),)


def pay(programme: Programme, purchase: Purchase, spendable: int) -> Payment:
    """The largest part of a bill that `spendable` thousandths of a point can pay, in payable steps; the rest earns."""
    affordable = floor(max(0, spendable) * programme.worth)
    discount = min(purchase.amount, affordable) // programme.payable * programme.payable
    price = ceil(discount / programme.worth) if discount else 0
    rest = purchase.amount - discount
    # The discount falls on all groups alike, so that nobody has to say which goods the points paid for.
    weight = _weight(programme, purchase) * Fraction(rest, purchase.amount) if purchase.amount else Fraction(0)
    return Payment(discount=discount, rest=rest, cost=price, earned=floor(weight * programme.per_minor))


def payment(programme: Programme, paid: Payment) -> tuple[Posting, ...]:
    """The postings of a part payment: one entry that spends and earns."""
    if programme.points is None or paid.discount == 0:
        return ()
    purse = programme.points.purse
    spends = Posting(purse, -paid.cost, used=paid.cost)
    return (spends, Posting(purse, paid.earned)) if paid.earned else (spends,)


def take_back(programme: Programme, purchase: Purchase, spendable: int) -> tuple[Posting, ...]:
    """The posting of returned goods: their points are taken, as far as the terminal's lease reaches from the lease."""
    points = earned(programme, purchase)
    if programme.points is None or points == 0:
        return ()
    return (Posting(programme.points.purse, -points, used=min(points, max(0, spendable))),)


class NotUndoable(ValueError):
    """An undo is never undone, and neither is what moved no purse."""


def undo(entry: Entry) -> tuple[Posting, ...]:
    """The postings that undo an entry wholly: what it spent is earned again, what it earned is taken (invariant 6)."""
    if entry.cause not in (Cause.AWARD, Cause.REDEEM):
        raise NotUndoable(f"an entry of cause {entry.cause.value} cannot be undone")
    return inverse(entry.postings)


def inverse(postings: tuple[Posting, ...]) -> tuple[Posting, ...]:
    """The postings that undo `postings`: spends come back as earnings, earnings are taken from the lease."""
    return tuple(Posting(p.purse, -p.delta, used=max(0, p.delta), instance=p.instance) for p in postings)


def _weight(programme: Programme, purchase: Purchase) -> Fraction:
    """The bill in minor units, each share weighed with its group's coefficient; a group nobody knows weighs 1."""
    shared = sum(share.amount for share in purchase.shares)
    weight = Fraction(purchase.amount - shared)
    for share in purchase.shares:
        group = programme.group(share.group)
        weight += share.amount * (Fraction(group.coefficient) if group else Fraction(1))
    return weight
