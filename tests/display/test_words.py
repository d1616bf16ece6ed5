"""The catalogues are whole: every text in the code has its words in every language."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from configparser import ConfigParser
from pathlib import Path
from shutil import copy, copytree, ignore_patterns

import pytest
from babel import Locale
from catalogues import ROOT, Catalogues, strings, texts_of

from display.letters import plain
from display.lines import whole
from display.words import LANGUAGES, TextsMissing, speak

PANELS = Catalogues(
    "display",
    "bodka",
    {"say": (1,), "count": (1, 2), "msgid": (1,), "press": (3,), "hold": (2,)},
    frozenset({"p", "max. {amount}", "{n} h", "{n} min", "{n} s", "Test {number}/{count}", "Menu {number}/{count}"}),
)


def test_scripts_texts_looks_for_the_same_calls() -> None:
    assert PANELS.looked_for_in_scripts_texts()


def test_the_template_has_every_text_of_the_code() -> None:
    texts = PANELS.in_python()
    assert len(texts) > 100
    assert texts_of(PANELS.template) == texts, "run scripts/texts"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    PANELS.check_translated(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_of_the_words_can_be_drawn(language: str) -> None:
    for message in PANELS.of(language):
        if message.id:
            for text in strings(message.string):
                assert plain(text) == text


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


SPOILT = {
    "empty": ('msgstr "Priložte kartu"', 'msgstr ""', "Tap your card"),
    "missing": ('msgid "Tap your card"\nmsgstr "Priložte kartu"\n', "", "Tap your card"),
    "fuzzy": ('msgid "Tap your card"', '#, fuzzy\nmsgid "Tap your card"', "Tap your card"),
    "a form": ('msgstr[1] "{n} body"', 'msgstr[1] ""', "{n} point"),
}


@pytest.mark.parametrize(("was", "now", "named"), SPOILT.values(), ids=SPOILT)
def test_the_build_fails_where_a_translation_is_missing(was: str, now: str, named: str, tmp_path: Path) -> None:
    for file in ("setup.py", "setup.cfg", "README.md", "LICENSE"):
        copy(ROOT / file, tmp_path)
    for folder in ("display", "terminal/counter/locale"):
        copytree(ROOT / folder, tmp_path / folder, ignore=ignore_patterns("*.mo", "__pycache__"))
    setup = ConfigParser()
    setup.read(tmp_path / "setup.cfg")
    for package in setup["options"]["packages"].split():  # the others have no texts: empty ones do
        (tmp_path / package.replace(".", "/")).mkdir(parents=True, exist_ok=True)
        (tmp_path / package.replace(".", "/") / "__init__.py").touch()
    built = build(tmp_path)
    assert built.returncode == 0, built.stderr
    texts = tmp_path / "display/locale/sk/LC_MESSAGES/bodka.po"
    before = texts.read_text()
    assert was in before
    texts.write_text(before.replace(was, now))
    failed = build(tmp_path)
    assert failed.returncode != 0
    assert "sk/LC_MESSAGES/bodka.po" in failed.stderr
    assert named in failed.stderr


def build(tree: Path) -> subprocess.CompletedProcess[str]:
    """The package's texts alone."""
    command = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", "built"]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


def test_compiled_texts_do_not_say_when_they_were_compiled() -> None:
    """Or two packages of one commit would differ."""
    libraries = Path(sysconfig.get_path("purelib"))
    folders = (libraries / "display/locale", libraries / "terminal/counter/locale")
    compiled = [file.read_bytes() for folder in folders for file in folder.glob("*/LC_MESSAGES/*.mo")]
    assert len(compiled) == 2 * len(LANGUAGES)
    assert all(b"POT-Creation-Date: 2000-01-01 00:00+0000" in text for text in compiled)
