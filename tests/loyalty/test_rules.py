"""The programme's rules: exact, rounded once, never giving value away twice."""

from fractions import Fraction
from functools import cache
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from loyalty import rules
from loyalty.entry import Cause, Draft, Entry, Moment, Personal, Posting, Purchase, Share, check, entry_from
from loyalty.programme import POINT, Programme, read

ID = UUID("018f0000-0000-7000-8000-000000000001")
WHEN = Moment(ID, 0, 0, True)

PROGRAMME = """
[programme]
key = "p"
version = 1
name = "P"
[points]
per_unit = "{per_unit}"
worth = "{worth}"
payable = "{payable}"
[[points.groups]]
key = "1"
name = "one"
coefficient = "{coefficient}"
[[points.groups]]
key = "0"
name = "nothing"
coefficient = 0
[[points.rewards]]
key = "cake"
name = "Cake"
cost = "500.5"
"""


@cache
def programme(per_unit: str = "1", worth: str = "0.01", payable: str = "0.01", coefficient: str = "1.5") -> Programme:
    return read(PROGRAMME.format(per_unit=per_unit, worth=worth, payable=payable, coefficient=coefficient))


STAMPS_ONLY = read('[programme]\nkey="p"\nversion=1\nname="P"\n[[stamps]]\npurse="s"\nname="S"\ngoal=10\nreward="R"')

programmes = st.builds(
    programme,
    st.sampled_from(["1", "0.1", "0.333", "10", "0"]),
    st.sampled_from(["0.01", "0.003", "0.0333", "1", "0"]),
    st.sampled_from(["0.01", "0.05", "1"]),
    st.sampled_from(["1", "1.5", "0.1"]),
)


@st.composite
def purchases(draw: st.DrawFn) -> Purchase:
    amounts = draw(st.lists(st.integers(0, 100_000), max_size=4))
    keys = draw(st.lists(st.sampled_from(["1", "0", "unknown"]), min_size=len(amounts), max_size=len(amounts)))
    rest = draw(st.integers(0, 100_000))
    return Purchase(sum(amounts) + rest, "EUR", tuple(Share(key, amount) for key, amount in zip(keys, amounts, strict=True)))


def test_a_coffee() -> None:
    assert rules.award(programme(), Purchase(240, "EUR")) == (Posting("points", 2_400),)
    assert rules.award(programme(), Purchase(1160, "EUR", (Share("1", 320), Share("0", 840)))) == (Posting("points", 4_800),)
    assert rules.award(programme(), Purchase(840, "EUR", (Share("0", 840),))) == ()
    assert rules.award(STAMPS_ONLY, Purchase(240, "EUR")) == ()


def test_the_bill_of_the_conversation() -> None:
    """18,50 € with 1 240 points: 12,40 € off, 6,10 € to pay, which earn 6.1 points; one entry."""
    paid = rules.pay(programme(), Purchase(1850, "EUR"), 1_240_000)
    assert paid == rules.Payment(discount=1240, rest=610, cost=1_240_000, earned=6_100)
    assert rules.payment(programme(), paid) == (Posting("points", -1_240_000, used=1_240_000), Posting("points", 6_100))
    whole = rules.pay(programme(), Purchase(1000, "EUR"), 1_240_000)
    assert rules.payment(programme(), whole) == (Posting("points", -1_000_000, used=1_000_000),)


@given(programmes, purchases(), purchases())
def test_two_bills_never_earn_more_than_one(p: Programme, a: Purchase, b: Purchase) -> None:
    both = Purchase(a.amount + b.amount, "EUR", a.shares + b.shares)
    apart = rules.earned(p, a) + rules.earned(p, b)
    assert apart <= rules.earned(p, both) <= apart + 1


@given(programmes, purchases(), st.integers(-1_000, 10_000_000))
def test_part_payment(p: Programme, bill: Purchase, spendable: int) -> None:
    paid = rules.pay(p, bill, spendable)
    assert paid.discount + paid.rest == bill.amount
    assert paid.discount >= 0
    assert paid.discount % p.payable == 0
    assert 0 <= paid.cost <= max(0, spendable)  # never more than may be spent
    assert paid.cost * p.worth >= paid.discount  # and the shop never gives more than the points are worth
    assert 0 <= paid.earned <= rules.earned(p, bill)
    postings = rules.payment(p, paid)
    check(Cause.REDEEM, postings, None)
    assert sum(posting.delta for posting in postings) == (paid.earned - paid.cost if paid.discount else 0)


@given(programmes, purchases(), st.integers(-1_000, 10_000_000))
def test_returned_goods(p: Programme, goods: Purchase, spendable: int) -> None:
    postings = rules.take_back(p, goods, spendable)
    check(Cause.RETURN, postings, None)
    assert -sum(posting.delta for posting in postings) == rules.earned(p, goods)
    assert sum(posting.used for posting in postings) <= max(0, spendable)


def test_nothing_comes_back_where_nothing_was_earned() -> None:
    assert rules.take_back(STAMPS_ONLY, Purchase(240, "EUR"), 0) == ()


def test_rewards_and_stamps() -> None:
    p = programme()
    assert p.points is not None
    assert rules.give(p, p.points.rewards[0]) == (Posting("points", -500_500, used=500_500),)
    assert rules.give(STAMPS_ONLY, p.points.rewards[0]) == ()
    assert rules.stamp(STAMPS_ONLY.stamps[0]) == (Posting("s", 1),)
    assert rules.full_card(STAMPS_ONLY.stamps[0]) == (Posting("s", -10, used=10),)


def test_points_that_pay_nothing() -> None:
    paid = rules.pay(programme(worth="0"), Purchase(1000, "EUR"), 5 * POINT)
    assert (paid.discount, paid.cost) == (0, 0)
    assert rules.payment(programme(worth="0"), paid) == ()
    assert rules.pay(programme(), Purchase(0, "EUR"), 5 * POINT).earned == 0


def recorded(cause: Cause, postings: tuple[Posting, ...]) -> Entry:
    return entry_from(Draft(cause, Personal(b"a", b"a"), postings), ID, WHEN, "shop", 1)


@given(programmes, purchases(), st.integers(0, 10_000_000))
def test_an_undo_takes_everything_back(p: Programme, bill: Purchase, spendable: int) -> None:
    postings = rules.payment(p, rules.pay(p, bill, spendable))
    assume(postings)
    back = rules.undo(recorded(Cause.REDEEM, postings))
    check(Cause.UNDO, back, ID)
    assert sum(posting.delta for posting in (*postings, *back)) == 0
    assert Fraction(sum(posting.used for posting in back)) == sum(posting.earned for posting in postings)


@pytest.mark.parametrize("cause", [Cause.RETURN, Cause.ISSUE])
def test_only_awards_and_redemptions_are_undone(cause: Cause) -> None:
    with pytest.raises(rules.NotUndoable):
        rules.undo(recorded(cause, ()))
