"""A ledger's whole units as a merchant reads them: points, stamps, and money, by the programme in force."""

from __future__ import annotations

from decimal import Decimal

from loyalty.programme import MINOR_DIGITS, POINT, Programme, in_language

THIN_SPACE, MINUS = "\u202f", "\u2212"


def grouped(value: int | Decimal) -> str:
    """A number with thin spaces between thousands and a true minus."""
    return f"{value:,}".replace(",", THIN_SPACE).replace("-", MINUS)


class Amounts:
    """What purses are called and how their units are written; raw where the programme does not know a purse (any more)."""

    def __init__(self, programme: Programme | None, language: str = "en") -> None:
        self.points = programme.points.purse if programme and programme.points else ""
        self._stamps = {one.purse: in_language(one.name, language) for one in programme.stamps} if programme else {}

    def name(self, purse: str) -> str:
        """The purse's name."""
        return "Points" if purse == self.points else self._stamps.get(purse, purse)

    def text(self, purse: str, units: int) -> str:
        """Points without needless decimals, stamps whole."""
        if purse != self.points:
            return grouped(units)
        points = Decimal(units) / POINT
        return grouped(int(points) if points == int(points) else points.normalize())

    def change(self, purse: str, units: int) -> str:
        """The same with its sign, as in "+12"."""
        return f"{'+' if units > 0 else ''}{self.text(purse, units)}"

    @staticmethod
    def money(minor: int, currency: str) -> str:
        """A sum in its currency; minor units as they are where the currency is unknown."""
        digits = MINOR_DIGITS.get(currency, 0)
        return f"{grouped(Decimal(minor).scaleb(-digits))} {currency}"
