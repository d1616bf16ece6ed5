"""The parts that pages are built of: rows that fit, live buttons, amounts in a row."""

from __future__ import annotations

from itertools import accumulate

from display.amounts import amount_number, bare
from display.glass import USUAL
from display.letters import columns, plain
from display.lines import Line, Name, Number, Word, fit, whole
from display.page import Button, Live, Page, Row, Text
from display.screens import Amount
from display.words import Words

BIG = (32, 16, 12)
"""Heights to try for the number that matters."""
MIDDLE = (16, 12)
SMALL = (12,)


def row(line: Line, heights: tuple[int, ...] = SMALL, *, room: int = USUAL.width) -> Text:
    """The line in the highest letters in which it fits whole into `room` pixels; else shortened in the smallest."""
    text = whole(line)
    for height in heights:
        if len(text) <= columns(height, room):
            return Text(text, height)
    return Text(fit(line, columns(heights[-1], room)), heights[-1])


def spoken(*rows: Row) -> tuple[Row, ...]:
    """The rows without those that say nothing."""
    return tuple(one for one in rows if str(one).strip("[]{}"))


def joined(separator: str, *lines: Line) -> Line:
    """Those lines that say something, in one."""
    return tuple(piece for line in lines if whole(line) for piece in (Word(separator), *line))[1:]


def name(text: str) -> Line:
    """A line that is nothing but a name."""
    return (Name(plain(text)),)


def listed(names: tuple[str, ...], most: int) -> tuple[Text, ...]:
    """Names in at most `most` rows, as they fit; an ellipsis says that there are more."""
    texts: list[Text] = []
    left = [one for one in map(plain, names) if one]
    while left and len(texts) < most:
        lengths = accumulate(len(one) + len(", ") for one in left)
        fitting = sum(length - len(", ") <= columns(12) for length in lengths)
        taken = len(left) if len(texts) == most - 1 else max(1, fitting)
        texts.append(row(name(", ".join(left[:taken]))))
        left = left[taken:]
    return tuple(texts)


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


def leaves(cost: Amount, rest: Amount, words: Words) -> tuple[Text, ...]:
    """A line such as "500 b, ostane 740" in one row, or in two where the numbers are long."""
    line = words.say("{cost}, leaves {rest}", cost=amount(cost, words), rest=bare(rest, words.language))
    if len(whole(line)) <= columns(12):
        return (row(line),)
    return row((amount(cost, words),)), row(words.say("Leaves {amount}", amount=amount(rest, words)))


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


def closed(rows: tuple[Row, ...], *live: Live | None) -> Page:
    """A page whose bottom row names its live buttons."""
    named = tuple(one for one in live if one is not None)
    text = " ".join(one.words for one in named if not one.inside)
    return Page(rows, Text(text, 12) if text else None, named)
