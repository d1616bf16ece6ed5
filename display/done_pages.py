"""Pages of what was done, and of taking it back."""

from __future__ import annotations

from dataclasses import replace

from display.card_pages import circles, filled_of, stamps
from display.draft import BIG, MIDDLE, Draft, Rank, Wish
from display.lines import Line
from display.page import Button
from display.rows import amount, closed, good, head, hold, joined, leaves, must, name, number, person, press, spoken
from display.screens import Amount, Done, DonePaid, DoneStamps, Points, Undone, UndoQuestion
from display.sum_pages import discount
from display.words import Words


def _total(total: Amount, words: Words) -> Line:
    return words.say("Total {amount}", amount=amount(total, words))


def _sent_later(words: Words) -> Line:
    return words.say("It will be sent later")


def _undoable(rows: tuple[Wish, ...], words: Words) -> Draft:
    return closed(rows, hold(words, "Mistake: hold ×"))


def done(screen: Done, words: Words) -> Draft:
    """Points or money were put on or taken off."""
    if screen.what:
        return _given(screen, words)
    big = number((amount(screen.change, words, signed=True),), BIG if screen.bonus is None else MIDDLE)
    coming = must(_coming(screen, words))
    if not screen.later:
        return _undoable(spoken(big, good(_total(screen.total, words)), coming), words)
    if isinstance(screen.change, Points) and screen.change.thousandths > 0:
        return Draft(spoken(big, good(words.say("Points are saved")), coming), must(words.say("Will be sent later")))
    return Draft(spoken(big, good(words.say("It is saved")), coming), must(_sent_later(words)))


def _given(screen: Done, words: Words) -> Draft:
    """A reward is handed over."""
    cost = leaves(screen.change, screen.total, words)
    price, left = cost.apart
    # What is left may be missing, for the card says it too; and where it says that it is sent later, there is one row less.
    cost = replace(cost, apart=(price,) if screen.later else (price, replace(left, rank=Rank.GOOD)))
    rows = spoken(good(words.say("Hand over the reward")), head(name(screen.what)), cost)
    return Draft(rows, must(_sent_later(words))) if screen.later else _undoable(rows, words)


def _coming(screen: Done, words: Words) -> Line:
    """What a level or a milestone will add; nothing for nothing."""
    if screen.bonus is None:
        return ()
    return joined(" · ", words.say("{amount} to come", amount=amount(screen.bonus, words, signed=True)), name(screen.level))


def done_stamps(screen: DoneStamps, words: Words) -> Draft:
    """A stamp was put on."""
    live = press(words, Button.AWARD, "Another"), press(words, Button.CANCEL, "Undo")
    if not screen.later:
        return stamps(screen, words, *live)
    drawn = circles(screen.filled, screen.goal, Rank.SPARE)
    counted = number(filled_of(screen.filled, screen.goal, words), MIDDLE)
    later = must(_sent_later(words))
    terse = closed(spoken(drawn, counted, later), *live)
    return replace(closed(spoken(must(person(screen.name, words)), drawn, counted, later), *live), terse=terse)


def done_paid(screen: DonePaid, words: Words) -> Draft:
    """A part was paid with points."""
    earned = good((amount(screen.earned, words, signed=True),) if screen.earned.thousandths else ())
    rows = (*discount(screen.discount, screen.rest, words), *spoken(earned))
    return Draft(rows, must(_sent_later(words))) if screen.later else _undoable(rows, words)


def undo_question(screen: UndoQuestion, words: Words) -> Draft:
    """Shall the last entry be taken back?"""
    ago = words.say("{n} min ago", n=screen.minutes) if screen.minutes > 0 else words.say("just now")
    change = number((amount(screen.change, words, signed=True),), MIDDLE)
    whose = must(joined(", ", person(screen.name, words), ago))
    terse = closed(spoken(whose, change), hold(words, "Undo: hold ×"))
    return replace(closed(spoken(must(words.say("Undo this?")), change, whose), hold(words, "Hold ×")), terse=terse)


def undone(screen: Undone, words: Words) -> Draft:
    """The last entry was taken back."""
    rows = spoken(number((amount(screen.change, words, signed=True),)), must(words.say("The entry is undone")))
    last = _sent_later(words) if screen.later else _total(screen.total, words)
    return Draft(rows, Wish(last, rank=Rank.MUST if screen.later else Rank.GOOD))
