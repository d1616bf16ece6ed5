"""What keeps a panel from burning in: while nobody is at the counter, the picture moves by a pixel now and then, and is dimmed.

An OLED's pixels fade by the hours that they were lit and by how brightly. The idle screen would leave its letters on the glass
within some thousand hours; moved about, its lit pixels are shared among their neighbours, and dimmed they last longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from PIL import Image

Offset: TypeAlias = tuple[int, int]
"""Pixels to the right and down."""

REACH = 2
"""Pixels that a picture is moved in each direction, at most: as wide as the strokes of most letters."""

HOME: Offset = (0, 0)

_LINES = [0, 1, 2, -2, -1]
"""Rows of places, in an order that ends beside its beginning; the same for the columns."""

PLACES: tuple[Offset, ...] = tuple(
    (right, down) for row, down in enumerate(_LINES) for right in (_LINES if row % 2 == 0 else _LINES[::-1])
)
"""Where a picture stands, one after the other: every place within reach once, and home first."""


@dataclass(frozen=True, slots=True)
class Care:
    """How a panel is spared; 0 for what is not done."""

    dim_seconds: float = 600.0
    """After so long without a card or a key it is dimmed."""
    dim_contrast: int = 16
    """How bright it is then, 0 to 255."""
    shift_seconds: float = 60.0
    """After so long the picture begins to move, and then moves each time so long has gone by."""


NO_CARE = Care(dim_seconds=0, shift_seconds=0)


@dataclass(frozen=True, slots=True)
class Look:
    """How pictures are to be shown now."""

    contrast: int | None
    """None: as bright as the panel is set."""
    offset: Offset | None
    """None while somebody is there: a new picture stands in its own place, and the one that is there does not move."""


def look(care: Care, now: float, touched: float) -> Look:
    """How pictures are shown at `now`, when the last card or key was at `touched` (seconds of one clock that only goes on).

    >>> look(Care(), now=3_665.0, touched=3_600.0)
    Look(contrast=None, offset=(1, 2))
    """
    idle = now - touched
    dimmed = 0 < care.dim_seconds <= idle
    moves = 0 < care.shift_seconds <= idle
    place = PLACES[int(now // care.shift_seconds) % len(PLACES)] if moves else None
    return Look(care.dim_contrast if dimmed else None, place)


def moved(image: Image.Image, offset: Offset) -> Image.Image:
    """A picture of mode "1" moved by `offset`, or as far in that direction as no lit pixel leaves the panel."""
    box = image.getbbox()
    if box is None:
        return image
    left, top, right, bottom = box
    across = min(max(offset[0], -left), image.width - right)
    down = min(max(offset[1], -top), image.height - bottom)
    if (across, down) == HOME:
        return image
    elsewhere = Image.new("1", image.size)
    elsewhere.paste(image.crop(box), (left + across, top + down))
    return elsewhere
