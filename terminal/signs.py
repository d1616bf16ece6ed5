"""What each sign looks and sounds like.

The four answers are told apart by rhythm alone: by the lights without their colour, and by the beeper without its pitch, so
also by who sees no red and green, who hears no high tones, and with a beeper of one tone. Their numbers of pulses differ, or a
pulse or a gap is at least two and a half times the other's; every pulse and gap is long enough to be counted, and nothing
flashes more than three times a second (WCAG 2.2, 2.3.1). Position and pitch say the same again: green is at the left and
rises, red is at the right and is low. The table in docs/devices/buttons-and-signals.md is checked against this file.
"""

from __future__ import annotations

from typing import NamedTuple

from terminal.effects import Sign


class Step(NamedTuple):
    """What is lit and sounds for a while."""

    green: bool
    red: bool
    hertz: int
    """0: silence."""
    ms: int
    duty: int = 50
    """Per cent of each period that the tone's wave is high: 50 is the loudest."""


LEFT, RIGHT, BOTH, DARK = (True, False), (False, True), (True, True), (False, False)

SIGNS: dict[Sign, tuple[Step, ...]] = {
    # one short tone that rises; the left light, once and steady
    Sign.DONE: (Step(*LEFT, 1_319, 80), Step(*LEFT, 1_760, 140), Step(*LEFT, 0, 1_180)),
    # a short tone, and after a wait its echo; the left light short, then long
    Sign.DONE_LATER: (
        Step(*LEFT, 1_319, 100),
        Step(*LEFT, 0, 100),
        Step(*DARK, 0, 300),
        Step(*LEFT, 1_760, 100),
        Step(*LEFT, 0, 800),
    ),
    # one long low tone; the right light twice, both times long
    Sign.REFUSED: (Step(*RIGHT, 330, 700), Step(*DARK, 0, 300), Step(*RIGHT, 0, 700)),
    # three short low tones; the right light three times, short
    Sign.TROUBLE: (
        Step(*RIGHT, 220, 180),
        Step(*DARK, 0, 220),
        Step(*RIGHT, 220, 180),
        Step(*DARK, 0, 220),
        Step(*RIGHT, 220, 180),
    ),
    # a tick
    Sign.CARD: (Step(*DARK, 1_047, 60),),
    # two ticks that fall; both lights at once, as nothing else has them
    Sign.OTHER_CARD: (Step(*BOTH, 1_047, 40), Step(*BOTH, 0, 120), Step(*BOTH, 698, 40), Step(*BOTH, 0, 100)),
    # hardly a click
    Sign.KEY: (Step(*DARK, 2_093, 15),),
    # each light and the beeper in turn, for whoever tests them
    Sign.TEST: (Step(*LEFT, 1_047, 600), Step(*RIGHT, 784, 600)),
}
