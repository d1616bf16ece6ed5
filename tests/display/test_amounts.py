"""Points, money and stamps as text: exact, and never more than there is."""

from __future__ import annotations

import pytest
from babel.numbers import get_decimal_symbol
from hypothesis import given
from hypothesis import strategies as st

from display.amounts import amount_number, amount_text, negative
from display.screens import Amount, Money, Points, Stamps
from display.words import LANGUAGES, speak

int64 = st.integers(-(2**63) + 1, 2**63 - 1)
languages = st.sampled_from(LANGUAGES)
decimal_sign = {language: get_decimal_symbol(language) for language in LANGUAGES}
units = {language: speak(language).word("p") for language in LANGUAGES}


def digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdecimal())


@pytest.mark.parametrize(
    ("amount", "slovak", "english"),
    [
        (Points(1_240_000), "1 240 b", "1,240 p"),
        (Points(0), "0 b", "0 p"),
        (Points(500), "0,5 b", "0.5 p"),
        (Points(5), "0,005 b", "0.005 p"),
        (Points(-500), "−0,5 b", "−0.5 p"),
        (Points(1_999), "1 b", "1 p"),
        (Points(-1_999), "−1 b", "−1 p"),
        (Points(1_234_567_000), "1 234 567 b", "1,234,567 p"),
        (Money(1240, "EUR"), "12,40 €", "12.40 €"),
        (Money(5, "EUR"), "0,05 €", "0.05 €"),
        (Money(-123_456_789, "CZK"), "−1 234 567,89 Kč", "−1,234,567.89 Kč"),
        (Money(2490, "HUF"), "2 490 Ft", "2,490 Ft"),
        (Money(999, "PLN"), "9,99 zł", "9.99 zł"),
        (Money(1000, "CHF"), "10,00 CHF", "10.00 CHF"),
        (Stamps(8), "8 ●", "8 ●"),
    ],
)
def test_examples(amount: Amount, slovak: str, english: str) -> None:
    assert amount_text(amount, "sk") == slovak
    assert amount_text(amount, "en") == english


@pytest.mark.parametrize(
    ("language", "points", "euros", "forints"),
    [
        ("sk", "1 240 b", "1 234,50 €", "2 490 Ft"),
        ("cs", "1 240 b", "1 234,50 €", "2 490 Ft"),
        ("hu", "1 240 p", "1 234,50 €", "2 490 Ft"),
        ("de", "1.240 P", "1.234,50 €", "2.490 Ft"),
        ("pl", "1 240 pkt", "1 234,50 €", "2 490 Ft"),
        ("en", "1,240 p", "1,234.50 €", "2,490 Ft"),
    ],
)
def test_separators_are_the_languages_own(language: str, points: str, euros: str, forints: str) -> None:
    assert amount_text(Points(1_240_000), language) == points
    assert amount_text(Money(123_450, "EUR"), language) == euros
    assert amount_text(Money(2_490, "HUF"), language) == forints


def test_a_change_has_its_sign() -> None:
    assert amount_text(Points(12_000), "sk", signed=True) == "+12 b"
    assert amount_text(Points(-12_000), "sk", signed=True) == "−12 b"
    assert amount_text(negative(Money(840, "EUR")), "sk") == "−8,40 €"
    assert negative(Stamps(-3)) == Stamps(-3)
    assert negative(Points(3)) == Points(-3)


@given(minor=int64, currency=st.sampled_from(["EUR", "CZK", "HUF", "PLN"]), language=languages)
def test_money_keeps_every_digit(minor: int, currency: str, language: str) -> None:
    number = amount_number(Money(minor, currency), language)
    for form in number.forms:
        assert int(digits(form)) == abs(minor)
        assert form.startswith("−") == (minor < 0)
        decimals = form.partition(" ")[0] if currency == "HUF" else form.rpartition(decimal_sign[language])[2]
        assert currency == "HUF" or len(digits(decimals)) == 2


@given(thousandths=int64, language=languages)
def test_points_are_never_shown_as_more_than_there_are(thousandths: int, language: str) -> None:
    for form in amount_number(Points(thousandths), language).forms:
        size = form.lstrip("−").removesuffix(f" {units[language]}")
        if abs(thousandths) < 1000 and thousandths:
            fraction = size.removeprefix("0" + decimal_sign[language])
            assert int(fraction.ljust(3, "0")) == abs(thousandths)
        else:
            shown = int(digits(size)) * 1000
            assert shown <= abs(thousandths) < shown + 1000


@given(amount=st.builds(Points, int64) | st.builds(Money, int64, st.just("EUR")) | st.builds(Stamps, int64), language=languages)
def test_the_tightest_form_of_any_ledgers_amount_fits_a_row(amount: Amount, language: str) -> None:
    forms = amount_number(amount, language).forms
    assert len(forms[-1]) <= 21
    assert [len(form) for form in forms] == sorted((len(form) for form in forms), reverse=True)


@given(value=st.integers(2**63) | st.integers(max_value=-(2**63)))
def test_what_no_ledger_holds_is_a_dash(value: int) -> None:
    assert amount_text(Points(value), "sk") == amount_text(Money(value, "EUR"), "en") == "—"
