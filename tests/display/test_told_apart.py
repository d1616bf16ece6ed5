"""Screens that mean something different are different pictures, on every glass and in every language.

Every sample of the gallery is compared with all others, and with itself after one of its facts has changed: another name,
another sum, the other verb. What a glass has no room for is listed, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from enum import Enum
from functools import cache
from itertools import combinations
from typing import Any

import pytest

from display.coming_gallery import coming
from display.coming_screens import ComingScreen
from display.draw import draw
from display.gallery import samples
from display.glass import Glass
from display.layout import lay_out
from display.screens import Money, Pairing, Points, Screen, Stamps, Task, Unpaired
from display.words import LANGUAGES
from emulators.glasses import SOLD, called

SIGN = "a sign of the idle page that another fact has switched off, or a count of which only how many matters"
TILL = "what is for the till now goes before what it brings"
PLACE = "▸ steps through them, whichever it is"
CARD = "the card's own page shows it"
DATE = "the number and what it is of go before the date; the receipt and the portal have it"
HEAD = "what is the matter and what to do go before it"
ASKED = "it was on the page before"

WITHOUT: dict[tuple[str, str], tuple[str, Callable[[Any], bool]]] = {
    ("Idle", "waiting"): (SIGN, lambda idle: not idle.offline),
    ("Idle", "missing"): (SIGN, lambda idle: True),
    ("StampCard", "reward"): ("its other form says it: Ešte 3 do kávy", lambda card: card.until),
    ("DoneStamps", "reward"): ("its other form says it, or that it is sent later", lambda card: card.until or card.later),
    ("DoneStamps", "until"): ("that it is sent later goes before", lambda card: card.later),
    ("StampCardFull", "more"): ("nothing but yes and no while it is asked", lambda card: card.confirm),
    ("Typing", "currency"): ("no sum is typed", lambda typing: typing.card),
    ("Sum", "preset"): ("nothing but yes and no while it is asked", lambda bill: bill.ask),
    ("Sum", "card"): (
        "whose it is, a group or a choice stands where it would be asked for",
        lambda bill: bill.name or bill.group or bill.preset or bill.back or bill.ask,
    ),
    ("Sum", "back"): ("a return is never asked for", lambda bill: bill.ask),
    ("PayLess", "rest"): ("the till is told when it is confirmed", lambda pay: True),
    ("Done", "total"): ("that it is sent later goes before", lambda done: done.later),
    ("GiftDone", "total"): ("that it is sent later goes before", lambda done: done.later),
    ("Queue", "oldest_minutes"): (HEAD, lambda queue: queue.stopped or not queue.waiting),
    ("Queue", "stuck"): ("it must be renewed first", lambda queue: queue.stopped),
    ("Network", "minutes"): ("why, and what to do, take the rows", lambda network: True),
    ("Devices", "working"): ("those that are missing are listed", lambda devices: devices.missing),
    ("DeviceTest", "what"): (
        "the cable or switch is named in its place",
        lambda test: test.hint or test.task is not Task.PRESS,
    ),
    ("Notice", "name"): ("only news are about somebody", lambda notice: True),
}
"""On any glass: which fact, why, and when."""

ON_SMALL: dict[tuple[str, str], str] = {
    ("StampCard", "until"): "name, circles and number go before the words; the reward is there where it fits",
    ("DoneStamps", "until"): "as for a stamp card",
    ("RewardChoice", "number"): PLACE,
    ("RewardChoice", "count"): PLACE,
    ("DoneStamps", "name"): "that it is sent later goes before; the name stood there when + was pressed",
    ("Balance", "level"): "what is next goes before",
    ("Balance", "reward"): "the bar, and how much is missing, go before its name",
    ("Done", "total"): CARD,
    ("DonePaid", "earned"): TILL,
    ("Queue", "known"): "how much waits, and since when, go before the clock",
    ("GiftCard", "until"): DATE,
    ("TopUpConfirm", "total"): CARD,
    ("GiftPayConfirm", "leaves"): CARD,
    ("PassCard", "until"): DATE,
    ("PassSale", "number"): PLACE,
    ("PassSale", "count"): PLACE,
    ("PassVisit", "what"): CARD,
    ("Coupon", "until"): DATE,
    ("Coupon", "number"): PLACE,
    ("Coupon", "count"): PLACE,
    ("Pin", "by_sms"): ASKED,
}
"""On glasses where the number that matters takes 24 or 32 of 64 rows, and on lower ones."""

ON_LOW: dict[tuple[str, str], str] = {
    ("Idle", "shop"): "who stands in it knows it",
    ("Menu", "number"): PLACE,
    ("Menu", "count"): PLACE,
    ("DeviceTest", "number"): PLACE,
    ("DeviceTest", "count"): PLACE,
    ("DeviceTestDone", "failed"): PLACE,
    ("Pairing", "url"): "a QR code is too fine there",
    ("WifiTrouble", "network"): HEAD,
    ("Updating", "version"): HEAD,
    ("Typing", "card"): "the digits are typed by the one who chose",
    ("Joined", "name"): HEAD,
    ("Entered", "name"): "that it is the same visit goes before",
}
"""On glasses of 32 rows."""

Any_ = Screen | ComingScreen


@cache
def pictures(screen: Any_, language: str, glass: Glass) -> tuple[bytes, ...]:
    return tuple(draw(face).tobytes() for face in lay_out(screen, language, glass).faces)


def others(value: Any) -> Iterator[Any]:
    """Other facts of the same kind; none for one that is not there."""
    match value:
        case bool():
            yield not value
        case Enum():
            yield from (one for one in type(value) if one is not value)
        case Points():
            yield Points(value.thousandths + 7_000)
        case Money():
            yield Money(value.minor + 700, value.currency)
        case Stamps():
            yield Stamps(value.count + 1)
        case date():
            yield value - timedelta(days=40)
        case int():
            yield value + 1
        case str() if value:
            yield "Žofia" if "-" not in value else "4444-4444"
        case tuple() if value:
            yield (*value[1:], "USB čítačka")


def variants(screen: Any_) -> Iterator[tuple[str, Any_]]:
    """The screen with one fact changed, and which."""
    assert is_dataclass(screen)
    for field in fields(screen):
        for other in others(getattr(screen, field.name)):
            yield field.name, replace(screen, **{field.name: other})


def may_be_one(glass: Glass) -> set[tuple[str, str]]:
    """The facts that this glass has no room for."""
    small = set(ON_SMALL) if glass.least > 16 or glass.height < 64 else set()
    return small | (set(ON_LOW) if glass.height < 64 else set())


@cache
def same(glass: Glass, language: str) -> set[tuple[str, str]]:
    """Facts that are not seen: kind of screen, and which."""
    return {
        (kind, fact)
        for screen in (*samples(language), *coming(language))
        for kind in [type(screen).__name__]
        for fact, other in variants(screen)
        if not ((kind, fact) in WITHOUT and WITHOUT[kind, fact][1](screen))
        if pictures(screen, language, glass) == pictures(other, language, glass)
    }


@pytest.mark.parametrize("glass", SOLD, ids=called)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_fact_is_seen(glass: Glass, language: str) -> None:
    allowed = may_be_one(glass)
    assert not [one for one in same(glass, language) if one not in allowed]


def test_nothing_is_listed_that_every_glass_shows() -> None:
    found = {(glass, fact) for glass in SOLD for language in LANGUAGES for fact in same(glass, language)}
    for listed, height in ((ON_SMALL, 64), (ON_LOW, 32)):
        assert set(listed) == {fact for glass, fact in found if glass.height <= height and fact in listed}


@pytest.mark.parametrize("glass", SOLD, ids=called)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_screens_are_one_picture(glass: Glass, language: str) -> None:
    drawn = [(screen, pictures(screen, language, glass)) for screen in (*samples(language), *coming(language))]
    alike = {(type(one), type(other)) for (one, face), (other, like) in combinations(drawn, 2) if face == like}
    assert not alike - {(Unpaired, Pairing)}, "only the code to type, where a QR code is too fine, is that of either"
    assert not alike or not lay_out(Pairing("K7QX", "https://b.sk/p/K7QX"), language, glass).code
