"""What has to be sent so that a panel that shows one picture shows another.

A picture is in the controller's own layout here: lines of cells, where a cell is the least that can be addressed (a byte of
8 pixels one above the other, or 4 grey pixels side by side in two bytes). A window costs some bytes on the bus besides its
cells, so near changes share one. How each controller takes its windows: `display.controllers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_TURNED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


@dataclass(frozen=True, slots=True)
class Window:
    """Cells `left` to `right` of lines `top` to `bottom`, all inclusive."""

    left: int
    right: int
    top: int
    bottom: int

    def around(self, other: Window) -> Window:
        """The smallest window that holds both."""
        return Window(
            min(self.left, other.left), max(self.right, other.right), min(self.top, other.top), max(self.bottom, other.bottom)
        )


@dataclass(frozen=True, slots=True)
class Memory:
    """A panel's memory: `lines` of `across` cells, each of `cell` bytes, and what it costs to point at a part of it.

    A window costs `window_bytes`, and each of its lines `line_bytes`: control bytes and commands.
    """

    across: int
    lines: int
    cell: int = 1
    window_bytes: int = 0
    line_bytes: int = 0

    @property
    def size(self) -> int:
        """Bytes of a whole picture."""
        return self.across * self.lines * self.cell

    @property
    def whole(self) -> Window:
        """The window of everything."""
        return Window(0, self.across - 1, 0, self.lines - 1)

    def cost(self, window: Window) -> int:
        """Bytes on the bus."""
        lines = window.bottom - window.top + 1
        return self.window_bytes + lines * (self.line_bytes + (window.right - window.left + 1) * self.cell)

    def rows(self, window: Window, picture: bytes) -> list[bytes]:
        """A window's bytes of a picture, line by line."""
        starts = [line * self.across for line in range(window.top, window.bottom + 1)]
        return [picture[(start + window.left) * self.cell : (start + window.right + 1) * self.cell] for start in starts]

    def windows(self, shown: bytes, wanted: bytes) -> list[Window]:
        """Windows that hold every difference; none for equal pictures, and never dearer than the whole picture."""
        found: list[Window] = []
        for line in range(self.lines):
            for span in self._spans(shown, wanted, line):
                for index, above in enumerate(found):
                    both = above.around(span)
                    if above.bottom >= line - 1 and self.cost(both) <= self.cost(above) + self.cost(span):
                        found[index] = both
                        break
                else:
                    found.append(span)
        return found if sum(map(self.cost, found)) < self.cost(self.whole) else [self.whole]

    def _spans(self, shown: bytes, wanted: bytes, line: int) -> list[Window]:
        """The changed cells of a line, those in one that are too near for a window of their own."""
        start, length, cell = line * self.across * self.cell, self.across * self.cell, self.cell
        old, new = shown[start : start + length], wanted[start : start + length]
        if old == new:
            return []
        near = (self.window_bytes + self.line_bytes) // cell
        spans: list[Window] = []
        for column in range(self.across):
            if old[column * cell : (column + 1) * cell] == new[column * cell : (column + 1) * cell]:
                continue
            if spans and column - spans[-1].right <= near:
                spans[-1] = Window(spans[-1].left, column, line, line)
            else:
                spans.append(Window(column, column, line, line))
        return spans


def pages_of(image: Image.Image) -> bytes:
    """A 1-bit image as pages of 8 rows: a byte a column, the lowest bit on top (SSD1306 data sheet, figure 8-14)."""
    from PIL import Image  # late: who only reads the settings draws nothing

    columns = image.transpose(Image.Transpose.TRANSPOSE).tobytes().translate(_TURNED)
    pages = image.height // 8
    return b"".join(columns[page::pages] for page in range(pages))


@cache
def _grey(bits: int) -> bytes:
    """8 pixels of a 1-bit image as 4 bytes of two greys, the left one above."""
    return bytes((0xF0 if bits >> left & 1 else 0) | (0x0F if bits >> left - 1 & 1 else 0) for left in (7, 5, 3, 1))


def greys_of(image: Image.Image) -> bytes:
    """A 1-bit image as rows of 4-bit greys, dark or fully lit: the left pixel of two in the upper half of their byte."""
    return b"".join(map(_grey, image.tobytes()))
