"""The test of the devices: what is asked passes, what is skipped is named at the end with its cable or switch."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from counter_table import EVA, NOW, PROGRAMME
from display import screens
from display.screens import Hint, Message, Task
from drivers.events import Button, ButtonPressed, DeviceLost, PadKey
from terminal import faces, states
from terminal.devices import fitted
from terminal.inputs import CardRefused, Input, Tick
from terminal.session import begin, step
from terminal.settings import read
from terminal.states import Desk, State, Step

BUTTONS = {"+": Button.AWARD, "−": Button.REDEEM, "▸": Button.NEXT, "×": Button.CANCEL}
ALL = fitted(
    read("""
[cloud]
url = "https://cloud.example"
[[scanner]]
name = "scanner"
match = "name:x"
[[pad]]
name = "pad"
match = "name:y"
[[nfc]]
name = "nfc"
path = "/dev/serial0"
[[chip]]
name = "chip"
aid = "F04C4F59414C5459"
[buttons]
award = 17
redeem = 22
next = 23
cancel = 24
[signals]
green = 27
[panel]
""")
)


def opened(steps: tuple[Step, ...] = ALL, **desk: object) -> State:
    """The test as the menu opens it."""
    state = begin("b", replace(Desk("Bodka", programme=PROGRAMME, staff=EVA, fitted=steps), **desk), NOW)  # type: ignore[arg-type]
    item = faces.MENU.index(screens.MenuItem.TEST)
    menu = replace(state, mode=states.Menu(NOW + 20_000, item))
    return press(menu, "+")


def press(state: State, sign: str) -> State:
    return step(state, ButtonPressed("buttons", BUTTONS[sign], state.picture, state.now))[0]


def card(state: State, device: str) -> State:
    return step(state, CardRefused(Message.NOT_OUR_CARD, state.now, device))[0]


def answer(one: Step) -> str:
    return one.sign or "+"


def passed(state: State, one: Step) -> State:
    event: Input
    if one.task in (Task.SCAN, Task.TAP, Task.INSERT):
        return card(state, one.device)
    if one.task is Task.TYPE:
        event = PadKey(one.device, "7", state.picture, state.now)
        return step(state, event)[0]
    return press(state, answer(one))


def test_every_device_that_is_configured_is_tested_and_no_other() -> None:
    assert [(one.task, one.device) for one in ALL[4:]] == [
        (Task.TYPE, "pad"),
        (Task.SCAN, "scanner"),
        (Task.TAP, "nfc"),
        (Task.INSERT, "chip"),
        (Task.BORDER, "panel"),
        (Task.BEEP, "signals"),
    ]
    assert fitted(read('[cloud]\nurl = "https://cloud.example"\n')) == ()
    assert faces.screen_of(opened(())) == screens.DeviceTestDone(0)


@given(st.lists(st.booleans(), min_size=len(ALL), max_size=len(ALL)))
def test_what_passes_passes_and_what_is_skipped_is_named(passes: list[bool]) -> None:
    state = opened()
    failed = []
    for one, well in zip(ALL, passes, strict=True):
        if well or one.sign in ("▸", "×"):
            state = passed(state, one)
        else:
            state = press(state, "▸")
            failed.append(one)
    shown = faces.screen_of(state)
    assert isinstance(shown, screens.DeviceTestDone)
    assert shown.failed == len(failed)
    seen = set()
    for _ in failed:
        shown = faces.screen_of(state)
        assert isinstance(shown, screens.DeviceTestDone)
        assert shown.hint is not None
        seen.add(shown.what)
        state = press(state, "▸")
    assert seen == {one.sign or one.device for one in failed}
    assert isinstance(press(state, "×").mode, states.Idle)


def test_a_lost_device_and_a_late_one_have_their_hint_at_once_and_after_a_while() -> None:
    state = opened(ALL[6:7])
    assert faces.screen_of(state) == screens.DeviceTest(Task.TAP, 1, 1, "nfc")
    lost = step(state, DeviceLost("nfc", "gone", NOW))[0]
    assert faces.screen_of(lost) == screens.DeviceTest(Task.TAP, 1, 1, "nfc", Hint.SWITCHES)
    wake = state.wake_at()
    assert wake is not None
    assert faces.screen_of(step(state, Tick(wake))[0]) == faces.screen_of(lost)


def test_the_serial_port_in_other_hands_is_named_before_the_switches() -> None:
    state = step(opened(ALL[6:7], board=(Hint.CONSOLE, Hint.POWER)), DeviceLost("nfc", "gone", NOW))[0]
    assert faces.screen_of(state) == screens.DeviceTest(Task.TAP, 1, 1, "nfc", Hint.CONSOLE)


def test_weak_power_is_named_where_a_reader_hangs_on_usb() -> None:
    state = step(opened(ALL[5:6], board=(Hint.CONSOLE, Hint.POWER)), DeviceLost("scanner", "gone", NOW))[0]
    assert faces.screen_of(state) == screens.DeviceTest(Task.SCAN, 1, 1, "scanner", Hint.POWER)


def test_a_press_from_before_the_test_passes_nothing() -> None:
    state = opened()
    stale = ButtonPressed("buttons", Button.AWARD, state.since - 1, state.now)
    assert step(state, stale)[0].mode == state.mode


def test_no_and_a_skip_of_the_border_point_at_the_panels_controller() -> None:
    for sign in ("−", "▸"):
        state = press(opened(ALL[8:9]), sign)
        assert faces.screen_of(state) == screens.DeviceTestDone(1, "panel", Hint.SH1106)


def test_a_card_at_another_reader_passes_nothing_and_is_nobodys() -> None:
    state = opened(ALL[6:7])
    assert card(state, "scanner") == state


def test_the_wrong_button_shows_the_wire() -> None:
    state = press(opened(), "−")
    assert faces.screen_of(state) == screens.DeviceTest(Task.PRESS, 1, len(ALL), "+", Hint.WIRE)
