"""LEDs and beeper as the daemon plays them: the signs' steps on the driver that the settings describe."""

from __future__ import annotations

from drivers import signals as driver
from drivers.gpio import Gpio
from drivers.signals import Beeper, SignalPins
from terminal.settings import Signals
from terminal.signs import Step


class Lights:
    """Plays the signs of `terminal.signs`; `device` is what `supervise` keeps alive."""

    def __init__(self, settings: Signals, gpio: Gpio) -> None:
        pins = SignalPins(green=settings.green, red=settings.red, beeper=settings.beeper)
        self.device = driver.Signals("signals", pins, gpio, beeper=Beeper.PASSIVE if settings.passive else Beeper.ACTIVE)

    def play(self, steps: tuple[Step, ...]) -> None:
        """Plays a pattern from its beginning; returns at once."""
        self.device.play(tuple(driver.Step(**step._asdict()) for step in steps))
