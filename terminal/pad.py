"""The number pad: digits and Enter close a line, `*n` gives its product group, "/" starts a card or phone number."""

from __future__ import annotations

from dataclasses import replace

from display.screens import Message, Money, Verb
from loyalty.programme import Programme
from terminal import states
from terminal.effects import Identify, Sign, Signal
from terminal.states import EMPTY, Basket, State
from terminal.verbs import Outcome, card, go, redeem, say, stay

LONGEST_LINE = 12
LONGEST_NUMBER = 32

NOT_A_LINE = Signal(Sign.REFUSED)


def key(state: State, name: str) -> Outcome:
    """One key, other than + and −, which are the buttons."""
    mode, programme = state.mode, state.desk.programme
    if programme is None or isinstance(
        mode,
        states.Unpaired | states.Saving | states.Asking | states.Confirm | states.Choice | states.NewCard | states.Renewing,
    ):
        return stay(state)
    if isinstance(mode, states.Notice):
        return key(replace(state, mode=states.lasting(mode.back, state.now)), name)
    if isinstance(mode, states.Typing):
        return _more(state, programme, mode, name)
    if name in ("enter", "back", "*"):
        return stay(state)
    return _first(state, name)


def _first(state: State, name: str) -> Outcome:
    """The first key of a line: whose it is and what was typed before stays, but after "done" it is the next customer's."""
    mode, until = state.mode, state.now + states.SUM_MS
    text, is_card = ("", True) if name == "/" else (name, False)
    match mode:
        case states.Sum(basket=basket) if basket.preset is None:
            return go(state, states.Typing(text, until, basket, mode.account, is_card, changed=mode.changed))
        case states.Sum() | states.Card():
            return go(state, states.Typing(text, until, EMPTY, mode.account, is_card, changed=mode.changed))
        case states.Armed():
            verb = None if mode.verb is Verb.RETURN else mode.verb
            return go(state, states.Typing(text, until, mode.basket, card=is_card, verb=verb))
        case _:
            return go(state, states.Typing(text, until, card=is_card))


def _more(state: State, programme: Programme, mode: states.Typing, name: str) -> Outcome:
    """A further key of a line."""
    later = replace(mode, until=state.now + states.SUM_MS)
    if name == "enter":
        return enter(state, programme, mode)
    if name == "back":
        return go(state, replace(later, text=mode.text[:-1])) if mode.text else go(state, beneath(state, mode))
    if name == "/":
        return stay(state) if mode.text or mode.card else go(state, replace(later, card=True))
    if mode.card:
        typed = mode.text + name if name.isdigit() else mode.text
        return go(state, replace(later, text=typed[:LONGEST_NUMBER]))
    if (name == "," and ("," in mode.text or "*" in mode.text)) or (name == "*" and ("*" in mode.text or not mode.text)):
        return stay(state, NOT_A_LINE)
    return go(state, replace(later, text=(mode.text + name)[:LONGEST_LINE]))


def enter(state: State, programme: Programme, mode: states.Typing) -> Outcome:
    """Closes the line: a number is looked up, a sum is added to the bill."""
    if not mode.text:
        return go(state, beneath(state, mode))
    if mode.card:
        return go(state, beneath(state, mode), Identify(mode.text))
    line = parse_line(mode.text, programme, implied=state.desk.implied_decimals)
    if line is None:
        return go(state, replace(mode, until=state.now + states.SUM_MS), NOT_A_LINE)
    basket = bill(state, programme, mode)
    if basket.total > programme.largest_sum:
        limit = Money(programme.largest_sum, programme.currency)
        return say(state, Message.SUM_TOO_LARGE, replace(mode, text=""), amount=limit)
    typed = states.Sum(basket, state.now + states.SUM_MS, mode.account, mode.changed)
    if mode.account is not None and basket.returning:
        return redeem(state, programme, mode.account, basket, 0, typed)
    if mode.verb is not None:
        return go(state, states.Armed(mode.verb, state.now + states.ARMED_MS, basket))
    return go(state, typed)


def bill(state: State, programme: Programme, mode: states.Typing) -> Basket:
    """The bill with the line as far as it is typed, where that is a line already."""
    line = None if mode.card else parse_line(mode.text, programme, implied=state.desk.implied_decimals)
    return replace(mode.basket, lines=(*mode.basket.lines, line)) if line else mode.basket


def beneath(state: State, mode: states.Typing) -> states.Mode:
    """What lies under a line that is given up."""
    if mode.verb is not None:
        return states.Armed(mode.verb, state.now + states.ARMED_MS, mode.basket)
    if mode.basket.lines:
        return states.Sum(mode.basket, state.now + states.SUM_MS, mode.account, mode.changed)
    return card(state, mode.account, changed=mode.changed) if mode.account else states.Idle()


def parse_line(text: str, programme: Programme, *, implied: bool) -> tuple[str, int] | None:
    """A typed line as (group key, minor units): "18,50", "3,20*2", "1250" (12,50 where decimals are implied), or None.

    A group nobody knows, more decimals than the currency has, and a sum of nothing are none.
    """
    amount, star, group = text.partition("*")
    whole, comma, fraction = amount.partition(",")
    if star and programme.group(group) is None:
        return None
    if not (whole + fraction).isdecimal() or len(fraction) > programme.digits:
        return None
    if comma or not implied:
        minor = int(whole or "0") * 10**programme.digits + int(fraction.ljust(programme.digits, "0") or "0")
    else:
        minor = int(whole)
    return (group, minor) if minor > 0 else None
