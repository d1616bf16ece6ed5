"""Samples of the screens of features that are not there yet: see `display.coming_screens`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from display.coming_screens import (
    ComingScreen,
    Coupon,
    CouponUsed,
    Door,
    Entered,
    GiftCard,
    GiftDone,
    GiftPayConfirm,
    Joined,
    PassCard,
    PassSale,
    PassVisit,
    Pin,
    Refusal,
    Refused,
    TopUpConfirm,
)
from display.facts import Money


@dataclass(frozen=True, slots=True)
class _Club:
    """What a club would call things, in its language."""

    club: str
    pastry: str
    cake: str
    sauna: str = "Sauna"


_CLUBS = {
    "sk": _Club("Klub Bodka", "Pečivo", "Koláč"),
    "cs": _Club("Klub Bodka", "Pečivo", "Koláč"),
    "hu": _Club("Bodka Klub", "Péksütemény", "Sütemény", sauna="Szauna"),
    "de": _Club("Club Bodka", "Gebäck", "Kuchen"),
    "pl": _Club("Klub Bodka", "Pieczywo", "Ciasto"),
    "en": _Club("Club Bodka", "Pastry", "Cake"),
}

_JANA = "Jana K."
_UNTIL = date(2027, 12, 31)


def coming(language: str) -> tuple[ComingScreen, ...]:
    """Every kind of them in its main forms."""
    club = _CLUBS[language]
    return (
        GiftCard(_euros(2000), _UNTIL),
        TopUpConfirm(_euros(2000), _euros(2730)),
        TopUpConfirm(_euros(5000), _euros(5000), sale=True),
        GiftPayConfirm(_euros(730), _euros(1270)),
        GiftPayConfirm(_euros(1270), _euros(0), rest=_euros(610)),
        GiftDone(_euros(2000), _euros(2730)),
        GiftDone(_euros(-730), _euros(1270), later=True),
        PassCard(club.sauna, 7, _JANA, _UNTIL, more=True),
        PassCard(club.sauna, 1),
        PassSale(1, 2, club.sauna, 10, _euros(4500)),
        PassVisit(club.sauna, 6),
        PassVisit(club.sauna, 2, later=True),
        Coupon(1, 2, club.pastry, 20, _UNTIL),
        Coupon(2, 2, club.pastry, _euros(500)),
        Coupon(1, 1, club.cake),
        CouponUsed(club.pastry, 20),
        CouponUsed(club.pastry, _euros(500), later=True),
        CouponUsed(club.cake),
        Door(club.club),
        Entered(_JANA),
        Entered(_JANA, again=True),
        Joined(_JANA),
        *(Refused(why, _euros(2000) if why is Refusal.COUPON_SUM else None) for why in Refusal),
        Pin(0),
        Pin(2, by_sms=True),
        Pin(0, wrong=True),
    )


def _euros(cents: int) -> Money:
    return Money(cents, "EUR")
