"""What cards and the answers of the house mean in each state."""

from __future__ import annotations

from dataclasses import replace

from display import screens
from display.screens import Message, Money, Points, Verb
from loyalty.account import Account, Status
from loyalty.derived import forecast
from loyalty.entry import Cause, Entry, Purchase
from loyalty.programme import Programme, SignIn, StampRules, in_language
from terminal import faces, pad, states, verbs
from terminal.effects import Sign, Signal
from terminal.inputs import Found, NotRecorded, Recalled, Recorded, StaffFound, Unknown
from terminal.states import EMPTY, Basket, State
from terminal.verbs import Outcome, card, go, say, stay

CARD = Signal(Sign.CARD)
OTHER_CARD = Signal(Sign.OTHER_CARD)

IN_THE_MIDDLE = (states.Choice, states.Confirm, states.Asking)
"""States in which another card is refused: something was shown to the first one's owner."""


def found(state: State, event: Found) -> Outcome:
    """A card of somebody's."""
    mode, programme = _open(state), state.desk.programme
    if isinstance(mode, states.Unpaired):
        return stay(state)
    if programme is None:
        return say(state, Message.NO_PROGRAMME, states.Idle())
    if isinstance(mode, states.Saving):
        return go(state, replace(mode, waiting=event))
    if isinstance(mode, states.Renewing):
        return stay(state, Signal(Sign.REFUSED))
    shown = event.account.whose.account
    if isinstance(mode, IN_THE_MIDDLE):
        return stay(state) if faces.card_of(mode) == shown else _other_card(state, mode)
    if event.account.status is not Status.ACTIVE:
        blocked = event.account.status is Status.BLOCKED
        why = Message.CARD_BLOCKED if blocked else Message.CARD_REPLACED
        return say(state, why, _without_card(mode), language=faces.language_of(state, event.account))
    sign, changed = _beside(state, mode, shown)
    after, effects = _take(state, programme, mode, event.account, changed)
    return after, (sign, *effects)


def _beside(state: State, mode: states.Mode, shown: bytes) -> tuple[Signal, int | None]:
    """How the card that was shown is heard, and when it took another's place, if it did: after "done" it starts anew."""
    there = faces.card_of(mode)
    if there is None or there == shown or isinstance(mode, states.Done):
        return CARD, states.changed_at(mode)
    return OTHER_CARD, state.now


def _other_card(state: State, mode: states.Mode) -> Outcome:
    """Refused in words, but never so that the cloud's answer finds the question gone."""
    if isinstance(mode, states.Asking):
        return stay(state, Signal(Sign.REFUSED))
    return say(state, Message.OTHER_CARD, mode)


def _open(state: State) -> states.Mode:
    """The mode that a card comes to: under a message lies the conversation."""
    return state.mode.back if isinstance(state.mode, states.Notice) else state.mode


def _without_card(mode: states.Mode) -> states.Mode:
    return mode if isinstance(mode, states.Typing | states.Sum | states.Card) else states.Idle()


def _take(state: State, programme: Programme, mode: states.Mode, account: Account, changed: int | None) -> Outcome:
    """The card joins what was typed or armed before it."""
    until = state.now + states.SUM_MS
    match mode:
        case states.Typing(card=True):
            return go(state, pad.beneath(state, replace(mode, account=account, changed=changed)))
        case states.Typing():
            return go(state, replace(mode, account=account, until=until, changed=changed))
        case states.Sum(basket=basket) | states.NewCard(basket=basket) if basket.lines:
            if basket.returning:
                return verbs.redeem(state, programme, account, basket, 0, states.Sum(basket, until))
            return go(state, states.Sum(basket, until, account, changed))
        case states.Armed(verb=Verb.AWARD, basket=basket):
            back = states.Sum(basket, until, account) if basket.lines else card(state, account)
            return verbs.award(state, programme, account, basket, 0, back)
        case states.Armed(basket=basket):
            back = states.Sum(basket, until, account) if basket.lines else card(state, account)
            return verbs.redeem(state, programme, account, basket, 0, back)
        case states.Card() if mode.account.whose.account == account.whose.account:
            return go(state, card(state, account, mode.face, changed))
        case _:
            return go(state, card(state, account, changed=changed))


def unknown(state: State, event: Unknown) -> Outcome:
    """Nobody's card: a blank one of ours may be issued."""
    mode = _open(state)
    if isinstance(mode, states.Unpaired):
        return stay(state)
    if isinstance(mode, states.Saving):
        return go(state, replace(mode, waiting=event))
    if isinstance(mode, states.Renewing):
        return stay(state, Signal(Sign.REFUSED))
    if isinstance(mode, IN_THE_MIDDLE):
        return _other_card(state, mode)
    if state.desk.programme is None:
        return say(state, Message.NO_PROGRAMME, states.Idle())
    basket = _basket(state, state.desk.programme, mode)
    if event.typed or not event.issuable or basket.returning:
        return say(state, Message.NOT_OUR_CARD, _without_card(mode))
    sign, changed = _beside(state, mode, event.whose.account)
    return go(state, states.NewCard(event.whose, state.now + states.CONFIRM_MS, basket, changed), sign)


def _basket(state: State, programme: Programme, mode: states.Mode) -> Basket:
    """The bill so far, with the line that is being typed."""
    if isinstance(mode, states.Typing):
        return pad.bill(state, programme, mode)
    return mode.basket if isinstance(mode, states.Sum | states.Armed | states.NewCard) else EMPTY


def staff_found(state: State, event: StaffFound) -> Outcome:
    """A member of staff's card: signs in, in the middle of anything but a write."""
    if isinstance(state.mode, states.Unpaired):
        return stay(state)
    signed = states.with_desk(state, staff=event.staff)
    if isinstance(state.mode, states.Saving | states.Asking | states.Renewing):
        return stay(signed, Signal(Sign.KEY))
    mode = _open(signed)
    back = (
        mode
        if isinstance(mode, states.Typing | states.Sum | states.Card | states.Confirm | states.Choice | states.Renewal)
        else states.Idle()
    )
    return say(signed, Message.SIGNED_IN, back, event.staff.name)


def refused(state: State, message: Message) -> Outcome:
    """A card that cannot be used."""
    mode = _open(state)
    if isinstance(mode, states.Unpaired | states.Saving | states.Asking | states.Renewing):
        return stay(state, Signal(Sign.REFUSED))
    return say(state, message, mode if not isinstance(mode, states.Done | states.Undo) else states.Idle())


def recorded(state: State, event: Recorded) -> Outcome:
    """The entry is on the disk: now, and only now, it is shown."""
    mode, programme = state.mode, state.desk.programme
    if not isinstance(mode, states.Saving) or mode.key != event.key or programme is None:
        return stay(state)
    later = not state.desk.cloud.online
    sign = Signal(Sign.DONE_LATER if later else Sign.DONE)
    spent = event.entry.cause not in (Cause.AWARD, Cause.ISSUE)
    if spent and programme.document.programme.sign_in is SignIn.SPEND:
        state = states.with_desk(state, staff=None)
    if event.entry.cause is Cause.ISSUE:
        after, effects = _issued(state, event.account, mode.basket)
    else:
        after, effects = go(state, _done(state, programme, event.entry, event, later=later))
    if mode.waiting is not None:
        after, more = found(after, mode.waiting) if isinstance(mode.waiting, Found) else unknown(after, mode.waiting)
        return after, (sign, *effects, *more)
    return after, (sign, *effects)


def _issued(state: State, account: Account, basket: Basket) -> Outcome:
    if basket.lines:
        return go(state, states.Sum(basket, state.now + states.SUM_MS, account))
    return go(state, card(state, account))


def _done(state: State, programme: Programme, entry: Entry, event: Recorded, *, later: bool) -> states.Done:
    """The screen of an entry that is safe."""
    account, until = event.account, state.now + states.DONE_MS
    stamps = _stamped(programme, entry)
    if stamps is not None:
        filled = account.holding(stamps.purse).balance
        reward = in_language(stamps.reward, faces.language_of(state, account))
        until_reward = faces.until_of(state, stamps, account)
        shown = screens.DoneStamps(account.name, min(filled, stamps.goal), stamps.goal, reward, later, until_reward)
        return states.Done(account, until, shown, Recalled(entry, account, 0, event.at), stamps)
    if entry.cause is Cause.REDEEM and entry.purchase is not None:
        return _paid(state, entry, entry.purchase, account, later=later)
    change = faces.change(programme, entry.postings)
    total = faces.amount_of(programme, entry.postings[0].purse, account.holding(entry.postings[0].purse).balance)
    if entry.cause is Cause.UNDO:
        return states.Done(account, until, screens.Undone(change, total, later))
    done = screens.Done(change, total, later, _reward_name(state, programme, entry, account))
    return states.Done(account, until, _with_forecast(state, programme, entry, account, done))


def _with_forecast(state: State, programme: Programme, entry: Entry, account: Account, shown: screens.Done) -> screens.Done:
    """What the cloud will most likely add to an award, by what is known here of the member's past (invariant 7)."""
    bill = entry.purchase
    if entry.cause is not Cause.AWARD or bill is None:
        return shown
    earned = sum(posting.earned for posting in entry.postings)
    bonus = forecast(programme.history, account.progress, earned, bill.amount - bill.discount)
    if bonus is None:
        return shown
    level = programme.history.level(bonus.level)
    named = in_language(level.name, faces.language_of(state, account)) if level else ""
    return replace(shown, bonus=Points(bonus.points), level=named)


def _stamped(programme: Programme, entry: Entry) -> StampRules | None:
    """The stamp card that an award stamped."""
    if entry.cause is not Cause.AWARD:
        return None
    purse = entry.postings[0].purse
    return next((stamps for stamps in programme.stamps if stamps.purse == purse), None)


def _paid(state: State, entry: Entry, bill: Purchase, account: Account, *, later: bool) -> states.Done:
    """What the till must be told stays on the screen until somebody has typed it in."""
    earned = sum(posting.earned for posting in entry.postings)
    discount, rest = Money(bill.discount, bill.currency), Money(bill.amount - bill.discount, bill.currency)
    shown = screens.DonePaid(discount, rest, Points(earned), later)
    return states.Done(account, state.now + states.PAID_MS, shown)


def _reward_name(state: State, programme: Programme, entry: Entry, account: Account) -> str:
    language = faces.language_of(state, account)
    named = {stamps.reward_key or stamps.purse: stamps.reward for stamps in programme.stamps}
    if programme.points:
        named |= {reward.key: reward.name for reward in programme.points.rewards}
    return in_language(named[entry.reward], language) if entry.reward in named else ""


def not_recorded(state: State, event: NotRecorded) -> Outcome:
    """Nothing was written: said so, and the conversation goes on with the card."""
    mode = state.mode
    if not isinstance(mode, states.Saving) or mode.key != event.key:
        return stay(state)
    if mode.basket.lines:
        back: states.Mode = states.Sum(mode.basket, state.now + states.SUM_MS, mode.account)
    else:
        back = card(state, mode.account) if mode.account else states.Idle()
    return say(state, event.message, back)


def recalled(state: State, event: Recalled) -> Outcome:
    """The last entry, to ask about it, or to undo it where × is held down already."""
    mode, programme = state.mode, state.desk.programme
    if not isinstance(mode, states.Undo) or programme is None:
        return stay(state)
    if reason := verbs.why_not_undo(state, programme, event):
        return say(state, reason, states.Idle())
    if mode.held:
        return verbs.undo(state, programme, event)
    return go(state, replace(mode, recalled=event))


def answered(state: State, account: Account, *, coming: bool = False) -> Outcome:
    """The cloud has raised the lease as far as it would, or has not answered: goes on with what is there."""
    mode, programme = state.mode, state.desk.programme
    if not isinstance(mode, states.Asking) or programme is None:
        return stay(state)
    cloud = verbs.Cloud.SENDS_MORE if coming else verbs.Cloud.SAID_ALL
    match mode.back:
        case states.Choice() as choice:
            return verbs.give_reward(state, programme, replace(choice, account=account), cloud)
        case states.Sum(basket=basket) as back:
            return verbs.pay(state, programme, account, basket, replace(back, account=account), cloud)
        case states.Card(face=face) as back:
            shown = faces.faces(programme)[face % len(faces.faces(programme))]
            if isinstance(shown, StampRules):
                return verbs.give_stamps(state, account, shown, replace(back, account=account), cloud)
            return go(state, back)
        case back:
            return go(state, back)


def refreshed(state: State, account: Account) -> Outcome:
    """The cloud's news about the card on the screen, where nothing is under way with it; also under a message.

    What was said to be less than all, and is more now, is shown anew: the buttons then mean the new picture.
    """
    mode, programme = state.mode, state.desk.programme
    if isinstance(mode, states.Notice):
        return go(state, replace(mode, back=_seen_anew(state, mode.back, account)))
    if isinstance(mode, states.Confirm) and isinstance(mode.screen, screens.PayLess) and programme is not None:
        back = _seen_anew(state, mode.back, account)
        if isinstance(back, states.Sum) and back != mode.back and verbs.usable_more(programme, mode.account, account):
            return verbs.pay(state, programme, account, back.basket, back, verbs.Cloud.SAID_ALL)
        return stay(state)
    return go(state, _seen_anew(state, mode, account))


def _seen_anew(state: State, mode: states.Mode, account: Account) -> states.Mode:
    """A mode with the account as it stands now; as it was where it is somebody else's, or something is under way."""
    if not isinstance(mode, states.Card | states.Sum | states.Typing | states.Choice) or mode.account is None:
        return mode
    if mode.account.whose.account != account.whose.account:
        return mode
    if isinstance(mode, states.Choice):
        return _offered_anew(state, mode, account)
    return replace(mode, account=account)


def _offered_anew(state: State, mode: states.Choice, account: Account) -> states.Mode:
    """The rewards that can be had now; the one on the screen stays there where it is among them."""
    points = state.desk.programme.points if state.desk.programme else None
    if state.desk.programme is None or points is None:
        return mode
    offered = faces.rewards(state.desk.programme, verbs.within_reach(state, account.holding(points.purse)))
    if not offered:
        return card(state, account)
    index = offered.index(mode.reward) if mode.reward in offered else 0
    return replace(mode, account=account, offered=offered, index=index)
