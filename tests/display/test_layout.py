"""Whatever is in a screen, its page fits; names give way before words, and numbers never."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from display.amounts import amount_number
from display.coming_gallery import coming
from display.coming_screens import ComingScreen, Pin
from display.customers_page import customers_page
from display.draw import draw, font
from display.gallery import samples
from display.glass import Glass
from display.layout import lay_out
from display.letters import drawable
from display.page import Page, Text
from display.screens import (
    Balance,
    Devices,
    DeviceTest,
    Done,
    Menu,
    Money,
    Pairing,
    PayConfirm,
    Points,
    RewardChoice,
    Screen,
    StampCard,
    StampCardFull,
    Stamps,
    Sum,
    Task,
    Typing,
    UndoQuestion,
    Unpaired,
)
from display.words import LANGUAGES
from emulators.glasses import GLASSES, called

languages = st.sampled_from(LANGUAGES)
glasses = st.sampled_from(GLASSES)
wild = st.text(st.characters() | st.characters(categories=["Cs", "Cc", "Mn", "So", "Zs", "Cf"]), max_size=60)
st.register_type_strategy(str, wild | st.sampled_from(["Jana K.", "káva zadarmo", "x" * 4_000, "𝔘𝔫𝔦", "שלום", "‮abc", "▸×−●○…"]))
any_screen = st.one_of([st.builds(kind) for kind in (*get_args(Screen), *get_args(ComingScreen))])


def assert_fits(page: Page) -> None:
    for face in page.faces:
        assert_face_fits(face)
        assert face.glass == page.glass
        assert not face.other or face is page


def assert_face_fits(page: Page) -> None:
    assert page.spare >= 0, page.text()
    assert all(top >= 0 for top in page.tops)
    ends = [top + row.height for top, row in zip(page.tops, page.all_rows, strict=True)]
    assert all(end <= top for end, top in zip(ends, page.tops[1:], strict=False))
    assert not ends or ends[-1] <= page.glass.height
    texts = [row for row in page.all_rows if isinstance(row, Text)]
    if page.number is not None:
        assert page.beside != (page.number in texts)
        assert page.number.height <= page.glass.height
        assert page.number.width <= page.glass.width
    for row in texts:
        assert len(row.text) * row.letter <= page.glass.width - page.left, row
        if not row.narrow:
            assert font(row.height).getlength(row.text) == row.width
        assert all(map(drawable, row.text)), row
    assert all(len(str(row)) <= 24 for row in page.all_rows if not isinstance(row, Text))


@pytest.mark.parametrize("glass", GLASSES, ids=called)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_fits(language: str, glass: Glass) -> None:
    for screen in samples(language):
        assert_fits(lay_out(screen, language, glass))


@settings(max_examples=600, deadline=None)
@given(screen=any_screen, language=languages, glass=glasses)
def test_any_screen_fits_and_is_drawn(screen: AnyScreen, language: str, glass: Glass) -> None:
    for page in pages(screen, language, glass):
        assert_fits(page)
        for face in page.faces:
            picture = draw(face)
            assert (picture.size, picture.mode) == ((glass.width, glass.height), "1")


@pytest.mark.parametrize("glass", GLASSES, ids=called)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_border_is_to_be_seen_whole_with_every_letter_inside(language: str, glass: Glass) -> None:
    """Nothing lies on it, or beside it: the picture without it has two free pixels at each edge."""
    asked = DeviceTest(Task.BORDER, 8, 9, "Bartolomej Novomeský-Kráľovič")
    for page in (lay_out(asked, language, glass), customers_page(asked, language, glass)):
        for face in page.faces:
            assert face.frame
            assert_face_fits(face)
            bare = ImageChops.subtract(draw(face).convert("L"), frame_of(glass))
            left, top, right, bottom = bare.getbbox() or (0, 0, 0, 0)
            assert min(left, top) >= 2, page.text()
            assert right <= glass.width - 2, page.text()
            assert bottom <= glass.height - 2, page.text()
            assert ImageChops.subtract(frame_of(glass), draw(face).convert("L")).getbbox() is None


def frame_of(glass: Glass) -> Image.Image:
    picture = Image.new("L", (glass.width, glass.height))
    ImageDraw.Draw(picture).rectangle((0, 0, glass.width - 1, glass.height - 1), outline=255)
    return picture


def test_a_screen_nobody_has_laid_out_is_named() -> None:
    with pytest.raises(NotImplementedError, match=r"No layout for str.*display/layout.py"):
        lay_out("a string", "sk")  # type: ignore[arg-type]


def test_a_name_gives_way_before_a_number() -> None:
    full = StampCardFull("Bartolomej Novomeský", 10, 10, "káva")
    assert lay_out(full, "sk").text().splitlines()[0] == "Bartolomej… · 10 z 10"
    assert lay_out(UndoQuestion(Points(1000), "Žofia-Antonína", 2), "sk").text().splitlines()[2] == "Žofia-An…, pred 2 min"


@settings(deadline=None)
@given(thousandths=st.integers(1_000_000_000, 9_999_999_000), language=languages, glass=glasses)
def test_seven_digits_are_never_cut(thousandths: int, language: str, glass: Glass) -> None:
    points = Points(thousandths)
    whole = str(thousandths // 1000)
    screens: list[Screen] = [
        Balance(points, "Bartolomej Novomeský", "strieborná"),
        Done(points, points, later=False),
        RewardChoice(1, 2, "Koláč", points, points),
        Done(points, points, later=False, what="Koláč"),
        Sum(Money(thousandths, "EUR"), "Mäso a údeniny", "Bartolomej Novomeský"),
        PayConfirm(Money(thousandths, "EUR"), Money(thousandths, "EUR")),
    ]
    for screen in screens:
        page = lay_out(screen, language, glass)
        assert_fits(page)
        shown = "".join(letter for letter in page.text() if letter.isdecimal())
        assert whole in shown


def test_a_number_falls_to_smaller_letters() -> None:
    heights = [
        lay_out(Balance(Points(points * 1000), "Jana K."), "sk").rows[0].height for points in (9_999, 10_000, 9_999_999, 10**15)
    ]
    assert heights == [32, 32, 16, 12]
    assert lay_out(Balance(Points(100_000_000), ""), "sk").text().startswith("[100 000 b]")


def test_a_long_reward_is_written_whole_in_smaller_letters() -> None:
    choice = RewardChoice(1, 1, "Zákusok podľa výberu", Points(1_000), Points(0))
    assert lay_out(choice, "sk").text().splitlines()[1] == "Zákusok podľa výberu"
    assert lay_out(choice, "sk").text().endswith("−Vydať ×Späť")


def test_long_numbers_of_a_reward_take_two_rows() -> None:
    choice = RewardChoice(1, 2, "Koláč", Points(1_234_567_000), Points(7_654_321_000))
    assert lay_out(choice, "sk").text().splitlines()[2:4] == ["1 234 567 b", "Ostane 7 654 321 b"]


def test_typing_shows_the_newest_digits() -> None:
    assert "[905123456]" in lay_out(Typing("905123456", card=True), "sk").text()
    assert "{18,5}" in lay_out(Typing("18,5"), "sk").text()
    assert "{_}" in lay_out(Typing(""), "sk").text()
    assert "789" in lay_out(Typing("0123456789" * 4), "sk").text()


def test_stamps_past_the_goal_and_goals_past_a_row() -> None:
    assert "●" * 10 + "\n[13 z 10]" in lay_out(StampCard("", 13, 10, "káva"), "sk").text()
    assert "○" * 21 in lay_out(StampCard("", 1, 50, "káva"), "sk").text()


def test_devices_are_listed_as_far_as_they_fit() -> None:
    page = lay_out(Devices((), ("pokladničný skener", "NFC", "tlačidlá", "displej", "bzučiak")), "sk")
    assert page.text().splitlines()[1:4] == ["[5 chýba]", "pokladničný skener", "NFC, tlačidlá, displ…"]


# --- every kind of screen, later ones and the customer's pages included

AnyScreen = Screen | ComingScreen

LONG = (
    "Bartolomej Novomeský-Kráľovič",
    "Fővárosi Kávéházak és Cukrászdák",
    "Żółć",
    "M\u0301" * 30,
    "x" * 300,
    "👨‍👩‍👧 Eva",
    "",
)
names = st.sampled_from(LONG)
seven = st.integers(1_000_000, 9_999_999)
CODES = (Pairing, Unpaired, Typing, Menu, DeviceTest)
"""Their texts are codes, digits and signs: no names."""


def filled(value: Any, kind: type, data: st.DataObject) -> Any:
    """As it may be at worst: a long name or none, seven digits in front of the unit or the point."""
    match value:
        case str() if not issubclass(kind, CODES):
            return data.draw(names)
        case Points():
            return Points((-1 if value.thousandths < 0 else 1) * data.draw(seven) * 1000)
        case Money():
            currency = data.draw(st.sampled_from(["EUR", "CZK", "HUF", "PLN"]))
            return Money((-1 if value.minor < 0 else 1) * data.draw(seven) * (1 if currency == "HUF" else 100), currency)
        case Stamps():
            return Stamps(data.draw(seven))
        case tuple() if value:
            return tuple(data.draw(st.lists(names, min_size=1, max_size=6)))
        case _:
            return value


def worst(screen: AnyScreen, data: st.DataObject) -> AnyScreen:
    kind = type(screen)
    return replace(screen, **{one.name: filled(getattr(screen, one.name), kind, data) for one in fields(screen)})


def amounts(screen: AnyScreen) -> list[Points | Money | Stamps]:
    found = (getattr(screen, one.name) for one in fields(screen))
    return [one for one in found if isinstance(one, Points | Money | Stamps)]


def pages(screen: AnyScreen, language: str, glass: Glass) -> list[Page]:
    alone = [] if isinstance(screen, Pairing) else [customers_page(screen, language, glass)]
    return [lay_out(screen, language, glass), *alone]


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=400, deadline=None)
@given(glass=glasses, data=st.data())
def test_nothing_is_cut_and_the_number_can_be_read(language: str, glass: Glass, data: st.DataObject) -> None:
    screen = worst(data.draw(st.sampled_from((*samples(language), *coming(language)))), data)
    for page in pages(screen, language, glass):
        assert_fits(page)
        for face in page.faces:
            draw(face)
            if face.number is not None:
                assert_readable(face, screen, language)


def assert_readable(face: Page, screen: AnyScreen, language: str) -> None:
    number = face.number
    assert number is not None
    assert number.height * face.glass.pitch >= 5, face.text()
    assert "…" not in number.text, face.text()
    if known := amounts(screen):
        assert any(digits(amount_number(one, language).forms[-1]) in digits(number.text) for one in known) or is_a_count(
            number.text
        )
    assert isinstance(screen, Pin) or digits(number.text) or known


def is_a_count(text: str) -> bool:
    """Visits, stamps and per cents are no amounts."""
    return len(digits(text)) <= 3


def digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdecimal())
