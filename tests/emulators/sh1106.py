"""The controller of most 1.3 inch panels: 132 columns of 64 rows, of which the glass has the middle 128.

Written after the Sino Wealth SH1106 data sheet, revision 2.3: "I2C-bus Interface" (control byte), "Page Address Circuit" and
"Column Addresses" (the only addressing there is: the column counts up to 131 and stays there, the page never changes by
itself), "Commands" 1 to 26, and "Read Status" (bit 6 set while the display is off). What the sheet does not know is recorded
in `mistakes` and, as it is no command, done nothing about; what follows it is taken for a command of its own.

The glass is mounted so that A1h and C8h give an upright picture, as on the modules that are sold as SSD1306.
"""

from __future__ import annotations

from PIL import Image

from emulators.panel_bus import PanelBus

COLUMNS, WIDTH, HEIGHT, PAGES = 132, 128, 64, 8
FIRST = (COLUMNS - WIDTH) // 2

DOUBLE = frozenset({0x81, 0xA8, 0xAD, 0xD3, 0xD5, 0xD9, 0xDA, 0xDB})
"""Commands of two bytes."""

SILENT = frozenset({*range(0x30, 0x34), 0xE0, 0xE3, 0xEE})
"""Commands that change nothing to be seen: pump voltage, read-modify-write and its end, NOP."""


class Sh1106(PanelBus):
    """`write` and `read` are I2C, `spi` is SPI; `image` is the eye; `bytes` counts all that was written."""

    fastest = 4_000_000
    """Hertz on SPI: a clock cycle of 250 ns at 2.4 V ("Serial interface characteristics")."""

    def __init__(self) -> None:
        super().__init__()
        self.power_on()

    def power_on(self) -> None:
        """After it had no power: the memory holds noise."""
        self.memory = bytearray(b"\xa5\x3c" * (COLUMNS * PAGES // 2))
        self.reset()

    def reset(self) -> None:
        """The state after RES ("Reset Circuit"), which leaves the memory as it is."""
        self.on = self.inverse = self.all_on = self.upright_columns = self.upright_rows = False
        self.column = self.page = self.start_line = 0
        self.settings = {0x81: 0x80, 0xA8: 0x3F, 0xAD: 0x8B, 0xD3: 0, 0xD5: 0x50, 0xD9: 0x22, 0xDA: 0x12, 0xDB: 0x35}
        self._pending: int | None = None

    @property
    def contrast(self) -> int:
        """0 to 255."""
        return self.settings[0x81]

    # ---- the eye ----

    def image(self) -> Image.Image:
        """What is lit, as a 1-bit image of 128 x 64."""
        image = Image.new("1", (WIDTH, HEIGHT))
        image.putdata([255 * lit for y in range(HEIGHT) for lit in self._row(y)])
        return image

    def _row(self, y: int) -> list[int]:
        if not self.on or self.settings[0xAD] != 0x8B:
            return [0] * WIDTH
        if self.all_on:
            return [1] * WIDTH
        com = y if self.upright_rows else self.settings[0xA8] - y
        line = (com + self.start_line + self.settings[0xD3]) % HEIGHT
        start = line // 8 * COLUMNS
        row = [(value >> line % 8 & 1) ^ self.inverse for value in self.memory[start : start + COLUMNS]]
        return (row if self.upright_columns else row[::-1])[FIRST : FIRST + WIDTH]

    # ---- the bus ----

    def read(self, count: int) -> bytes:
        """The status byte."""
        return bytes([0x00 if self.on else 0x40]) * count

    def _data(self, value: int) -> None:
        if self.column < COLUMNS:
            self.memory[self.page * COLUMNS + self.column] = value
        self.column = min(self.column + 1, COLUMNS)

    def _command(self, code: int) -> None:
        if self._pending is not None:
            self.settings[self._pending] = code
            self._pending = None
        elif code in DOUBLE:
            self._pending = code
        elif code < 0x10:
            self.column = self.column & 0xF0 | code
        elif code < 0x20:
            self.column = (code & 0x0F) << 4 | self.column & 0x0F
        elif 0xB0 <= code <= 0xB7:
            self.page = code & 0x07
        else:
            self._look(code)

    def _look(self, code: int) -> None:
        """Commands of one byte that change what is seen of the memory."""
        if 0x40 <= code < 0x80:
            self.start_line = code & 0x3F
        elif code in (0xA0, 0xA1):
            self.upright_columns = code == 0xA1
        elif code in (0xA4, 0xA5):
            self.all_on = code == 0xA5
        elif code in (0xA6, 0xA7):
            self.inverse = code == 0xA7
        elif code in (0xAE, 0xAF):
            self.on = code == 0xAF
        elif 0xC0 <= code <= 0xCF:
            self.upright_rows = code >= 0xC8
        elif code not in SILENT:
            self.mistakes.append(f"command {code:02X}h")
