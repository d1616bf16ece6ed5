"""What the four buttons mean in each state: + puts on the card, − takes off, ▸ chooses what, × steps back."""

from __future__ import annotations

from dataclasses import replace

from display.screens import MenuItem, Message, Verb
from display.words import LANGUAGES
from drivers.events import Button
from loyalty.programme import Programme, SignIn
from terminal import device_test, faces, pad, renewing, states, verbs
from terminal.effects import CloseShop, Recall, Sign, Signal
from terminal.states import EMPTY, Basket, State
from terminal.verbs import Outcome, card, go, record, say, stay

KEY = Signal(Sign.KEY)


def press(state: State, button: Button) -> Outcome:
    """One press that is neither stale nor too soon after another card."""
    mode, programme = state.mode, state.desk.programme
    if isinstance(mode, states.Unpaired | states.Saving | states.Renewing):
        return stay(state)
    if isinstance(mode, states.Notice):
        return go(state, states.lasting(mode.back, state.now))
    if button is Button.CANCEL:
        return cancel(state)
    if isinstance(mode, states.Renewal):
        return renewing.confirm(state) if button is Button.AWARD else stay(state)
    if programme is None:
        return say(state, Message.NO_PROGRAMME, states.Idle())
    if isinstance(mode, states.Typing):
        return _press_while_typing(state, programme, mode, button)
    match button:
        case Button.AWARD:
            return _award(state, programme)
        case Button.REDEEM:
            return _redeem(state, programme)
        case _:
            return _next(state, programme)


def _press_while_typing(state: State, programme: Programme, mode: states.Typing, button: Button) -> Outcome:
    """A verb closes the line first, as Enter would: two presses a customer."""
    if mode.card or button is Button.NEXT:
        return stay(state)
    closed, effects = pad.enter(state, programme, mode)
    if isinstance(closed.mode, states.Typing | states.Notice):
        return closed, effects
    return press(closed, button)


def _award(state: State, programme: Programme) -> Outcome:
    mode = state.mode
    match mode:
        case states.Idle():
            if programme.stamps:
                return _arm(state, Verb.AWARD, EMPTY)
            return verbs.choose_sum(state, programme, None, states.Idle())
        case states.Card():
            return verbs.award(state, programme, mode.account, EMPTY, mode.face, card(state, mode.account, mode.face))
        case states.Sum(basket=basket, account=account):
            if basket.returning:
                return stay(state)
            if account is None:
                return _arm(state, Verb.AWARD, basket)
            return verbs.award(state, programme, account, basket, 0, mode)
        case states.Armed(basket=basket) if mode.verb is Verb.REDEEM:
            return _arm(state, Verb.AWARD, basket)
        case states.NewCard():
            return verbs.issue(state, mode.whose, mode.basket)
        case states.Confirm() if mode.verb is Verb.AWARD:
            return record(state, mode.draft, mode.account)
        case states.Done(stamps=stamps) if stamps:
            return verbs.stamp(state, mode.account, stamps)
        case states.Menu():
            return _select(state, programme, mode.item)
        case _:
            return stay(state)


def _redeem(state: State, programme: Programme) -> Outcome:
    mode = state.mode
    match mode:
        case states.Idle():
            return _arm_spend(state, programme, EMPTY)
        case states.Card():
            back = card(state, mode.account, mode.face)
            return verbs.redeem(state, programme, mode.account, EMPTY, mode.face, back)
        case states.Sum(basket=basket, account=None):
            return _arm_spend(state, programme, basket)
        case states.Sum(basket=basket, account=account) if account:
            return verbs.redeem(state, programme, account, basket, 0, mode)
        case states.Armed(basket=basket) if mode.verb is Verb.AWARD:
            return _arm_spend(state, programme, basket)
        case states.Choice():
            return verbs.give_reward(state, programme, mode)
        case states.Confirm() if mode.verb is Verb.REDEEM:
            return record(state, mode.draft, mode.account)
        case states.Done():
            return verbs.redeem(state, programme, mode.account, EMPTY, 0, card(state, mode.account))
        case _:
            return stay(state)


def _arm(state: State, verb: Verb, basket: Basket) -> Outcome:
    return go(state, states.Armed(verb, state.now + states.ARMED_MS, basket), KEY)


def _arm_spend(state: State, programme: Programme, basket: Basket) -> Outcome:
    """− before the card; what would be refused anyway is refused before a customer finds a card for it."""
    if reason := verbs.not_spending(state, programme, None):
        return say(state, reason, state.mode)
    return _arm(state, Verb.RETURN if basket.returning else Verb.REDEEM, basket)


def _next(state: State, programme: Programme) -> Outcome:
    mode = state.mode
    match mode:
        case states.Idle() if programme.presets:
            return verbs.choose_sum(state, programme, None, mode)
        case states.Card():
            count = len(faces.faces(programme))
            return go(state, card(state, mode.account, (mode.face + 1) % count)) if count > 1 else stay(state)
        case states.Sum(basket=basket):
            chosen = _next_sum(programme, basket)
            return go(state, replace(mode, basket=chosen, until=state.now + states.SUM_MS)) if chosen else stay(state)
        case states.Choice():
            following = (mode.index + 1) % len(mode.offered)
            return go(state, replace(mode, until=state.now + states.CONFIRM_MS, index=following))
        case states.Done():
            count = len(faces.faces(programme))
            return go(state, card(state, mode.account, 1 % count))
        case states.Menu():
            return _next_item(state, mode.item)
        case states.Info():
            return _next_item(state, mode.item)
        case _:
            return stay(state)


def _next_item(state: State, item: MenuItem) -> Outcome:
    items = faces.menu(state.desk)
    return go(state, states.Menu(state.now + states.MENU_MS, items[(faces.place(items, item) + 1) % len(items)]))


def _next_sum(programme: Programme, basket: Basket) -> Basket | None:
    """The next ready sum, or the next product group for the last line; None where there is nothing to choose."""
    if basket.preset is not None:
        preset = (basket.preset + 1) % len(programme.presets)
        return Basket((("", programme.presets[preset]),), preset)
    groups = programme.points.groups if programme.points else ()
    if not groups or not basket.lines:
        return None
    keys = [group.key for group in groups]
    group, amount = basket.lines[-1]
    following = keys[(keys.index(group) + 1) % len(keys)] if group in keys else keys[0]
    return replace(basket, lines=(*basket.lines[:-1], (following, amount)))


def cancel(state: State) -> Outcome:
    """× steps back; on the idle screen it asks whether to undo."""
    mode, idle = state.mode, states.Idle()
    match mode:
        case states.Idle():
            return ask_undo(state, held=False)
        case states.Typing():
            return go(state, pad.beneath(state, mode))
        case states.Sum(account=account) if account:
            return go(state, card(state, account))
        case states.Armed(basket=basket) | states.NewCard(basket=basket) if basket.lines:
            return go(state, states.Sum(basket, state.now + states.SUM_MS))
        case states.Choice():
            return go(state, card(state, mode.account))
        case states.Confirm() | states.Asking():
            return go(state, states.lasting(mode.back, state.now))
        case states.Done(recalled=recalled) if recalled and state.desk.programme:
            return verbs.undo(state, state.desk.programme, recalled)
        case states.Done():
            return ask_undo(state, held=False)
        case states.Info():
            return go(state, states.Menu(state.now + states.MENU_MS, mode.item))
        case states.Setup():
            return go(state, states.Menu(state.now + states.MENU_MS, MenuItem.SETUP))
        case states.Renewal():
            return go(state, states.Menu(state.now + states.MENU_MS, MenuItem.RENEW) if state.desk.programme else idle)
        case _:
            return go(state, idle)


def ask_undo(state: State, *, held: bool) -> Outcome:
    """Asks the journal for the last entry, to show it or, with × held down already, to undo it."""
    if state.desk.programme is None:
        return stay(state)
    return go(state, states.Undo(state.now + states.UNDO_MS, held=held), Recall())


def hold(state: State, button: Button) -> Outcome:
    """A button held for two seconds: × undoes the last entry, ▸ opens the staff menu."""
    mode, programme = state.mode, state.desk.programme
    if programme is None:
        # A journal that was saved from a broken disk has no rules yet, and gets none before it is renewed.
        lost = state.desk.cloud.stopped and isinstance(mode, states.Idle | states.Notice)
        return renewing.ask(state) if lost and button is Button.NEXT else stay(state)
    if button is Button.NEXT and isinstance(mode, states.Idle | states.Card | states.Sum | states.Done | states.Undo):
        return go(state, states.Menu(state.now + states.MENU_MS, faces.menu(state.desk)[0]), KEY)
    if button is not Button.CANCEL:
        return stay(state)
    if isinstance(mode, states.Undo):
        if mode.recalled is None:
            return go(state, replace(mode, held=True))
        return verbs.undo(state, programme, mode.recalled)
    if isinstance(mode, states.Idle | states.Card):
        return ask_undo(state, held=True)
    return stay(state)


def _select(state: State, programme: Programme, item: MenuItem) -> Outcome:
    """+ in the staff menu."""
    menu = states.Menu(state.now + states.MENU_MS, item)
    match item:
        case MenuItem.RENEW:
            return renewing.ask(state)
        case MenuItem.RETURN:
            if reason := verbs.not_spending(state, programme, None):
                return say(state, reason, menu)
            return go(state, states.Typing("", state.now + states.SUM_MS, Basket(returning=True)), KEY)
        case MenuItem.SIGN_OUT:
            if state.desk.staff is None or programme.document.programme.sign_in is SignIn.NONE:
                return stay(state)
            name = state.desk.staff.name
            return say(states.with_desk(state, staff=None), Message.SIGNED_OUT, states.Idle(), name)
        case MenuItem.TEST:
            return device_test.begin(state)
        case MenuItem.SETUP:
            if programme.document.programme.sign_in is not SignIn.NONE and state.desk.staff is None:
                return say(state, Message.SIGN_IN_FIRST, menu)
            return go(state, states.Setup(state.now + states.SETUP_MS), KEY)
        case MenuItem.CLOSE:
            closed, effects = say(state, Message.SHOP_CLOSED, states.Idle())
            return closed, (*effects, CloseShop())
        case MenuItem.LANGUAGE:
            place = LANGUAGES.index(state.desk.language) if state.desk.language in LANGUAGES else -1
            return go(states.with_desk(state, language=LANGUAGES[(place + 1) % len(LANGUAGES)]), menu, KEY)
        case _:
            return go(state, states.Info(item, state.now + states.MENU_MS), KEY)
