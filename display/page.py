"""A page: what stands on the panel, row by row, before it is drawn: rows of 12, 16, 24 and 32 pixels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from display.glass import USUAL, Glass
from display.letters import LETTER_WIDTHS, NARROW
from display.qr import QrCode

_FRAMES = {12: "{}", 16: "[{}]", 24: "[[{}]]", 32: "{{{}}}"}


class Button(Enum):
    """The four buttons, by what they do: the same values as the drivers' own `Button`."""

    AWARD = "award"
    REDEEM = "redeem"
    NEXT = "next"
    CANCEL = "cancel"

    @property
    def sign(self) -> str:
        """What is printed beside the button: +, −, ▸ or ×."""
        return _SIGNS[self]


FRAME = 2
"""Pixels at each edge that a frame takes: itself, and a free one."""

GAP = 4
"""Pixels between a number and what stands beside it."""

_SIGNS = {Button.AWARD: "+", Button.REDEEM: "−", Button.NEXT: "▸", Button.CANCEL: "×"}


@dataclass(frozen=True, slots=True)
class Live:
    """A button that does something on this page, and the words for it as they stand there ("+Pečiatka")."""

    button: Button
    words: str
    held: bool = False
    """It must be held for two seconds: the words then are a sentence ("Omyl: držte ×")."""
    inside: bool = False
    """Named inside another row ("Mäso ▸skupina"), not in the bottom one."""


@dataclass(frozen=True, slots=True)
class Text:
    """A row of letters, 12, 16, 24 or 32 pixels high, in the middle of the row."""

    text: str
    height: int
    narrow: bool = False
    """Letters of 32 pixels half as wide."""
    reach: int = 0
    """It is being written, and so many letters would stand in the middle: the first of them stands where theirs would."""

    @property
    def letter(self) -> int:
        """Width of a letter in pixels."""
        return NARROW if self.narrow else LETTER_WIDTHS[self.height]

    @property
    def width(self) -> int:
        """Pixels."""
        return len(self.text) * self.letter

    @property
    def room(self) -> int:
        """Pixels, with those that are kept for letters still to come."""
        return max(len(self.text), self.reach) * self.letter

    def __str__(self) -> str:
        return _FRAMES[self.height].format(self.text)


@dataclass(frozen=True, slots=True)
class Circles:
    """A row of stamps, `filled` of `total`; more than `MOST` are drawn as a bar."""

    filled: int
    total: int
    low: bool = False
    """Smaller ones, where a row of letters would be too high."""

    MOST = 21

    @property
    def height(self) -> int:
        """Pixels."""
        return 8 if self.low else 12

    def __str__(self) -> str:
        shown = min(self.total, self.MOST)
        filled = self.filled * shown // max(self.total, 1)
        return "●" * filled + "○" * (shown - filled)


@dataclass(frozen=True, slots=True)
class Signs:
    """The small signs of the idle page: no network and how many entries wait, devices gone, nothing is taken off, the clock."""

    offline: bool
    waiting: int
    missing: int
    clock: str
    stopped: bool = False

    @property
    def height(self) -> int:
        """Pixels."""
        return 12

    @property
    def waiting_text(self) -> str:
        """The count beside the sign for no network; "" for none."""
        return "" if self.waiting <= 0 else str(self.waiting) if self.waiting < 10_000 else "9999+"

    @property
    def missing_text(self) -> str:
        """The count beside the sign for a missing device."""
        return str(min(self.missing, 99))

    @property
    def stopped_text(self) -> str:
        """Nothing can be taken off."""
        return "−×" if self.stopped else ""

    def __str__(self) -> str:
        offline = f"☁× {self.waiting_text}".rstrip() if self.offline else ""
        missing = f"⚠ {self.missing_text}" if self.missing else ""
        return "  ".join(part for part in (offline, missing, self.stopped_text, self.clock) if part)


Row: TypeAlias = Text | Circles | Signs


@dataclass(frozen=True, slots=True)
class Page:
    """Rows from the top; `bottom` stands at the lower edge and names the live buttons, or says the last of the news."""

    rows: tuple[Row, ...]
    bottom: Row | None = None
    live: tuple[Live, ...] = ()
    """Which buttons do something here, in the order they are named. On the idle page none is named."""
    frame: bool = False
    """A line around everything, on the outermost pixels."""
    code: QrCode | None = None
    """A QR code at the left edge: the rows then stand beside it."""
    glass: Glass = USUAL
    """What it is for."""
    number: Text | None = None
    """The number that matters, one of the rows; or, `beside` them, over the whole height at the left edge."""
    beside: bool = False
    other: Page | None = None
    """The second face, where one is not enough: they are shown by turns."""
    ticks: bool = False
    """It counts seconds: the next such page goes on with the face that is shown."""

    @property
    def left(self) -> int:
        """The first column that rows may use."""
        if self.code is not None:
            return self.code.side
        return self.number.width + GAP if self.number is not None and self.beside else 0

    def start(self, row: Text) -> int:
        """The first column of one of the rows: in the middle, or at the right edge where a number grows towards it."""
        if self.beside and self.number is not None and self.number.reach:
            return self.glass.width - row.width
        return (self.left + self.glass.width - row.room) // 2

    @property
    def faces(self) -> tuple[Page, ...]:
        """What is shown by turns: itself, and the other one if there is one."""
        return (self,) if self.other is None else (self, self.other)

    @property
    def all_rows(self) -> tuple[Row, ...]:
        """With the bottom row."""
        return self.rows if self.bottom is None else (*self.rows, self.bottom)

    @property
    def spare(self) -> int:
        """Pixels of the panel's height that no row needs; never negative for a page of `lay_out`."""
        return self.glass.height - 2 * self.inset - sum(row.height for row in self.all_rows)

    @property
    def inset(self) -> int:
        """Pixels at the upper and the lower edge that no row may use."""
        return FRAME if self.frame else 0

    @property
    def tops(self) -> tuple[int, ...]:
        """The top of each row in `all_rows`, in pixels: spare height is shared out evenly above and between.

        A number alone above the bottom row stands where it would with another row between them: it stays where it is while a
        title or a name comes and goes.
        """
        rows, spare = len(self.rows), self.spare
        if self.bottom is not None and self.rows == (self.number,):
            rows, spare = rows + 1, max(0, spare - self.bottom.height)
        tops, used = [], self.inset
        for index, row in enumerate(self.rows):
            tops.append(used + spare * (index + 1) // (rows + 1))
            used += row.height
        return tuple(tops) if self.bottom is None else (*tops, self.glass.height - self.inset - self.bottom.height)

    def text(self) -> str:
        """The page for a terminal window: 16 px rows as [text], 24 px [[text]], 32 px {text}, stamps ●○; a second face below —.

        >>> print(lay_out(NewCard(), "en").text())
        [New card]
        Terms: QR on the back
        +Issue ×No
        """
        second = () if self.other is None else ("—", self.other.text())
        return "\n".join((*map(str, self._from_the_left), *second))

    def aloud(self) -> str:
        """The same without the sizes of the letters, for who does not see them: a screen reader, a log.

        >>> print(lay_out(NewCard(), "en").aloud())
        New card
        Terms: QR on the back
        +Issue ×No
        """
        rows = (one.text if isinstance(one, Text) else str(one) for one in self._from_the_left)
        return "\n".join((*rows, *(() if self.other is None else (self.other.aloud(),))))

    @property
    def _from_the_left(self) -> tuple[Row | QrCode, ...]:
        """What stands beside the rows, and the rows."""
        beside = (self.code, self.number if self.beside else None)
        return (*(one for one in beside if one is not None), *self.all_rows)
