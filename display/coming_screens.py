"""Screens of features that are not there yet: gift money, passes, coupons, entry to a club, PINs.

Not reachable: nothing in the conversation shows them. They are drawn in every language and size all the same, so that there is
room for them, and whoever makes the features finds their screens looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TypeAlias

from display.facts import Money


class Refusal(Enum):
    """Why a gift card, a pass, a coupon or an entry is refused."""

    GIFT_INACTIVE = "gift inactive"  # it was not sold yet
    GIFT_EMPTY = "gift empty"
    GIFT_EXPIRED = "gift expired"
    PASS_EXPIRED = "pass expired"  # noqa: S105  # no password
    PASS_USED_UP = "pass used up"  # noqa: S105
    COUPON_EXPIRED = "coupon expired"
    COUPON_USED = "coupon used"
    COUPON_SUM = "coupon sum"  # the sum is too small for it
    NOT_MEMBER = "not member"
    MEMBERSHIP_OVER = "membership over"
    WRONG_HOUR = "wrong hour"
    INSIDE = "inside"  # the card went in already, and nobody came out with it


@dataclass(frozen=True, slots=True)
class GiftCard:
    """Darčeková karta / [20,00 €] / do 31. 12. 2027 / +Vložiť −Platiť."""

    money: Money
    until: date | None = None


@dataclass(frozen=True, slots=True)
class TopUpConfirm:
    """Vklad na kartu / [+20,00 €] / Spolu 27,30 € / +Potvrdiť ×Späť; a `sale` is the first of a card."""

    amount: Money
    total: Money
    sale: bool = False


@dataclass(frozen=True, slots=True)
class GiftPayConfirm:
    """Z darčekovej karty / [−7,30 €] / Ostane 12,70 € / −Potvrdiť ×Späť; with a `rest` to pay otherwise: Doplatok 6,10 €."""

    paid: Money
    leaves: Money
    rest: Money | None = None


@dataclass(frozen=True, slots=True)
class GiftDone:
    """{+20,00 €} / Spolu 27,30 € / Omyl: držte ×; `later`: Je to zapísané / Odošle sa neskôr."""

    change: Money
    total: Money
    later: bool = False


@dataclass(frozen=True, slots=True)
class PassCard:
    """Sauna · Jana K. / [7 vstupov] / do 31. 12. 2027 / −Vstup ▸Iné."""

    what: str
    left: int
    name: str = ""
    until: date | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class PassSale:
    """Permanentka 1/2 / Sauna · 10 vstupov / [45,00 €] / +Predať ▸Ďalšia ×Späť."""

    number: int
    count: int
    what: str
    visits: int
    price: Money


@dataclass(frozen=True, slots=True)
class PassVisit:
    """Vstup je zapísaný / [6 vstupov] / Sauna / Omyl: držte ×."""

    what: str
    left: int
    later: bool = False


@dataclass(frozen=True, slots=True)
class Coupon:
    """Kupón 1/2 / [−20 %] / Pečivo / do 31. 12. 2027 / −Použiť ▸Ďalšia ×Späť; without a value: what it is for, in its place."""

    number: int
    count: int
    what: str
    value: Money | int | None = None
    """Money off, or per cent."""
    until: date | None = None


@dataclass(frozen=True, slots=True)
class CouponUsed:
    """Zľava do pokladne / [−20 %] / Pečivo / Omyl: držte ×; without a value: Vydajte odmenu / [Koláč]."""

    what: str
    value: Money | int | None = None
    later: bool = False


@dataclass(frozen=True, slots=True)
class Door:
    """Idle at a door: Klub Bodka / [Priložte kartu] / na vstup."""

    club: str


@dataclass(frozen=True, slots=True)
class Entered:
    """[Vstúpte] / Jana K.; `again` within the window in which it is one visit: Ten istý vstup."""

    name: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """[Karta je vaša] / Jana K. / Príjemné zbieranie: a card was issued by phone; at the counter the card itself follows."""

    name: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A title, why, and what can be done."""

    why: Refusal
    least: Money | None = None
    """The sum from which a coupon is good."""


@dataclass(frozen=True, slots=True)
class Pin:
    """Zadajte PIN / [●●○○] / ×Späť; a code `by_sms` is asked for in the same way. After a wrong one: Nesprávny kód."""

    typed: int
    by_sms: bool = False
    wrong: bool = False


ComingScreen: TypeAlias = (
    GiftCard
    | TopUpConfirm
    | GiftPayConfirm
    | GiftDone
    | PassCard
    | PassSale
    | PassVisit
    | Coupon
    | CouponUsed
    | Door
    | Entered
    | Joined
    | Refused
    | Pin
)
