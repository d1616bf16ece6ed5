"""From a draft to a page: how high each row's letters are on this glass, and which rows give way.

The rules, in this order:

- Every row gets its smallest letters; those of the number that matters are `display.glass.READABLE` high, or it falls to
  narrow letters of 32 pixels.
- While that is too high: rows that may give way are joined to another where both fit whole in one, else left out, the least
  important first.
- Where what must be said still has no room, and the draft has a terse form, that one is tried.
- Where it does not fit even so (only on 32 pixels) a page has two faces, shown by turns. Each names the live buttons, at least
  by their signs.
- Height that is left goes to the letters of the most important rows first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

from display.draft import BIG, MIDDLE, SMALL, Draft, Rank, Wish
from display.glass import USUAL, Glass
from display.letters import ELLIPSIS, LETTER_WIDTHS, TALLEST, columns, plain
from display.lines import Line, Number, Word, fit, whole
from display.page import FRAME, GAP, Circles, Page, Row, Signs, Text

WIDE = 256
"""From so many pixels on every row may have larger letters."""

_LOWEST = min(LETTER_WIDTHS)


def fitted(draft: Draft, glass: Glass) -> Page:
    """The page; whatever is in the draft, every row of it fits."""
    if draft.frame:
        return _inside_a_frame(draft, glass)
    page = _fitted(draft, glass)
    by_turns = page.other is not None and glass.height >= USUAL.height
    return _fitted(draft.terse, glass) if draft.terse and (by_turns or _unsaid(draft, page)) else page


def _inside_a_frame(draft: Draft, glass: Glass) -> Page:
    """As on a glass that is smaller by the frame and a free pixel at each edge."""
    page = _fitted(draft, replace(glass, width=glass.width - 2 * FRAME, height=glass.height - 2 * FRAME))
    other = None if page.other is None else replace(page.other, glass=glass)
    return replace(page, glass=glass, other=other)


def _unsaid(draft: Draft, page: Page) -> bool:
    """Whether something that must be said, and has room in a row, is on none of the faces."""
    across, said = columns(_LOWEST, page.glass.width), page.text()
    wishes = (*draft.rows, *((draft.bottom,) if isinstance(draft.bottom, Wish) else ()))
    musts = [one for one in wishes if one.rank in (Rank.HEAD, Rank.MUST) and not isinstance(one.content, Circles)]
    return any(one.text not in said for one in musts if len(one.text) <= across)


def _fitted(draft: Draft, glass: Glass) -> Page:
    bottom = () if draft.bottom is None else (draft.bottom,)
    rows = _apart(draft.rows, glass)
    if any(row.rank is Rank.NUMBER and _lowest(row, glass).height + len(bottom) * _LOWEST > glass.height for row in rows):
        return _beside(draft, glass)
    room = glass.height - sum(_lowest(row, glass).height for row in bottom)
    rows = _reduced(rows, room, glass)
    if _needed(rows, glass) <= room:
        return _stacked(draft, rows, draft.bottom, glass)
    return _by_turns(draft, rows, room, glass)


def written(wish: Wish, room: int) -> Text:
    """The row in the highest letters in which it fits whole into `room` pixels; else shortened in the smallest."""
    line = _line(wish)
    text = whole(line)
    for height in wish.heights:
        if len(text) <= columns(height, room):
            return Text(text, height)
    return Text(fit(line, columns(wish.heights[-1], room)), wish.heights[-1])


# --- letters


def _line(wish: Wish) -> Line:
    return () if isinstance(wish.content, Circles) else wish.content


def _heights(wish: Wish, glass: Glass) -> tuple[int, ...]:
    """What to try, the highest first."""
    heights = wish.heights
    if glass.width >= WIDE:
        heights = (16, *SMALL) if heights == SMALL and wish.rank is not Rank.NUMBER else tuple(sorted(LETTER_WIDTHS)[::-1])
    if wish.rank is not Rank.NUMBER:
        return heights
    floor = _floor(glass)
    higher = {height for height in (*heights, *(BIG if floor > _LOWEST else ())) if height > floor}
    return tuple(sorted({floor, *higher}, reverse=True))


def _room(height: int, glass: Glass) -> int:
    """Pixels; letters that only a wide glass has leave something at both edges, for the picture moves while nobody is there."""
    return glass.width - 2 * GAP if glass.width >= WIDE and height > MIDDLE[0] else glass.width


@cache
def _floor(glass: Glass) -> int:
    """The lowest letters for the number that matters: the highest there are, where none is high enough."""
    return min((height for height in LETTER_WIDTHS if height >= glass.least), default=TALLEST)


def _choices(wish: Wish | Signs, glass: Glass) -> list[Row]:
    """The row in all letters in which it fits whole, the best first; else shortened in the smallest."""
    if isinstance(wish, Signs):
        return [wish]
    if isinstance(wish.content, Circles):
        return [wish.content, replace(wish.content, low=True)]
    text, heights, letters = wish.text, _heights(wish, glass), _letters(wish)
    fitting = [Text(text, height) for height in heights if letters <= columns(height, _room(height, glass))]
    if not fitting and wish.rank is Rank.NUMBER and _floor(glass) > _LOWEST:
        fitting = [_narrow(wish.content, glass.width)]
    if not fitting:
        fitting = [Text(fit(wish.content, columns(heights[-1], glass.width)), heights[-1])]
    return [_reaching(row, wish.reach, glass) for row in fitting]


def _letters(wish: Wish) -> int:
    """How many must fit: of a number that is being written, as many as it has as a rule."""
    return max(len(wish.text), wish.reach)


def _reaching(text: Text, letters: int, glass: Glass) -> Text:
    """With room kept for what is still to be written: so many letters, or twice as many, as far as there are in a row."""
    if not letters:
        return text
    row = columns(text.height, _room(text.height, glass), narrow=text.narrow)
    return replace(text, reach=min(-(-len(text.text) // letters) * letters, row))


def _narrow(line: Line, room: int) -> Text:
    """In narrow letters; a number that would lose a digit even so is written small."""
    across = columns(TALLEST, room, narrow=True)
    numbers = [piece for piece in line if isinstance(piece, Number)]
    if numbers and len(" ".join(piece.forms[-1] for piece in numbers)) > across:
        return Text(fit(line, columns(_LOWEST, room)), _LOWEST)
    return Text(fit(line, across), TALLEST, narrow=True)


def _lowest(wish: Wish | Signs, glass: Glass) -> Row:
    return min(_choices(wish, glass), key=lambda row: row.height)


def _needed(rows: Iterable[Wish | Signs], glass: Glass) -> int:
    return sum(_lowest(row, glass).height for row in rows)


# --- rows that give way


def _apart(rows: tuple[Wish, ...], glass: Glass) -> list[Wish]:
    """In more rows what does not fit whole in wide letters in one; and a number without its sentence, were that shortened."""
    found: list[Wish] = []
    for row in rows:
        choices = [choice for choice in _choices(row, glass) if isinstance(choice, Text)]
        if row.apart and not any(choice.text == row.text and not choice.narrow for choice in choices):
            found.extend(row.apart)
        elif row.rank is Rank.NUMBER and _floor(glass) > _LOWEST and any(ELLIPSIS in choice.text for choice in choices):
            found.extend(_without_sentence(row))
        else:
            found.append(row)
    return found


def _without_sentence(row: Wish) -> list[Wish]:
    words = [piece for piece in _line(row) if isinstance(piece, Word)]
    numbers = [piece for piece in _line(row) if isinstance(piece, Number)]
    if len(numbers) != 1 or len(words) != 1:
        return [row]
    return [Wish((Word(words[0].text.strip()),), rank=Rank.MUST), replace(row, content=(numbers[0],))]


def _reduced(rows: list[Wish], room: int, glass: Glass) -> list[Wish]:
    """With rows joined or left out until the rest fits; those that must stay do, so it may still not fit."""
    while _needed(rows, glass) > room:
        fewer = _with_two_joined(rows, glass) or _without_one(rows) or _with_less(rows)
        if fewer is None:
            break
        rows = fewer
    return rows


def _with_two_joined(rows: list[Wish], glass: Glass) -> list[Wish] | None:
    """The least important row that fits whole beside another, in one row with it."""
    for one in sorted(rows, key=lambda row: -row.rank):
        for other in sorted(rows, key=lambda row: (-row.rank, abs(rows.index(row) - rows.index(one)))):
            both = None if one is other or one.rank < other.rank else _joined(rows, one, other, glass)
            if both is not None:
                return [both if row is other else row for row in rows if row is not one]
    return None


def _joined(rows: list[Wish], one: Wish, other: Wish, glass: Glass) -> Wish | None:
    if isinstance(one.content, Circles) or isinstance(other.content, Circles):
        return None
    height = _LOWEST
    if other.rank is Rank.NUMBER:
        height = _floor(glass)
        if height > MIDDLE[0]:
            return None
    elif other.rank is Rank.HEAD and all(row.rank is not Rank.NUMBER for row in rows):
        height = MIDDLE[0]  # it is what the page is about, and keeps its letters
    first, second = (one, other) if rows.index(one) < rows.index(other) else (other, one)
    if other.reach:
        first, second = one, other  # behind what is being written nothing could stay where it is
    line = (*_line(first), Word(" · "), *_line(second))
    longer = len(whole(line)) - len(other.text)
    both = replace(other, content=line, reach=other.reach and other.reach + longer)
    return both if _letters(both) <= columns(height, glass.width) else None


def _without_one(rows: list[Wish]) -> list[Wish] | None:
    """Without the least important row, the last of several."""
    least = max(row.rank for row in rows)
    if least < Rank.GOOD:
        return None
    index = max(index for index, row in enumerate(rows) if row.rank is least)
    return rows[:index] + rows[index + 1 :]


def _with_less(rows: list[Wish]) -> list[Wish] | None:
    """With nothing but the number in the row of the number."""
    for index, row in enumerate(rows):
        if row.rank is Rank.NUMBER and any(one.rank > Rank.MUST for one in row.apart):
            return [*rows[:index], row.apart[0], *rows[index + 1 :]]
    return None


# --- pages


def _stacked(draft: Draft, rows: Sequence[Wish], bottom: Wish | Signs | None, glass: Glass) -> Page:
    """One above the other; what height is left goes to the number, then to what the page is about, then to all others alike."""
    wishes: list[Wish | Signs] = [*rows, *(() if bottom is None else (bottom,))]
    choices = [_choices(wish, glass) for wish in wishes]
    ranks = [Rank.MUST if isinstance(wish, Signs) else wish.rank for wish in wishes]
    chosen = [min(several, key=lambda row: row.height) for several in choices]
    for group in ((Rank.NUMBER,), (Rank.HEAD,), (Rank.MUST, Rank.GOOD, Rank.SPARE)):
        for most in sorted(LETTER_WIDTHS, reverse=True):
            higher = [
                next((row for row in several if row.height <= most), now) if rank in group else now
                for several, rank, now in zip(choices, ranks, chosen, strict=True)
            ]
            if sum(row.height for row in higher) <= glass.height:
                chosen = higher
                break
    number = next((row for row, rank in zip(chosen, ranks, strict=True) if rank is Rank.NUMBER), None)
    last = None if bottom is None else chosen.pop()
    return Page(
        tuple(chosen),
        last,
        draft.live,
        draft.frame,
        glass=glass,
        number=number if isinstance(number, Text) else None,
        ticks=draft.ticks,
    )


def _by_turns(draft: Draft, rows: list[Wish], room: int, glass: Glass) -> Page:
    """What the page is about with the live buttons, and the rest."""
    about = next((row for row in rows if row.rank <= Rank.HEAD), rows[0])
    first = [about]
    for row in rows:
        if row is not about and _needed([*first, row], glass) <= room:
            first.append(row)
    shown = {id(row) for row in first}  # not by what they say: two devices may have one name
    rest = [row for row in rows if id(row) not in shown]
    ordered = [row for row in rows if id(row) in shown]
    return replace(_stacked(draft, ordered, draft.bottom, glass), other=_rest(draft, rest, glass))


def _rest(draft: Draft, rows: list[Wish], glass: Glass) -> Page:
    """The second face: what must be said, and the live buttons where they have room."""
    bottom = draft.bottom
    if bottom is not None:
        within = glass.height - _lowest(bottom, glass).height
        shorter = _reduced(rows, within, glass)
        if _needed(shorter, glass) <= within:
            return _stacked(draft, shorter, bottom, glass)
    rows = _reduced(rows, glass.height, glass)
    while _needed(rows, glass) > glass.height:
        rows = rows[:-1]
    return _stacked(draft, rows, None, glass)


def _beside(draft: Draft, glass: Glass) -> Page:
    """The number over the whole height, and what fits beside it; what must be said and does not fit is the second face."""
    alone = (part for row in draft.rows for part in (row.apart or (row,) if row.rank is Rank.NUMBER else (row,)))
    rows = _apart(tuple(alone), glass)
    number = next(row for row in rows if row.rank is Rank.NUMBER)
    words = [row for row in rows if row.rank is not Rank.NUMBER and not isinstance(row.content, Circles)]
    last = [draft.bottom] if isinstance(draft.bottom, Wish) else []
    musts = [row for row in words if row.rank <= Rank.MUST]
    letters = _over_the_height(number, glass)
    for text, taken in (*((text, text.room) for text in letters), *((text, text.width) for text in letters)):
        said = _said_beside(words, [*musts, *last], last, glass.width - taken - GAP, glass)
        if said is not None:
            return _lone(draft, text, said, glass)
    signs = [live.button.sign for live in draft.live]
    with_signs = [(text, _signs_beside(words, signs, glass.width - text.width - GAP)) for text in letters]
    text, beside = max(with_signs, key=lambda one: len(one[1]))  # the widest of those that leave room for as much
    first = _lone(draft, text, beside, glass)
    if not words and not last:
        return first
    unsaid = [row for row in words if row.text not in map(str, first.rows)]  # nothing need be said twice
    return replace(first, other=_rest(draft, unsaid or words, glass))


def _over_the_height(number: Wish, glass: Glass) -> list[Text]:
    """In wide letters, where it fits whole in them, and in narrow ones."""
    wide = [Text(number.text, TALLEST)] if _letters(number) <= columns(TALLEST, glass.width) else []
    return [_reaching(text, number.reach, glass) for text in (*wide, _narrow(_line(number), glass.width))]


def _said_beside(
    words: list[Wish], musts: Sequence[Wish], last: list[Wish], room: int, glass: Glass
) -> tuple[Text, ...] | None:
    """All that must be said in rows beside the number, and what else fits; None where it is too much."""
    most, across = glass.height // _LOWEST, columns(_LOWEST, room)
    if len(musts) > most or any(len(row.text) > across for row in musts):
        return None
    more = [row for row in words if row not in musts and len(row.text) <= across][: most - len(musts)]
    return tuple(Text(row.text, _LOWEST) for row in (*(row for row in words if row in musts or row in more), *last))


def _signs_beside(words: list[Wish], signs: list[str], room: int) -> tuple[Text, ...]:
    """The live buttons by their signs, and above them the most important words that fit whole."""
    across = columns(_LOWEST, room)
    apart, close = " ".join(signs), "".join(signs)
    short = [one for one in (apart, close) if one and len(one) <= across][:1]
    above = [row.text for row in words if row.rank <= Rank.MUST and len(row.text) <= across][:1]
    return tuple(Text(plain(one), _LOWEST) for one in (*above, *short))


def _lone(draft: Draft, number: Text, beside: tuple[Text, ...], glass: Glass) -> Page:
    page = Page(beside, None, draft.live, draft.frame, glass=glass, number=number, ticks=draft.ticks)
    return replace(page, beside=True) if beside else replace(page, rows=(number,))
