"""The signs as a table for people, as `docs/devices/buttons-and-signals.md` shows it, and the rhythm that eyes or ears get.

`python tests/signs_table.py` prints the table as the code has it, for whoever changes a sign on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from terminal.effects import Sign
from terminal.signs import SIGNS, Step

SAYS = {
    Sign.DONE: "done",
    Sign.DONE_LATER: "done, will be sent later",
    Sign.REFUSED: "refused, the screen says why",
    Sign.TROUBLE: "something is wrong with a device",
    Sign.CARD: "a card was read",
    Sign.OTHER_CARD: "another card took its place",
    Sign.KEY: "a press was taken",
    Sign.TEST: "the test in the staff menu",
}

Pulse = tuple[bool, int]
"""Whether there is something to see or hear, and for how many milliseconds."""


def is_lit(step: Step) -> bool:
    """Any light, whatever its colour and place."""
    return step.green or step.red


def is_heard(step: Step) -> bool:
    """Any tone, whatever its pitch."""
    return step.hertz > 0


def rhythm(steps: tuple[Step, ...], given: Callable[[Step], bool]) -> tuple[Pulse, ...]:
    """Pulses and the gaps between them, from the first pulse to the last."""
    runs = [(on, sum(step.ms for step in run)) for on, run in groupby(steps, key=given)]
    while runs and not runs[-1][0]:
        runs.pop()
    while runs and not runs[0][0]:
        runs.pop(0)
    return tuple(runs)


def table() -> Iterator[str]:
    """The lines of the table."""
    yield "| Sign | Says | Lights, ms | Sound, Hz for ms |"
    yield "|---|---|---|---|"
    for sign, steps in SIGNS.items():
        yield f"| {sign.value} | {SAYS[sign]} | {_lights(steps)} | {_sound(steps)} |"


def _lights(steps: tuple[Step, ...]) -> str:
    names = {(True, False): "left", (False, True): "right", (True, True): "both", (False, False): "dark"}
    runs = [(names[lit], sum(step.ms for step in run)) for lit, run in groupby(steps, key=lambda step: (step.green, step.red))]
    return "none" if all(name == "dark" for name, _ in runs) else ", ".join(f"{name} {ms}" for name, ms in runs)


def _sound(steps: tuple[Step, ...]) -> str:
    runs = [(hertz, sum(step.ms for step in run)) for hertz, run in groupby(steps, key=lambda step: step.hertz)]
    while runs[-1][0] == 0:
        runs.pop()
    return ", ".join(f"{hertz} for {ms}" if hertz else f"silent {ms}" for hertz, ms in runs)


if __name__ == "__main__":
    print(*table(), sep="\n")
