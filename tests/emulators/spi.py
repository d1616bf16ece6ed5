"""An SPI bus as the kernel shows it: /dev/spidevB.C, with one panel behind it whose D/C# and RES# hang on GPIO pins.

Written after linux/spi/spidev.h and the kernel's Documentation/spi/spidev.rst: settings are read and written by ioctl, a
`write()` is one transfer with the chip selected. Nobody answers on the bus: a write to a chip that is not there works as well.
"""

from __future__ import annotations

import errno
import struct
from typing import Protocol

from emulators.gpiochip import GpioChip

MODE, LSB_FIRST, BITS, SPEED, MODE32 = 1, 2, 3, 4, 5
"""The numbers (_IOC_NR) of the requests; their type is "k"."""

FASTEST = 125_000_000
LONGEST = 4096
"""Bytes of one transfer (spidev's bufsiz)."""


class SpiChip(Protocol):
    """What hangs on the bus."""

    fastest: int

    def spi(self, message: bytes, *, data: bool) -> None:
        """Bytes while D/C# is high (`data`) or low."""

    def reset(self) -> None:
        """RES# went low."""


class SpiBus:
    """`chip` may be taken away and put back; `log` holds (D/C#, bytes) of each transfer that it got."""

    def __init__(self, gpio: GpioChip, chip: SpiChip | None, *, dc: int, reset: int | None = None) -> None:
        self.gpio, self.chip, self._dc, self._reset = gpio, chip, dc, reset
        self.settings = {MODE: 0, LSB_FIRST: 0, BITS: 8, SPEED: FASTEST, MODE32: 0}
        self.log: list[tuple[int, bytes]] = []
        self.mistakes: list[str] = []
        self._seen = 0

    # ---- the kernel ----

    def open(self) -> None:
        return None

    def opened(self, state: object, channel: object) -> None:
        pass

    def released(self, state: object, channel: object) -> None:
        pass

    def ioctl(self, state: object, request: int, payload: bytes) -> tuple[bytes, None]:
        number, form = request & 0xFF, "<I" if (request >> 16) & 0x3FFF == 4 else "<B"
        if number not in self.settings:
            raise OSError(errno.ENOTTY, "unknown request")
        if request >> 30 == 2:  # read
            return struct.pack(form, self.settings[number]), None
        (self.settings[number],) = struct.unpack(form, payload)
        return payload, None

    def write(self, state: object, message: bytes) -> int:
        if len(message) > LONGEST:
            raise OSError(errno.EMSGSIZE, "longer than bufsiz")
        chip = self.chip
        if chip is None:
            return len(message)
        self._look_at_reset(chip)
        if self._reset is not None and not self.gpio.levels(self._reset)[0]:
            return len(message)
        if self.settings[SPEED] > chip.fastest:
            self.mistakes.append(f"{self.settings[SPEED]} Hz")
        if self.settings[MODE] not in (0, 3):
            self.mistakes.append(f"SPI mode {self.settings[MODE]}")
        (level,) = self.gpio.levels(self._dc)
        self.log.append((level, message))
        chip.spi(message, data=bool(level))
        return len(message)

    def _look_at_reset(self, chip: SpiChip) -> None:
        puts, self._seen = self.gpio.log[self._seen :], len(self.gpio.log)
        if any(put.line == self._reset and put.level == 0 for put in puts):
            chip.reset()
