"""The controller of an OLED panel of 128 x 64 or 128 x 32 on I2C or four-wire SPI, as a typical module has it.

Written after the Solomon Systech SSD1306 data sheet, revision 1.1: section 8.1.5 (I2C: control byte, Co and D/C# bits, the
status byte that a read gives), section 9 (command table: codes, arguments and their ranges) and section 10.1.3 (memory
addressing modes); the charge pump command 8Dh from its application note. What the sheet does not allow is obeyed as far as
it goes and recorded in `mistakes`.

The panel shows what an eye would see: nothing while the display or the charge pump is off, everything on A5h, inverse on
A7h; the module's glass is mounted so that A1h and C8h give an upright picture. Its COM lines are wired in the order that DAh
has to name: alternating on 64 rows, one after the other on 32.

`Ssd1309` is its sister (data sheet revision 1.1): the same commands, but no charge pump, and FDh locks it.
"""

from __future__ import annotations

from typing import ClassVar

from PIL import Image

from emulators.panel_bus import PanelBus

WIDTH, RAM_ROWS, PAGES = 128, 64, 8

FASTEST = 10_000_000
"""Hertz on SPI (table 13-4: a clock cycle of 100 ns)."""

HORIZONTAL, VERTICAL, PAGE = 0, 1, 2
"""The addressing modes of 20h."""

ARGUMENTS = {
    **dict.fromkeys((0x26, 0x27), 6),
    **dict.fromkeys((0x29, 0x2A), 5),
    **dict.fromkeys((0x21, 0x22, 0xA3), 2),
    **dict.fromkeys((0x20, 0x81, 0x8D, 0xA8, 0xD3, 0xD5, 0xD9, 0xDA, 0xDB), 1),
}
"""How many bytes follow a command; the others stand alone."""

ALONE = frozenset(
    {
        *range(0x20),
        0x2E,
        0x2F,
        *range(0x40, 0x80),
        0xA0,
        0xA1,
        *range(0xA4, 0xA8),
        0xAE,
        0xAF,
        *range(0xB0, 0xB8),
        0xC0,
        0xC8,
        0xE3,
    }
)


class Ssd1306(PanelBus):
    """`write` and `read` are the bus; `rows` and `image` the eye; `bytes` counts all that was written."""

    fastest = FASTEST
    arguments: ClassVar[dict[int, int]] = ARGUMENTS

    def __init__(self, height: int = 64) -> None:
        self.height = height
        super().__init__()
        self.power_on()

    def power_on(self) -> None:
        """After it had no power: the memory holds noise."""
        self.memory = bytearray(b"\xa5\x3c" * (WIDTH * PAGES // 2))
        self.reset()

    def reset(self) -> None:
        """The state after RES# (section 9, "(RESET)" in the table), which leaves the memory as it is."""
        self.on = self.pump = self.inverse = self.all_on = self.upright_columns = self.upright_rows = False
        self.mode = PAGE
        self.columns, self.pages = (0, WIDTH - 1), (0, PAGES - 1)
        self.column = self.page = self.start_line = self.offset = 0
        self.settings = {0x81: 0x7F, 0xA8: 63, 0xD5: 0x80, 0xD9: 0x22, 0xDA: 0x12, 0xDB: 0x20}
        self._pending: list[int] = []

    # ---- the eye ----

    def rows(self) -> list[str]:
        """Rows of 128 signs: # is lit, . is dark."""
        return ["".join(".#"[lit] for lit in self._row(y)) for y in range(self.height)]

    def image(self) -> Image.Image:
        """The same as a 1-bit image."""
        image = Image.new("1", (WIDTH, self.height))
        image.putdata([255 * lit for y in range(self.height) for lit in self._row(y)])
        return image

    def _row(self, y: int) -> list[int]:
        if not (self.on and self.pump):
            return [0] * WIDTH
        if self.all_on:
            return [1] * WIDTH
        last = self.settings[0xA8]
        row = self._com(y)
        com = row if self.upright_rows else last - row
        if not 0 <= com <= last:
            return [0] * WIDTH
        line = (com + self.start_line + self.offset) % RAM_ROWS
        start = line // 8 * WIDTH
        return [(value >> line % 8 & 1) ^ self.inverse for value in self.memory[start : start + WIDTH]]

    def _com(self, y: int) -> int:
        """Which scanned line a row of the glass is on (DAh, A[4]; section 10.1.18): a wrong order shuffles the rows."""
        wired, named = self.height == RAM_ROWS, bool(self.settings[0xDA] & 0x10)
        if wired == named:
            return y
        half = self.height // 2
        return y // 2 + y % 2 * half if wired else y % half * 2 + y // half

    # ---- the bus ----

    def read(self, count: int) -> bytes:
        """The status register: bit 6 is set while the display is off."""
        return bytes([0x00 if self.on else 0x40]) * count

    def _data(self, value: int) -> None:
        if self._pending:
            self.mistakes.append(f"data inside command {self._pending[0]:02X}h")
        # A0h and A1h turn the columns of what is written from now on, not of what is there (section 9, A0h).
        column = self.column if self.upright_columns else WIDTH - 1 - self.column
        self.memory[self.page * WIDTH + column] = value
        if self.mode == PAGE:
            self.column = (self.column + 1) % WIDTH
        elif self.mode == HORIZONTAL:
            self.column, carry = self._next(self.column, self.columns)
            if carry:
                self.page, _ = self._next(self.page, self.pages)
        else:
            self.page, carry = self._next(self.page, self.pages)
            if carry:
                self.column, _ = self._next(self.column, self.columns)

    @staticmethod
    def _next(value: int, between: tuple[int, int]) -> tuple[int, bool]:
        return (between[0], True) if value == between[1] else (value + 1, False)

    def _command(self, value: int) -> None:
        if not self._pending and value not in self.arguments:
            self._alone(value)
            return
        self._pending.append(value)
        code, *arguments = self._pending
        if len(arguments) == self.arguments[code]:
            self._pending = []
            self._with_arguments(code, arguments)

    def _alone(self, code: int) -> None:
        if code not in ALONE:
            self.mistakes.append(f"command {code:02X}h")
        elif code < 0x20 or 0xB0 <= code <= 0xB7:
            self._point(code)
        elif 0x40 <= code < 0x80:
            self.start_line = code & 0x3F
        elif code in (0xA0, 0xA1):
            self.upright_columns = code == 0xA1
        elif code in (0xA4, 0xA5):
            self.all_on = code == 0xA5
        elif code in (0xA6, 0xA7):
            self.inverse = code == 0xA7
        elif code in (0xAE, 0xAF):
            self.on = code == 0xAF
        elif code in (0xC0, 0xC8):
            self.upright_rows = code == 0xC8
        elif code == 0x2F:
            self.mistakes.append("scrolling, which this model does not do")

    def _point(self, code: int) -> None:
        """Page addressing: B0h to B7h the page, 00h to 1Fh the column by halves."""
        if self.mode != PAGE:
            self.mistakes.append(f"command {code:02X}h outside page addressing mode")
        elif code >= 0xB0:
            self.page = code & 0x07
        elif code < 0x10:
            self.column = self.column & 0x70 | code
        else:
            self.column = (code & 0x07) << 4 | self.column & 0x0F

    def _with_arguments(self, code: int, arguments: list[int]) -> None:
        first = arguments[0]
        if code == 0x20:
            if first > 2:
                self.mistakes.append(f"addressing mode {first:02X}h")
            else:
                self.mode = first
        elif code in (0x21, 0x22):
            self._window(code, *arguments)
        elif code == 0x8D:
            self.pump = first & 0x04 != 0
        elif code == 0xD3:
            self.offset = first & 0x3F
        elif code == 0xA8 and not 15 <= first <= 63:
            self.mistakes.append(f"multiplex ratio {first}")
        else:
            self.settings[code] = first

    @property
    def contrast(self) -> int:
        """0 to 255."""
        return self.settings[0x81]

    def _window(self, code: int, start: int, end: int) -> None:
        last = WIDTH - 1 if code == 0x21 else PAGES - 1
        if self.mode == PAGE:
            self.mistakes.append(f"command {code:02X}h in page addressing mode")
        if not 0 <= start <= end <= last:
            self.mistakes.append(f"command {code:02X}h from {start} to {end}")
            return
        if code == 0x21:
            self.columns, self.column = (start, end), start
        else:
            self.pages, self.page = (start, end), start


class Ssd1309(Ssd1306):
    """`Ssd1306` with a voltage of its own for the pixels; 8Dh is no command of it, and FDh 16h makes it deaf to all but FDh."""

    arguments: ClassVar[dict[int, int]] = {
        **{code: count for code, count in ARGUMENTS.items() if code != 0x8D},
        0xDC: 1,
        0xFD: 1,
    }

    def reset(self) -> None:
        super().reset()
        self.pump, self.locked = True, False

    def _alone(self, code: int) -> None:
        if not self.locked:
            super()._alone(code)

    def _with_arguments(self, code: int, arguments: list[int]) -> None:
        if code == 0xFD:
            self.locked = arguments[0] == 0x16
        elif not self.locked:
            super()._with_arguments(code, arguments)
