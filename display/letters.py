"""Which letters the panel can draw, and how any text becomes only those.

Terminus has every letter of Slovak, Czech, Hungarian, German, Polish and English, Greek and Cyrillic; the sets below were
taken from the `ter-u12n`, `ter-u16b`, `ter-u24b` and `ter-u32b` fonts of Debian's xfonts-terminus, and a test compares them
with the fonts. All letters of a height have the same width, so a text is measured by counting its letters.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from display.glass import USUAL

ELLIPSIS = "…"
MINUS = "\u2212"

LETTER_WIDTHS = {12: 6, 16: 8, 24: 12, 32: 16}
"""Width of every letter, in pixels, by the height of its row."""

TALLEST = 32
NARROW = 8
"""The tallest letters may also be narrow: those of 16 pixels drawn twice as high."""

_RANGES = (
    (0x20, 0x7E),
    (0xA1, 0xAC),
    (0xAE, 0x17F),
    (0x218, 0x21B),
    (0x386, 0x386),
    (0x388, 0x38A),
    (0x38C, 0x38C),
    (0x38E, 0x3A1),
    (0x3A3, 0x3CE),
    (0x400, 0x45F),
    (0x490, 0x491),
)
_SIGNS = frozenset("–—‘’‚“”„•…€−●○▸")
_LONGEST = 200
"""More letters than any row holds: the rest of a very long text is not even looked at."""


def columns(height: int, room: int = USUAL.width, *, narrow: bool = False) -> int:
    """How many letters fit in a row of `height` pixels, `room` pixels wide: of 128, 21 for 12, 16 for 16, 8 for 32."""
    return room // (NARROW if narrow else LETTER_WIDTHS[height])


def drawable(letter: str) -> bool:
    """Whether the panel can draw this one character."""
    return letter in _SIGNS or any(low <= ord(letter) <= high for low, high in _RANGES)


def plain(text: str) -> str:
    """`text` in letters that can be drawn, on one line, without double spaces.

    Letters and their accents are joined (NFC); hard and narrow spaces become spaces; control characters, lone accents and
    pictures (emoji) are dropped; a letter that Terminus lacks becomes the letter below its accents, or "?". A text of which
    nothing but "?" is left becomes "".

    >>> plain("Ju\\u0301lia\\u00a0 K.\\t🙂")
    'Júlia K.'
    """
    letters = "".join(_plain_letter(letter) for letter in unicodedata.normalize("NFC", text[:_LONGEST]))
    joined = " ".join(letters.split())
    return "" if set(joined) <= {"?", " "} else joined


@lru_cache(maxsize=512)
def _plain_letter(letter: str) -> str:
    if letter.isspace():
        return " "
    if drawable(letter):
        return letter
    kind = unicodedata.category(letter)
    if kind[0] in "CM":
        return ""
    bases = "".join(base for base in unicodedata.normalize("NFKD", letter) if drawable(base))
    return bases or ("?" if kind[0] in "LN" else "")
