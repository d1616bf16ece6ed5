"""From a screen to a page: which words stand in which row, how high, and which buttons are live.

Each kind of screen has one function here. Sizes and words are those of docs/conversation.md.
"""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch

from display import device_test_pages, joining_pages, screens
from display.amounts import negative, symbol
from display.glass import USUAL, Glass
from display.letters import columns, plain
from display.lines import Line, Number, Word
from display.network_words import TROUBLES
from display.notices import NEWS, notice_words
from display.page import Button, Circles, Page, Row, Signs, Text
from display.rows import (
    BIG,
    MIDDLE,
    age,
    amount,
    back,
    closed,
    confirm,
    hold,
    joined,
    leaves,
    listed,
    more,
    name,
    press,
    row,
    spoken,
)
from display.screens import Amount, Money, Points, Screen, Verb
from display.words import Words, msgid, speak

_AWARD, _REDEEM, _NEXT, _CANCEL = Button.AWARD, Button.REDEEM, Button.NEXT, Button.CANCEL

_VERBS = {Verb.AWARD: msgid("Adding"), Verb.REDEEM: msgid("Spending"), Verb.RETURN: msgid("Return of goods")}

_MENU = {
    screens.MenuItem.RETURN: msgid("Return of goods"),
    screens.MenuItem.SIGN_OUT: msgid("Sign out"),
    screens.MenuItem.QUEUE: msgid("Unsent entries"),
    screens.MenuItem.NETWORK: msgid("Network"),
    screens.MenuItem.DEVICES: msgid("Devices"),
    screens.MenuItem.TEST: msgid("Test devices"),
    screens.MenuItem.LANGUAGE: msgid("Language"),
    screens.MenuItem.SETUP: msgid("Wi-Fi code"),
    screens.MenuItem.CLOSE: msgid("Close shop"),
    screens.MenuItem.RENEW: msgid("Renew terminal"),
}


def lay_out(screen: Screen, language: str, glass: Glass = USUAL) -> Page:
    """The page for `screen` in `language` ("sk", "en") on `glass`. Every row fits.

    Raises `display.words.TextsMissing` for a language without texts; never for anything in the screen. Pages are laid out
    for 128x64 pixels as yet: on a larger glass they stand in its middle, and a smaller one is refused by the settings.

    >>> print(lay_out(StampCard("Jana K.", 7, 10, "káva zadarmo", until="kávy"), "sk").text())
    Jana K.
    ●●●●●●●○○○
    [7 z 10]
    Ešte 3 do kávy
    +Pečiatka
    """
    return replace(_page(screen, speak(language)), glass=glass)


@singledispatch
def _page(screen: Screen, words: Words) -> Page:
    raise NotImplementedError(f"No layout for {type(screen).__name__}: add one to display/layout.py")


# --- cards


@_page.register
def _(screen: screens.Idle, words: Words) -> Page:
    rows = spoken(row(name(screen.shop)), row(words.say("Tap your card"), MIDDLE), row(words.say("or show phone code")))
    signs = Signs(screen.offline, screen.waiting, len(screen.missing), plain(screen.clock or "")[:5], screen.stopped)
    return Page(rows, signs if str(signs) else None)


def _of(filled: int, goal: int, words: Words) -> Line:
    return words.say("{filled} of {goal}", filled=max(filled, 0), goal=goal)


def _circles(filled: int, goal: int) -> Circles:
    return Circles(min(max(filled, 0), max(goal, 0)), max(goal, 0))


def _to_go(screen: screens.StampCard | screens.DoneStamps, words: Words) -> Line:
    left = screen.goal - screen.filled
    if left <= 0:
        return words.say("Full: {reward}", reward=screen.reward)
    if plain(screen.until):
        return words.say("{n} more until {reward}", n=left, reward=screen.until)
    return words.say("{n} more: {reward}", n=left, reward=screen.reward)


@_page.register
def _(screen: screens.StampCard, words: Words) -> Page:
    rows = spoken(
        row(name(screen.name)),
        _circles(screen.filled, screen.goal),
        row(_of(screen.filled, screen.goal, words), MIDDLE),
        row(_to_go(screen, words)),
    )
    return closed(rows, press(words, _AWARD, "Stamp"), more(words, screen.more))


@_page.register
def _(screen: screens.StampCardFull, words: Words) -> Page:
    rows = spoken(
        row(joined(" · ", name(screen.name), _of(screen.filled, screen.goal, words))),
        row(name(screen.reward.upper()), MIDDLE),
    )
    if screen.confirm:
        return closed(rows, *confirm(words))
    return closed(rows, press(words, _REDEEM, "Give"), press(words, _AWARD, "Stamp"), more(words, screen.more))


@_page.register
def _(screen: screens.Balance, words: Words) -> Page:
    rows = spoken(
        row((amount(screen.points, words),), BIG),
        row(joined(" · ", name(screen.name), name(screen.level))),
    )
    return closed(rows, press(words, _AWARD, "Add"), press(words, _REDEEM, "Use"), more(words, screen.more))


@_page.register
def _(screen: screens.NewCard, words: Words) -> Page:
    rows = spoken(row(words.say("New card"), MIDDLE), row(words.say("Terms: QR on the back")))
    return closed(rows, press(words, _AWARD, "Issue"), press(words, _CANCEL, "No"))


# --- sums


@_page.register
def _(screen: screens.Typing, words: Words) -> Page:
    # The newest digits matter most to the one who types: what is too long loses its beginning.
    digits = plain(screen.text)[-columns(12) :]
    title = (
        words.say("Card or phone number") if screen.card else words.say("Sum in {currency}", currency=symbol(screen.currency))
    )
    return closed(spoken(row(title), row((Number((digits or "_",)),), BIG)), press(words, _CANCEL, "Back"))


@_page.register
def _(screen: screens.Sum, words: Words) -> Page:
    if screen.ask:
        chosen = words.say("Really?")
        live = [press(words, _AWARD, "Confirm"), back(words)]
    elif screen.back:
        chosen = words.say("A return")
        live = [press(words, _REDEEM, "Return"), back(words)]
    else:
        chosen = name(screen.group)
        live = [press(words, _AWARD, "Points"), press(words, _REDEEM, "Pay")]
    line = joined(" · ", name(screen.name), chosen)
    if screen.preset and not screen.ask:
        live.append(press(words, _NEXT, "other sum", inside=True))
    elif screen.group and not (screen.ask or screen.back):
        live.append(press(words, _NEXT, "group", inside=True))
    inside: tuple[Line, ...] = tuple((Word(one.words),) for one in live if one.inside)
    return closed(spoken(row((amount(screen.amount, words),), BIG), row(joined(" ", line, *inside))), *live)


@_page.register
def _(screen: screens.PayConfirm, words: Words) -> Page:
    return closed(_discount(screen.discount, screen.rest, words), *confirm(words))


def _discount(discount: Money, rest: Money, words: Words) -> tuple[Row, ...]:
    return spoken(
        row(words.say("Discount for the till")),
        row((amount(negative(discount), words),), MIDDLE),
        row(words.say("To pay {amount}", amount=amount(rest, words))),
    )


@_page.register
def _(screen: screens.PayLess, words: Words) -> Page:
    rows = spoken(
        row(words.say("{amount} now", amount=amount(screen.discount, words)), MIDDLE),
        row(words.say("More in a moment") if screen.soon else words.say("More once online")),
    )
    return closed(rows, press(words, _REDEEM, "Use"), back(words))


@_page.register
def _(screen: screens.RewardChoice, words: Words) -> Page:
    rows = spoken(
        row(words.say("Reward {number}/{count}", number=screen.number, count=screen.count)),
        row(name(screen.reward), MIDDLE),
        *leaves(screen.cost, screen.leaves, words),
    )
    following = press(words, _NEXT, "Next one") if screen.count > 1 else None
    return closed(rows, press(words, _REDEEM, "Give"), following, back(words))


@_page.register
def _(screen: screens.ReturnConfirm, words: Words) -> Page:
    rows = spoken(
        row(words.say("Return of goods")),
        row((amount(negative(screen.taken), words),), MIDDLE),
        row(words.say("Leaves {amount}", amount=amount(screen.leaves, words))),
    )
    return closed(rows, *confirm(words))


# --- done


def _total(total: Amount, words: Words) -> Text:
    return row(words.say("Total {amount}", amount=amount(total, words)))


def _sent_later(words: Words) -> Text:
    return row(words.say("It will be sent later"))


def _undoable(rows: tuple[Row, ...], words: Words) -> Page:
    return closed(rows, hold(words, "Mistake: hold ×"))


@_page.register
def _(screen: screens.Done, words: Words) -> Page:
    if screen.what:
        given = spoken(
            row(words.say("Hand over the reward")),
            row(name(screen.what), MIDDLE),
            *leaves(screen.change, screen.total, words)[: 1 if screen.later else 2],
        )
        return Page(given, _sent_later(words)) if screen.later else _undoable(given, words)
    big = row((amount(screen.change, words, signed=True),), BIG if screen.bonus is None else MIDDLE)
    coming = _coming(screen, words)
    if not screen.later:
        return _undoable(spoken(big, _total(screen.total, words), coming), words)
    if isinstance(screen.change, Points) and screen.change.thousandths > 0:
        return Page(spoken(big, row(words.say("Points are saved")), coming), row(words.say("Will be sent later")))
    return Page(spoken(big, row(words.say("It is saved")), coming), _sent_later(words))


def _coming(screen: screens.Done, words: Words) -> Text:
    """What a level or a milestone will add; an empty row for nothing."""
    if screen.bonus is None:
        return row(())
    return row(
        joined(" · ", words.say("{amount} to come", amount=amount(screen.bonus, words, signed=True)), name(screen.level))
    )


@_page.register
def _(screen: screens.DoneStamps, words: Words) -> Page:
    rows = spoken(
        row(name(screen.name)),
        _circles(screen.filled, screen.goal),
        row(_of(screen.filled, screen.goal, words), MIDDLE),
        _sent_later(words) if screen.later else row(_to_go(screen, words)),
    )
    return closed(rows, press(words, _AWARD, "Another"), press(words, _CANCEL, "Undo"))


@_page.register
def _(screen: screens.DonePaid, words: Words) -> Page:
    earned: tuple[Row, ...] = (row((amount(screen.earned, words, signed=True),)),) if screen.earned.thousandths else ()
    rows = (*_discount(screen.discount, screen.rest, words), *earned)
    return Page(rows, _sent_later(words)) if screen.later else _undoable(rows, words)


@_page.register
def _(screen: screens.UndoQuestion, words: Words) -> Page:
    ago = words.say("{n} min ago", n=screen.minutes) if screen.minutes > 0 else words.say("just now")
    rows = spoken(
        row(words.say("Undo this?")),
        row((amount(screen.change, words, signed=True),), MIDDLE),
        row(joined(", ", name(screen.name), ago)),
    )
    return closed(rows, hold(words, "Hold ×"))


@_page.register
def _(screen: screens.Undone, words: Words) -> Page:
    rows = spoken(row((amount(screen.change, words, signed=True),), BIG), row(words.say("The entry is undone")))
    return Page(rows, _sent_later(words) if screen.later else _total(screen.total, words))


# --- staff and machine


@_page.register
def _(screen: screens.Armed, words: Words) -> Page:
    total: Line = () if screen.amount is None else (amount(screen.amount, words),)
    rows = spoken(
        row(words.say(_VERBS[screen.verb])),
        row(words.say("Tap your card"), MIDDLE),
        row(joined(" · ", total, words.say("{n} s", n=max(screen.seconds, 0)))),
    )
    return closed(rows, back(words))


@_page.register
def _(screen: screens.Menu, words: Words) -> Page:
    own_name = row(words.say("English")) if screen.item is screens.MenuItem.LANGUAGE else row(())
    rows = spoken(
        row(words.say("Menu {number}/{count}", number=screen.number, count=screen.count)),
        row(words.say(_MENU[screen.item]), MIDDLE),
        own_name,
    )
    return closed(rows, press(words, _NEXT, "Next"), press(words, _AWARD, "Choose"), back(words))


@_page.register
def _(screen: screens.Queue, words: Words) -> Page:
    if screen.stopped:
        more_to_know = words.say("It must be renewed")
    elif screen.stuck:
        more_to_know = words.say("See the portal: alarm")
    else:
        more_to_know = words.say("Time: {time}", time=screen.known) if screen.known else ()
    if screen.waiting <= 0:
        return closed(spoken(row(words.say("All is sent"), MIDDLE), row(more_to_know)), back(words))
    rows = spoken(
        row(words.say("Waits to be sent")),
        row(words.count("{n} entry", "{n} entries", screen.waiting), MIDDLE),
        row(words.say("the oldest {age}", age=age(screen.oldest_minutes, words))),
        row(more_to_know),
    )
    return closed(rows, back(words))


@_page.register
def _(screen: screens.RenewQuestion, words: Words) -> Page:
    why = words.say("The shop retired it") if screen.written_off else words.say("A copy, or a backup")
    rows = spoken(row(words.say("Renew terminal?"), MIDDLE), row(why), row(words.say("Entries are kept")))
    return closed(rows, press(words, _AWARD, "Renew"), back(words))


@_page.register
def _(screen: screens.Network, words: Words) -> Page:
    if screen.online:
        return closed(spoken(row(words.say("Network works"), MIDDLE), row(words.say("Entries are sent"))), back(words))
    what, to_do = TROUBLES[screen.trouble or screens.CloudTrouble.NO_ANSWER]
    rows = spoken(
        row(words.say(what), MIDDLE),
        row(words.say("for {age}", age=age(screen.minutes, words))),
        row(words.say(to_do)),
    )
    return closed(rows, back(words))


@_page.register
def _(screen: screens.Devices, words: Words) -> Page:
    missing = len(screen.missing)
    if missing:
        title = words.count("{n} is missing", "{n} are missing", missing)
    else:
        title = words.say("All work") if screen.working else words.say("None set up")
    rows = spoken(row(words.say("Devices")), row(title, MIDDLE), *listed(screen.missing or screen.working, 2))
    return closed(rows, back(words))


@_page.register
def _(screen: screens.DeviceTest, words: Words) -> Page:
    return device_test_pages.task(screen, words)


@_page.register
def _(screen: screens.DeviceTestDone, words: Words) -> Page:
    return device_test_pages.done(screen, words)


@_page.register
def _(screen: screens.Notice, words: Words) -> Page:
    said = notice_words(screen, words)
    rows = spoken(row(said.title, MIDDLE), row(said.why), row(said.what_to_do))
    return closed(rows, None if screen.message in NEWS else back(words))


@_page.register
def _(screen: screens.Wait, words: Words) -> Page:
    if screen.asking:
        return Page(spoken(row(words.say("One moment…"), MIDDLE), row(words.say("Asking the network"))))
    return Page(spoken(row(words.say("Saving…"), MIDDLE)))


@_page.register
def _(screen: screens.Unpaired, words: Words) -> Page:
    code = plain(screen.code)[: columns(12)]
    if not code:
        return Page(spoken(row(words.say("New terminal"), MIDDLE), row(words.say("Not paired yet"))))
    return Page(spoken(row(words.say("Type in the portal:")), row((Number((code,)),), BIG)))


@_page.register
def _(screen: screens.Pairing, words: Words) -> Page:
    return joining_pages.pairing(screen, words)


@_page.register
def _(screen: screens.PairingTrouble, words: Words) -> Page:
    return joining_pages.pairing_trouble(screen, words)


@_page.register
def _(screen: screens.WifiJoined, words: Words) -> Page:
    return joining_pages.wifi_joined(screen, words)


@_page.register
def _(screen: screens.WifiTrouble, words: Words) -> Page:
    return joining_pages.wifi_trouble(screen, words)


@_page.register
def _(screen: screens.Updating, words: Words) -> Page:
    return joining_pages.updating(screen, words)
