"""The buses to an OLED panel: luma's own interfaces, which here can also be asked how the panel is.

Imported when a panel is opened, not before: luma costs some 0.1 s.
"""

from __future__ import annotations

import contextlib
from typing import Any, Protocol

from luma.core.interface.serial import i2c, spi

NOTHING = 0xE3
"""The command "no operation" of every controller on I2C."""

RESET_SECONDS = 0.001
"""How long RES# is low, and how long the panel has after it: an SSD1322 asks for 0.1 ms, the others for less."""


class I2cWire(i2c):  # type: ignore[misc]
    """`command`, `data` and `cleanup` as luma has them."""

    def present(self) -> None:
        """Raises where no panel acknowledges its address."""
        self.command(NOTHING)

    def status(self) -> int:
        """The panel's status byte (SSD1306 data sheet, section 8.1.5: bit 6 set while the display is off)."""
        return int(self._bus.read_byte(self._addr))


class Outputs(Protocol):
    """Pins of the board that this panel alone drives: D/C# and RES#."""

    def output(self, pin: int) -> None:
        """Drives a pin, low at first."""

    def write(self, pin: int, *, high: bool) -> None:
        """Sets it."""

    def give_back(self) -> None:
        """Frees them all; never raises."""


class SpiWire(spi):  # type: ignore[misc]
    """Four-wire SPI. Nothing comes back on it: whether there is a panel cannot be asked."""

    def __init__(self, bus: int, device: int, megahertz: int, outputs: Outputs, *, dc: int, reset: int | None) -> None:
        """/dev/spidev`bus`.`device`; `dc` and `reset` are BCM numbers of pins."""
        self._outputs = outputs
        try:
            super().__init__(
                gpio=_LumaPins(outputs),
                port=bus,
                device=device,
                bus_speed_hz=megahertz * 1_000_000,
                gpio_DC=dc,
                gpio_RST=reset,
                reset_hold_time=RESET_SECONDS,
                reset_release_time=RESET_SECONDS,
            )
        except Exception:
            outputs.give_back()
            raise

    def present(self) -> None:
        """Nobody can say."""

    def status(self) -> None:
        """Nor this."""

    def data(self, data: Any) -> None:
        """luma sends what a list holds."""
        super().data(list(data))

    def cleanup(self) -> None:
        """Closes the bus and frees the pins."""
        with contextlib.suppress(OSError):
            super().cleanup()
        self._outputs.give_back()


class _LumaPins:
    """What luma needs of RPi.GPIO, whose one owner in this process is elsewhere."""

    LOW, HIGH, OUT = 0, 1, 0

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs

    def setup(self, pin: int, _direction: int) -> None:
        self._outputs.output(pin)

    def output(self, pin: int, level: int) -> None:
        self._outputs.write(pin, high=bool(level))
