"""What staff can do to an account: award, redeem, pay, take goods back, undo. Each either records, asks, or says why not.

Every function takes the state and returns what follows: the new state and the effects, without the picture, which
`session.step` adds at the end.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TypeAlias

import msgspec

from display import screens
from display.screens import Amount, Message, Money, Points, Stamps, Verb
from loyalty import rules
from loyalty.account import Account, Holding
from loyalty.entry import Cause, Draft, Personal
from loyalty.programme import Programme, SignIn, StampRules
from terminal import faces, states
from terminal.effects import ASK_MS, Ask, Effect, Record, Sign, Signal
from terminal.inputs import Recalled
from terminal.states import EMPTY, Basket, Mode, State

Outcome: TypeAlias = tuple[State, tuple[Effect, ...]]

MACHINE_TROUBLE = frozenset(
    {Message.NOT_SAVED, Message.DISK_FULL, Message.STOPPED, Message.RENEW_LATER, Message.NOT_RENEWED, Message.NO_PROGRAMME}
)
NEWS = frozenset({Message.SIGNED_IN, Message.SIGNED_OUT, Message.RENEWED, Message.SHOP_CLOSED})


def go(state: State, mode: Mode, *effects: Effect) -> Outcome:
    """The conversation moves to `mode`."""
    return replace(state, mode=mode), effects


def stay(state: State, *effects: Effect) -> Outcome:
    """Nothing moves."""
    return state, effects


def say(
    state: State, message: Message, back: Mode, name: str = "", amount: Amount | None = None, language: str = ""
) -> Outcome:
    """A message is shown and heard; then the conversation goes on at `back`."""
    sign = Sign.TROUBLE if message in MACHINE_TROUBLE else Sign.KEY if message in NEWS else Sign.REFUSED
    return go(state, states.Notice(message, state.now + states.NOTICE_MS, back, name, amount, language), Signal(sign))


def card(state: State, account: Account, face: int = 0, changed: int | None = None) -> states.Card:
    """The card's own face, for as long as a customer looks at it."""
    return states.Card(account, state.now + states.CARD_MS, face, changed)


def usable(holding: Holding) -> int:
    """What may be spent of a purse here and now: never more than the person sees."""
    return max(0, min(holding.balance, holding.spendable))


def within_reach(state: State, holding: Holding) -> int:
    """What may be offered of a purse: all of it while the cloud can be asked for it."""
    return holding.balance if state.desk.cloud.online else usable(holding)


def usable_more(programme: Programme, before: Account, after: Account) -> bool:
    """Whether more points can be spent here than before."""
    purse = programme.points.purse if programme.points else ""
    return usable(after.holding(purse)) > usable(before.holding(purse))


def record(state: State, draft: Draft, account: Account | None, basket: Basket = EMPTY) -> Outcome:
    """Writes a draft down; nothing is promised before the journal has answered."""
    signed = msgspec.structs.replace(draft, staff=state.desk.staff.id if state.desk.staff else "")
    key = state.key()
    saving = states.Saving(key, signed, account, state.now + states.SLOW_MS, basket)
    return go(replace(state, records=state.records + 1), saving, Record(key, signed))


def not_served(state: State, account: Account) -> Message | None:
    """Why this account cannot be served by who is at the desk, if it cannot."""
    staff = state.desk.staff
    return Message.OWN_CARD if staff and staff.account == account.whose.account else None


def not_spending(state: State, programme: Programme, account: Account | None) -> Message | None:
    """Why nothing can be taken off now, if nothing can: each reason the person can do something about."""
    if state.desk.cloud.stopped:
        return Message.STOPPED
    if programme.document.programme.sign_in is not SignIn.NONE and state.desk.staff is None:
        return Message.SIGN_IN_FIRST
    if account is None:
        return None
    if account.typed:
        return Message.CARD_NEEDED
    return not_served(state, account)


def issue(state: State, whose: Personal, basket: Basket) -> Outcome:
    """Gives a blank card to a customer."""
    return record(state, Draft(Cause.ISSUE, whose), None, basket)


def award(state: State, programme: Programme, account: Account, basket: Basket, face: int, back: Mode) -> Outcome:
    """+: the sum's points, or one stamp."""
    if reason := not_served(state, account):
        return say(state, reason, back)
    if basket.lines:
        return _award_sum(state, programme, account, basket, back)
    every = faces.faces(programme)
    shown = every[face % len(every)]
    if isinstance(shown, StampRules):
        return stamp(state, account, shown)
    return choose_sum(state, programme, account, back)


def stamp(state: State, account: Account, stamps: StampRules) -> Outcome:
    """One stamp."""
    return record(state, Draft(Cause.AWARD, account.whose, rules.stamp(stamps), typed=account.typed), account)


def choose_sum(state: State, programme: Programme, account: Account | None, back: Mode) -> Outcome:
    """+ without a sum: the first of the ready sums, or the word that a sum is needed."""
    if not programme.presets:
        return say(state, Message.SUM_FIRST, back)
    basket = Basket((("", programme.presets[0]),), preset=0)
    return go(state, states.Sum(basket, state.now + states.SUM_MS, account), Signal(Sign.KEY))


def _award_sum(state: State, programme: Programme, account: Account, basket: Basket, back: Mode) -> Outcome:
    purchase = basket.purchase(programme.currency)
    postings = rules.award(programme, purchase)
    if not postings:
        return say(state, Message.NOTHING_EARNED, back)
    draft = Draft(Cause.AWARD, account.whose, postings, purchase, typed=account.typed)
    if programme.ask_above is not None and basket.total > programme.ask_above:
        shown = faces.sum_face(state, programme, states.Sum(basket, 0, account), ask=True)
        return confirm(state, account, draft, shown, Verb.AWARD, back)
    return record(state, draft, account, basket)


def confirm(state: State, account: Account, draft: Draft, screen: screens.Screen, verb: Verb, back: Mode) -> Outcome:
    """Shows what would be done; the same button again does it."""
    mode = states.Confirm(account, state.now + states.CONFIRM_MS, draft, screen, verb, back)
    return go(state, mode, Signal(Sign.KEY))


def redeem(state: State, programme: Programme, account: Account, basket: Basket, face: int, back: Mode) -> Outcome:
    """−: pays with points, gives a full stamp card's reward, or offers the rewards; asks where the lease is too small."""
    if reason := not_spending(state, programme, account):
        return say(state, reason, back)
    if basket.returning:
        return take_back(state, programme, account, basket, back)
    if basket.lines:
        return pay(state, programme, account, basket, back)
    every = faces.faces(programme)
    shown = every[face % len(every)]
    if isinstance(shown, StampRules):
        return give_stamps(state, account, shown, back)
    holding = account.holding(shown.purse)
    if not faces.rewards(programme, holding.balance):
        return say(state, Message.NO_REWARD, back, amount=Points(holding.balance))
    offered = faces.rewards(programme, within_reach(state, holding))
    if not offered:
        return say(state, Message.MORE_LATER, back, amount=Points(usable(holding)))
    return go(state, states.Choice(account, state.now + states.CONFIRM_MS, offered), Signal(Sign.KEY))


def ask(state: State, account: Account, purse: str, need: int, back: Mode) -> Outcome:
    """Asks the cloud to raise the lease, so that `need` may be spent here."""
    mode = states.Asking(account, state.now + ASK_MS, back)
    return go(state, mode, Ask(account.whose.account, purse, "", need))


class Cloud(Enum):
    """What the cloud can still do about a lease that is too small."""

    MAY_ASK = "may ask"
    SAID_ALL = "said all"
    """It was asked, or cannot be."""
    SENDS_MORE = "sends more"
    """It was asked, and what is lacking is on its way from another terminal."""


def give_stamps(state: State, account: Account, stamps: StampRules, back: Mode, cloud: Cloud = Cloud.MAY_ASK) -> Outcome:
    """The reward of a full stamp card."""
    holding = account.holding(stamps.purse)
    if holding.balance < stamps.goal:
        return say(state, Message.NO_REWARD, back, amount=Stamps(holding.balance))
    if usable(holding) < stamps.goal:
        if cloud is Cloud.MAY_ASK and state.desk.cloud.online:
            return ask(state, account, stamps.purse, stamps.goal, back)
        return say(state, _more(cloud), back, amount=Stamps(usable(holding)))
    draft = Draft(Cause.REDEEM, account.whose, rules.full_card(stamps), reward=stamps.reward_key or stamps.purse)
    return confirm(state, account, draft, faces.stamp_face(state, stamps, account, confirm=True), Verb.REDEEM, back)


def give_reward(state: State, programme: Programme, mode: states.Choice, cloud: Cloud = Cloud.MAY_ASK) -> Outcome:
    """The reward that is on the screen: it was shown, so this − is the second. Where it cannot be had, others are offered."""
    if programme.points is None or mode.reward not in programme.points.rewards:
        return say(state, Message.NO_REWARD, card(state, mode.account))
    holding, cost = mode.account.holding(programme.points.purse), rules.cost(mode.reward)
    if usable(holding) < cost:
        if cloud is Cloud.MAY_ASK and state.desk.cloud.online and holding.balance >= cost:
            return ask(state, mode.account, programme.points.purse, cost, mode)
        offered = faces.rewards(programme, usable(holding))
        back = states.Choice(mode.account, mode.until, offered) if offered else card(state, mode.account)
        message = _more(cloud) if holding.balance >= cost else Message.NOT_ENOUGH
        return say(state, message, back, amount=Points(usable(holding)))
    draft = Draft(Cause.REDEEM, mode.account.whose, rules.give(programme, mode.reward), reward=mode.reward.key)
    return record(state, draft, mode.account)


def pay(
    state: State, programme: Programme, account: Account, basket: Basket, back: Mode, cloud: Cloud = Cloud.MAY_ASK
) -> Outcome:
    """A part of the bill with points; what can be spent here now, where the rest is leased elsewhere."""
    if programme.points is None:
        return say(state, Message.NOT_ENOUGH, back)
    purchase, holding = basket.purchase(programme.currency), account.holding(programme.points.purse)
    wanted, now = rules.pay(programme, purchase, holding.balance), rules.pay(programme, purchase, usable(holding))
    if now.discount < wanted.discount and cloud is Cloud.MAY_ASK and state.desk.cloud.online:
        return ask(state, account, programme.points.purse, wanted.cost, back)
    if now.discount == 0:
        return say(state, _more(cloud) if wanted.discount else Message.NOT_ENOUGH, back, amount=Points(usable(holding)))
    discount, rest = Money(now.discount, programme.currency), Money(now.rest, programme.currency)
    if now.discount == wanted.discount:
        screen: screens.Screen = screens.PayConfirm(discount, rest)
    else:
        screen = screens.PayLess(discount, rest, soon=cloud is Cloud.SENDS_MORE)
    bill = msgspec.structs.replace(purchase, discount=now.discount)
    draft = Draft(Cause.REDEEM, account.whose, rules.payment(programme, now), bill)
    return confirm(state, account, draft, screen, Verb.REDEEM, back)


def _more(cloud: Cloud) -> Message:
    """Why not all can be spent here that is the member's."""
    return Message.MORE_SOON if cloud is Cloud.SENDS_MORE else Message.MORE_LATER


def take_back(state: State, programme: Programme, account: Account, basket: Basket, back: Mode) -> Outcome:
    """Goods come back: shows what points go with them."""
    purchase = basket.purchase(programme.currency)
    holding = account.holding(programme.points.purse) if programme.points else Holding("")
    postings = rules.take_back(programme, purchase, holding.spendable)
    if not postings:
        return say(state, Message.NOTHING_EARNED, back)
    points = -postings[0].delta
    screen = screens.ReturnConfirm(Points(-points), Points(holding.balance - points))
    return confirm(state, account, Draft(Cause.RETURN, account.whose, postings, purchase), screen, Verb.REDEEM, back)


def undo(state: State, programme: Programme, recalled: Recalled) -> Outcome:
    """Takes an entry back wholly, while the terminal still holds what it gave."""
    if reason := why_not_undo(state, programme, recalled):
        return say(state, reason, states.Idle())
    draft = Draft(Cause.UNDO, recalled.account.whose, rules.undo(recalled.entry), refers=recalled.entry.id)
    return record(state, draft, recalled.account)


def why_not_undo(state: State, programme: Programme, recalled: Recalled) -> Message | None:
    """Why an entry cannot be undone, if it cannot."""
    if recalled.entry.cause not in (Cause.AWARD, Cause.REDEEM):
        return Message.NOTHING_TO_UNDO
    if recalled.age_ms > programme.document.programme.undo_minutes * 60_000:
        return Message.TOO_LATE_TO_UNDO
    if reason := not_spending(state, programme, recalled.account):
        return reason
    for posting in rules.undo(recalled.entry):
        if posting.used > recalled.account.holding(posting.purse, posting.instance).spendable:
            return Message.ALREADY_SPENT
    return None
