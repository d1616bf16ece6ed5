"""The test of the devices on the panel itself, for an installer without a keyboard: press, type, scan, tap, look, listen.

What is asked passes its step; ▸ skips it and × leaves, but where one of them is itself what is to be pressed. At the end
stands what did not pass, each with the cable or switch to look at. Pure: `session.step` asks here first while it lasts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from display import screens
from display.screens import Hint, Screen, Task
from drivers.events import Button, ButtonHeld, ButtonPressed, PadKey
from terminal import states
from terminal.effects import Effect, Sign, Signal
from terminal.inputs import CardRefused, CardShown, Input
from terminal.states import DeviceTest, State, Step

KEY = Signal(Sign.KEY)
SIGNS = {Button.AWARD: "+", Button.REDEEM: "−", Button.NEXT: "▸", Button.CANCEL: "×"}
CARDS = (Task.SCAN, Task.TAP, Task.INSERT)
EYES = (Task.BORDER, Task.BEEP)
"""Steps that only a person can judge: + is yes and − is no."""

HINTS = {
    Task.PRESS: Hint.WIRE,
    Task.TYPE: Hint.USB,
    Task.SCAN: Hint.USB,
    Task.TAP: Hint.SWITCHES,
    Task.INSERT: Hint.PCSCD,
    Task.BORDER: Hint.SH1106,
    Task.BEEP: Hint.WIRE,
}

Outcome = tuple[State, tuple[Effect, ...]]


def begin(state: State) -> Outcome:
    """The first step; where nothing is fitted, all works."""
    return _go(state, DeviceTest(state.desk.fitted, 0, 0), 0, KEY)


def react(state: State, mode: DeviceTest, event: Input) -> Outcome | None:
    """What follows in the test; None for what has nothing to do with it, such as the clock and the house's news."""
    match event:
        case ButtonPressed(button=button, picture=picture):
            return (state, ()) if picture < state.since else _press(state, mode, SIGNS[button])
        case PadKey(key=key, device=device):
            step = _step(mode)
            if step is not None and step.task is Task.TYPE and step.device == device:
                return _passed(state, mode)
            signs = {"+": "+", "-": "−"}
            return _press(state, mode, signs[key]) if key in signs else (state, ())
        case CardShown(device=device) | CardRefused(device=device):
            step = _step(mode)
            heard = step is not None and step.task in CARDS and step.device == device
            return _passed(state, mode) if heard else (state, ())
        case ButtonHeld():
            return state, ()
        case _:
            return None


def _press(state: State, mode: DeviceTest, sign: str) -> Outcome:
    step = _step(mode)
    if step is None:
        return _press_at_end(state, mode, sign)
    if step.task is Task.PRESS and sign == step.sign:
        return _passed(state, mode)
    if sign == "×":
        return replace(state, mode=states.Idle()), ()
    if sign == "▸" or (step.task in EYES and sign == "−"):
        return _go(state, replace(mode, failed=(*mode.failed, step)), mode.index + 1, KEY)
    if step.task in EYES and sign == "+":
        return _passed(state, mode)
    return replace(state, mode=replace(mode, late=state.now)), ()  # the wrong button: two wires may have changed places


def _press_at_end(state: State, mode: DeviceTest, sign: str) -> Outcome:
    if sign == "×":
        return replace(state, mode=states.Idle()), ()
    if sign == "▸" and len(mode.failed) > 1:
        looked = (mode.looked + 1) % len(mode.failed)
        return replace(state, mode=replace(mode, looked=looked, until=state.now + states.TEST_MS)), ()
    return state, ()


def _passed(state: State, mode: DeviceTest) -> Outcome:
    return _go(state, mode, mode.index + 1, KEY)


def _go(state: State, mode: DeviceTest, index: int, sound: Effect) -> Outcome:
    now = state.now
    after = replace(mode, index=index, until=now + states.TEST_MS, late=now + states.LATE_MS)
    step = _step(after)
    sounds = (Signal(Sign.TEST),) if step is not None and step.task is Task.BEEP else (sound,)
    return replace(state, mode=after), sounds


def _step(mode: DeviceTest) -> Step | None:
    """The step that is being made; None behind the last."""
    return mode.steps[mode.index] if mode.index < len(mode.steps) else None


def screen_of(state: State, mode: DeviceTest) -> Screen:
    """The step, with a hint where its device is lost or nothing has come for a while; or how it went."""
    step, desk = _step(mode), state.desk
    if step is None:
        if not mode.failed:
            return screens.DeviceTestDone(0)
        shown = mode.failed[mode.looked % len(mode.failed)]
        return screens.DeviceTestDone(len(mode.failed), shown.sign or shown.device, hint_of(shown, desk.board))
    troubled = step.device in desk.missing or state.now >= mode.late
    hint = hint_of(step, desk.board) if troubled else None
    return screens.DeviceTest(step.task, mode.index + 1, len(mode.steps), step.sign or step.device, hint)


def hint_of(step: Step, board: Sequence[Hint]) -> Hint:
    """The likeliest cause: the serial port in other hands, weak power, else the device's own cable or switch."""
    if step.port:
        for taken in (Hint.CONSOLE, Hint.BLUETOOTH):
            if taken in board:
                return taken
    if Hint.POWER in board and step.task in (Task.TYPE, Task.SCAN, Task.TAP, Task.INSERT):
        return Hint.POWER
    return HINTS[step.task]
