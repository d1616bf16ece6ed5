"""The I2C bus to an OLED panel: luma's own interface, which can also ask the panel how it is.

Imported by `display.oled` when a panel is opened, not before: luma costs some 0.1 s.
"""

from __future__ import annotations

from luma.core.interface.serial import i2c


class I2cWire(i2c):  # type: ignore[misc]
    """`command`, `data` and `cleanup` as luma has them."""

    def status(self) -> int:
        """The panel's status byte (SSD1306 data sheet, section 8.1.5: bit 6 set while the display is off)."""
        return int(self._bus.read_byte(self._addr))
