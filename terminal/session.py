"""The conversation at the counter: a pure state machine. `docs/conversation.md` has its table of states and events.

`step(state, event)` gives the next state and the effects to run, in order. It has no clock, no I/O and no randomness: time
comes in with the events. The same function runs in the daemon, behind the counter page and in the simulator.

Example::

    state = begin(boot="1", desk=Desk(shop="Kaviareň Bodka", programme=programme))
    state, effects = step(state, CardShown(card, at=0))     # effects: (Look(card),)
"""

from __future__ import annotations

from dataclasses import replace

from display.screens import Message
from drivers.events import Button, ButtonHeld, ButtonPressed, CardGone, DeviceBack, DeviceLost, PadKey
from terminal import answers, device_test, faces, inputs, losses, pad, presses, renewing, states
from terminal.effects import Effect, Look, Sign, Signal
from terminal.effects import Show as ShowPicture
from terminal.inputs import Input
from terminal.states import CHANGED_MS, Desk, Mode, State
from terminal.verbs import Outcome, go, say, stay

PAD_BUTTONS = {"+": Button.AWARD, "-": Button.REDEEM}


def begin(boot: str, desk: Desk, now: int = 0) -> State:
    """The first state: idle, or unpaired where the shop is not known."""
    return State(boot=boot, desk=desk, mode=states.Idle() if desk.shop else states.Unpaired(), now=now)


def show(state: State) -> tuple[State, tuple[Effect, ...]]:
    """The picture of a state that has none yet: for the start of the daemon."""
    return _with_picture(replace(state, picture=state.picture), None, state, ())


def step(state: State, event: Input) -> tuple[State, tuple[Effect, ...]]:
    """What follows from one event."""
    at = getattr(event, "at", None)
    timed = replace(state, now=max(state.now, at)) if at is not None else state
    after, effects = losses.heard(*_react(timed, event))
    return _with_picture(after, faces.screen_of(state), state, effects)


def _with_picture(after: State, before_screen: object, before: State, effects: tuple[Effect, ...]) -> Outcome:
    """Adds the picture where it changed, and notes since which picture the buttons mean what they mean now."""
    screen = faces.screen_of(after)
    fresh = meaning(after.mode) != meaning(before.mode)
    language = faces.spoken(after, after.mode)
    if screen is None or (screen == before_screen and language == faces.spoken(before, before.mode) and not fresh):
        # Without a picture of its own a new meaning begins at the next one: what is pressed until then is stale.
        return (replace(after, since=after.picture + 1) if fresh else after), effects
    number = after.picture + 1
    after = replace(after, picture=number, since=number if fresh else after.since)
    return after, (*effects, ShowPicture(number, screen, language))


def meaning(mode: Mode) -> object:
    """What a press means in a mode, apart from how it looks: while this stays, no press is stale."""
    match mode:
        case states.Typing() | states.Sum():
            return "bill", faces.card_of(mode)
        case states.Card() | states.NewCard():
            return type(mode), faces.card_of(mode), mode.face if isinstance(mode, states.Card) else 0
        case states.Armed():
            return "armed", mode.verb
        case states.Choice():
            return "choice", mode.account.whose.account, mode.reward.key
        case states.Confirm():
            return "confirm", mode.draft
        case states.Saving():
            return "saving", mode.key
        case states.Done():
            return "done", mode.until, mode.screen
        case states.Undo():
            return "undo", mode.recalled.entry.id if mode.recalled else None
        case states.Menu():
            return "menu", mode.item
        case states.DeviceTest():
            return "test", mode.index, mode.looked
        case states.Notice():
            return "notice", mode.message, meaning(mode.back)
        case _:
            return type(mode)


def _react(state: State, event: Input) -> Outcome:
    if isinstance(state.mode, states.DeviceTest) and (tested := device_test.react(state, state.mode, event)) is not None:
        return tested
    match event:
        case ButtonPressed():
            return _pressed(state, event.button, event.picture)
        case PadKey(key=key) if key in PAD_BUTTONS:
            return _pressed(state, PAD_BUTTONS[key], event.picture)
        case PadKey(key=key):
            return pad.key(state, key)
        case ButtonHeld():
            return stay(state) if event.picture < state.since else presses.hold(state, event.button)
        case inputs.Tick():
            return _time(states.with_desk(state, clock=event.clock))
        case _:
            return _card_or_answer(state, event)


def _pressed(state: State, button: Button, picture: int) -> Outcome:
    """A press made at an earlier picture, or just after another card came, was not meant for what is there now."""
    if picture < state.since:
        return stay(state)
    changed = states.changed_at(state.mode)
    if changed is not None and state.now - changed < CHANGED_MS:
        return stay(state)
    return presses.press(state, button)


def _card_or_answer(state: State, event: Input) -> Outcome:
    match event:
        case inputs.CardShown(card=card):
            return stay(state) if isinstance(state.mode, states.Unpaired) else stay(state, Look(card))
        case inputs.CardRefused(message=message):
            return answers.refused(state, message)
        case inputs.Found():
            return answers.found(state, event)
        case inputs.Unknown():
            return answers.unknown(state, event)
        case inputs.StaffFound():
            return answers.staff_found(state, event)
        case inputs.Refreshed(account=account):
            return answers.refreshed(state, account)
        case _:
            return _answer(state, event)


def _answer(state: State, event: Input) -> Outcome:
    match event:
        case inputs.Granted(account=account, coming=coming):
            return answers.answered(state, account, coming=coming)
        case inputs.NoAnswer():
            return _no_answer(state)
        case inputs.Recorded():
            return answers.recorded(state, event)
        case inputs.NotRecorded():
            return answers.not_recorded(state, event)
        case inputs.Recalled():
            return answers.recalled(state, event)
        case inputs.Renewed():
            return renewing.renewed(state)
        case inputs.NotRenewed(message=message):
            return renewing.not_renewed(state, message)
        case _:
            return _news(state, event)


def _no_answer(state: State) -> Outcome:
    mode = state.mode
    return answers.answered(state, mode.account) if isinstance(mode, states.Asking) else stay(state)


def _news(state: State, event: Input) -> Outcome:
    """News of the house: seen on the idle screen and in the staff menu, never in a customer's way."""
    match event:
        case inputs.NothingToRecall():
            if isinstance(state.mode, states.Undo):
                return say(state, Message.NOTHING_TO_UNDO, states.Idle())
            return stay(state)
        case inputs.CloudNews():
            return renewing.heard(states.with_desk(state, cloud=event))
        case inputs.ProgrammeNews(programme=programme):
            return stay(states.with_desk(state, programme=programme))
        case inputs.SetUp(screen=screen):
            waits = isinstance(state.mode, states.Setup)
            return go(state, states.Setup(state.now + states.SETUP_MS, screen)) if waits else stay(state)
        case inputs.UpdateNews(version=version):
            return stay(states.with_desk(state, updating=version))
        case inputs.ShopNews(shop=shop):
            paired = states.with_desk(state, shop=shop)
            return go(paired, states.Idle()) if isinstance(state.mode, states.Unpaired) else stay(paired)
        case DeviceLost(device=device):
            return losses.lost(state, device)
        case DeviceBack(device=device):
            return losses.back(state, device)
        case CardGone():
            return stay(state)
        case _:  # a button came up: what it meant was said when it went down
            return stay(state)


def _time(state: State) -> Outcome:
    mode, now = state.mode, state.now
    match mode:
        case states.Unpaired() | states.Idle() | states.Saving():
            return stay(state)
        case _ if now < mode.until:
            return stay(state)
        case states.Notice(back=back):
            return go(state, states.lasting(back, now))
        case states.Asking():
            return _no_answer(state)
        case states.Renewing():
            return renewing.time_is_up(state)
        case states.Armed():
            return go(state, states.Idle(), Signal(Sign.KEY))
        case _:
            return go(state, states.Idle())
