"""A page before it is fitted to a glass: what it has to say, and what of it may give way where there is no room.

`display.fitting` makes pages of drafts; `display.rows` builds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from display.lines import Line, whole
from display.page import Circles, Live, Signs

BIG = (32, 16, 12)
MIDDLE = (16, 12)
SMALL = (12,)
"""Heights of letters to try, on a glass of 128 x 64 pixels where each of them can be read."""


class Rank(IntEnum):
    """What gives way last comes first."""

    NUMBER = 0
    """The number that matters: high enough to be read at the counter, and on every glass."""
    HEAD = 1
    """What the page is about."""
    MUST = 2
    """Without it nobody knows what to do: where there is no room, it is shown by turns."""
    GOOD = 3
    """Joined to another row, or left out."""
    SPARE = 4
    """Left out first."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A row as it would like to be."""

    content: Line | Circles
    heights: tuple[int, ...] = SMALL
    rank: Rank = Rank.GOOD
    apart: tuple[Wish, ...] = ()
    """The same in more rows, for where it does not fit in one."""
    reach: int = 0
    """It is being written, and has so many letters as a rule: what is written stays where it is while it grows to them."""

    @property
    def text(self) -> str:
        """Nothing shortened; "" for a row that says nothing."""
        return str(self.content) if isinstance(self.content, Circles) else whole(self.content)


@dataclass(frozen=True, slots=True)
class Draft:
    """Rows from the top, and the bottom row: it names the live buttons, or says the last of the news."""

    rows: tuple[Wish, ...]
    bottom: Wish | Signs | None = None
    live: tuple[Live, ...] = ()
    frame: bool = False
    terse: Draft | None = None
    """The same said shorter, for a glass on which the rows that must be there have no room."""
    ticks: bool = False
    """It counts seconds: the next such draft is not a new page."""
