"""What has to be sent so that a panel that shows one picture shows another.

A picture is in the panel's own layout here: pages of 8 rows, a byte a column, the lowest bit on top (`pages_of`). A window
costs `WINDOW_BYTES` on the bus besides its own bytes, so near changes share one.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

WIDTH, HEIGHT = 128, 64
PAGES = HEIGHT // 8
WHOLE = WIDTH * PAGES

WINDOW_BYTES = 10
"""Address, control byte and six bytes of command; address and control byte of the data."""

_TURNED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


@dataclass(frozen=True, slots=True)
class Window:
    """Columns `left` to `right` of pages `top` to `bottom`, all inclusive."""

    left: int
    right: int
    top: int
    bottom: int

    def cost(self) -> int:
        """Bytes on the bus."""
        return WINDOW_BYTES + (self.right - self.left + 1) * (self.bottom - self.top + 1)

    def around(self, other: Window) -> Window:
        """The smallest window that holds both."""
        return Window(
            min(self.left, other.left), max(self.right, other.right), min(self.top, other.top), max(self.bottom, other.bottom)
        )

    def cut(self, pages: bytes) -> bytes:
        """Its bytes of a picture, page by page, as horizontal addressing takes them."""
        return b"".join(
            pages[page * WIDTH + self.left : page * WIDTH + self.right + 1] for page in range(self.top, self.bottom + 1)
        )


WHOLE_WINDOW = Window(0, WIDTH - 1, 0, PAGES - 1)


def pages_of(image: Image.Image, *, upside_down: bool = False) -> bytes:
    """A 1-bit image of 128 x 64 in the panel's layout, 1,024 bytes; `upside_down` turns it by 180 degrees."""
    if image.mode != "1" or image.size != (WIDTH, HEIGHT):
        raise ValueError(f"The panel shows 1-bit images of {WIDTH} x {HEIGHT}, not {image.mode} of {image.size}.")
    turn = Image.Transpose.TRANSVERSE if upside_down else Image.Transpose.TRANSPOSE
    columns = image.transpose(turn).tobytes().translate(_TURNED)  # 8 bytes a column now
    return b"".join(columns[page::PAGES] for page in range(PAGES))


def windows(shown: bytes, wanted: bytes) -> list[Window]:
    """Windows that hold every difference; none for equal pictures, and never dearer than the whole picture."""
    found: list[Window] = []
    for page in range(PAGES):
        for span in _spans(shown, wanted, page):
            for index, above in enumerate(found):
                both = above.around(span)
                if above.bottom >= page - 1 and both.cost() <= above.cost() + span.cost():
                    found[index] = both
                    break
            else:
                found.append(span)
    return found if sum(window.cost() for window in found) < WHOLE_WINDOW.cost() else [WHOLE_WINDOW]


def _spans(shown: bytes, wanted: bytes, page: int) -> list[Window]:
    """The changed columns of a page, those in one that are too near for a window of their own."""
    start = page * WIDTH
    if shown[start : start + WIDTH] == wanted[start : start + WIDTH]:
        return []
    spans: list[Window] = []
    for column in range(WIDTH):
        if shown[start + column] == wanted[start + column]:
            continue
        if spans and column - spans[-1].right <= WINDOW_BYTES:
            spans[-1] = Window(spans[-1].left, column, page, page)
        else:
            spans.append(Window(column, column, page, page))
    return spans
