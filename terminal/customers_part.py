"""What the customer's panel shows beside the staff's: the customer's part of the conversation. Pure.

The staff's panel has every screen with its buttons. The customer's has what concerns the customer, without any: menus, choices
and what staff must know stay on the other side of the counter. docs/decisions/0020 has the table and the reasons.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from display import screens
from display.notices import NOT_TOLD as NOT_TOLD
from display.screens import Message, Screen
from terminal import faces, pad, states
from terminal.panel_news import PANEL, STAFF_PANEL
from terminal.states import Mode, State

TOLD = {
    message: message
    for message in (
        Message.READ_AGAIN,
        Message.NOT_OUR_CARD,
        Message.BANK_CARD,
        Message.TWO_CARDS,
        Message.NO_IDENTITY,
        Message.CARD_BLOCKED,
        Message.CARD_REPLACED,
        Message.CARD_NEEDED,
        Message.NOT_ENOUGH,
        Message.MORE_LATER,
        Message.MORE_SOON,
        Message.NO_REWARD,
        Message.NOT_SAVED,
        Message.NO_PROGRAMME,
    )
} | {Message.DISK_FULL: Message.NOT_SAVED}
"""What a customer is told of each message, where it concerns them: their card, or what is on it."""

Own = (
    screens.StampCard
    | screens.StampCardFull
    | screens.Balance
    | screens.Done
    | screens.DoneStamps
    | screens.DonePaid
    | screens.Undone
)
"""What is the customer's own, and stays while staff look into their menu. A bill does not: the menu gives it up."""


@dataclass(frozen=True, slots=True)
class Part:
    """The customer's part; `display.customers_page` draws it without buttons."""

    screen: Screen
    language: str


def shows_all(state: State) -> bool:
    """Whether the customer's panel has to show everything, as the only one does: the staff's is lost."""
    return STAFF_PANEL in state.desk.missing


def part(state: State, was: Part | None) -> Part:
    """The customer's part of a state; `was` is the part before it."""
    return _of(state, state.mode, was)


def _of(state: State, mode: Mode, was: Part | None) -> Part:
    match mode:
        case states.Unpaired() | states.Idle() | states.Renewal() | states.Renewing() | states.Setup():
            return _idle(state)
        case states.Card() | states.Sum() | states.Armed() | states.NewCard() | states.Confirm() | states.Done():
            shown = faces.screen_of(replace(state, mode=mode))
            return _idle(state) if shown is None else _spoken(state, mode, _without_choices(shown))
        case states.Typing():
            return _of(state, pad.beneath(state, mode), was)
        case states.Choice():
            return _card(state, mode)
        case states.Asking():
            return _of(state, mode.back, was)
        case states.Saving():
            return Part(screens.Wait(), faces.spoken(state, mode)) if state.now >= mode.slow else was or _idle(state)
        case states.Notice() if mode.message in TOLD:
            notice = screens.Notice(TOLD[mode.message], mode.name, mode.amount)
            return _spoken(state, mode, notice)
        case states.Notice():
            return _of(state, mode.back, was)
        case states.Menu() | states.Info() | states.Undo():
            return was if was is not None and isinstance(was.screen, Own) else _idle(state)
        case states.DeviceTest():
            return _tested(state, mode)
        case _:
            assert_never(mode)


def _idle(state: State) -> Part:
    """Without the signs: they are for staff, who have them on their own panel."""
    desk = state.desk
    if not desk.shop:
        return Part(screens.Unpaired(), desk.language)
    shown = screens.Updating() if desk.updating else screens.Idle(desk.shop, offline=False, waiting=0, clock=desk.clock)
    return Part(shown, desk.language)


def _card(state: State, mode: states.Choice) -> Part:
    """Whose rewards are chosen from: their points."""
    programme = state.desk.programme
    if programme is None:
        return _idle(state)
    return _spoken(state, mode, _without_choices(faces.card_face(state, programme, mode.account, len(programme.stamps))))


def _tested(state: State, mode: states.DeviceTest) -> Part:
    """Its own border is asked for."""
    shown = faces.screen_of(replace(state, mode=mode))
    border = isinstance(shown, screens.DeviceTest) and shown.task is screens.Task.BORDER and shown.what == PANEL
    return _spoken(state, mode, shown) if shown is not None and border else _idle(state)


def _without_choices(shown: Screen) -> Screen:
    """The same without what a button would choose, so that it stays as it is while staff choose."""
    match shown:
        case screens.StampCard() | screens.Balance():
            return replace(shown, more=False)
        case screens.StampCardFull():
            return replace(shown, more=False, confirm=False)
        case screens.Sum():
            return replace(shown, group="", preset=False, ask=False)
        case screens.Done():
            return replace(shown, what="")
        case _:
            return shown


def _spoken(state: State, mode: Mode, shown: Screen) -> Part:
    return Part(shown, faces.spoken(state, mode))
