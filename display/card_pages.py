"""Pages of a card alone, and of none."""

from __future__ import annotations

from dataclasses import replace

from display.draft import MIDDLE, Draft, Rank, Wish
from display.letters import plain
from display.lines import Line
from display.page import Button, Circles, Live, Signs
from display.rows import amount, closed, confirm, good, head, joined, more, must, name, number, person, press, spare, spoken
from display.screens import Balance, DoneStamps, Idle, NewCard, Points, StampCard, StampCardFull
from display.words import Words


def idle(screen: Idle, words: Words) -> Draft:
    """Nobody is there."""
    rows = spoken(good(name(screen.shop)), head(words.say("Tap your card")), spare(words.say("or show phone code")))
    signs = Signs(screen.offline, screen.waiting, len(screen.missing), plain(screen.clock or "")[:5], screen.stopped)
    return Draft(rows, signs if str(signs) else None)


def filled_of(filled: int, goal: int, words: Words) -> Line:
    """ "7 z 10"."""
    return words.say("{filled} of {goal}", filled=max(filled, 0), goal=goal)


def circles(filled: int, goal: int, rank: Rank = Rank.MUST) -> Wish:
    """The stamps themselves."""
    return Wish(Circles(min(max(filled, 0), max(goal, 0)), max(goal, 0)), rank=rank)


def to_go(screen: StampCard | DoneStamps, words: Words) -> Line:
    """What is missing to the reward."""
    left = screen.goal - screen.filled
    if left <= 0:
        return words.say("Full: {reward}", reward=screen.reward)
    if plain(screen.until):
        return words.say("{n} more until {reward}", n=left, reward=screen.until)
    return words.say("{n} more: {reward}", n=left, reward=screen.reward)


def stamps(screen: StampCard | DoneStamps, words: Words, *live: Live | None) -> Draft:
    """A stamp card in rows, with what is missing below it."""
    whose, drawn = person(screen.name, words), circles(screen.filled, screen.goal)
    counted = number(filled_of(screen.filled, screen.goal, words), MIDDLE)
    below = must(to_go(screen, words))
    if screen.filled >= screen.goal:
        short = spoken(must(joined(" · ", whose, name(screen.reward))), drawn, counted)
    elif screen.name:
        short = spoken(must(whose), drawn, counted, good(name(screen.reward)))
    else:
        short = spoken(drawn, counted, below)
    return replace(closed(spoken(must(whose), drawn, counted, below), *live), terse=closed(short, *live))


def stamp_card(screen: StampCard, words: Words) -> Draft:
    """How many stamps there are, and how many are missing."""
    return stamps(screen, words, press(words, Button.AWARD, "Stamp"), more(words, screen.more))


def stamp_card_full(screen: StampCardFull, words: Words) -> Draft:
    """The reward is there: it, and no number, is what matters."""
    rows = spoken(
        must(joined(" · ", person(screen.name, words), filled_of(screen.filled, screen.goal, words))),
        head(name(screen.reward.upper())),
    )
    if screen.confirm:
        return closed(rows, *confirm(words))
    give, stamp = press(words, Button.REDEEM, "Give"), press(words, Button.AWARD, "Stamp")
    return closed(rows, give, stamp, more(words, screen.more))


def balance(screen: Balance, words: Words) -> Draft:
    """The points of a card."""
    points, whose = number((amount(screen.points, words),)), must(joined(" · ", person(screen.name, words), name(screen.level)))
    live = press(words, Button.AWARD, "Add"), press(words, Button.REDEEM, "Use"), more(words, screen.more)
    if screen.cost is None:
        return closed(spoken(points, whose), *live)
    bar = circles(screen.points.thousandths, screen.cost.thousandths)
    missing = amount(_whole(screen.cost.thousandths - screen.points.thousandths), words)
    below = words.say("{amount} more: {reward}", amount=missing, reward=screen.reward)
    short = words.say("{amount} more", amount=missing) if plain(screen.name) else below
    terse = closed(spoken(must(person(screen.name, words)), bar, points, good(short)), *live)
    return replace(closed(spoken(whose, bar, points, must(below)), *live), terse=terse)


def _whole(thousandths: int) -> Points:
    """Rounded up, as the balance is rounded down: together they are what it takes."""
    return Points(-(-thousandths // 1000) * 1000)


def new_card(screen: NewCard, words: Words) -> Draft:
    """A card that nobody has yet."""
    rows = spoken(head(words.say("New card")), must(words.say("Terms: QR on the back")))
    return closed(rows, press(words, Button.AWARD, "Issue"), press(words, Button.CANCEL, "No"))
