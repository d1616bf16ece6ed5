"""While a number is being typed nothing jumps: not the digits from key to key, and not its row from page to page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from display.draw import draw
from display.glass import Glass
from display.layout import lay_out
from display.page import Page, Text
from display.screens import Balance, Done, Money, Points, Screen, Sum, Typing
from display.words import LANGUAGES
from emulators.glasses import GLASSES, called

languages = st.sampled_from(LANGUAGES)
glasses = st.sampled_from(GLASSES)
keys = st.sampled_from("0123456789")
sums = st.from_regex(r"[0-9]{1,4}(,[0-9]{0,2})?", fullmatch=True)

ONE_OF_THREE = [tuple(n == one for n in range(3)) for one in range(4)]

LETTERS = {False: 7, True: 13}
"""Of a sum with its currency, and of the longest number of a card: as far as them nothing moves."""


def number_of(page: Page) -> tuple[Text, int]:
    """The number, and its first column."""
    assert page.number is not None
    return page.number, 0 if page.beside else page.start(page.number)


def differing(before: Image.Image, after: Image.Image) -> tuple[int, int]:
    """The columns from the first to the last that differ."""
    box = ImageChops.logical_xor(before, after).getbbox()
    assert box is not None, "a key was not seen"
    return box[0], box[2]


@given(text=sums, language=languages)
def test_a_key_of_a_sum_changes_the_columns_of_its_digit_alone(text: str, language: str) -> None:
    before, after = (lay_out(Typing(one), language) for one in (text[:-1], text))
    number, left = number_of(after)
    first, last = differing(draw(before), draw(after))
    assert number.height == 32
    assert left + (len(text) - 1) * 16 <= first < last <= left + len(text) * 16


@given(text=st.text("0123456789", min_size=1, max_size=13), language=languages)
def test_a_key_of_a_cards_number_changes_the_columns_of_its_digit_alone(text: str, language: str) -> None:
    before, after = (lay_out(Typing(one, card=True), language) for one in (text[:-1], text))
    number, left = number_of(after)
    first, last = differing(draw(before), draw(after))
    assert number.height == 16
    assert left + (len(text) - 1) * 8 <= first < last <= left + len(text) * 8


@given(text=st.text("0123456789,", min_size=1, max_size=12), key=keys, card=st.booleans(), language=languages, glass=glasses)
def test_on_every_glass_what_was_typed_stays_where_it_is(text: str, key: str, card: bool, language: str, glass: Glass) -> None:
    """As far as the letters stay as high and as wide, and within the room that is kept for them."""
    before, after = (lay_out(Typing(one, card), language, glass) for one in (text, text + key))
    (old, left), (new, now) = number_of(before), number_of(after)
    if (old.height, old.narrow, old.reach) != (new.height, new.narrow, new.reach):
        return
    assert left == now
    first, last = differing(draw(before), draw(after))
    assert first >= left + (len(new.text) - 1) * new.letter
    if after.rows == before.rows or not after.beside:
        assert last <= left + new.width


@pytest.mark.parametrize("glass", GLASSES, ids=called)
@pytest.mark.parametrize("card", [False, True])
def test_the_letters_stay_as_high_and_wide_as_far_as_a_number_goes_as_a_rule(card: bool, glass: Glass) -> None:
    texts = [lay_out(Typing("9" * n, card), "sk", glass).number for n in range(LETTERS[card] + 1)]
    assert len({(text.height, text.narrow, text.reach) for text in texts if text is not None}) == 1


@given(cents=st.integers(1000, 9999), language=st.sampled_from(["sk", "cs", "hu", "de", "pl"]))
def test_enter_puts_the_currency_behind_what_was_typed_and_moves_no_digit(cents: int, language: str) -> None:
    typed = lay_out(Typing(f"{cents // 100},{cents % 100:02}"), language)
    entered = lay_out(Sum(Money(cents, "EUR")), language)
    number, left = number_of(typed)
    box = (0, 0, left + number.width, typed.tops[0] + number.height)
    assert draw(typed).crop(box).tobytes() == draw(entered).crop(box).tobytes()
    assert typed.tops == entered.tops


@given(n=st.integers(1, 99_999), name=st.sampled_from(["", "Jana K."]), group=st.sampled_from(["", "Mäso"]), language=languages)
def test_the_number_keeps_its_row_from_page_to_page(n: int, name: str, group: str, language: str) -> None:
    money, points = Money(n, "EUR"), Points(n % 1000 * 1000)
    screens: list[Screen] = [
        Balance(points, name),
        Typing(str(n)),
        Sum(money, group),
        *(Sum(money, group, name, preset, back, ask, card=True) for preset, back, ask in ONE_OF_THREE),
        Done(points, points, later=False),
    ]
    pages = [lay_out(screen, language) for screen in screens]
    numbers = [page.number.height for page in pages if page.number is not None]
    assert numbers == [32] * len(screens)
    assert {page.tops[page.rows.index(page.number)] for page in pages if page.number is not None} == {2}


def test_who_has_shown_no_card_is_asked_for_it() -> None:
    def rows(screen: Sum) -> list[str]:
        return lay_out(screen, "sk").text().splitlines()[1:-1]

    money = Money(1850, "EUR")
    assert rows(Sum(money)) == ["Priložte kartu"]
    assert rows(Sum(money, card=True)) == []
    assert rows(Sum(money, name="Jana K.")) == ["Jana K."]
    assert rows(Sum(money, "Mäso")) == ["Mäso ▸skupina"]
    assert rows(Sum(money, preset=True)) == ["▸Iná suma"]
