"""Renewing the terminal from its staff menu: a copy, a restored backup or a written-off terminal takes a new identity.

Staff see why, confirm with +, and wait; nothing of what was recorded is lost. `docs/conversation.md` has the table.
"""

from __future__ import annotations

from dataclasses import replace

from display import screens
from display.screens import Message
from loyalty.programme import SignIn
from sync.messages import Standing
from terminal import states
from terminal.effects import RENEW_MS, Renew, Sign, Signal
from terminal.states import State
from terminal.verbs import Outcome, go, say, stay


def ask(state: State) -> Outcome:
    """Says why the terminal has to be renewed, and asks."""
    return go(state, states.Renewal(state.now + states.CONFIRM_MS), Signal(Sign.KEY))


def heard(state: State) -> Outcome:
    """News of the cloud: where the terminal is well again, nobody is asked to renew it."""
    match state.mode:
        case states.Menu(item=screens.MenuItem.RENEW) as menu if not state.desk.cloud.stopped:
            return go(state, replace(menu, item=screens.MenuItem.RETURN))
        case states.Renewal() if not state.desk.cloud.stopped:
            return go(state, states.Idle())
        case _:
            return stay(state)


def screen_of(state: State) -> screens.RenewQuestion:
    """The question."""
    return screens.RenewQuestion(written_off=state.desk.cloud.stands is Standing.WRITTEN_OFF)


def confirm(state: State) -> Outcome:
    """+: renews, if somebody is signed in where the programme asks for it, and there is a network."""
    programme = state.desk.programme
    # Without a programme (the journal was saved from a broken disk) nobody can sign in: the mirror comes only after renewal.
    if programme is not None and programme.document.programme.sign_in is not SignIn.NONE and state.desk.staff is None:
        return say(state, Message.SIGN_IN_FIRST, state.mode)
    if not state.desk.cloud.online:
        return say(state, Message.RENEW_LATER, states.Idle())
    return go(state, states.Renewing(state.now + RENEW_MS), Renew())


def renewed(state: State) -> Outcome:
    """The new identity is on the disk, and the terminal works with it."""
    good = states.with_desk(state, cloud=replace(state.desk.cloud, stands=Standing.GOOD))
    if not isinstance(state.mode, states.Renewing):
        return heard(good)
    return say(good, Message.RENEWED, states.Idle())


def not_renewed(state: State, message: Message) -> Outcome:
    """It did not work, and may be tried again: nothing was lost."""
    return say(state, message, states.Idle()) if isinstance(state.mode, states.Renewing) else stay(state)


def time_is_up(state: State) -> Outcome:
    """No answer: what was asked may still come true by itself, and can be asked again."""
    return say(state, Message.RENEW_LATER, states.Idle())
