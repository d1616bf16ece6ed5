"""How loud the beeper is: the volume and the quiet hours of `[signals]`, applied to a pattern before it is played.

    softly = Loudness(settings, clocks.time_of_day).now(steps)

A passive beeper gets a thinner wave, an active one shorter tones; lights and rhythm stay as they are. Quiet hours are silent,
and heeded only while the clock is trusted: a clock that may be wrong by half a day must not silence the counter at noon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from terminal.effects import Sign
from terminal.settings import Signals
from terminal.signs import SIGNS, Step

DUTY = {1: 5, 2: 16, 3: 50}
"""Per cent of a period by volume. The wave's fundamental goes with sin(pi * duty): some 16 and 6 dB below the loudest."""

SHARE = {1: 30, 2: 60, 3: 100}
"""Per cent of each tone that an active beeper sounds, by volume."""

SHORTEST_MS = 15
"""An active beeper needs as long to be heard at all."""

TimeOfDay = Callable[[], str | None]
"""The time on the wall, as in "14:05"; None while the clock is not trusted."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """What the settings say, at the time that it is."""

    settings: Signals
    time_of_day: TimeOfDay

    @property
    def volume(self) -> int:
        """0 (silent) to 3, now."""
        time = self.time_of_day()
        return 0 if time is not None and is_quiet(self.settings, time) else self.settings.volume

    def now(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """A pattern as it is played now. The test of the beeper sounds in quiet hours too: somebody listens for it."""
        volume = self.settings.volume if steps == SIGNS[Sign.TEST] else self.volume
        return softened(steps, volume, passive=self.settings.passive)


def is_quiet(settings: Signals, time: str) -> bool:
    """Whether a time of day lies in the quiet hours, which may go over midnight; their last minute is not quiet any more."""
    begin, end = settings.quiet_from, settings.quiet_until
    if begin <= end:
        return begin <= time < end
    return time >= begin or time < end


def softened(steps: tuple[Step, ...], volume: int, *, passive: bool) -> tuple[Step, ...]:
    """A pattern at a volume: it lasts as long, and its lights are the same."""
    if volume == 0:
        return tuple(step._replace(hertz=0) for step in steps)
    if passive:
        return tuple(step._replace(duty=DUTY[volume]) for step in steps)
    return tuple(_shortened(steps, SHARE[volume]))


def _shortened(steps: Iterable[Step], share: int) -> Iterator[Step]:
    """An active beeper has one tone: steps that sound one after the other are one pulse, and are cut together."""
    for sounds, run in groupby(steps, key=lambda step: step.hertz > 0):
        pulse = list(run)
        whole = sum(step.ms for step in pulse)
        left = max(min(SHORTEST_MS, whole), whole * share // 100) if sounds else 0
        for step in pulse:
            heard = min(step.ms, left)
            left -= heard
            if heard:
                yield step._replace(ms=heard)
            if heard < step.ms:
                yield step._replace(hertz=0, ms=step.ms - heard)
