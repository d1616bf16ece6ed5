"""The table "Words on the screen" of docs/conversation.md, line for line, and the rest of the screens' words."""

from __future__ import annotations

from typing import get_args

import pytest

from display.gallery import samples
from display.layout import lay_out
from display.page import Button, Live, Text
from display.screens import (
    Balance,
    CloudTrouble,
    Done,
    DonePaid,
    DoneStamps,
    Idle,
    Message,
    Money,
    Network,
    NewCard,
    Notice,
    PayConfirm,
    PayLess,
    Points,
    RewardChoice,
    Screen,
    StampCard,
    StampCardFull,
    Stamps,
    Sum,
    UndoQuestion,
    Unpaired,
)
from display.words import LANGUAGES, speak

JANA = "Jana K."

TABLE: list[tuple[Screen, Screen, str, str]] = [
    (
        Idle("Kaviareň Bodka", offline=False, waiting=0),
        Idle("Café Bodka", offline=False, waiting=0),
        "Kaviareň Bodka / [Priložte kartu] / alebo kód z mobilu",
        "Café Bodka / [Tap your card] / or show phone code",
    ),
    (
        StampCard(JANA, 7, 10, "káva zadarmo", until="kávy"),
        StampCard(JANA, 7, 10, "free coffee"),
        "Jana K. / ●●●●●●●○○○ / [7 z 10] / Ešte 3 do kávy / +Pečiatka",
        "Jana K. / ●●●●●●●○○○ / [7 of 10] / 3 more: free coffee / +Stamp",
    ),
    (
        Balance(Points(1_240_000), JANA, "zlatá", more=True),
        Balance(Points(1_240_000), JANA, "gold", more=True),
        "{1 240 b} / Jana K. · zlatá / +Pridať −Použiť ▸Iné",
        "{1,240 p} / Jana K. · gold / +Add −Use ▸More",
    ),
    (
        StampCardFull(JANA, 10, 10, "káva zadarmo"),
        StampCardFull(JANA, 10, 10, "free coffee"),
        "Jana K. · 10 z 10 / [KÁVA ZADARMO] / −Vydať +Pečiatka",
        "Jana K. · 10 of 10 / [FREE COFFEE] / −Give +Stamp",
    ),
    (
        Sum(Money(1850, "EUR"), "Mäso"),
        Sum(Money(1850, "EUR"), "Meat"),
        "{18,50 €} / Mäso ▸skupina / +Body −Platiť",
        "{18.50 €} / Meat ▸group / +Points −Pay",
    ),
    (
        PayConfirm(Money(1240, "EUR"), Money(610, "EUR")),
        PayConfirm(Money(1240, "EUR"), Money(610, "EUR")),
        "Zľava do pokladne / [−12,40 €] / Doplatok 6,10 € / −Potvrdiť ×Späť",
        "Discount for the till / [−12.40 €] / To pay 6.10 € / −Confirm ×Back",
    ),
    (
        RewardChoice(2, 3, "Koláč", Points(500_000), Points(740_000)),
        RewardChoice(2, 3, "Cake", Points(500_000), Points(740_000)),
        "Odmena 2/3 / [Koláč] / 500 b, ostane 740 / −Vydať ▸Ďalšia ×Späť",
        "Reward 2/3 / [Cake] / 500 p, leaves 740 / −Give ▸Next ×Back",
    ),
    (
        Done(Points(12_000), Points(1_252_000), later=False),
        Done(Points(12_000), Points(1_252_000), later=False),
        "{+12 b} / Spolu 1 252 b / Omyl: držte ×",
        "{+12 p} / Total 1,252 p / Mistake: hold ×",
    ),
    (
        Done(Points(12_000), Points(1_252_000), later=True),
        Done(Points(12_000), Points(1_252_000), later=True),
        "{+12 b} / Body sú zapísané / Odošlú sa neskôr",
        "{+12 p} / Points are saved / Will be sent later",
    ),
    (
        PayLess(Money(800, "EUR"), Money(1050, "EUR")),
        PayLess(Money(800, "EUR"), Money(1050, "EUR")),
        "[Teraz 8,00 €] / Viac, keď bude sieť / −Použiť ×Späť",
        "[8.00 € now] / More once online / −Use ×Back",
    ),
    (
        NewCard(),
        NewCard(),
        "[Nová karta] / Podmienky: QR vzadu / +Vydať ×Nie",
        "[New card] / Terms: QR on the back / +Issue ×No",
    ),
    (
        UndoQuestion(Points(12_000), JANA, 2),
        UndoQuestion(Points(12_000), JANA, 2),
        "Zrušiť zápis? / [+12 b] / Jana K., pred 2 min / Držte ×",
        "Undo this? / [+12 p] / Jana K., 2 min ago / Hold ×",
    ),
]


@pytest.mark.parametrize(("slovak", "english", "words_sk", "words_en"), TABLE)
def test_the_table_line_for_line(slovak: Screen, english: Screen, words_sk: str, words_en: str) -> None:
    assert lay_out(slovak, "sk").text().replace("\n", " / ") == words_sk
    assert lay_out(english, "en").text().replace("\n", " / ") == words_en


def text(screen: Screen, language: str = "sk") -> str:
    return lay_out(screen, language).text().replace("\n", " / ")


def test_screens_beside_the_table() -> None:
    paid = DonePaid(Money(1240, "EUR"), Money(610, "EUR"), Points(6_000), later=False)
    assert text(paid) == "Zľava do pokladne / [−12,40 €] / Doplatok 6,10 € / +6 b / Omyl: držte ×"
    assert text(StampCardFull(JANA, 10, 10, "káva", confirm=True)) == "Jana K. · 10 z 10 / [KÁVA] / −Potvrdiť ×Späť"
    assert text(StampCard("", 2, 6, "káva zadarmo", more=True)) == "●●○○○○ / [2 z 6] / Ešte 4: káva zadarmo / +Pečiatka ▸Iné"
    saving_up = Balance(Points(420_000), JANA, "zlatá", more=True, reward="Koláč", cost=Points(500_000))
    bar = "●" * 17 + "○" * 4
    assert text(saving_up) == f"Jana K. · zlatá / {bar} / [420 b] / Ešte 80 b: Koláč / +Pridať −Použiť ▸Iné"
    given = Done(Points(-500_000), Points(740_000), later=False, what="Koláč")
    assert text(given) == "Vydajte odmenu / [Koláč] / −500 b, ostane 740 / Omyl: držte ×"
    refused = Notice(Message.NOT_ENOUGH, amount=Points(2_000))
    assert text(refused) == "[Nestačí to] / Máte 2 body / Vyberte niečo menšie / ×Späť"
    assert (
        text(Notice(Message.MORE_LATER, amount=Points(8_000)))
        == "[Teraz 8 bodov] / Zvyšok je inde / Viac, keď bude sieť / ×Späť"
    )
    assert text(Notice(Message.MORE_SOON, amount=Stamps(4))) == "[Teraz 4 pečiatky] / Zvyšok je inde / Viac o chvíľu / ×Späť"
    assert (
        text(Notice(Message.MORE_SOON, amount=Money(0, "EUR"))) == "[Ešte tu nie sú] / Zvyšok je inde / Viac o chvíľu / ×Späť"
    )
    soon = PayLess(Money(800, "EUR"), Money(1050, "EUR"), soon=True)
    assert text(soon) == "[Teraz 8,00 €] / Viac o chvíľu / −Použiť ×Späť"
    idle = Idle("Bodka", offline=True, waiting=3, missing=("nfc",), clock="14:05")
    assert text(idle) == "Bodka / [Priložte kartu] / alebo kód z mobilu / ☁× 3  ⚠ 1  14:05"


def test_saved_here_and_sent_later_is_said_wherever_something_is_written() -> None:
    written: list[Screen] = [
        Done(Points(12_000), Points(0), later=True),
        Done(Points(-12_000), Points(0), later=True),
        Done(Stamps(-10), Stamps(0), later=True, what="Koláč"),
        DoneStamps(JANA, 8, 10, "káva", later=True),
        DonePaid(Money(1, "EUR"), Money(1, "EUR"), Points(0), later=True),
    ]
    for screen in written:
        assert "neskôr" in text(screen)
        assert "later" in text(screen, "en")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("trouble", CloudTrouble)
def test_each_trouble_with_the_cloud_has_its_words_and_a_way_on(trouble: CloudTrouble, language: str) -> None:
    page = lay_out(Network(online=False, minutes=3, trouble=trouble), language)
    assert [row.height for row in page.rows] == [16, 12, 12]
    assert "…" not in page.text()


def test_a_network_that_wants_a_login_is_said() -> None:
    login = Network(online=False, minutes=3, trouble=CloudTrouble.LOGIN)
    assert text(login, "en") == "[Login wanted] / for 3 min / Use another network / ×Back"
    assert text(login) == "[Chce prihlásenie] / už 3 min / Použite inú sieť / ×Späť"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_has_a_sample_and_our_own_words_are_never_shortened(language: str) -> None:
    assert {type(screen) for screen in samples(language)} == set(get_args(Screen))
    for screen in samples(language):
        page = lay_out(screen, language)
        own_ellipsis = sum(page.text().count(speak(language).word(text)) for text in ("Saving…", "One moment…"))
        assert page.text().count("…") == own_ellipsis, page.text()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("message", Message)
def test_a_refusal_has_a_title_a_reason_and_a_way_on(message: Message, language: str) -> None:
    page = lay_out(Notice(message, name=JANA), language)
    assert [row.height for row in page.rows] == [16, 12, 12]
    assert "…" not in page.text()


def test_live_buttons_are_a_fact_of_the_page() -> None:
    page = lay_out(Sum(Money(1850, "EUR"), "Mäso"), "sk")
    assert page.live == (
        Live(Button.AWARD, "+Body"),
        Live(Button.REDEEM, "−Platiť"),
        Live(Button.NEXT, "▸skupina", inside=True),
    )
    undo = lay_out(UndoQuestion(Points(1_000), "", 0), "sk")
    assert undo.live == (Live(Button.CANCEL, "Držte ×", held=True),)
    assert lay_out(Unpaired(), "sk").live == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_live_button_is_named_on_the_page(language: str) -> None:
    for screen in samples(language):
        page = lay_out(screen, language)
        for live in page.live:
            assert live.words in page.text()
            assert live.button.sign in live.words
        bottom = page.bottom
        if page.live:
            assert isinstance(bottom, Text)
            assert bottom.text == " ".join(live.words for live in page.live if not live.inside)
