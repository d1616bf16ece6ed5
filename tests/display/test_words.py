"""The catalogues are whole: every text in the code has its words in every language."""

from __future__ import annotations

import re
import sysconfig
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po

from display.letters import plain
from display.lines import whole
from display.words import LANGUAGES, TextsMissing, speak

SOURCES = Path(__file__).parents[2] / "display"
KEYWORDS = {"say": (1,), "count": (1, 2), "msgid": (1,), "press": (3,), "hold": (2,)}
"""As in scripts/texts."""

SAME_IN_ENGLISH = {"p", "max. {amount}", "{n} h", "{n} min", "{n} s", "Test {number}/{count}", "Menu {number}/{count}"}
"""Words that are the same in another language by right."""

Text = str | tuple[str, ...]


def catalogue(path: str) -> Catalog:
    with (SOURCES / "locale" / path).open("rb") as file:
        return read_po(file)


def texts_in_the_code() -> set[Text]:
    found = extract_from_dir(SOURCES, method_map=[("**.py", "python")], keywords=KEYWORDS)
    return {message if isinstance(message, str) else tuple(message) for _, _, message, _, _ in found}


def texts_of(catalogue: Catalog) -> set[Text]:
    return {message.id if isinstance(message.id, str) else tuple(message.id) for message in catalogue if message.id}


def fields(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


def test_scripts_texts_looks_for_the_same_calls() -> None:
    script = (SOURCES.parent / "scripts" / "texts").read_text()
    given = dict(re.findall(r"-k (\w+):([\d,]+)", script))
    assert given == {name: ",".join(map(str, places)) for name, places in KEYWORDS.items()}


def test_the_template_has_every_text_of_the_code() -> None:
    texts = texts_in_the_code()
    assert len(texts) > 100
    assert texts_of(catalogue("bodka.pot")) == texts, "run scripts/texts"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    words = catalogue(f"{language}/LC_MESSAGES/bodka.po")
    assert texts_of(words) == texts_of(catalogue("bodka.pot")), "run scripts/texts"
    for message in words:
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        translated = (message.string,) if isinstance(message.string, str) else message.string
        assert all(translated), f"no {language} words for {message.id!r}"
        originals = (message.id,) if isinstance(message.id, str) else message.id
        for one in translated:
            assert fields(one) == fields(originals[0]), message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_of_the_words_can_be_drawn(language: str) -> None:
    for message in catalogue(f"{language}/LC_MESSAGES/bodka.po"):
        if message.id:
            for text in (message.string,) if isinstance(message.string, str) else message.string:
                assert plain(text) == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_plurals_have_every_form(language: str) -> None:
    words = catalogue(f"{language}/LC_MESSAGES/bodka.po")
    forms, rule = get_plural(language)[:2]
    assert (words.num_plurals, words.plural_expr) == (forms, rule)
    for message in words:
        if isinstance(message.id, tuple):
            assert len(message.string) == forms


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_no_english_is_left_in_another_languages_words(language: str) -> None:
    words = catalogue(f"{language}/LC_MESSAGES/bodka.po")
    assert {message.id for message in words if message.id and message.id == message.string} <= SAME_IN_ENGLISH


POINTS = {
    "sk": {"bod": (1,), "body": (2, 3, 4), "bodov": (0, 5, 11, 12, 21, 22, 104, 1240)},
    "cs": {"bod": (1,), "body": (2, 3, 4), "bodů": (0, 5, 11, 12, 21, 22, 104, 1240)},
    "hu": {"pont": (0, 1, 2, 5, 11, 22, 104, 1240)},
    "de": {"Punkt": (1,), "Punkte": (0, 2, 5, 11, 21, 22, 104, 1240)},
    "pl": {"punkt": (1,), "punkty": (2, 3, 4, 22, 23, 24, 104, 1242), "punktów": (0, 5, 11, 12, 13, 14, 21, 25, 112, 1240)},
    "en": {"point": (1,), "points": (0, 2, 5, 11, 21, 22, 104, 1240)},
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms(language: str) -> None:
    for form, numbers in POINTS[language].items():
        for n in numbers:
            assert whole(speak(language).count("{n} point", "{n} points", n)) == f"{n} {form}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_form_stands_where_unicode_says(language: str) -> None:
    """Two numbers of one CLDR category have one form; for whole numbers there are no others."""
    of_category: dict[str, set[str]] = {}
    for n in range(1_200):
        form = whole(speak(language).count("{n} entry", "{n} entries", n)).replace(str(n), "").strip()
        of_category.setdefault(Locale(language).plural_form(n), set()).add(form)
    assert all(len(forms) == 1 for forms in of_category.values())


def test_a_language_without_texts_says_what_to_do() -> None:
    with pytest.raises(TextsMissing, match=r"'xx'.*Use one of: sk, cs, hu, de, pl, en.*scripts/environment"):
        speak("xx")


def test_compiled_texts_do_not_say_when_they_were_compiled() -> None:
    """Or two packages of one commit would differ."""
    folder = Path(sysconfig.get_path("purelib")) / "display/locale"
    compiled = [file.read_bytes() for file in folder.glob("*/LC_MESSAGES/*.mo")]
    assert compiled
    assert all(b"POT-Creation-Date: 2000-01-01 00:00+0000" in text for text in compiled)
