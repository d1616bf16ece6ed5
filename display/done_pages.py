"""Pages of what was done, and of taking it back."""

from __future__ import annotations

from dataclasses import replace

from display.card_pages import stamps, to_go
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
    coming = good(_coming(screen, words))
    if not screen.later:
        return _undoable(spoken(big, good(_total(screen.total, words)), coming), words)
    if isinstance(screen.change, Points) and screen.change.thousandths > 0:
        return Draft(spoken(big, good(words.say("Points are saved")), coming), must(words.say("Will be sent later")))
    return Draft(spoken(big, good(words.say("It is saved")), coming), must(_sent_later(words)))


def _given(screen: Done, words: Words) -> Draft:
    """A reward is handed over."""
    cost = leaves(screen.change, screen.total, words)
    if screen.later:  # one row less: it says too that it is sent later
        cost = replace(cost, apart=cost.apart[:1])
    rows = spoken(good(words.say("Hand over the reward")), head(name(screen.what)), cost)
    return Draft(rows, must(_sent_later(words))) if screen.later else _undoable(rows, words)


def _coming(screen: Done, words: Words) -> Line:
    """What a level or a milestone will add; nothing for nothing."""
    if screen.bonus is None:
        return ()
    return joined(" · ", words.say("{amount} to come", amount=amount(screen.bonus, words, signed=True)), name(screen.level))


def done_stamps(screen: DoneStamps, words: Words) -> Draft:
    """A stamp was put on."""
    below = _sent_later(words) if screen.later else to_go(screen, words)
    rows = stamps(screen, below, words)
    return closed(rows, press(words, Button.AWARD, "Another"), press(words, Button.CANCEL, "Undo"))


def done_paid(screen: DonePaid, words: Words) -> Draft:
    """A part was paid with points."""
    earned = good((amount(screen.earned, words, signed=True),) if screen.earned.thousandths else ())
    rows = (*discount(screen.discount, screen.rest, words), *spoken(earned))
    return Draft(rows, must(_sent_later(words))) if screen.later else _undoable(rows, words)


def undo_question(screen: UndoQuestion, words: Words) -> Draft:
    """Shall the last entry be taken back?"""
    ago = words.say("{n} min ago", n=screen.minutes) if screen.minutes > 0 else words.say("just now")
    rows = spoken(
        must(words.say("Undo this?")),
        number((amount(screen.change, words, signed=True),), MIDDLE),
        good(joined(", ", person(screen.name, words), ago)),
    )
    return closed(rows, hold(words, "Hold ×"))


def undone(screen: Undone, words: Words) -> Draft:
    """The last entry was taken back."""
    rows = spoken(number((amount(screen.change, words, signed=True),)), must(words.say("The entry is undone")))
    last = _sent_later(words) if screen.later else _total(screen.total, words)
    return Draft(rows, Wish(last, rank=Rank.MUST if screen.later else Rank.GOOD))
