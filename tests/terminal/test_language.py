"""The screen speaks the member's language while the card is there, and the shop's before and after; staff choose among all."""

from __future__ import annotations

import pytest

from counter_table import JANA, NOW, PROGRAMME, account
from display.screens import MenuItem
from display.words import LANGUAGES
from drivers.events import Button, ButtonPressed
from loyalty.account import Account, Status
from terminal import inputs, states
from terminal.customers_part import part
from terminal.effects import Show
from terminal.inputs import Input
from terminal.session import step
from terminal.settings import SettingsError, read
from terminal.states import Desk, Mode, State


def shop(mode: Mode, language: str = "sk") -> State:
    return State("b", Desk("Bodka", language, PROGRAMME), mode, NOW)


def spoken(state: State, event: Input) -> tuple[State, str]:
    """The next state, and the language of its picture."""
    after, effects = step(state, event)
    shown = [effect for effect in effects if isinstance(effect, Show)]
    return after, shown[-1].language


def member(language: str) -> Account:
    return account(b"anna", language=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_members_language_comes_with_the_card_and_goes_with_it(language: str) -> None:
    """Also one in which the programme names nothing: its rewards then keep the first name they have."""
    before = shop(states.Idle(), "sk")
    with_card, heard = spoken(before, inputs.Found(member(language), NOW))
    assert heard == language
    _, after = spoken(with_card, ButtonPressed("b", Button.CANCEL, with_card.picture, NOW + 1_000))
    assert after == "sk"


@pytest.mark.parametrize("language", ["", "uk", "xx", "../sk"])
def test_a_language_that_is_not_spoken_here_is_the_shops(language: str) -> None:
    assert spoken(shop(states.Idle(), "pl"), inputs.Found(member(language), NOW))[1] == "pl"


def test_another_card_brings_its_own_language() -> None:
    state, first = spoken(shop(states.Idle(), "sk"), inputs.Found(member("hu"), NOW))
    _, second = spoken(state, inputs.Found(JANA, NOW + 5_000))
    assert (first, second) == ("hu", "sk")


@pytest.mark.parametrize("status", [Status.BLOCKED, Status.REPLACED])
@pytest.mark.parametrize("mode", [states.Idle(), states.Card(account(language="cs"), NOW + 30_000)], ids=["idle", "a card"])
def test_a_card_that_is_refused_is_refused_in_its_members_language(status: Status, mode: Mode) -> None:
    refused = account(b"anna", language="hu", status=status)
    state, heard = spoken(shop(mode), inputs.Found(refused, NOW))
    assert isinstance(state.mode, states.Notice)
    assert heard == "hu"
    assert part(state, None).language == "hu"
    _, after = spoken(state, inputs.Tick(NOW + 10_000))
    assert after == ("sk" if isinstance(mode, states.Idle) else "cs")


def test_a_refused_card_without_a_language_is_refused_in_the_shops() -> None:
    there = states.Card(account(language="cs"), NOW + 30_000)
    blocked = account(b"anna", status=Status.BLOCKED)
    assert spoken(shop(there), inputs.Found(blocked, NOW))[1] == "sk"


def test_the_staff_menu_goes_round_all_languages_and_comes_back() -> None:
    state, heard = shop(states.Menu(NOW + 60_000, MenuItem.LANGUAGE), LANGUAGES[0]), []
    for _ in LANGUAGES:
        state, language = spoken(state, ButtonPressed("b", Button.AWARD, state.picture, NOW))
        heard.append(language)
    assert heard == [*LANGUAGES[1:], LANGUAGES[0]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_settings_take_each_language(language: str) -> None:
    text = f'[cloud]\nurl = "https://cloud.example"\n[terminal]\nlanguage = "{language}"'
    assert read(text).terminal.language == language


def test_the_settings_name_those_there_are() -> None:
    with pytest.raises(SettingsError, match='language = "fr" is not spoken here: use one of sk, cs, hu, de, pl, en'):
        read('[cloud]\nurl = "https://cloud.example"\n[terminal]\nlanguage = "fr"')
