"""On every glass that panels are sold with: the number that matters can be read, and what must be said is."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from display.amounts import amount_text
from display.coming_gallery import coming
from display.customers_page import customers_page
from display.draft import Draft, Rank
from display.gallery import samples
from display.glass import USUAL, Glass
from display.layout import drafted, lay_out
from display.lines import whole
from display.notices import notice_words
from display.page import Circles, Page, Text
from display.screens import (
    Armed,
    Balance,
    Done,
    DonePaid,
    Idle,
    Message,
    Money,
    Notice,
    Pairing,
    PayConfirm,
    PayLess,
    Points,
    Queue,
    ReturnConfirm,
    RewardChoice,
    Screen,
    StampCard,
    Stamps,
    Sum,
    Typing,
    Undone,
    UndoQuestion,
    Unpaired,
    Verb,
)
from display.words import LANGUAGES, speak
from emulators.glasses import GLASSES, called

languages = st.sampled_from(LANGUAGES)
glasses = st.sampled_from(GLASSES)

SMALL, TINY, WIDE = Glass(128, 64, 0.96), Glass(128, 32, 0.91), Glass(256, 64, 3.12)

MILLIMETRES = 5.0
"""Of the row of the number that matters, as the conversation's table of words asks for."""

NO_NUMBER = {
    "Idle",
    "StampCardFull",
    "NewCard",
    "Menu",
    "RenewQuestion",
    "Network",
    "Devices",
    "DeviceTest",
    "DeviceTestDone",
    "Wait",
    "Starting",
    "Pairing",
    "PairingTrouble",
    "WifiJoined",
    "WifiTrouble",
    "Updating",
}
"""Screens that are about words, or a picture."""


def numbers(page: Page) -> list[Text]:
    return [face.number for face in page.faces if face.number is not None]


def readable(page: Page) -> bool:
    return all(number.height * page.glass.pitch >= MILLIMETRES for number in numbers(page))


@pytest.mark.parametrize("glass", GLASSES, ids=called)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_number_that_matters_is_5_mm_high(glass: Glass, language: str) -> None:
    for screen in samples(language):
        page = lay_out(screen, language, glass)
        assert readable(page), page.text()
        words = isinstance(screen, Notice) and screen.amount is None
        none = (isinstance(screen, Unpaired) and not screen.code) or (isinstance(screen, Queue) and not screen.waiting)
        typed = isinstance(screen, Pairing) and page.code is None
        about_words = words or none or type(screen).__name__ in NO_NUMBER
        assert len(numbers(page)) == (0 if about_words and not typed else 1), page.text()


amounts = st.integers(1, 9_999_999)


@settings(max_examples=300, deadline=None)
@given(n=amounts, m=amounts, currency=st.sampled_from(["EUR", "CZK", "HUF", "PLN"]), language=languages, glass=glasses)
def test_so_it_is_with_seven_digits_and_long_names(n: int, m: int, currency: str, language: str, glass: Glass) -> None:
    name, points, money = "Bartolomej Novomeský-Kráľovič", Points(n * 1000), Money(n, currency)
    screens: list[Screen] = [
        StampCard(name, n % 21, 20, name),
        Balance(points, name, "strieborná"),
        Typing(str(n)),
        Sum(money, "Mäso a údeniny", name),
        Sum(money, name=name, preset=True),
        PayConfirm(money, Money(m, currency)),
        PayLess(money, Money(m, currency)),
        RewardChoice(1, 2, name, points, Points(m * 1000)),
        ReturnConfirm(points, Points(m * 1000)),
        Done(points, Points(m * 1000), later=bool(m % 2), bonus=points if m % 3 else None, level="strieborná"),
        Done(Points(-n * 1000), Points(m * 1000), later=bool(m % 2), what=name),
        DonePaid(money, Money(m, currency), points, later=bool(m % 2)),
        UndoQuestion(points, name, 2),
        Undone(Points(-n * 1000), Points(m * 1000), later=bool(m % 2)),
        Armed(Verb.AWARD, 14, money),
        Queue(n, m),
        *(Notice(message, name, points) for message in (Message.NOT_ENOUGH, Message.MORE_LATER)),
        Notice(Message.SUM_TOO_LARGE, name, money),
    ]
    for screen in screens:
        page = lay_out(screen, language, glass)
        (number,) = numbers(page)
        assert readable(page), page.text()
        assert "…" not in number.text
        if not isinstance(screen, StampCard):
            assert str(n) in "".join(letter for letter in number.text if letter.isdecimal()).lstrip("0")


@given(number=st.integers(10**15, 10**18), language=languages, glass=glasses)
def test_a_number_is_written_small_before_it_is_cut(number: int, language: str, glass: Glass) -> None:
    """No account has such a balance; a wrong one must be seen to be wrong."""
    shown = "".join(
        letter for letter in lay_out(Balance(Points(number * 1000), ""), language, glass).text() if letter.isdecimal()
    )
    assert str(number) in shown or amount_text(Points(number * 1000), language) == "—"


@pytest.mark.parametrize("glass", GLASSES, ids=called)
@pytest.mark.parametrize("language", LANGUAGES)
def test_our_own_words_are_never_shortened(glass: Glass, language: str) -> None:
    for screen in samples(language):
        text = lay_out(screen, language, glass).text()
        assert text.count("…") == sum(text.count(speak(language).word(own)) for own in ("Saving…", "One moment…")), text


@pytest.mark.parametrize("glass", GLASSES, ids=called)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_live_button_is_named_and_shown_from_the_first(glass: Glass, language: str) -> None:
    """By its words on one of the faces, and on the first at least by its sign, where the number leaves room for it."""
    for screen in samples(language):
        page = lay_out(screen, language, glass)
        first = page.faces[0].text() if page.other is None else page.text().partition("\n—\n")[0]
        for live in page.live:
            assert any(live.words in face.text() for face in page.faces), page.text()
            room = glass.width - page.number.width if page.number and not page.bottom else glass.width
            assert live.button.sign in first or room < 16 or (live.inside and page.bottom), page.text()


@pytest.mark.parametrize("glass", GLASSES, ids=called)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_says_why_and_the_way_out(glass: Glass, language: str) -> None:
    for message in Message:
        for amount, digits in ((None, ""), (Points(1_234_567_000), "1234567"), (Stamps(5), "5")):
            notice = Notice(message, "Jana K.", amount)
            said = notice_words(notice, speak(language))
            text = lay_out(notice, language, glass).text()
            why, what_to_do = said.short or (said.why, said.what_to_do)
            in_full = whole(said.title) in text and whole(said.what_to_do) in text
            assert in_full or said.sum_in_title or whole(what_to_do) in text, text
            assert in_full or not said.short or whole(why)[:3] in text, "without its title it must be a refusal still"
            if said.sum_in_title or said.sum_in_why:
                assert digits in "".join(filter(str.isdecimal, text)), text
            else:
                assert whole(said.why) in text, text


@given(language=languages, glass=glasses)
def test_without_a_glass_it_is_the_usual_one(language: str, glass: Glass) -> None:
    screen = Balance(Points(1_240_000), "Jana K.", "zlatá", more=True)
    assert lay_out(screen, language) == lay_out(screen, language, USUAL)
    assert lay_out(screen, language, glass).glass == glass


@pytest.mark.parametrize("glass", GLASSES, ids=called)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_customers_page_has_no_buttons_and_its_number_is_as_high(glass: Glass, language: str) -> None:
    for screen in samples(language):
        if isinstance(screen, Pairing):
            continue
        page, whole_page = customers_page(screen, language, glass), lay_out(screen, language, glass)
        assert readable(page), page.text()
        assert len(numbers(page)) == len(numbers(whole_page)), page.text()
        assert all(face.spare >= 0 and not face.live for face in page.faces), page.text()
        named = [live.words for live in whole_page.live if not live.inside]
        assert not any(words in page.text() for words in named), page.text()


@pytest.mark.parametrize("glass", GLASSES, ids=called)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_must_be_said_is_said_whole_on_one_of_the_faces(glass: Glass, language: str) -> None:
    for screen in (*samples(language), *coming(language)):
        if isinstance(screen, Pairing):
            continue
        draft, page = drafted(screen, speak(language)), lay_out(screen, language, glass)
        assert said_whole(draft, page) or (draft.terse and said_whole(draft.terse, page)), page.text()


def said_whole(draft: Draft, page: Page) -> bool:
    musts = [row for row in draft.rows if row.rank in (Rank.HEAD, Rank.MUST) and not isinstance(row.content, Circles)]
    return all(row.text in page.text() or (row.apart and all(one.text in page.text() for one in row.apart)) for row in musts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_the_lowest_glass_has_two_faces(language: str) -> None:
    screens = (*samples(language), *coming(language))
    faces = {glass: max(len(lay_out(screen, language, glass).faces) for screen in screens) for glass in GLASSES}
    assert {glass.height for glass, most in faces.items() if most > 1} == {32}


def test_the_idle_screen_has_one() -> None:
    assert len(lay_out(Idle("Bodka", True, 3, ("nfc",), "14:05"), "sk", TINY).faces) == 1


def text(screen: Screen, glass: Glass) -> str:
    return lay_out(screen, "sk", glass).text().replace("\n", " / ")


def test_a_small_glass() -> None:
    assert text(StampCard("Jana K.", 7, 10, "káva", until="kávy"), SMALL) == (
        "Jana K. · káva / ●●●●●●●○○○ / {7 z 10} / +Pečiatka"
    )
    assert text(StampCard("", 7, 10, "káva", until="kávy"), SMALL) == "●●●●●●●○○○ / {7 z 10} / Ešte 3 do kávy / +Pečiatka"
    assert text(Armed(Verb.REDEEM, 14), SMALL) == "[− Priložte kartu] / {14 s} / ×Späť"
    assert text(Armed(Verb.RETURN, 14, Money(1850, "EUR")), SMALL) == "Vrátenie: vaša karta / {18,50 € · 14 s} / ×Späť"
    assert text(UndoQuestion(Points(12_000), "Jana K.", 2), SMALL) == "Jana K., pred 2 min / {+12 b} / Zrušiť: držte ×"
    assert text(RewardChoice(2, 3, "Koláč", Points(500_000), Points(740_000)), SMALL) == (
        "Koláč, ostane 740 / {500 b} / −Vydať ▸Ďalšia ×Späť"
    )
    refused = Notice(Message.NOT_ENOUGH, amount=Points(2_000))
    assert text(refused, SMALL) == "{Len 2 body} / Vyberte niečo menšie / ×Späť"


def test_the_lowest_glass() -> None:
    assert text(Balance(Points(1_240_000), "Jana K.", "zlatá", more=True), TINY) == (
        "{1 240 b} / + − ▸ / — / Jana K. · zlatá / +Pridať −Použiť ▸Iné"
    )
    assert text(Done(Points(12_000), Points(1_252_000), later=False), TINY) == "{+12 b} / Spolu 1 252 b / Omyl: držte ×"
    refused = Notice(Message.BANK_CARD)
    assert text(refused, TINY) == "[Banková karta] / ×Späť / — / Nečítali sme ju / Ukážte kartu obchodu"


def test_a_wide_glass_has_room_for_long_names() -> None:
    choice = RewardChoice(1, 2, "Zákusok podľa vlastného výberu", Points(500_000), Points(740_000))
    assert "Zákusok podľa vlastného výberu" in text(choice, WIDE)
    assert "…" in text(choice, USUAL)


@pytest.mark.parametrize(("glass", "drawn"), [(SMALL, True), (WIDE, True), (Glass(128, 32, 2.23), True), (TINY, False)])
def test_a_code_too_fine_for_a_phone_is_typed(glass: Glass, drawn: bool) -> None:
    page = lay_out(Pairing("K7QX-42MB", "https://b.sk/p/K7QX42MB"), "sk", glass)
    assert (page.code is not None) == drawn
    shown = page.text().replace("[", "").replace("]", "").replace("\n", "-")
    assert "K7QX-42MB" in shown


def test_every_kind_of_screen_is_known_here() -> None:
    assert {kind.__name__ for kind in get_args(Screen)} >= NO_NUMBER
