"""A line before it is measured: what in it is a name, a word or a number, so that it is shortened by rule.

Names are shortened first, then numbers lose the spaces between their thousands, then words are shortened; a number never
loses a digit. What still does not fit goes to a row of smaller letters: that is `display.layout`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from string import Formatter
from typing import TypeAlias

from display.letters import ELLIPSIS, plain

_SHORTEST = 2
"""A shortened name keeps at least its first letter and the ellipsis."""


@dataclass(frozen=True, slots=True)
class Name:
    """Somebody else's words: a member, a shop, a reward. Shortened first."""

    text: str


@dataclass(frozen=True, slots=True)
class Word:
    """Our own words, out of the catalogue."""

    text: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number with its unit, in forms from the best to the tightest: ("1 234 b", "1234 b", "1234"). Never cut."""

    forms: tuple[str, ...]

    @property
    def text(self) -> str:
        """The best form."""
        return self.forms[0]


Piece: TypeAlias = Name | Word | Number
Line: TypeAlias = tuple[Piece, ...]


def line_of(template: str, **pieces: Line | Piece | str | int) -> Line:
    """A line from a template of the catalogue; a `str` that fills it is a name, an `int` a number.

    >>> line_of("{name}, {count} min", name="Jana K.", count=2)
    (Name(text='Jana K.'), Word(text=', '), Number(forms=('2',)), Word(text=' min'))
    """
    line: list[Piece] = []
    for words, field, _, _ in Formatter().parse(template):
        if words:
            line.append(Word(words))
        if field is not None:
            line.extend(_line(pieces[field]))
    return tuple(line)


def _line(value: Line | Piece | str | int) -> Line:
    if isinstance(value, str):
        return (Name(plain(value)),)
    if isinstance(value, int):
        return (Number((str(value),)),)
    return value if isinstance(value, tuple) else (value,)


def whole(line: Line) -> str:
    """The line as one text, nothing shortened."""
    return plain("".join(piece.text for piece in line))


def fit(line: Line, columns: int) -> str:
    """The line as a text of at most `columns` letters, shortened as the module says.

    Numbers whose tightest forms alone are wider than the row would be lost: `display.amounts` makes none.

    >>> fit((Name("Bartolomej Novomeský"), Word(" · "), Number(("10 z 10",))), 16)
    'Barto… · 10 z 10'
    """
    pieces = list(line)
    for shorten in (_shorten_names, _tighten_numbers, _shorten_words, _drop_all_but_numbers):
        if _width(pieces) > columns:
            shorten(pieces, columns)
    return plain("".join(piece.text for piece in pieces))[:columns]


def cut(text: str, columns: int) -> str:
    """`text` cut to `columns` letters with an ellipsis, where it is longer."""
    return text if len(text) <= columns else text[: columns - 1].rstrip() + ELLIPSIS


def _width(pieces: list[Piece]) -> int:
    return len(plain("".join(piece.text for piece in pieces)))


def _shorten(pieces: list[Piece], columns: int, kind: type[Name] | type[Word]) -> None:
    by_length = sorted(
        (index for index, piece in enumerate(pieces) if isinstance(piece, kind)), key=lambda i: -len(pieces[i].text)
    )
    for index in by_length:
        piece = pieces[index]
        room = len(piece.text) - (_width(pieces) - columns)
        if len(piece.text) > _SHORTEST and room < len(piece.text):
            pieces[index] = kind(_cut_word(piece.text, max(room, _SHORTEST)))


def _cut_word(text: str, columns: int) -> str:
    # "Doplatok " before a sum keeps its space: "Dopl… 6,10 €".
    tail = " " if text.endswith(" ") and columns > _SHORTEST else ""
    return cut(text.rstrip(), columns - len(tail)) + tail


def _shorten_names(pieces: list[Piece], columns: int) -> None:
    _shorten(pieces, columns, Name)


def _shorten_words(pieces: list[Piece], columns: int) -> None:
    _shorten(pieces, columns, Word)


def _tighten_numbers(pieces: list[Piece], columns: int) -> None:
    tightest = max((len(piece.forms) for piece in pieces if isinstance(piece, Number)), default=1)
    for _ in range(tightest - 1):
        for index, piece in enumerate(pieces):
            if isinstance(piece, Number) and len(piece.forms) > 1 and _width(pieces) > columns:
                pieces[index] = replace(piece, forms=piece.forms[1:])


def _drop_all_but_numbers(pieces: list[Piece], columns: int) -> None:
    numbers: list[Piece] = [piece for piece in pieces if isinstance(piece, Number)]
    if numbers:
        pieces[:] = [part for number in numbers for part in (Word(" "), number)][1:]
