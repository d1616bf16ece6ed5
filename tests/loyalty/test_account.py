"""What a terminal knows of an account: its own entries are reckoned in at once."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from loyalty.account import Account, Holding, after
from loyalty.entry import Personal, Posting
from loyalty.ids import made_ms, uuid7

postings = st.builds(
    Posting,
    st.sampled_from(["points", "coffee", "pass"]),
    st.integers(-50, 50),
    st.integers(0, 50),
    st.sampled_from(["", "7001"]),
)


@given(st.lists(postings, max_size=6))
def test_each_purse_has_what_its_postings_say(made: list[Posting]) -> None:
    before = Account(Personal(b"anna", b"anna"), holdings=(Holding("points", 100, 80),))
    now = {(one.purse, one.instance): one for one in after(before, tuple(made)).holdings}
    for purse in {("points", ""), *((one.purse, one.instance) for one in made)}:
        own = [one for one in made if (one.purse, one.instance) == purse]
        balance, spendable = (100, 80) if purse == ("points", "") else (0, 0)
        assert now[purse].balance == balance + sum(one.delta for one in own)
        assert now[purse].spendable == spendable + sum(one.earned - one.used for one in own)


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_an_id_says_when_it_was_made(milliseconds: int, chance: bytes) -> None:
    assert made_ms(UUID(bytes=uuid7(milliseconds, chance).bytes)) == milliseconds
