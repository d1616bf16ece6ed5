"""What the screen offers where a part of what is the member's is leased to other terminals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from counter_desk import JANA as JANAS_CARD
from counter_desk import PETER, Counter
from msgspec.structs import replace as replace_account

from counter_table import JANA, NOW, SUM, account, before, press
from display import screens
from display.screens import Message, Money, Points, Stamps
from drivers.events import Button
from loyalty.account import Account, Holding
from terminal import faces, inputs, session, states
from terminal.effects import Ask, Effect, Record
from terminal.states import State

LATER = NOW + 10_000
MINUS, NEXT = press(Button.REDEEM), press(Button.NEXT)


def lean(points: int, stamps: int = 10) -> Account:
    """Jana with 1 240 points and ten stamps, of which so much can be spent here."""
    return replace_account(JANA, holdings=(Holding("points", 1_240_000, points), Holding("coffee", 10, stamps)))


def at(mode: states.Mode, *, online: bool = True) -> State:
    state = replace(before("Card"), mode=mode)
    return replace(state, desk=replace(state.desk, cloud=inputs.CloudNews(online=online, waiting=0)))


def after(state: State, *events: inputs.Input) -> tuple[State, tuple[Effect, ...]]:
    effects: tuple[Effect, ...] = ()
    for event in events:
        fresh = replace(event, picture=state.picture) if isinstance(event, type(MINUS)) else event
        state, effects = session.step(state, fresh)
    return state, effects


def points_of(who: Account) -> states.Card:
    return states.Card(who, LATER, face=1)


# without network


def test_only_rewards_that_can_be_had_are_offered() -> None:
    state, _ = after(at(points_of(lean(600_000)), online=False), MINUS)
    shown = faces.screen_of(state)
    assert shown == screens.RewardChoice(1, 1, "Koláč", Points(500_000), Points(740_000))
    state, effects = after(state, MINUS)
    assert [effect.draft.reward for effect in effects if isinstance(effect, Record)] == ["cake"]


def test_where_none_can_be_had_it_says_what_can() -> None:
    state, effects = after(at(points_of(lean(8_000)), online=False), MINUS)
    assert faces.screen_of(state) == screens.Notice(Message.MORE_LATER, amount=Points(8_000))
    assert not [effect for effect in effects if isinstance(effect, Ask)]


def test_who_never_had_enough_is_told_so() -> None:
    state, _ = after(at(points_of(account(points=8_000))), MINUS)
    assert faces.screen_of(state) == screens.Notice(Message.NO_REWARD, amount=Points(8_000))


def test_a_full_stamp_card_that_lies_elsewhere() -> None:
    state, _ = after(at(states.Card(lean(0, stamps=4), LATER), online=False), MINUS)
    assert faces.screen_of(state) == screens.Notice(Message.MORE_LATER, amount=Stamps(4))


def test_a_payment_offers_what_is_here() -> None:
    state, _ = after(at(states.Sum(SUM, LATER, lean(800_000)), online=False), MINUS)
    assert faces.screen_of(state) == screens.PayLess(Money(800, "EUR"), Money(1050, "EUR"))


def test_a_payment_of_which_nothing_is_here() -> None:
    state, _ = after(at(states.Sum(SUM, LATER, lean(0)), online=False), MINUS)
    assert faces.screen_of(state) == screens.Notice(Message.MORE_LATER, amount=Points(0))


# with a network, and another terminal that holds the rest


def test_more_on_its_way_is_said_and_then_it_is_there() -> None:
    state, effects = after(at(points_of(lean(8_000))), MINUS, NEXT, MINUS)
    assert isinstance(effects[0], Ask)
    state, _ = after(state, inputs.Granted(lean(8_000), NOW, coming=True))
    assert faces.screen_of(state) == screens.Notice(Message.MORE_SOON, amount=Points(8_000))
    state, _ = after(state, inputs.Refreshed(JANA), inputs.Tick(NOW + states.NOTICE_MS))
    assert faces.account_of(state.mode) == JANA
    state, effects = after(state, NEXT, MINUS, MINUS)
    assert [effect.draft.reward for effect in effects if isinstance(effect, Record)] == ["cake"]


def test_after_a_shortage_the_smaller_rewards_are_offered() -> None:
    state, _ = after(at(points_of(lean(600_000))), MINUS, NEXT, MINUS)
    state, _ = after(state, inputs.Granted(lean(600_000), NOW))
    assert faces.screen_of(state) == screens.Notice(Message.MORE_LATER, amount=Points(600_000))
    state, _ = after(state, inputs.Tick(NOW + states.NOTICE_MS))
    shown = faces.screen_of(state)
    assert isinstance(shown, screens.RewardChoice)
    assert (shown.reward, shown.count) == ("Koláč", 1)


def test_a_smaller_discount_grows_on_the_screen() -> None:
    state, _ = after(at(states.Sum(SUM, LATER, lean(800_000))), MINUS, inputs.Granted(lean(800_000), NOW, coming=True))
    assert faces.screen_of(state) == screens.PayLess(Money(800, "EUR"), Money(1050, "EUR"), soon=True)
    small = state.picture
    state, _ = after(state, inputs.Refreshed(JANA))
    assert faces.screen_of(state) == screens.PayConfirm(Money(1240, "EUR"), Money(610, "EUR"))
    _, stale = session.step(state, replace(MINUS, picture=small))
    assert not [effect for effect in stale if isinstance(effect, Record)]
    _, effects = after(state, MINUS)
    assert [effect.draft.postings[0].used for effect in effects if isinstance(effect, Record)] == [1_240_000]


def test_what_is_shown_never_changes_under_the_finger() -> None:
    """The reward that was on the screen is gone from the offer: a press at the old picture gives nothing."""
    state, _ = after(at(points_of(JANA)), MINUS, NEXT)
    old = state.picture
    state, _ = after(state, inputs.CloudNews(online=False, waiting=0), inputs.Refreshed(lean(600_000)))
    shown = faces.screen_of(state)
    assert isinstance(shown, screens.RewardChoice)
    assert shown.reward == "Koláč"
    _, effects = session.step(state, replace(MINUS, picture=old))
    assert effects == ()


def test_news_of_another_account_changes_nothing() -> None:
    state, _ = after(at(points_of(JANA)), MINUS)
    assert after(state, inputs.Refreshed(account(b"peter"))) == (state, ())


class Lender:
    """Hears what the daemon tells the link."""

    def __init__(self) -> None:
        self.served: list[str | None] = []

    def wake(self) -> None:
        """Nothing is sent."""

    async def ask(self, account: bytes, purse: str, instance: str, need: int) -> bool | None:
        return None

    def serve(self, account: Account | None) -> None:
        name = account.name if account is not None else None
        if self.served[-1:] != [name]:
            self.served.append(name)


def test_the_link_hears_whose_card_is_in_conversation_from_its_first_look_to_the_idle_screen(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        lender = counter.daemon.lender = Lender()
        counter.scan(JANAS_CARD)
        counter.press("+")
        counter.scan(PETER)
        counter.press("×")
        assert [name and name.split()[0] for name in lender.served] == ["Jana", "Peter", None]
