"""A device that goes is heard, once, and never over what a customer is to hear.

Several that go together, as those of a USB hub do, are one loss, and so is a loose plug that comes and goes. What never worked
is not lost: the idle screen's sign tells of it.
"""

from __future__ import annotations

from dataclasses import replace

from terminal import states
from terminal.effects import Effect, Sign, Signal
from terminal.states import State
from terminal.verbs import Outcome

TOGETHER_MS = 5_000
"""A loss this soon after another is the same one."""

ANSWERING = (states.Saving, states.Asking, states.Renewing, states.Done, states.Notice)
"""States in which an answer is waited for, or is being heard."""


def lost(state: State, device: str) -> Outcome:
    """A device is gone."""
    desk = state.desk
    missing = tuple(sorted({*desk.missing, device}))
    working = tuple(name for name in desk.working if name != device)
    after = states.with_desk(state, missing=missing, working=working)
    if device not in desk.working:
        return after, ()
    together = state.lost is not None and state.now - state.lost < TOGETHER_MS
    return replace(after, lost=state.now, unheard=state.unheard or not together), ()


def back(state: State, device: str) -> Outcome:
    """It works, or works again: where all do, there is nothing left to be heard."""
    desk = state.desk
    missing = tuple(name for name in desk.missing if name != device)
    after = states.with_desk(state, missing=missing, working=tuple(sorted({*desk.working, device})))
    return replace(after, unheard=state.unheard and bool(missing)), ()


def heard(state: State, effects: tuple[Effect, ...]) -> Outcome:
    """Adds the sign of a loss as soon as it drowns no other."""
    busy = isinstance(state.mode, ANSWERING) or any(isinstance(effect, Signal) for effect in effects)
    if not state.unheard or busy:
        return state, effects
    return replace(state, unheard=False), (*effects, Signal(Sign.TROUBLE))
