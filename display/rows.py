"""The parts that drafts of pages are built of: rows, live buttons, amounts in a row."""

from __future__ import annotations

from itertools import accumulate

from display.amounts import amount_number, bare
from display.draft import BIG, MIDDLE, SMALL, Draft, Rank, Wish
from display.letters import columns, plain
from display.lines import Line, Name, Number, Word, whole
from display.names import in_order
from display.page import Button, Live
from display.screens import Amount
from display.words import Words


def good(line: Line) -> Wish:
    """A row that may be left out."""
    return Wish(line)


def spare(line: Line) -> Wish:
    """A row that is left out first."""
    return Wish(line, rank=Rank.SPARE)


def must(line: Line) -> Wish:
    """A row that is never left out."""
    return Wish(line, rank=Rank.MUST)


def head(line: Line) -> Wish:
    """What the page is about."""
    return Wish(line, MIDDLE, Rank.HEAD)


def number(line: Line, heights: tuple[int, ...] = BIG, *, apart: tuple[Wish, ...] = (), reach: int = 0) -> Wish:
    """The number that matters."""
    return Wish(line, heights, Rank.NUMBER, apart, reach)


def spoken(*rows: Wish) -> tuple[Wish, ...]:
    """The rows without those that say nothing."""
    return tuple(one for one in rows if one.text)


def joined(separator: str, *lines: Line) -> Line:
    """Those lines that say something, in one."""
    return tuple(piece for line in lines if whole(line) for piece in (Word(separator), *line))[1:]


def name(text: str) -> Line:
    """A line that is nothing but a name."""
    return (Name(plain(text)),)


def person(text: str, words: Words) -> Line:
    """A line that is nothing but somebody's name, in the order of the language."""
    return name(in_order(text, words.language))


def listed(names: tuple[str, ...], most: int) -> Wish:
    """Names in one row or, as they fit, in at most `most`; an ellipsis says that there are more."""
    known = [one for one in map(plain, names) if one]
    rows: list[Wish] = []
    left = known
    while left and len(rows) < most:
        lengths = accumulate(len(one) + len(", ") for one in left)
        fitting = sum(length - len(", ") <= columns(12) for length in lengths)
        taken = len(left) if len(rows) == most - 1 else max(1, fitting)
        rows.append(must(name(", ".join(left[:taken]))))
        left = left[taken:]
    return Wish(name(", ".join(known)), SMALL, Rank.MUST, tuple(rows))


def age(minutes: int, words: Words) -> Line:
    """How long: "12 min", "5 h", "3 dni"."""
    if minutes < 60:
        return words.say("{n} min", n=max(minutes, 0))
    if minutes < 48 * 60:
        return words.say("{n} h", n=minutes // 60)
    return words.count("{n} day", "{n} days", minutes // (24 * 60))


def amount(value: Amount, words: Words, *, signed: bool = False) -> Number:
    """The amount with its unit."""
    return amount_number(value, words.language, signed=signed)


def leaves(cost: Amount, rest: Amount, words: Words) -> Wish:
    """A line such as "500 b, ostane 740" in one row, or in two where the numbers are long: what it costs is what matters."""
    line = words.say("{cost}, leaves {rest}", cost=amount(cost, words), rest=bare(rest, words.language))
    left = must(words.say("Leaves {amount}", amount=amount(rest, words)))
    return number(line, SMALL, apart=(number((amount(cost, words),), SMALL), left))


def press(words: Words, button: Button, text: str, *, inside: bool = False) -> Live:
    """A live button and its word: "+Pečiatka"."""
    return Live(button, button.sign + words.word(text), inside=inside)


def hold(words: Words, text: str) -> Live:
    """× held for two seconds, and the sentence that says so."""
    return Live(Button.CANCEL, words.word(text), held=True)


def back(words: Words) -> Live:
    """× steps back."""
    return press(words, Button.CANCEL, "Back")


def confirm(words: Words) -> tuple[Live, Live]:
    """The second −, or ×."""
    return press(words, Button.REDEEM, "Confirm"), back(words)


def more(words: Words, there_is: bool) -> Live | None:
    """▸, where there is something else under it."""
    return press(words, Button.NEXT, "More") if there_is else None


def closed(rows: tuple[Wish, ...], *live: Live | None) -> Draft:
    """A draft whose bottom row names its live buttons."""
    named = tuple(one for one in live if one is not None)
    text = " ".join(one.words for one in named if not one.inside)
    return Draft(rows, must((Word(text),)) if text else None, named)
