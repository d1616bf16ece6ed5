"""A person's name stands in the order of the screen's language, on every screen that has one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display.coming_screens import Entered, Joined, PassCard
from display.layout import lay_out
from display.names import in_order
from display.screens import (
    Balance,
    DoneStamps,
    Message,
    Money,
    Notice,
    Points,
    Screen,
    StampCard,
    StampCardFull,
    Sum,
    UndoQuestion,
)
from display.words import LANGUAGES

NAME = "Zoltán K."
NAMED: tuple[Screen, ...] = (
    StampCard(NAME, 7, 10, "kávé"),
    StampCardFull(NAME, 10, 10, "kávé"),
    StampCardFull(NAME, 10, 10, "kávé", confirm=True),
    Balance(Points(1_240_000), NAME),
    Sum(Money(500, "EUR"), name=NAME),
    DoneStamps(NAME, 8, 10, "kávé", later=False),
    UndoQuestion(Points(12_000), NAME, 2),
    Notice(Message.SIGNED_IN, NAME),
    Notice(Message.SIGNED_OUT, NAME),
)
COMING = (PassCard("Szauna", 7, NAME), Entered(NAME), Joined(NAME))


@pytest.mark.parametrize(
    ("kept", "stands"),
    [
        ("Zoltán K.", "K. Zoltán"),
        ("Zoltán  K. ", "K. Zoltán"),
        ("György Sz.", "Sz. György"),
        ("Zoltán Péter K.", "K. Zoltán Péter"),
        ("Anna K.-N.", "K.-N. Anna"),
        ("Ľubica Š.", "Š. Ľubica"),
        # in full, in whatever order: whoever wrote it knew it
        ("Kovács Zoltán", "Kovács Zoltán"),
        ("Zoltán Kovács", "Zoltán Kovács"),
        ("K. Zoltán", "K. Zoltán"),
        # neither a family name's initial
        ("Kovács János dr.", "Kovács János dr."),
        ("Kovács János ifj.", "Kovács János ifj."),
        ("Zoltán", "Zoltán"),
        ("K.", "K."),
        ("", ""),
    ],
)
def test_in_hungarian_the_initial_of_the_family_name_comes_first(kept: str, stands: str) -> None:
    assert in_order(kept, "hu") == stands


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "hu"])
@given(name=st.text())
def test_elsewhere_a_name_stands_as_it_is_kept(language: str, name: str) -> None:
    assert in_order(name, language) == name


@given(st.text())
def test_nothing_of_a_name_is_lost_and_the_order_stays(name: str) -> None:
    stands = in_order(name, "hu")
    assert sorted(stands.split()) == sorted(name.split())
    assert in_order(stands, "hu").split() in (stands.split(), name.split())


@pytest.mark.parametrize("screen", [*NAMED, *COMING], ids=lambda screen: type(screen).__name__)
def test_every_screen_with_a_name_has_it_in_order(screen: Screen) -> None:
    assert "K. Zoltán" in lay_out(screen, "hu").text()
    assert "Zoltán K." in lay_out(screen, "sk").text()
