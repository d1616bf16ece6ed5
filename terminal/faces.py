"""From the state of the conversation to the screen that shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from display import screens
from display.screens import Amount, Money, Points, Screen, Stamps
from display.words import LANGUAGES
from loyalty import rules
from loyalty.account import Account
from loyalty.entry import Posting
from loyalty.programme import PointsRules, Programme, Reward, StampRules, in_language
from terminal import device_test, renewing, states
from terminal.states import Mode, State

Face: TypeAlias = StampRules | PointsRules

MENU = (
    screens.MenuItem.RETURN,
    screens.MenuItem.SIGN_OUT,
    screens.MenuItem.QUEUE,
    screens.MenuItem.NETWORK,
    screens.MenuItem.DEVICES,
    screens.MenuItem.TEST,
    screens.MenuItem.LANGUAGE,
    screens.MenuItem.SETUP,
    screens.MenuItem.CLOSE,
)


def menu(desk: states.Desk) -> tuple[screens.MenuItem, ...]:
    """The staff menu as it is now: what a stopped terminal needs stands first, and is not there otherwise."""
    return (screens.MenuItem.RENEW, *MENU) if desk.cloud.stopped else MENU


def place(items: tuple[screens.MenuItem, ...], item: screens.MenuItem) -> int:
    """Where an item stands; one that went away under somebody's eyes counts as the first."""
    return items.index(item) if item in items else 0


def faces(programme: Programme) -> tuple[Face, ...]:
    """What ▸ steps through on a card: the stamp cards, then the points."""
    return (*programme.stamps, programme.points) if programme.points else programme.stamps


def language_of(state: State, account: Account | None) -> str:
    """The member's language where the screen speaks it, else the shop's."""
    return account.language if account and account.language in LANGUAGES else state.desk.language


def spoken(state: State, mode: Mode) -> str:
    """What the picture of a mode speaks: the language of whom it is about."""
    if isinstance(mode, states.Notice) and mode.language:
        return mode.language
    return language_of(state, account_of(mode))


def account_of(mode: Mode) -> Account | None:
    """Whose conversation it is, where it is anybody's."""
    match mode:
        case states.Card() | states.Choice() | states.Confirm() | states.Asking() | states.Done():
            return mode.account
        case states.Typing() | states.Sum() | states.Saving():
            return mode.account
        case states.Undo(recalled=recalled):
            return recalled.account if recalled else None
        case states.Notice(back=back):
            return account_of(back)
        case _:
            return None


def card_of(mode: Mode) -> bytes | None:
    """Which card lies here, a blank one too: the account's name, which a blank card's number is to be."""
    match mode:
        case states.NewCard(whose=whose):
            return whose.account
        case states.Notice(back=back):
            return card_of(back)
        case _:
            account = account_of(mode)
            return account.whose.account if account else None


def rewards(programme: Programme, points: int) -> tuple[Reward, ...]:
    """The rewards that so many thousandths of a point reach, in the programme's order."""
    if programme.points is None:
        return ()
    return tuple(reward for reward in programme.points.rewards if rules.cost(reward) <= points)


def next_reward(programme: Programme, points: int) -> Reward | None:
    """The one that takes the fewest points, while so many thousandths reach none."""
    if programme.points is None or rewards(programme, points):
        return None
    return min(programme.points.rewards, key=rules.cost, default=None)


def amount_of(programme: Programme, purse: str, units: int) -> Amount:
    """A purse's units as the screen's amount."""
    return Stamps(units) if any(purse == stamps.purse for stamps in programme.stamps) else Points(units)


def change(programme: Programme, postings: tuple[Posting, ...]) -> Amount:
    """What an entry changed, as one amount: all deltas of its first purse."""
    purse = postings[0].purse
    return amount_of(programme, purse, sum(posting.delta for posting in postings if posting.purse == purse))


def screen_of(state: State) -> Screen | None:
    """The screen of a state; None where the last one stays."""
    mode, desk = state.mode, state.desk
    match mode:
        case states.Unpaired():
            return screens.Unpaired(desk.pairing_code)
        case states.Idle() if desk.updating:
            return screens.Updating(desk.updating)
        case states.Idle():
            cloud = desk.cloud
            return screens.Idle(desk.shop, not cloud.online, cloud.waiting, desk.missing, desk.clock, cloud.stopped)
        case states.Notice():
            return screens.Notice(mode.message, mode.name, mode.amount)
        case states.Confirm() | states.Done():
            return mode.screen
        case states.NewCard():
            return screens.NewCard()
        case states.Asking():
            return screens.Wait(asking=True)
        case states.Saving():
            return screens.Wait() if state.now >= mode.slow else None
        case states.Setup():
            return mode.screen
        case states.Menu() | states.Renewal() | states.Renewing() | states.DeviceTest() | states.Info():
            return _for_staff(state, mode)
        case _:
            return _with_programme(state, desk.programme) if desk.programme else None


def _for_staff(
    state: State, mode: states.Menu | states.Renewal | states.Renewing | states.DeviceTest | states.Info
) -> Screen | None:
    match mode:
        case states.Menu():
            items = menu(state.desk)
            return screens.Menu(mode.item, place(items, mode.item) + 1, len(items))
        case states.Renewal():
            return renewing.screen_of(state)
        case states.Renewing():
            return screens.Wait(asking=True)
        case states.DeviceTest():
            return device_test.screen_of(state, mode)
        case states.Info():
            return _info(state, mode)


def _with_programme(state: State, programme: Programme) -> Screen | None:
    mode = state.mode
    match mode:
        case states.Typing():
            return screens.Typing(mode.text, mode.card, programme.currency)
        case states.Card():
            return card_face(state, programme, mode.account, mode.face)
        case states.Sum():
            return sum_face(state, programme, mode)
        case states.Armed():
            amount = Money(mode.basket.total, programme.currency) if mode.basket.lines else None
            return screens.Armed(mode.verb, max(0, mode.until - state.now + 999) // 1000, amount)
        case states.Choice():
            return _choice(state, programme, mode)
        case states.Undo(recalled=recalled) if recalled:
            minutes = recalled.age_ms // 60_000
            return screens.UndoQuestion(change(programme, recalled.entry.postings), recalled.account.name, minutes)
        case _:
            return None


def card_face(state: State, programme: Programme, account: Account, index: int) -> Screen:
    """One face of a card: a stamp card, or the points."""
    every = faces(programme)
    face, more = every[index % len(every)], len(every) > 1
    if isinstance(face, StampRules):
        return stamp_face(state, face, account, more=more)
    balance = account.holding(face.purse).balance
    shown = screens.Balance(Points(balance), account.name, level_of(state, programme, account), more)
    following = next_reward(programme, balance)
    if following is None:
        return shown
    reward = in_language(following.name, language_of(state, account))
    return replace(shown, reward=reward, cost=Points(rules.cost(following)))


def level_of(state: State, programme: Programme, account: Account) -> str:
    """What the member's level is called: the one that was earned, or that of the network's list of members.

    One that the programme does not name is shown as the list has it.
    """
    name = programme.level_name(account.progress.level) or programme.level_name(account.level)
    return in_language(name, language_of(state, account)) if name else account.level


def stamp_face(state: State, stamps: StampRules, account: Account, *, more: bool = False, confirm: bool = False) -> Screen:
    """A stamp card, full or not."""
    filled = account.holding(stamps.purse).balance
    reward = in_language(stamps.reward, language_of(state, account))
    if filled >= stamps.goal:
        return screens.StampCardFull(account.name, stamps.goal, stamps.goal, reward, confirm, more)
    return screens.StampCard(account.name, max(0, filled), stamps.goal, reward, more, until_of(state, stamps, account))


def until_of(state: State, stamps: StampRules, account: Account) -> str:
    """The reward as it stands in "Ešte 3 do …", where the programme says so for this language."""
    if isinstance(stamps.until, str):
        return stamps.until
    return stamps.until.get(language_of(state, account), "")


def sum_face(state: State, programme: Programme, mode: states.Sum, *, ask: bool = False) -> Screen:
    """The sum, its last line's group, and whose it is."""
    basket, account = mode.basket, mode.account
    group = programme.group(basket.lines[-1][0]) if basket.lines else None
    return screens.Sum(
        Money(basket.total, programme.currency),
        in_language(group.name, language_of(state, account)) if group else "",
        account.name if account else "",
        basket.preset is not None,
        basket.returning,
        ask,
        account is not None,
    )


def _choice(state: State, programme: Programme, mode: states.Choice) -> Screen | None:
    if programme.points is None:
        return None
    reward = mode.reward
    price = rules.cost(reward)
    leaves = mode.account.holding(programme.points.purse).balance - price
    name = in_language(reward.name, language_of(state, mode.account))
    return screens.RewardChoice(mode.index + 1, len(mode.offered), name, Points(price), Points(leaves))


def _info(state: State, mode: states.Info) -> Screen:
    cloud = state.desk.cloud
    if mode.item is screens.MenuItem.QUEUE:
        return screens.Queue(cloud.waiting, cloud.oldest_ms // 60_000, cloud.stopped, cloud.stuck, cloud.known)
    if mode.item is screens.MenuItem.NETWORK:
        return screens.Network(cloud.online, max(0, state.now - cloud.since) // 60_000, cloud.trouble)
    return screens.Devices(state.desk.working, state.desk.missing)
