"""What the short news and refusals say: a title, why, and what can be done, each short enough for its row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard

from display.amounts import amount_number, bare
from display.lines import Line, Name, Number, whole
from display.names import in_order
from display.screens import Amount, Message, Money, Notice, Points, Stamps
from display.words import Words, msgid

NEWS = frozenset({Message.SIGNED_IN, Message.SIGNED_OUT, Message.RENEWED, Message.SHOP_CLOSED, Message.SHOW_CODE})
"""Not refusals: they go by themselves, so they name no button."""

NOT_TOLD = frozenset(
    {
        Message.NO_ROOM,
        Message.NO_MEMORY,
        Message.OTHER_CARD,
        Message.OWN_CARD,
        Message.SIGN_IN_FIRST,
        Message.SUM_FIRST,
        Message.SUM_TOO_LARGE,
        Message.NOTHING_EARNED,
        Message.NOTHING_TO_UNDO,
        Message.TOO_LATE_TO_UNDO,
        Message.ALREADY_SPENT,
        Message.STOPPED,
        Message.RENEW_LATER,
        Message.NOT_RENEWED,
        Message.SIGNED_IN,
        Message.SIGNED_OUT,
        Message.RENEWED,
        Message.SHOP_CLOSED,
        Message.SHOW_CODE,
        Message.NO_ROOM,
        Message.NO_MEMORY,
    }
)
"""For staff: a customer with a panel of their own goes on seeing what lies under them."""

BUTTONLESS = NEWS | {Message.NO_ROOM, Message.NO_MEMORY}
"""Those, and what no button of a terminal that cannot start leads away from."""

_ASK_STAFF = msgid("Please ask the staff")
_SHOW_OURS = msgid("Show our shop's card")
_MANAGER = msgid("A manager can help")
_SUPPORT = msgid("Call your support")
_TRY_AGAIN = msgid("Please try again")

_TEXTS: dict[Message, tuple[str, str, str]] = {
    Message.READ_AGAIN: (_TRY_AGAIN, msgid("It could not be read"), msgid("Hold a little longer")),
    Message.NOT_OUR_CARD: (msgid("Unknown card"), msgid("It is not one of ours"), _SHOW_OURS),
    Message.BANK_CARD: (msgid("A bank card"), msgid("We did not read it"), _SHOW_OURS),
    Message.TWO_CARDS: (msgid("One card only"), msgid("Two are on the reader"), msgid("Take one away")),
    Message.NO_IDENTITY: (msgid("Show your code"), msgid("It hides its number"), msgid("Open the phone code")),
    Message.CARD_BLOCKED: (msgid("Card is blocked"), msgid("The shop blocked it"), _ASK_STAFF),
    Message.CARD_REPLACED: (msgid("An old card"), msgid("A new one replaced it"), msgid("Show the new card")),
    Message.OTHER_CARD: (msgid("Another card"), msgid("First one isn't done"), msgid("Finish it or press ×")),
    Message.CARD_NEEDED: (msgid("Card needed"), msgid("Numbers only collect"), msgid("Tap the card")),
    Message.OWN_CARD: (msgid("Your own card"), msgid("Not for yourself"), msgid("Ask a colleague")),
    Message.SIGN_IN_FIRST: (msgid("Sign in first"), msgid("Staff card is needed"), msgid("Tap it, then again")),
    Message.NOT_ENOUGH: (msgid("Not enough"), msgid("The card has too few"), msgid("Choose something less")),
    Message.MORE_LATER: (msgid("Not here yet"), msgid("The rest is elsewhere"), msgid("More once online")),
    Message.MORE_SOON: (msgid("Not here yet"), msgid("The rest is elsewhere"), msgid("More in a moment")),
    Message.NO_REWARD: (msgid("Not yet"), msgid("Too few for a reward"), msgid("Keep collecting")),
    Message.SUM_FIRST: (msgid("Sum first"), msgid("We don't know the sum"), msgid("Type it, then Enter")),
    Message.SUM_TOO_LARGE: (msgid("Sum too large"), msgid("Over the shop's limit"), msgid("Please check it")),
    Message.NOTHING_EARNED: (msgid("No points"), msgid("This earns no points"), msgid("Check sum and group")),
    Message.NOTHING_TO_UNDO: (msgid("Nothing to undo"), msgid("No recent entry here"), msgid("Older: ask a manager")),
    Message.TOO_LATE_TO_UNDO: (msgid("Too late"), msgid("Time to undo is over"), msgid("Bring card to manager")),
    Message.ALREADY_SPENT: (msgid("Already spent"), msgid("Those points are used"), _MANAGER),
    Message.NOT_SAVED: (msgid("Not saved"), msgid("The card is unchanged"), _TRY_AGAIN),
    Message.DISK_FULL: (msgid("Memory is full"), msgid("Nothing was saved"), _SUPPORT),
    Message.STOPPED: (msgid("No spending here"), msgid("It must be renewed"), msgid("Staff: hold ▸ 2 s")),
    Message.RENEW_LATER: (msgid("Not now"), msgid("It needs the network"), msgid("Again once online")),
    Message.NOT_RENEWED: (msgid("Not renewed"), msgid("Nothing is lost"), _SUPPORT),
    Message.NO_ROOM: (msgid("Memory is full"), msgid("It cannot start"), _SUPPORT),
    Message.NO_MEMORY: (msgid("Memory trouble"), msgid("It cannot start"), _SUPPORT),
    Message.NO_PROGRAMME: (msgid("One moment"), msgid("The rules are coming"), msgid("Wait for the network")),
    Message.SIGNED_IN: (msgid("Welcome"), "", msgid("You are signed in")),
    Message.SIGNED_OUT: (msgid("Goodbye"), "", msgid("You are signed out")),
    Message.RENEWED: (msgid("Renewed"), "", msgid("It works as before")),
    Message.SHOP_CLOSED: (msgid("Good night"), msgid("Everything is saved"), msgid("Unplug if you like")),
    Message.SHOW_CODE: (msgid("Show the code"), msgid("The Wi-Fi's QR code"), msgid("to the scanner")),
}


@dataclass(frozen=True, slots=True)
class Said:
    """A notice in words; `why` may be empty."""

    title: Line
    why: Line
    what_to_do: Line
    sum_in_title: bool = False
    sum_in_why: bool = False
    """Which of them is a sum."""
    short: tuple[Line, Line] | None = None
    """Why and what can be done, so that without the title it is a refusal still."""


def notice_words(notice: Notice, words: Words) -> Said:
    """The words for a notice.

    `notice.amount` is what the card has for `NOT_ENOUGH` and `NO_REWARD`, what of it can be used here now for `MORE_LATER`
    and `MORE_SOON` (they name it where it is above zero), and the most that is allowed for `SUM_TOO_LARGE`;
    `notice.name` is the person for `NEWS`. Other messages need neither, and do not show them.
    """
    title, why, what_to_do = _TEXTS[notice.message]
    because = words.say(why) if why else ()
    if notice.message in NEWS and notice.name:
        because = (Name(in_order(notice.name, words.language)),)
    known = _with_amount(notice.message, notice.amount, words) if notice.amount is not None else ()
    if notice.message in (Message.MORE_LATER, Message.MORE_SOON) and _is_something(notice.amount):
        now = words.say("{amount} now", amount=_spoken(notice.amount, words))
        return Said(now, because, words.say(what_to_do), sum_in_title=True)
    if not known or notice.amount is None:
        return Said(words.say(title), because, words.say(what_to_do))
    if notice.message is Message.SUM_TOO_LARGE:
        most = words.say("max. {amount}", amount=amount_number(notice.amount, words.language))
        short = most, words.say("Too large: check it")
    else:
        short = words.say("Only {amount}", amount=_spoken(notice.amount, words)), words.say(what_to_do)
    return Said(words.say(title), known, words.say(what_to_do), sum_in_why=True, short=short)


def _is_something(amount: Amount | None) -> TypeGuard[Amount]:
    return amount not in (None, Points(0), Stamps(0)) and not (isinstance(amount, Money) and amount.minor == 0)


def _with_amount(message: Message, amount: Amount, words: Words) -> Line:
    if message is Message.SUM_TOO_LARGE:
        return words.say("At most {amount}", amount=amount_number(amount, words.language))
    if message in (Message.NOT_ENOUGH, Message.NO_REWARD):
        return words.say("You have {amount}", amount=_spoken(amount, words))
    return ()


def _spoken(amount: Amount, words: Words) -> Number:
    """In full where there is room: "5 bodov" rather than "5 b"."""
    short = amount_number(amount, words.language)
    number = bare(amount, words.language)
    match amount:
        case Points(thousandths) if not 0 < abs(thousandths) < 1000:
            full = words.count("{n} point", "{n} points", abs(thousandths) // 1000, n=number)
        case Stamps(count):
            full = words.count("{n} stamp", "{n} stamps", abs(count), n=number)
        case Points() | Money():
            return short
    return Number((whole(full), *short.forms))
