"""What stands around the panel on the counter page comes in the terminal's language: each text, and the page whole."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from catalogues import Catalogues, texts_of
from counter_desk import CAFE

from display.letters import plain
from display.words import LANGUAGES, TextsMissing
from loyalty.entry import CLOUDS_OWN, Cause, Posting
from terminal.counter.rig import CAUSES, Books
from terminal.counter.tray import Tray
from terminal.counter.words import marked, page_words

PAGE = files("terminal.counter").joinpath("page/index.html").read_text(encoding="utf-8")
CARDS = {text for card in Tray.sample().cards.values() for text in (card.name, card.about)}

PAGES = Catalogues(
    "terminal/counter",
    "counter",
    {"say": (1,), "count": (1, 2), "msgid": (1,)},
    frozenset({"Jana", "Peter", "Zoltán", "Cloud", "plus", "minus"}),
)


def test_scripts_texts_looks_for_the_same_calls() -> None:
    assert PAGES.looked_for_in_scripts_texts()


def test_the_template_has_every_text_of_the_code_the_page_and_the_tray() -> None:
    assert texts_of(PAGES.template) == PAGES.in_python() | set(marked(PAGE)) | CARDS, "run scripts/texts"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    PAGES.check_translated(language)


def test_no_word_of_the_page_is_left_out_of_the_catalogues() -> None:
    """What is read on it, or out of its attributes, stands in braces; but for the name, and the keys as they are engraved."""
    bare = re.sub(r"\{\{.*?\}\}", "", PAGE)
    read = re.findall(r">([^<>]*[^\W\d_][^<>]*)<", bare) + re.findall(r'(?:aria-label|placeholder|title|alt)="([^"]+)"', bare)
    assert {text.strip() for text in read} == {"Bodka", "Esc"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_filled_and_says_its_language(language: str) -> None:
    filled = page_words(language).fill(PAGE)
    assert f'<html lang="{language}">' in filled
    assert "{{" not in filled
    assert page_words(language).say("Cables") in filled
    assert len(re.findall("<", filled)) == len(re.findall("<", PAGE))


def test_what_a_catalogue_says_cannot_become_a_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    words = page_words("en")
    monkeypatch.setattr(words._catalogue, "gettext", lambda text: '"><script>')
    assert words.fill('<p title="{{Cards}}">') == '<p title="&quot;&gt;&lt;script&gt;">'


@pytest.mark.parametrize(("n", "says"), [(1, "1 zápis čaká"), (3, "3 zápisy čakajú"), (5, "5 zápisov čaká")])
def test_what_waits_is_counted_as_one_says_it(n: int, says: str) -> None:
    assert page_words("sk").count("{n} entry waits", "{n} entries wait", n) == says


@pytest.mark.parametrize(("language", "says"), [("sk", "+1 240,5 b"), ("en", "+1,240.5 p"), ("de", "+1.240,5 P")])
def test_the_journal_counts_points_to_the_thousandth_and_stamps_whole(language: str, says: str) -> None:
    points = CAFE.points
    assert points is not None
    books = Books(page_words(language), lambda: CAFE)
    postings = Posting(points.purse, 1_240_500), Posting("coffee", -10)
    assert [plain(change) for change in books.changes(postings)] == [says, "−10 coffee"]


def test_the_journal_says_why_an_entry_was_made() -> None:
    books = Books(page_words("sk"), lambda: None)
    assert books.what("award", "") == "Pridané"
    assert books.what("redeem", "káva") == "Odmena: káva"
    assert books.what("of a newer version", "") == "of a newer version"
    assert CAUSES.keys() == {cause.value for cause in set(Cause) - CLOUDS_OWN}


def test_a_device_without_a_name_of_its_own_keeps_its_name() -> None:
    assert page_words("sk").device("nfc") == "NFC čítačka"
    assert page_words("sk").device("door") == "door"


def test_a_language_without_texts_is_named() -> None:
    with pytest.raises(TextsMissing, match="'xx'"):
        page_words("xx")
