"""Screens of features that are not there yet: whole in every language and on every glass, and reached from nowhere."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

import pytest

from display.coming_gallery import coming
from display.coming_screens import ComingScreen, Coupon, Door, Entered, Joined, Pin, Refusal, Refused
from display.gallery import title
from display.glass import Glass
from display.layout import lay_out
from display.page import Text
from display.screens import Message, Screen
from display.words import LANGUAGES
from emulators.glasses import GLASSES, called

ROOT = Path(__file__).parents[2]

WORDS = (Door, Entered, Joined)


@pytest.mark.parametrize("glass", GLASSES, ids=called)
@pytest.mark.parametrize("language", LANGUAGES)
def test_they_fit_and_their_number_is_5_mm_high(language: str, glass: Glass) -> None:
    for screen in coming(language):
        page = lay_out(screen, language, glass)
        assert "…" not in page.text()
        for face in page.faces:
            assert face.spare >= 0, page.text()
            assert all(row.width <= glass.width - face.left for row in face.all_rows if isinstance(row, Text)), page.text()
        numbers = [face.number for face in page.faces if face.number is not None]
        assert all(number.height * glass.pitch >= 5 for number in numbers), page.text()
        words = isinstance(screen, WORDS) or getattr(screen, "value", 0) is None or getattr(screen, "least", 0) is None
        assert len(numbers) == (0 if words else 1), page.text()
        for live in page.live:
            assert any(live.words in face.text() for face in page.faces), page.text()


def test_each_has_a_sample_in_each_language_that_is_marked() -> None:
    for language in LANGUAGES:
        assert {type(screen) for screen in coming(language)} == set(get_args(ComingScreen))
        assert {screen.why for screen in coming(language) if isinstance(screen, Refused)} == set(Refusal)
        assert all("not yet reachable" in title(screen) for screen in coming(language))
    assert not set(get_args(ComingScreen)) & set(get_args(Screen))


def test_nothing_at_the_counter_knows_them() -> None:
    """Whoever makes a feature takes its screens out of here, and into `display.screens`."""
    for file in (ROOT / "terminal").rglob("*.py"):
        tree = ast.parse(file.read_text())
        imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not any("coming" in module for module in imported), file


def test_whatever_may_be_said_at_the_counter_is_said_somewhere() -> None:
    """A message that nothing says belongs here; to be listed among others (as news, as the customer's) is not to be said."""
    said: set[str] = set()
    for file in (ROOT / "terminal").rglob("*.py"):
        if file.name == "customers_part.py":
            continue
        tree = ast.parse(file.read_text())
        lists = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "frozenset"]
        listed = {id(inner) for one in lists for inner in ast.walk(one)}
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and id(node) not in listed]
        said |= {name.attr for name in names if ast.unparse(name.value).rpartition(".")[2] == "Message"}
    assert {message.name for message in Message} - said == set()


def text(screen: ComingScreen, language: str = "sk") -> str:
    return lay_out(screen, language).text().replace("\n", " / ")


def test_some_of_them() -> None:
    assert text(Coupon(1, 2, "Pečivo", 20)) == "Kupón 1/2 / [−20 %] / Pečivo / −Použiť ▸Ďalšia ×Späť"
    assert text(Entered("Jana K.", again=True), "en") == "[Come in] / Jana K. / Still the same visit"
    assert text(Pin(2)) == "Zadajte PIN / [●●○○] / ×Späť"
    assert text(Pin(99)) == text(Pin(4))
    assert text(Refused(Refusal.INSIDE)) == "[Nedá sa vstúpiť] / Už je dnu / Opýtajte sa obsluhy / ×Späť"
