"""From a page to pixels, 1 bit each, in Terminus from Debian's xfonts-terminus.

Letters are the font's own pixels, so nothing is smoothed. What Terminus lacks is in `display.glyphs`; stamps and the small
signs are drawn here.
"""

from __future__ import annotations

import gzip
import zlib
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from display.glyphs import OWN, dots
from display.letters import TALLEST, plain
from display.page import Circles, Page, Row, Signs, Text
from display.qr import QrCode

FONTS = Path("/usr/share/fonts/X11/misc")
"""Where Debian's xfonts-terminus puts its fonts."""

_FILES = {
    12: "ter-u12n_unicode.pcf.gz",
    16: "ter-u16b_unicode.pcf.gz",
    24: "ter-u24b_unicode.pcf.gz",
    32: "ter-u32b_unicode.pcf.gz",
}

# A dot is a lit pixel's place left dark. Each sign is as drawn, without the space around it.
_OFFLINE = """
..####.....
.##..##.#.#
##....#..#.
#......#.#.
##....#..#.
.#####..#.#
"""
_MISSING = """
....#....
...#.#...
...#.#...
..#.#.#..
..#.#.#..
.#.....#.
.#..#..#.
#########
"""


class FontMissing(Exception):
    """A font of the panel is not on this machine, or is not a font."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The panel's font {path.name} cannot be read in {path.parent}. Install it: apt install xfonts-terminus"
        )


def draw(page: Page) -> Image.Image:
    """The page as an image of mode "1" as large as its glass, lit pixels 1.

    Raises `FontMissing`.
    """
    image = Image.new("1", (page.glass.width, page.glass.height))
    pen = ImageDraw.Draw(image)
    pen.fontmode = "1"
    if page.frame:
        pen.rectangle((0, 0, image.width - 1, image.height - 1), outline=1)
    if page.code is not None:
        _draw_code(pen, page.code)
    if page.beside and page.number is not None:
        _write(pen, 0, (image.height - page.number.height) // 2, page.number)
    for row, top in zip(page.all_rows, page.tops, strict=True):
        _draw_row(pen, page, row, top)
    return image


@cache
def font(height: int) -> ImageFont.FreeTypeFont:
    """Terminus for rows of 12, 16, 24 or 32 pixels; read once.

    Raises `FontMissing`.
    """
    return _load(FONTS / _FILES[height], height)


def _load(path: Path, height: int) -> ImageFont.FreeTypeFont:
    try:
        # Unpacked once: out of the packed file FreeType unpacks it again for every letter, 15 ms a page.
        with gzip.open(path) as packed:
            return ImageFont.truetype(BytesIO(packed.read()), height, layout_engine=ImageFont.Layout.BASIC)
    except (OSError, EOFError, zlib.error):
        raise FontMissing(path) from None


def _draw_row(pen: ImageDraw.ImageDraw, page: Page, row: Row, top: int) -> None:
    match row:
        case Text():
            _write(pen, page.start(row), top, row)
        case Circles():
            _draw_circles(pen, row, top, page.glass.width)
        case Signs():
            _draw_signs(pen, row, top, page.glass.width)


def _write(pen: ImageDraw.ImageDraw, left: int, top: int, row: Text) -> None:
    # Pages hold drawable letters only; plain() is for pages made by hand.
    text = row.text if row.text.isascii() else plain(row.text)
    if row.narrow:
        pen.bitmap((left, top), _narrow(text), fill=1)
        return
    pen.text((left, top), "".join(" " if letter in OWN else letter for letter in text), fill=1, font=font(row.height))
    for index, letter in enumerate(text):
        if letter in OWN:
            start = left + index * row.letter
            pen.point([(start + x, top + y) for x, y in dots(letter, row.height)], fill=1)


def _narrow(text: str) -> Image.Image:
    """Letters of 16 pixels, each pixel twice as high."""
    low = Text(text, TALLEST // 2)
    small = Image.new("1", (max(low.width, 1), low.height))
    pen = ImageDraw.Draw(small)
    pen.fontmode = "1"
    _write(pen, 0, 0, low)
    return small.resize((small.width, TALLEST), Image.Resampling.NEAREST)


def _draw_code(pen: ImageDraw.ImageDraw, code: QrCode) -> None:
    pen.rectangle((0, 0, code.side - 1, code.side - 1), fill=1)
    for down, line in enumerate(code.modules):
        for right, dark in enumerate(line):
            if dark:
                left, top = code.margin + right * code.scale, code.margin + down * code.scale
                pen.rectangle((left, top, left + code.scale - 1, top + code.scale - 1), fill=0)


def _draw_circles(pen: ImageDraw.ImageDraw, row: Circles, top: int, across: int) -> None:
    if row.total > Circles.MOST:
        width = (across - 8) * row.filled // row.total
        upper, lower = (top + 2, top + 7) if row.low else (top + 2, top + 9)
        pen.rectangle((2, upper, across - 3, lower), outline=1)
        if width:
            pen.rectangle((4, upper + 2, 3 + width, lower - 2), fill=1)
        return
    pitch = min(12, across // max(row.total, 1))
    size = min(7 if row.low else 9, pitch - 1)
    left = (across - row.total * pitch + pitch - size) // 2
    for index in range(row.total):
        x, y = left + index * pitch, top + (row.height + 1 - size) // 2
        pen.ellipse((x, y, x + size - 1, y + size - 1), outline=1, fill=1 if index < row.filled else 0)


def _draw_signs(pen: ImageDraw.ImageDraw, row: Signs, top: int, across: int) -> None:
    """No network at the left, missing devices in the middle, the clock at the right."""
    middle = across // 2
    if row.offline:
        after = _draw_sign(pen, _OFFLINE, 1, top + 3)
        _write(pen, after + 3, top, Text(row.waiting_text, 12))
    if row.missing:
        after = _draw_sign(pen, _MISSING, middle - 7, top + 2)
        _write(pen, after + 3, top, Text(row.missing_text, 12))
    _write(pen, middle + 19 if row.missing else middle - 7, top, Text(row.stopped_text, 12))
    clock = Text(row.clock, 12)
    _write(pen, across - clock.width - 1, top, clock)


def _draw_sign(pen: ImageDraw.ImageDraw, sign: str, left: int, top: int) -> int:
    """Draws a sign and gives the first column after it."""
    lines = sign.split()
    lit = [(left + x, top + y) for y, line in enumerate(lines) for x, dot in enumerate(line) if dot == "#"]
    pen.point(lit, fill=1)
    return left + len(lines[0])
