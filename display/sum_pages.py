"""Pages on which a sum is typed, or a spend or a return is chosen and confirmed."""

from __future__ import annotations

from dataclasses import replace

from display.amounts import bare, negative, symbol
from display.draft import BIG, MIDDLE, SMALL, Draft, Wish
from display.letters import columns, plain
from display.lines import Line, Number, Word, whole
from display.page import Button
from display.rows import (
    amount,
    back,
    closed,
    confirm,
    good,
    head,
    joined,
    leaves,
    must,
    name,
    number,
    person,
    press,
    spoken,
)
from display.screens import Money, PayConfirm, PayLess, ReturnConfirm, RewardChoice, Sum, Typing
from display.words import Words

SUM, NUMBER = 7, 13
"""Letters that are kept free for what is typed: "18,50 €" then stands where "18,50" stood, and a card has 13 digits."""


def typing(screen: Typing, words: Words) -> Draft:
    """What is being typed; each digit stays where it is while the next ones are written.

    The newest digits matter most to the one who types: what is too long loses its beginning.
    """
    digits = plain(screen.text) or "_"
    newest = Number((digits[-columns(12) :], digits[-columns(16) :]))
    title = (
        words.say("Card or phone number") if screen.card else words.say("Sum in {currency}", currency=symbol(screen.currency))
    )
    rows = number((newest,), BIG, reach=NUMBER if screen.card else SUM), good(title)
    return closed(rows, press(words, Button.CANCEL, "Back"))


def sum_entry(screen: Sum, words: Words) -> Draft:
    """A sum, and what can be done with it."""
    if screen.ask:
        chosen = words.say("Really?")
        live = [press(words, Button.AWARD, "Confirm"), back(words)]
    elif screen.back:
        chosen = words.say("A return")
        live = [press(words, Button.REDEEM, "Return"), back(words)]
    else:
        chosen = name(screen.group)
        live = [press(words, Button.AWARD, "Points"), press(words, Button.REDEEM, "Pay")]
    line = joined(" · ", person(screen.name, words), chosen)
    if not (screen.card or screen.preset or whole(line)):
        line = words.say("Tap your card")
    if screen.preset and not screen.ask:
        live.append(press(words, Button.NEXT, "other sum", inside=True))
    elif screen.group and not (screen.ask or screen.back):
        live.append(press(words, Button.NEXT, "group", inside=True))
    inside: tuple[Line, ...] = tuple((Word(one.words),) for one in live if one.inside)
    return closed(spoken(number((amount(screen.amount, words),)), must(joined(" ", line, *inside))), *live)


def discount(off: Money, rest: Money, words: Words) -> tuple[Wish, ...]:
    """What staff take off at the till, and what is left to pay."""
    return spoken(
        good(words.say("Discount for the till")),
        number((amount(negative(off), words),), MIDDLE),
        must(words.say("To pay {amount}", amount=amount(rest, words))),
    )


def pay_confirm(screen: PayConfirm, words: Words) -> Draft:
    """A part is paid with points."""
    return closed(discount(screen.discount, screen.rest, words), *confirm(words))


def pay_less(screen: PayLess, words: Words) -> Draft:
    """Less than there is can be spent here now."""
    rows = spoken(
        number(words.say("{amount} now", amount=amount(screen.discount, words)), MIDDLE),
        must(words.say("More in a moment") if screen.soon else words.say("More once online")),
    )
    return closed(rows, press(words, Button.REDEEM, "Use"), back(words))


def reward_choice(screen: RewardChoice, words: Words) -> Draft:
    """One reward of several."""
    title = good(words.say("Reward {number}/{count}", number=screen.number, count=screen.count))
    following = press(words, Button.NEXT, "Next one") if screen.count > 1 else None
    live = press(words, Button.REDEEM, "Give"), following, back(words)
    left = words.say("{what}, leaves {rest}", what=name(screen.reward), rest=bare(screen.leaves, words.language))
    terse = closed(spoken(must(left), number((amount(screen.cost, words),), SMALL)), *live)
    rows = spoken(title, head(name(screen.reward)), leaves(screen.cost, screen.leaves, words))
    return replace(closed(rows, *live), terse=terse)


def return_confirm(screen: ReturnConfirm, words: Words) -> Draft:
    """Goods come back, and their points go."""
    taken = number((amount(negative(screen.taken), words),), MIDDLE)
    left = must(words.say("Leaves {amount}", amount=amount(screen.leaves, words)))
    terse = closed(spoken(taken, left), press(words, Button.REDEEM, "Return"), back(words))
    return replace(closed(spoken(must(words.say("Return of goods")), taken, left), *confirm(words)), terse=terse)
