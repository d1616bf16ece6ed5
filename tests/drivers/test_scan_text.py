"""What stands around a code is taken off; a payment card is dropped whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.events import Medium, Trouble
from drivers.scan_text import Framing, bank_track, unframe

PRINTABLE = "".join(map(chr, range(32, 127)))
STRIPE = Framing(medium=Medium.STRIPE)

codes = st.text("0123456789ABCXYZ-/.", min_size=1, max_size=40)
frames = st.text("#*@!", max_size=4)
numbers = st.text("0123456789", min_size=12, max_size=19)
months = st.integers(1, 12).map("{:02}".format)


@given(codes, frames, frames, st.sampled_from(["", "]E0", "]E4", "]C1", "]Q3", "]A0", "]d2", "]X0"]))
def test_what_was_put_around_a_code_is_taken_off(code: str, prefix: str, suffix: str, aim: str) -> None:
    assert unframe(prefix + aim + code + suffix, Framing(prefix, suffix)) == code


@given(st.text(PRINTABLE, max_size=60), frames, frames, st.sampled_from(Medium))
def test_any_text_is_a_code_or_a_trouble(text: str, prefix: str, suffix: str, medium: Medium) -> None:
    assert unframe(text, Framing(prefix, suffix, medium))


@pytest.mark.parametrize("text", ["123", "#123", "123*", "#", "*", "", "#*"])
def test_a_scan_that_lacks_its_prefix_or_suffix_lost_an_end(text: str) -> None:
    assert unframe(text, Framing("#", "*")) is Trouble.UNREADABLE


def test_a_prefix_and_a_suffix_may_not_be_the_same_character() -> None:
    assert unframe("##", Framing("##", "##")) is Trouble.UNREADABLE


def test_a_bracket_that_begins_no_identifier_stays() -> None:
    assert unframe("]E", Framing()) == "]E"
    assert unframe("12]E0", Framing()) == "12]E0"


@given(numbers, months, st.text(PRINTABLE.replace("^", ""), max_size=20), frames, st.sampled_from(Medium))
def test_a_payment_card_is_dropped_whatever_reader_it_went_through(
    number: str, month: str, name: str, prefix: str, medium: Medium
) -> None:
    track_1, track_2 = f"%B{number}^{name}^30{month}101?", f";{number}=30{month}1010000?"
    for text in (track_1, track_2, track_1 + track_2, track_2[1:-1], prefix + track_2):
        assert unframe(text, Framing(medium=medium)) is Trouble.BANK_CARD


def test_a_number_grouped_by_spaces_is_a_payment_card_too() -> None:
    assert bank_track("%B3782 822463 10005^JANA K^2512")


@pytest.mark.parametrize(
    "text",
    ["8594001234560", ";8594001234560?", "%LOYALTY 123?", "https://bodka.example/c/2100?a=2512", "123456789012=9913", "%B12^"],
)
def test_a_card_of_a_shop_is_no_payment_card(text: str) -> None:
    assert not bank_track(text)


@pytest.mark.parametrize(
    ("text", "code"), [(";8594001234560?", "8594001234560"), ("%ABC 1?6", "ABC 1"), (";12?+34?", "12"), ("8594", "8594")]
)
def test_the_sentinels_of_a_stripe_are_taken_off(text: str, code: str) -> None:
    assert unframe(text, STRIPE) == code
    assert unframe(text, Framing()) == text
