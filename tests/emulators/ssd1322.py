"""The controller of 256 x 64 panels: 480 x 128 pixels of 4-bit grey, of which the glass has the middle of the first rows.

Written after the Solomon Systech SSD1322 data sheet, revision 1.2: section 8.1.3 (four-wire SPI: a command with D/C# low, what
follows it with D/C# high; nothing can be read), 8.7 (memory: 120 columns of four pixels in two bytes, 128 rows), and
9 and 10.1 (commands, their arguments and ranges). What the sheet does not allow is recorded in `mistakes`.

The glass is mounted so that A0h 14h 11h, as its makers' application notes have it, gives an upright picture: the nibbles
swapped, so that the left pixel of two is the upper one of their byte; the rows scanned from the last; dual COM lines.
"""

from __future__ import annotations

from PIL import Image

from emulators.panel_bus import PanelBus

COLUMNS, ROWS, BYTES = 120, 128, 2
WIDTH, HEIGHT = 256, 64
FIRST = (COLUMNS - WIDTH // 4) // 2

ARGUMENTS = {
    **dict.fromkeys((0x00, 0x5C, 0x5D, *range(0xA4, 0xA8), 0xA9, 0xAE, 0xAF, 0xB9), 0),
    **dict.fromkeys((0xA1, 0xA2, 0xAB, 0xB1, 0xB3, 0xB5, 0xB6, 0xBB, 0xBE, 0xC1, 0xC7, 0xCA, 0xFD), 1),
    **dict.fromkeys((0x15, 0x75, 0xA0, 0xA8, 0xB4, 0xD1), 2),
    0xB8: 15,
}
"""How many bytes follow a command, as data."""

WRITE = 0x5C
SWAPPED, REVERSED_ROWS, REVERSED_COLUMNS, VERTICAL = 0x04, 0x10, 0x02, 0x01
"""Bits of A0h's first argument."""


class Ssd1322(PanelBus):
    """`spi` is the bus; `image` the eye, which sees a pixel as lit from half of the brightest on; `bytes` counts all."""

    fastest = 10_000_000
    """Hertz on SPI (table 13-6: a clock cycle of 100 ns)."""

    def __init__(self) -> None:
        super().__init__()
        self.power_on()

    def power_on(self) -> None:
        """After it had no power: the memory holds noise."""
        self.memory = bytearray(b"\xa5\x3c" * (COLUMNS * ROWS * BYTES // 2))
        self.reset()

    def reset(self) -> None:
        """The state after RES# (the defaults of section 9), which leaves the memory as it is."""
        self.on, self.locked, self.mode = False, False, 0xA6
        self.columns, self.rows = (0, COLUMNS - 1), (0, ROWS - 1)
        self.column = self.row = self.half = 0
        self.settings: dict[int, bytes] = {0xA0: b"\0\1", 0xA1: b"\0", 0xA2: b"\0", 0xAB: b"\1", 0xC1: b"\x7f", 0xCA: b"\x7f"}
        self._code: int | None = None
        self._arguments = b""

    @property
    def contrast(self) -> int:
        """0 to 255."""
        return self.settings[0xC1][0]

    # ---- the eye ----

    def greys(self) -> list[list[int]]:
        """64 rows of 256 greys, 0 to 15."""
        return [self._row(y) for y in range(HEIGHT)]

    def image(self) -> Image.Image:
        """What is lit, as a 1-bit image."""
        image = Image.new("1", (WIDTH, HEIGHT))
        image.putdata([255 * (grey > 7) for row in self.greys() for grey in row])
        return image

    def _row(self, y: int) -> list[int]:
        if not self.on or self.settings[0xAB] != b"\1" or self.mode == 0xA4:
            return [0] * WIDTH
        if self.mode == 0xA5:
            return [15] * WIDTH
        remap = self.settings[0xA0][0]
        last = self.settings[0xCA][0]
        com = y if remap & REVERSED_ROWS else HEIGHT - 1 - y
        if com > last:
            return [0] * WIDTH
        line = (com + self.settings[0xA1][0] + self.settings[0xA2][0]) % ROWS
        start = (line * COLUMNS + FIRST) * BYTES
        row: list[int] = []
        for value in self.memory[start : start + WIDTH // 2]:
            pair = (value >> 4, value & 0x0F)
            row += pair if remap & SWAPPED else pair[::-1]
        row = row[::-1] if remap & REVERSED_COLUMNS else row
        return [15 - grey for grey in row] if self.mode == 0xA7 else row

    # ---- the bus ----

    def _command(self, code: int) -> None:
        if self._code is not None and len(self._arguments) < ARGUMENTS[self._code]:
            self.mistakes.append(f"command {code:02X}h inside command {self._code:02X}h")
        self._code, self._arguments = None, b""
        if code not in ARGUMENTS:
            self.mistakes.append(f"command {code:02X}h")
        elif not self.locked or code == 0xFD:
            self._code = code
            self._obey(code) if ARGUMENTS[code] == 0 else None

    def _data(self, value: int) -> None:
        code = self._code
        if code == WRITE:
            self._put(value)
        elif code is None or len(self._arguments) >= ARGUMENTS[code]:
            self.mistakes.append(f"data {value:02X}h after " + ("nothing" if code is None else f"command {code:02X}h"))
        else:
            self._arguments += bytes([value])
            if len(self._arguments) == ARGUMENTS[code]:
                self._obey(code)

    def _put(self, value: int) -> None:
        """Along the row within the window, then the next row (A0h, A[0] = 0)."""
        self.memory[(self.row * COLUMNS + self.column) * BYTES + self.half] = value
        self.half = 1 - self.half
        if self.half:
            return
        if self.column != self.columns[1]:
            self.column += 1
            return
        self.column = self.columns[0]
        self.row = self.rows[0] if self.row == self.rows[1] else self.row + 1

    def _obey(self, code: int) -> None:
        arguments = self._arguments
        if code in (0xAE, 0xAF):
            self.on = code == 0xAF
        elif 0xA4 <= code <= 0xA7:
            self.mode = code
        elif code == 0xFD:
            self.locked = arguments != b"\x12"
        elif code in (0x15, 0x75):
            self._window(code, *arguments)
        else:
            self._note(code, arguments)

    def _note(self, code: int, arguments: bytes) -> None:
        if code == 0xA0 and arguments[0] & VERTICAL:
            self.mistakes.append("vertical increment, which this model does not do")
        if code == 0xCA and not 15 <= arguments[0] <= 127:
            self.mistakes.append(f"multiplex ratio {arguments[0]}")
        self.settings[code] = arguments

    def _window(self, code: int, start: int, end: int) -> None:
        last = COLUMNS - 1 if code == 0x15 else ROWS - 1
        if not start <= end <= last:
            self.mistakes.append(f"command {code:02X}h from {start} to {end}")
        elif code == 0x15:
            self.columns, self.column, self.half = (start, end), start, 0
        else:
            self.rows, self.row, self.half = (start, end), start, 0
