"""What keeps a panel from burning in: pictures stand a pixel elsewhere now and then, and are dimmed while nobody is there.

An OLED's pixels fade by the hours that they were lit and by how brightly. The idle screen would leave its letters on the glass
within some thousand hours; moved about, its lit pixels are shared among their neighbours, and dimmed they last longer.

To move a picture costs as many bytes as to change it. So where somebody comes it is the next one that is moved, which costs
nothing; the one that is there is moved only where nobody comes for long.
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
    shift_seconds: float = 300.0
    """How long pictures stand in one place. The one that is there moves when nobody has come for so long."""


NO_CARE = Care(dim_seconds=0, shift_seconds=0)


@dataclass(frozen=True, slots=True)
class Look:
    """How pictures are to be shown now."""

    contrast: int | None
    """None: as bright as the panel is set."""
    offset: Offset
    """Where a new picture stands."""
    moves: bool
    """Whether the one that is there goes there too; never in front of a person."""


def look(care: Care, now: float, touched: float) -> Look:
    """How pictures are shown at `now`, when the last card or key was at `touched` (seconds of one clock that only goes on).

    >>> look(Care(), now=665.0, touched=600.0)
    Look(contrast=None, offset=(2, 0), moves=False)
    """
    idle = now - touched
    dimmed = 0 < care.dim_seconds <= idle
    moves = 0 < care.shift_seconds <= idle
    since = now if moves else touched
    place = PLACES[int(since // care.shift_seconds) % len(PLACES)] if care.shift_seconds > 0 else HOME
    return Look(care.dim_contrast if dimmed else None, place, moves)


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
