"""A device that goes is heard once, and never over what a customer is to hear."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counter_table import JANA, MODES, NOW, STAMPED, before, press
from drivers.events import Button, DeviceBack, DeviceLost
from terminal import inputs, states
from terminal.effects import Sign, Signal
from terminal.inputs import Input
from terminal.session import step
from terminal.states import State

DEVICES = ("buttons", "nfc", "scanner", "signals")


def fitted(name: str = "Idle") -> State:
    """A state at a counter where all of them work."""
    state = before(name)
    return replace(state, desk=replace(state.desk, working=DEVICES))


def signs(state: State, *events: Input) -> tuple[State, list[list[Sign]]]:
    """What is heard at each event."""
    heard = []
    for event in events:
        state, effects = step(state, event)
        heard.append([effect.sign for effect in effects if isinstance(effect, Signal)])
    return state, heard


def lost(device: str, at: int = NOW) -> DeviceLost:
    return DeviceLost(device, "unplugged", at)


def test_a_device_that_goes_is_heard_and_not_at_each_try_to_bring_it_back() -> None:
    tries = (lost("nfc"), lost("nfc", NOW + 60_000), inputs.Tick(NOW + 60_001))
    assert signs(fitted(), *tries)[1] == [[Sign.TROUBLE], [], []]


def test_what_goes_again_after_it_was_back_is_heard_again() -> None:
    again = (lost("nfc"), DeviceBack("nfc", NOW + 10_000), lost("nfc", NOW + 20_000))
    assert signs(fitted(), *again)[1] == [[Sign.TROUBLE], [], [Sign.TROUBLE]]


def test_a_hub_that_is_pulled_is_heard_once() -> None:
    state, heard = signs(fitted(), lost("nfc"), lost("scanner", NOW + 300), lost("signals", NOW + 1_500))
    assert heard == [[Sign.TROUBLE], [], []]
    assert state.desk.missing == ("nfc", "scanner", "signals")


def test_a_loose_plug_does_not_beep_all_day() -> None:
    events = [event for at in range(NOW, NOW + 60_000, 2_000) for event in (lost("nfc", at), DeviceBack("nfc", at + 1_000))]
    assert sum(len(one) for one in signs(fitted(), *events)[1]) == 1


def test_what_never_worked_is_not_lost() -> None:
    state = replace(fitted(), desk=replace(fitted().desk, working=()))
    assert signs(state, lost("nfc"), inputs.Tick(NOW + 1))[1] == [[], []]


def test_done_is_heard_whole_and_the_loss_after_it() -> None:
    recorded = inputs.Recorded("b:1", STAMPED, JANA, NOW + 100)
    over = inputs.Tick(NOW + 100 + states.DONE_MS)
    events = (lost("nfc"), recorded, inputs.Tick(NOW + 1_000), over, inputs.Tick(NOW + 60_000))
    state, heard = signs(fitted("Saving"), *events)
    assert heard == [[], [Sign.DONE], [], [Sign.TROUBLE], []]
    assert isinstance(state.mode, states.Idle)


def test_a_loss_that_waits_does_not_drown_the_next_card() -> None:
    state, heard = signs(fitted("Done"), lost("nfc"), inputs.Found(JANA, NOW + 500), inputs.Tick(NOW + 600))
    assert heard == [[], [Sign.CARD], [Sign.TROUBLE]]
    assert isinstance(state.mode, states.Card)


def test_what_is_back_before_it_was_heard_is_not_heard() -> None:
    over = inputs.Tick(NOW + 30_000)
    assert signs(fitted("Done"), lost("nfc"), DeviceBack("nfc", NOW + 400), over)[1] == [[], [], []]
    both = (lost("nfc"), lost("scanner"), DeviceBack("nfc", NOW + 400), over)
    assert signs(fitted("Done"), *both)[1] == [[], [], [], [Sign.TROUBLE]]


@pytest.mark.parametrize("name", MODES)
def test_it_is_heard_in_every_state_at_once_or_when_the_answer_is_over(name: str) -> None:
    state, heard = signs(fitted(name), lost("nfc"))
    waits = isinstance(state.mode, states.Saving | states.Asking | states.Renewing | states.Done | states.Notice)
    assert heard == ([[]] if waits else [[Sign.TROUBLE]])
    assert state.unheard is waits


@given(st.lists(st.sampled_from(["lost", "back", "+", "card", "recorded", "time"]), max_size=20))
def test_two_signs_of_one_step_are_never_a_loss_and_an_answer(walk: list[str]) -> None:
    state, at = fitted(), NOW
    for name in walk:
        at += 400
        event: Input = {
            "lost": lost("nfc", at),
            "back": DeviceBack("nfc", at),
            "+": replace(press(Button.AWARD, state.picture), at=at),
            "card": inputs.Found(JANA, at),
            "recorded": inputs.Recorded(f"b:{state.records}", STAMPED, JANA, at),
            "time": inputs.Tick(at + 6_000),
        }[name]
        state, (heard,) = signs(state, event)
        assert len(heard) == 1 or Sign.TROUBLE not in heard
