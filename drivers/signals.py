"""Two LEDs and a beeper on GPIO pins, played as patterns. What a pattern means is decided elsewhere.

    signals = Signals("signals", SignalPins(green=27, red=22, beeper=18), Gpio(clock))
    signals.play((Step(green=True, red=False, hertz=2700, ms=80), Step(green=True, red=False, hertz=0, ms=400)))

Wiring, parts and what fails how: docs/devices/buttons-and-signals.md.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from drivers.events import Emit
from drivers.gpio import Gpio, GpioLost, Pins
from drivers.worker import in_thread

LOOK_SECONDS = 0.25
"""How often the chip is looked at although nothing plays: a dead one does not say so by itself."""

MOST_HERTZ = 10_000
"""The software PWM of lgpio goes no higher."""


class Beeper(Enum):
    """What kind of beeper is fitted."""

    PASSIVE = "passive"
    """A bare piezo or speaker: it sounds the square wave it is given (software PWM)."""
    ACTIVE = "active"
    """With an oscillator of its own: it sounds its one tone while its pin is high; hertz only say "on", duty nothing."""


@dataclass(frozen=True, slots=True)
class SignalPins:
    """BCM numbers; None for what is not fitted."""

    green: int | None = None
    red: int | None = None
    beeper: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What is lit and sounds (`hertz`, 0 for silence, at most `MOST_HERTZ`) for `ms` milliseconds.

    `duty` is how many per cent of each period the wave is high: less than 50 is softer.
    """

    green: bool
    red: bool
    hertz: int
    ms: int
    duty: int = 50

    def __post_init__(self) -> None:
        if not 0 <= self.hertz <= MOST_HERTZ or self.ms < 0:
            raise ValueError(f"A step has 0 to {MOST_HERTZ} hertz and no negative time, not {self.hertz} Hz for {self.ms} ms.")
        if not 1 <= self.duty <= 50:
            raise ValueError(f"A tone's duty is 1 to 50 per cent, not {self.duty}.")


Pattern: TypeAlias = tuple[Step, ...]
"""Steps one after the other; after the last all is dark and silent."""

DARK = Step(green=False, red=False, hertz=0, ms=0)


class Signals:
    """A `supervise.Device` with a thread of its own; the latest pattern wins."""

    def __init__(self, name: str, pins: SignalPins, gpio: Gpio, *, beeper: Beeper = Beeper.PASSIVE) -> None:
        self.name = name
        self._pins, self._gpio, self._beeper = pins, gpio, beeper
        self._borrowed: Pins | None = None
        self._now = DARK
        self._next: Pattern | None = None
        self._news = threading.Condition()

    def play(self, pattern: Pattern) -> None:
        """Plays from its beginning, in place of what plays now; from any thread, returns at once.

        While the device is lost patterns are forgotten: a beep that comes later than its reason would mislead.
        """
        with self._news:
            self._next = pattern
            self._news.notify()

    async def open(self) -> None:
        """Raises `GpioMissing`, `PinBusy` or `GpioLost`."""
        await in_thread(f"{self.name} open", lambda stop: self._gpio.load())
        self._borrowed = pins = self._gpio.borrow()
        for pin in (self._pins.green, self._pins.red, self._pins.beeper):
            if pin is not None:
                pins.output(pin)
        self._now, self._next = DARK, None

    async def run(self, emit: Emit) -> None:
        """Until cancelled; raises `GpioLost`."""
        await in_thread(self.name, self._serve)

    async def close(self) -> None:
        """Dark and silent, and the pins freed."""
        if self._borrowed is not None:
            self._borrowed.give_back()
        self._borrowed = None

    def _serve(self, stop: threading.Event) -> None:
        while not stop.is_set():
            pattern = self._take()
            if pattern is None:
                self._look()
                continue
            self._perform(pattern, stop)
        self._set(DARK)

    def _take(self) -> Pattern | None:
        with self._news:
            self._news.wait_for(lambda: self._next is not None, LOOK_SECONDS)
            pattern, self._next = self._next, None
            return pattern

    def _perform(self, pattern: Pattern, stop: threading.Event) -> None:
        end = time.monotonic()
        for step in pattern:
            self._set(step)
            end += step.ms / 1000
            if self._interrupted(end, stop):
                return
        self._set(DARK)

    def _interrupted(self, end: float, stop: threading.Event) -> bool:
        """Waits until `end`, or less: whether there is something newer to do."""
        while (left := end - time.monotonic()) > 0:
            with self._news:
                if self._news.wait_for(lambda: self._next is not None, min(left, LOOK_SECONDS)):
                    return True
            if stop.is_set():
                return True
            self._look()
        return self._next is not None

    def _set(self, step: Step) -> None:
        """Only what differs is touched: a tone that goes on through two steps must not click."""
        pins = self._opened()
        for pin, wanted, was in ((self._pins.green, step.green, self._now.green), (self._pins.red, step.red, self._now.red)):
            if pin is not None and wanted != was:
                pins.write(pin, high=wanted)
        if self._pins.beeper is not None and (step.hertz, step.duty) != (self._now.hertz, self._now.duty):
            if self._beeper is Beeper.PASSIVE:
                pins.tone(self._pins.beeper, step.hertz, step.duty)
            else:
                pins.write(self._pins.beeper, high=step.hertz > 0)
        self._now = step

    def _look(self) -> None:
        pins = self._opened()
        for pin in (self._pins.green, self._pins.red, self._pins.beeper):
            if pin is not None:
                pins.level(pin)
                return

    def _opened(self) -> Pins:
        if self._borrowed is None:
            raise GpioLost("The signals are not open.")
        return self._borrowed
