"""How much each terminal is lent over night, and what is given back."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.lending_programme import PROGRAMME
from loyalty.programme import ProgrammeError, read
from loyalty.purse import Lease, Purse, give_back, grant, overnight_leases


@given(st.integers(-50, 500), st.fractions(0, 1), st.lists(st.integers(1, 50), min_size=1, max_size=5), st.integers(1, 20))
def test_the_usual_terminal_has_its_share_and_all_together_never_more_than_all(
    balance: int, share: Fraction, visits: list[int], whole: int
) -> None:
    lent = overnight_leases(balance, share, visits, whole)
    balance = max(0, balance)
    assert len(lent) == len(visits)
    assert min(lent) >= 0
    assert sum(lent) <= balance
    assert lent[0] == balance or lent[0] % whole == 0
    assert balance * share <= lent[0] < balance * share + whole
    assert all(part % whole == 0 for part in lent[1:])
    if len(visits) > 1:
        assert balance - sum(lent) < whole * len(visits[1:]), "nothing is left that could be lent"


def test_others_are_lent_what_is_left_by_their_visits() -> None:
    assert overnight_leases(100, Fraction("0.5"), [7, 3, 1]) == [50, 37, 12]
    assert overnight_leases(35, Fraction("0.5"), [7, 3], 10) == [20, 10]


@pytest.mark.parametrize("share", ["-0.1", "1.1", "NaN"])
def test_a_share_beyond_all_is_refused(share: str) -> None:
    with pytest.raises(ProgrammeError, match="overnight_share"):
        read(PROGRAMME.format(share=share))


def test_a_programme_lends_stamps_by_whole_cards() -> None:
    programme = read(PROGRAMME.format(share="0.5"))
    assert programme.overnight("points", 35, [7, 3]) == [18, 17]
    assert programme.overnight("coffee", 35, [7, 3]) == [20, 10]


@given(st.integers(0, 50), st.integers(0, 50))
def test_what_is_given_back_is_free_again(granted: int, back: int) -> None:
    lent, lease = grant(Purse(earned=50), Lease(), granted)
    purse, lease = give_back(lent, lease, min(back, granted))
    assert purse.free == 50 - lease.outstanding == 50 - granted + min(back, granted)
    assert purse.overdraft == 0
