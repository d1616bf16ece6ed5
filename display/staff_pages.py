"""Pages of the staff menu and of what the machine has to say."""

from __future__ import annotations

from dataclasses import replace

from display.dates import moment
from display.device_names import device
from display.draft import MIDDLE, SMALL, Draft
from display.lines import Line, Number, Word, whole
from display.network_words import TROUBLES
from display.notices import BUTTONLESS, notice_words
from display.page import Button
from display.rows import age, amount, back, closed, good, head, joined, listed, must, number, press, spare, spoken
from display.screens import (
    Armed,
    CloudTrouble,
    Devices,
    Menu,
    MenuItem,
    Network,
    Notice,
    Queue,
    RenewQuestion,
    Verb,
    Wait,
)
from display.words import Words, msgid

_VERBS = {Verb.AWARD: msgid("Adding"), Verb.REDEEM: msgid("Spending"), Verb.RETURN: msgid("Return of goods")}

_SIGNS = {Verb.AWARD: Button.AWARD, Verb.REDEEM: Button.REDEEM}

_MENU = {
    MenuItem.RETURN: msgid("Return of goods"),
    MenuItem.SIGN_OUT: msgid("Sign out"),
    MenuItem.QUEUE: msgid("Unsent entries"),
    MenuItem.NETWORK: msgid("Network"),
    MenuItem.DEVICES: msgid("Devices"),
    MenuItem.TEST: msgid("Test devices"),
    MenuItem.LANGUAGE: msgid("Language"),
    MenuItem.SETUP: msgid("Wi-Fi code"),
    MenuItem.CLOSE: msgid("Close shop"),
    MenuItem.RENEW: msgid("Renew terminal"),
}


def armed(screen: Armed, words: Words) -> Draft:
    """The verb came first: a card is waited for."""
    total: Line = () if screen.amount is None else (amount(screen.amount, words),)
    seconds = max(screen.seconds, 0)
    countdown = Number((whole(words.say("{n} s", n=seconds)), str(seconds)))
    left = number(joined(" · ", total, (countdown,)), SMALL)
    tap = words.say("Tap your card")
    rows = spoken(must(words.say(_VERBS[screen.verb])), head(tap), left)
    short = closed(spoken(head(_in_one(screen.verb, tap, words)), left), back(words))
    return replace(closed(rows, back(words)), ticks=True, terse=replace(short, ticks=True))


def _in_one(verb: Verb, tap: Line, words: Words) -> Line:
    """The verb and what to do, in one row: + and − stand beside the buttons, a return has none of its own."""
    if verb is Verb.RETURN:
        return words.say("Return: tap your card")
    return joined(" ", (Word(_SIGNS[verb].sign),), tap)


def menu(screen: Menu, words: Words) -> Draft:
    """One item at a time."""
    own_name = good(words.say("English") if screen.item is MenuItem.LANGUAGE else ())
    title = good(words.say("Menu {number}/{count}", number=screen.number, count=screen.count))
    rows = spoken(title, head(words.say(_MENU[screen.item])), own_name)
    return closed(rows, press(words, Button.NEXT, "Next"), press(words, Button.AWARD, "Choose"), back(words))


def queue(screen: Queue, words: Words) -> Draft:
    """What waits to be sent."""
    if screen.stopped:
        more_to_know = must(words.say("It must be renewed"))
    elif screen.stuck:
        more_to_know = must(words.say("See the portal: alarm"))
    else:
        more_to_know = spare(words.say("Time: {time}", time=moment(screen.known, words.language)) if screen.known else ())
    if screen.waiting <= 0:
        return closed(spoken(head(words.say("All is sent")), more_to_know), back(words))
    oldest = words.say("the oldest {age}", age=age(screen.oldest_minutes, words))
    rows = spoken(
        good(words.say("Waits to be sent")),
        number(words.count("{n} entry", "{n} entries", screen.waiting), MIDDLE),
        good(oldest) if screen.stopped or screen.stuck else must(oldest),
        more_to_know,
    )
    return closed(rows, back(words))


def renew_question(screen: RenewQuestion, words: Words) -> Draft:
    """A copy, or written off."""
    why = words.say("The shop retired it") if screen.written_off else words.say("A copy, or a backup")
    rows = spoken(head(words.say("Renew terminal?")), must(why), must(words.say("Entries are kept")))
    return closed(rows, press(words, Button.AWARD, "Renew"), back(words))


def network(screen: Network, words: Words) -> Draft:
    """Whether the cloud answers, and what helps."""
    if screen.online:
        return closed(spoken(head(words.say("Network works")), must(words.say("Entries are sent"))), back(words))
    what, to_do = TROUBLES[screen.trouble or CloudTrouble.NO_ANSWER]
    since = good(words.say("for {age}", age=age(screen.minutes, words)))
    return closed(spoken(head(words.say(what)), since, must(words.say(to_do))), back(words))


def devices(screen: Devices, words: Words) -> Draft:
    """Which work, or which are gone."""
    missing = len(screen.missing)
    if missing:
        title = words.count("{n} is missing", "{n} are missing", missing)
    else:
        title = words.say("All work") if screen.working else words.say("None set up")
    names = tuple(device(one, words) for one in screen.missing or screen.working)
    rows = spoken(spare(words.say("Devices")), head(title), listed(names, 2))
    return closed(rows, back(words))


def notice(screen: Notice, words: Words) -> Draft:
    """A title, why, and what can be done; where one of the first two is a sum, that is what matters."""
    said = notice_words(screen, words)
    title, why = head(said.title), must(said.why)
    if said.sum_in_title:
        title, why = number(said.title, MIDDLE), good(said.why)
    elif said.sum_in_why:
        title, why = replace(must(said.title), heights=MIDDLE), number(said.why, SMALL)
    draft = closed(spoken(title, why, must(said.what_to_do)), None if screen.message in BUTTONLESS else back(words))
    if said.short is None:
        return draft
    because, to_do = said.short
    return replace(draft, terse=closed(spoken(number(because, SMALL), must(to_do)), back(words)))


def wait(screen: Wait, words: Words) -> Draft:
    """It takes longer than a blink."""
    if screen.asking:
        return Draft(spoken(head(words.say("One moment…")), must(words.say("Asking the network"))))
    return Draft(spoken(head(words.say("Saving…"))))
