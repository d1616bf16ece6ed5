"""Pages of features that are not there yet: see `display.coming_screens`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from babel.numbers import format_percent

from display import coming_screens as coming
from display.amounts import negative
from display.coming_screens import Refusal
from display.dates import day
from display.draft import MIDDLE, Draft, Wish
from display.facts import Money
from display.letters import MINUS, plain
from display.lines import Line, Number
from display.page import Button
from display.rows import (
    amount,
    back,
    closed,
    confirm,
    good,
    head,
    hold,
    joined,
    more,
    must,
    name,
    number,
    person,
    press,
    spare,
    spoken,
)
from display.words import Words, msgid

_ASK_STAFF = msgid("Please ask the staff")
_ANOTHER = msgid("Ask for a new one")
_OVER = msgid("Its time is over")
_NO_ENTRY = msgid("No entry")

_REFUSALS = {
    Refusal.GIFT_INACTIVE: (msgid("Not sold yet"), msgid("Sale switches it on"), _ASK_STAFF),
    Refusal.GIFT_EMPTY: (msgid("Nothing is left"), msgid("The card is spent"), msgid("It can be topped up")),
    Refusal.GIFT_EXPIRED: (msgid("Card has expired"), _OVER, msgid("A manager can help")),
    Refusal.PASS_EXPIRED: (msgid("Pass has expired"), _OVER, _ANOTHER),
    Refusal.PASS_USED_UP: (msgid("Pass is used up"), msgid("No visits are left"), _ANOTHER),
    Refusal.COUPON_EXPIRED: (msgid("An old coupon"), _OVER, _ASK_STAFF),
    Refusal.COUPON_USED: (msgid("A used coupon"), msgid("Each works once"), _ASK_STAFF),
    Refusal.COUPON_SUM: (msgid("Not for this sum"), "", msgid("Buy a little more")),
    Refusal.NOT_MEMBER: (_NO_ENTRY, msgid("It is not one of ours"), _ASK_STAFF),
    Refusal.MEMBERSHIP_OVER: (_NO_ENTRY, msgid("Membership is over"), msgid("Renew it at the desk")),
    Refusal.WRONG_HOUR: (_NO_ENTRY, msgid("Not at this hour"), _ASK_STAFF),
    Refusal.INSIDE: (_NO_ENTRY, msgid("Already inside"), _ASK_STAFF),
}

_PIN = 4
"""Digits of a PIN, and of a code by SMS."""


def _until(last: date | None, words: Words) -> Line:
    if last is None:
        return ()
    return words.say("until {date}", date=day(last, words.language))


def _off(value: Money | int, words: Words) -> Number:
    """What a coupon takes off."""
    if isinstance(value, Money):
        return amount(negative(value), words)
    return Number((MINUS + plain(format_percent(abs(value) / 100, locale=words.language)),))


def _saved(rows: tuple[Wish, ...], words: Words, *, later: bool) -> Draft:
    if later:
        return Draft(rows, must(words.say("It will be sent later")))
    return closed(rows, hold(words, "Mistake: hold ×"))


def gift_card(screen: coming.GiftCard, words: Words) -> Draft:
    """The money on it."""
    rows = spoken(
        must(words.say("Gift card")), number((amount(screen.money, words),), MIDDLE), spare(_until(screen.until, words))
    )
    return closed(rows, press(words, Button.AWARD, "Top up"), press(words, Button.REDEEM, "Pay"))


def top_up_confirm(screen: coming.TopUpConfirm, words: Words) -> Draft:
    """Money is put on a card: it is always asked once more."""
    rows = spoken(
        must(words.say("Sell a gift card") if screen.sale else words.say("Put on the card")),
        number((amount(screen.amount, words, signed=True),), MIDDLE),
        good(words.say("Total {amount}", amount=amount(screen.total, words))),
    )
    return closed(rows, press(words, Button.AWARD, "Confirm"), back(words))


def gift_pay_confirm(screen: coming.GiftPayConfirm, words: Words) -> Draft:
    """Gift money is spent."""
    rest = () if screen.rest is None else words.say("To pay {amount}", amount=amount(screen.rest, words))
    rows = spoken(
        good(words.say("From the gift card")),
        number((amount(negative(screen.paid), words),), MIDDLE),
        must(rest),
        good(words.say("Leaves {amount}", amount=amount(screen.leaves, words))),
    )
    return closed(rows, *confirm(words))


def gift_done(screen: coming.GiftDone, words: Words) -> Draft:
    """Gift money was put on or taken off."""
    total = good(words.say("Total {amount}", amount=amount(screen.total, words)))
    saved = good(words.say("It is saved") if screen.later else ())
    rows = spoken(number((amount(screen.change, words, signed=True),)), saved if screen.later else total)
    return _saved(rows, words, later=screen.later)


def _visits(n: int, words: Words) -> Line:
    return words.count("{n} visit", "{n} visits", max(n, 0))


def pass_card(screen: coming.PassCard, words: Words) -> Draft:
    """The visits that are left."""
    rows = spoken(
        must(joined(" · ", name(screen.what), person(screen.name, words))),
        number(_visits(screen.left, words), MIDDLE),
        good(_until(screen.until, words)),
    )
    return closed(rows, press(words, Button.REDEEM, "Visit"), more(words, screen.more))


def pass_sale(screen: coming.PassSale, words: Words) -> Draft:
    """A pass that can be bought."""
    rows = spoken(
        good(words.say("Pass {number}/{count}", number=screen.number, count=screen.count)),
        must(joined(" · ", name(screen.what), _visits(screen.visits, words))),
        number((amount(screen.price, words),), MIDDLE),
    )
    following = press(words, Button.NEXT, "Next one") if screen.count > 1 else None
    return closed(rows, press(words, Button.AWARD, "Sell"), following, back(words))


def pass_visit(screen: coming.PassVisit, words: Words) -> Draft:
    """A visit was taken off."""
    counted = must(words.say("Visit is counted"))
    rows = spoken(counted, number(_visits(screen.left, words), MIDDLE), good(name(screen.what)))
    return _saved(rows, words, later=screen.later)


def _coupon(what: str, value: Money | int | None, words: Words) -> tuple[Wish, ...]:
    if value is None:
        return (head(name(what)),)
    return number((_off(value, words),), MIDDLE), must(name(what))


def coupon(screen: coming.Coupon, words: Words) -> Draft:
    """One coupon of several."""
    rows = spoken(
        good(words.say("Coupon {number}/{count}", number=screen.number, count=screen.count)),
        *_coupon(screen.what, screen.value, words),
        spare(_until(screen.until, words)),
    )
    following = press(words, Button.NEXT, "Next one") if screen.count > 1 else None
    return closed(rows, press(words, Button.REDEEM, "Use"), following, back(words))


def coupon_used(screen: coming.CouponUsed, words: Words) -> Draft:
    """What staff take off at the till, or hand over."""
    to_do = words.say("Hand over the reward") if screen.value is None else words.say("Discount for the till")
    return _saved(spoken(good(to_do), *_coupon(screen.what, screen.value, words)), words, later=screen.later)


def door(screen: coming.Door, words: Words) -> Draft:
    """Nobody is there."""
    return Draft(spoken(good(name(screen.club)), head(words.say("Tap your card")), must(words.say("to enter"))))


def entered(screen: coming.Entered, words: Words) -> Draft:
    """The door is open."""
    again = words.say("Still the same visit") if screen.again else ()
    return Draft(spoken(head(words.say("Come in")), good(person(screen.name, words)), must(again)))


def joined_by_phone(screen: coming.Joined, words: Words) -> Draft:
    """Welcome."""
    rows = spoken(head(words.say("Card is yours")), good(person(screen.name, words)), must(words.say("Enjoy collecting")))
    return Draft(rows)


def refused(screen: coming.Refused, words: Words) -> Draft:
    """Why not, and what can be done."""
    title, why, to_do = _REFUSALS[screen.why]
    if screen.least is not None:
        least = number(words.say("From {amount}", amount=amount(screen.least, words)), MIDDLE)
        return closed(spoken(good(words.say(title)), least, must(words.say(to_do))), back(words))
    because = words.say(why) if why else ()
    return closed(spoken(head(words.say(title)), must(because), must(words.say(to_do))), back(words))


def pin(screen: coming.Pin, words: Words) -> Draft:
    """So many digits are typed; which, nobody sees."""
    title = words.say("Code from the SMS") if screen.by_sms else words.say("Enter the PIN")
    typed = min(max(screen.typed, 0), _PIN)
    shown = Number(("●" * typed + "○" * (_PIN - typed),))
    if screen.wrong:
        return closed(spoken(good(title), number((shown,), MIDDLE), must(words.say("That was not it"))), back(words))
    return closed(spoken(must(title), number((shown,), MIDDLE)), back(words))


DRAFTS: dict[type, Callable[[Any, Words], Draft]] = {
    coming.GiftCard: gift_card,
    coming.TopUpConfirm: top_up_confirm,
    coming.GiftPayConfirm: gift_pay_confirm,
    coming.GiftDone: gift_done,
    coming.PassCard: pass_card,
    coming.PassSale: pass_sale,
    coming.PassVisit: pass_visit,
    coming.Coupon: coupon,
    coming.CouponUsed: coupon_used,
    coming.Door: door,
    coming.Entered: entered,
    coming.Joined: joined_by_phone,
    coming.Refused: refused,
    coming.Pin: pin,
}
