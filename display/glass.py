"""The glass of a panel: how many pixels, and how large; so how high the letters of a number must be to be read."""

from __future__ import annotations

import math
from dataclasses import dataclass

READABLE = 5.0
"""Millimetres: how high the row of the number that matters is, at least (docs/conversation.md)."""

_INCH = 25.4


@dataclass(frozen=True, slots=True)
class Glass:
    """A panel's lit area. Its pixels are square and its diagonal is as sold: within a hundredth of what data sheets draw.

    >>> Glass(128, 64, 0.96).least
    30
    """

    width: int = 128
    """Pixels."""
    height: int = 64
    """Pixels."""
    inches: float = 2.42
    """Diagonal of what can be lit."""

    @property
    def pitch(self) -> float:
        """Millimetres from one pixel to the next."""
        return self.inches * _INCH / math.hypot(self.width, self.height)

    @property
    def least(self) -> int:
        """Pixels that are `READABLE`, rounded up; never more than the glass has."""
        return min(math.ceil(READABLE / self.pitch), self.height)


USUAL = Glass()
"""The 2.42 inch glass of the default panel."""
