"""What a level or a milestone will add is shown with what was earned; it is the cloud's to post (invariant 7)."""

from __future__ import annotations

from uuid import UUID

import pytest

from display import screens
from display.layout import lay_out
from display.screens import Points
from drivers.events import Button, ButtonPressed
from loyalty.account import Account, Holding
from loyalty.derived import Progress
from loyalty.entry import Cause, Draft, Moment, Personal, Posting, entry_from
from loyalty.programme import read
from terminal import inputs, session, states
from terminal.effects import Record
from terminal.inputs import CloudNews
from terminal.states import Basket, Desk

ANNA = Personal(b"a" * 16, b"a" * 16)
PROGRAMME = read(
    """
[programme]
key = "p"
version = 1
name = "P"
[points]
per_unit = "1"
worth = "0.01"
[[levels]]
key = "gold"
name = {sk = "zlatá", en = "gold"}
from = "300"
coefficient = "1.5"
[[levels]]
key = "silver"
name = {sk = "strieborná", en = "silver"}
[[milestones]]
key = "fifty"
every = "50"
points = "5"
"""
)


def account(progress: Progress, level: str = "") -> Account:
    return Account(ANNA, "Anna", level, "sk", holdings=(Holding("points", 100_000, 100_000),), progress=progress)


def done(progress: Progress, cents: int = 12_00, *, online: bool = True) -> screens.Screen | None:
    """The screen after a bill was awarded; the record itself names nothing but what was earned."""
    anna = account(progress)
    desk = Desk("Bodka", programme=PROGRAMME, cloud=CloudNews(online=online, waiting=0))
    state = session.begin("b", desk)
    summed = states.Sum(Basket((("", cents),)), 1_000, anna)
    state, effects = session.step(
        states.State("b", desk, summed, picture=1, since=1), ButtonPressed("buttons", Button.AWARD, 1, 2)
    )
    [record] = [effect for effect in effects if isinstance(effect, Record)]
    assert [(p.purse, p.delta) for p in record.draft.postings] == [("points", cents * 10)]
    entry = entry_from(record.draft, UUID(int=1), Moment(UUID(int=1), 1, 1, True), "s", 1)
    state, _ = session.step(state, inputs.Recorded(record.key, entry, anna, 3))
    assert isinstance(state.mode, states.Done)
    return state.mode.screen


@pytest.mark.parametrize(
    ("progress", "bonus", "level"),
    [
        (Progress(), None, ""),
        (Progress("gold"), Points(6_000), "zlatá"),
        (Progress("", spent=45_00), Points(5_000), ""),
        (Progress("gold", spent=45_00), Points(11_000), "zlatá"),
        (Progress("gold", owing=6_000), None, ""),
        (Progress("unheard of"), None, ""),
    ],
)
def test_the_bonus_that_the_cloud_will_post_is_shown(progress: Progress, bonus: Points | None, level: str) -> None:
    shown = done(progress)
    assert isinstance(shown, screens.Done)
    assert (shown.change, shown.bonus, shown.level) == (Points(12_000), bonus, level)


def test_how_it_looks() -> None:
    page = lay_out(done(Progress("gold")), "sk").text().splitlines()
    assert page == ["[+12 b]", "Spolu 100 b", "Príde +6 b · zlatá", "Omyl: držte ×"]
    page = lay_out(done(Progress("gold"), online=False), "en").text().splitlines()
    assert page == ["[+12 p]", "Points are saved", "+6 p to come · zlatá", "Will be sent later"]
    page = lay_out(done(Progress(spent=45_00)), "sk").text().splitlines()
    assert page[2] == "Príde +5 b"


@pytest.mark.parametrize(
    ("progress", "listed", "named"),
    [
        (Progress("gold"), "stará", "zlatá"),
        (Progress("gold"), "silver", "zlatá"),
        (Progress(), "silver", "strieborná"),
        (Progress("x"), "silver", "strieborná"),
        (Progress(), "stará", "stará"),
        (Progress("x"), "stará", "stará"),
        (Progress(), "", ""),
    ],
)
def test_the_card_shows_the_level_by_its_name(progress: Progress, listed: str, named: str) -> None:
    """The one that was earned before that of the list of members; one that has no name stays as the list has it."""
    desk = Desk("Bodka", programme=PROGRAMME, cloud=CloudNews(online=True, waiting=0))
    state, _ = session.step(session.begin("b", desk), inputs.Found(account(progress, listed), 1))
    assert isinstance(state.mode, states.Card)
    _, effects = session.show(state)
    [shown] = [effect.screen for effect in effects if hasattr(effect, "screen")]
    assert shown == screens.Balance(Points(100_000), "Anna", named)


def test_nothing_is_promised_for_what_is_no_award() -> None:
    anna = account(Progress("gold"))
    desk = Desk("Bodka", programme=PROGRAMME, cloud=CloudNews(online=True, waiting=0))
    draft = Draft(Cause.AWARD, ANNA, (Posting("points", 12_000),))
    entry = entry_from(draft, UUID(int=1), Moment(UUID(int=1), 1, 1, True), "s", 1)
    saving = states.Saving("k", draft, anna, 500)
    state, _ = session.step(states.State("b", desk, saving), inputs.Recorded("k", entry, anna, 3))
    assert isinstance(state.mode, states.Done)
    assert isinstance(state.mode.screen, screens.Done)
    assert state.mode.screen.bonus is None
