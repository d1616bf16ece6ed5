"""The catalogues are whole: every text in the code has its words in every language."""

from __future__ import annotations

import re
import sysconfig
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from display.lines import whole
from display.words import LANGUAGES, TextsMissing, speak

SOURCES = Path(__file__).parents[2] / "display"
KEYWORDS = {"say": (1,), "count": (1, 2), "msgid": (1,), "press": (3,), "hold": (2,)}
"""As in scripts/texts."""

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


@pytest.mark.parametrize(("language", "forms"), [("sk", 3), ("en", 2)])
def test_plurals_have_every_form(language: str, forms: int) -> None:
    for message in catalogue(f"{language}/LC_MESSAGES/bodka.po"):
        if isinstance(message.id, tuple):
            assert len(message.string) == forms


def test_no_english_is_left_in_the_slovak_words() -> None:
    same = {message.id for message in catalogue("sk/LC_MESSAGES/bodka.po") if message.id and message.id == message.string}
    assert same == {"{n} h", "{n} min", "{n} s"}


@pytest.mark.parametrize(
    ("n", "slovak", "english"),
    [
        (0, "0 bodov", "0 points"),
        (1, "1 bod", "1 point"),
        (2, "2 body", "2 points"),
        (4, "4 body", "4 points"),
        (5, "5 bodov", "5 points"),
        (11, "11 bodov", "11 points"),
        (22, "22 bodov", "22 points"),
    ],
)
def test_plural_forms(n: int, slovak: str, english: str) -> None:
    assert whole(speak("sk").count("{n} point", "{n} points", n)) == slovak
    assert whole(speak("en").count("{n} point", "{n} points", n)) == english


def test_a_language_without_texts_says_what_to_do() -> None:
    with pytest.raises(TextsMissing, match=r"'xx'.*Use one of: sk, en.*scripts/environment"):
        speak("xx")


def test_compiled_texts_do_not_say_when_they_were_compiled() -> None:
    """Or two packages of one commit would differ."""
    folder = Path(sysconfig.get_path("purelib")) / "display/locale"
    compiled = [file.read_bytes() for file in folder.glob("*/LC_MESSAGES/*.mo")]
    assert compiled
    assert all(b"POT-Creation-Date: 2000-01-01 00:00+0000" in text for text in compiled)
