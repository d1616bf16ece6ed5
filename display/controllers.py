"""The controllers of OLED panels: which glass each drives and by which bus, and how its memory is pointed at.

Each is started by luma.oled's own class of the same name. Sources, besides luma: the data sheets SSD1306 revision 1.1 and
SSD1309 revision 1.1 (sections 9 and 10.1.3), SH1106 revision 2.3 ("Commands", 4 and 10) and SSD1322 revision 1.2 (sections
8.7 and 10.1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from display.changes import Memory, Window, greys_of, pages_of

if TYPE_CHECKING:
    from PIL import Image

Size: TypeAlias = tuple[int, int]
"""Width and height in pixels."""

SMALL, USUAL, WIDE = (128, 32), (128, 64), (256, 64)

I2C, SPI = "i2c", "spi"

ADDRESSES = (0x3C, 0x3D)
"""On I2C: 011110, and the level of the pin SA0 (SSD1306, section 8.1.5, "Slave address bit"; the others' are the same)."""

BRIGHTEST = 255
"""The highest contrast of all of them."""
CONTRAST = 207
"""How bright a panel is where nobody said: luma's own choice for an SSD1306."""


class Wire(Protocol):
    """The bus to one panel; each method raises OSError or luma's errors where the panel does not answer."""

    def command(self, *codes: int) -> None:
        """Up to 32 bytes of commands."""

    def data(self, data: Sequence[int]) -> None:
        """Bytes for the panel's memory; for an SSD1322 also what follows a command."""

    def present(self) -> None:
        """Raises where nobody answers; on a bus that cannot tell, never."""

    def status(self) -> int | None:
        """The panel's status byte; None on a bus that cannot be read."""

    def cleanup(self) -> None:
        """Closes the bus."""


Send: TypeAlias = Callable[[Wire, Memory, Window, bytes], None]
"""Puts a window of a picture into the panel's memory."""


@dataclass(frozen=True, slots=True)
class Controller:
    """What the driver has to know of one."""

    name: str
    sizes: tuple[Size, ...]
    """The first is the usual one."""
    buses: tuple[str, ...]
    inches: dict[Size, float]
    """The diagonal of the glass that it is usually sold with."""
    megahertz: int
    """The fastest clock on SPI, of those that luma offers."""
    memory: Callable[[Size], Memory]
    encode: Callable[[Image.Image], bytes]
    send: Send


def _send_window(wire: Wire, memory: Memory, window: Window, picture: bytes) -> None:
    """Horizontal addressing: set column address, set page address, and then all bytes in one go."""
    wire.command(0x21, window.left, window.right, 0x22, window.top, window.bottom)
    wire.data(b"".join(memory.rows(window, picture)))


SH1106_FIRST = 2
"""Of the SH1106's 132 columns the glass has the middle 128."""


def _send_pages(wire: Wire, memory: Memory, window: Window, picture: bytes) -> None:
    """Page addressing, the only one an SH1106 has: each page by itself, and the column by halves of its number."""
    first = SH1106_FIRST + window.left
    for page, row in enumerate(memory.rows(window, picture), window.top):
        wire.command(0xB0 | page, first & 0x0F, 0x10 | first >> 4)
        wire.data(row)


SSD1322_COLUMNS = 120
"""Columns of 4 pixels: 480 pixels, of which the glass has the middle ones."""


def _send_greys(wire: Wire, memory: Memory, window: Window, picture: bytes) -> None:
    """Set column address, set row address, write RAM; what follows a command goes as data (section 8.1.3)."""
    first = (SSD1322_COLUMNS - memory.across) // 2
    wire.command(0x15)
    wire.data((first + window.left, first + window.right))
    wire.command(0x75)
    wire.data((window.top, window.bottom))
    wire.command(0x5C)
    wire.data(b"".join(memory.rows(window, picture)))


def _in_windows(size: Size) -> Memory:
    """Besides its bytes a window costs an address, a control byte and 6 bytes of commands; an address and a control byte."""
    return Memory(size[0], size[1] // 8, window_bytes=10)


def _in_pages(size: Size) -> Memory:
    """Each page costs an address, a control byte and 3 bytes of commands; an address and a control byte."""
    return Memory(size[0], size[1] // 8, line_bytes=7)


def _in_greys(size: Size) -> Memory:
    """A window costs 7 bytes of commands and what follows them."""
    return Memory(size[0] // 4, size[1], cell=2, window_bytes=7)


CONTROLLERS = {
    one.name: one
    for one in (
        Controller("ssd1309", (USUAL,), (I2C, SPI), {USUAL: 2.42}, 8, _in_windows, pages_of, _send_window),
        Controller("ssd1306", (USUAL, SMALL), (I2C, SPI), {USUAL: 0.96, SMALL: 0.91}, 8, _in_windows, pages_of, _send_window),
        Controller("sh1106", (USUAL,), (I2C, SPI), {USUAL: 1.3}, 4, _in_pages, pages_of, _send_pages),
        Controller("ssd1322", (WIDE,), (SPI,), {WIDE: 3.12}, 8, _in_greys, greys_of, _send_greys),
    )
}
"""By name; the first is the default."""
