"""Points, money and stamps as text: "1 240 b", "12,40 €", "8 ●".

The separators are the language's own, from Unicode's CLDR by way of Babel. The unit always follows the number, as on the
receipts of this market. No floats: integers in, decimals inside.
"""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_decimal, get_currency_precision

from display.letters import MINUS, plain
from display.lines import Number
from display.screens import Amount, Money, Points, Stamps
from display.words import msgid, speak

_SYMBOLS = {"EUR": "€", "CZK": "Kč", "HUF": "Ft", "PLN": "zł"}
"""As on price tags; another currency is shown by its ISO 4217 code."""

_MOST = 2**63
"""The ledger keeps amounts in 64 bits; what is larger is in no ledger."""

_UNKNOWN = Number(("—",))

_POINTS = msgid("p")


def amount_text(amount: Amount, language: str, *, signed: bool = False) -> str:
    """`amount` as the panel shows it where there is room.

    >>> amount_text(Money(1240, "EUR"), "sk")
    '12,40 €'
    """
    return amount_number(amount, language, signed=signed).text


def amount_number(amount: Amount, language: str, *, signed: bool = False) -> Number:
    """`amount` as a number of a line, with its tighter forms; `signed` puts a + before what is not negative.

    Points are shown whole, rounded toward zero, so that nobody is promised more than they have; only where that would
    show 0 are the thousandths shown ("0,5 b").
    """
    value = _value(amount)
    if abs(value) >= _MOST:
        return _UNKNOWN
    unit, size, pattern = _shape(amount)
    sign = MINUS if value < 0 else "+" if signed else ""
    grouped = sign + _digits(size, "#,##" + pattern, language)
    tight = sign + _digits(size, pattern, language)
    label = speak(language).word(unit) if isinstance(amount, Points) else unit
    return Number((f"{grouped} {label}", f"{tight} {label}", tight))


def bare(amount: Amount, language: str) -> Number:
    """`amount` without its unit, for a line that has said the unit already: "500 b, ostane 740"."""
    if abs(_value(amount)) >= _MOST:
        return _UNKNOWN
    _, size, pattern = _shape(amount)
    sign = MINUS if _value(amount) < 0 else ""
    return Number((sign + _digits(size, "#,##" + pattern, language), sign + _digits(size, pattern, language)))


def symbol(currency: str) -> str:
    """The sign of a currency: "€" for "EUR"; the code itself where we know no sign."""
    return _SYMBOLS.get(currency, plain(currency)[:3])


def negative(amount: Amount) -> Amount:
    """The same size, as something taken off."""
    match amount:
        case Points():
            return Points(-abs(amount.thousandths))
        case Money():
            return Money(-abs(amount.minor), amount.currency)
        case Stamps():
            return Stamps(-abs(amount.count))


def _value(amount: Amount) -> int:
    match amount:
        case Points():
            return amount.thousandths
        case Money():
            return amount.minor
        case Stamps():
            return amount.count


def _shape(amount: Amount) -> tuple[str, Decimal, str]:
    """Unit, size without sign, and Babel's pattern without grouping."""
    match amount:
        case Points():
            size = abs(amount.thousandths)
            if 0 < size < 1000:
                return _POINTS, Decimal(size).scaleb(-3), "0.###"
            return _POINTS, Decimal(size // 1000), "0"
        case Money():
            places = _places(amount.currency)
            pattern = "0." + "0" * places if places else "0"
            return symbol(amount.currency), Decimal(abs(amount.minor)).scaleb(-places), pattern
        case Stamps():
            return "●", Decimal(abs(amount.count)), "0"


def _places(currency: str) -> int:
    # CLDR gives the forint two decimals, which no till has had since 1999 (and our ledger has none).
    return 0 if currency == "HUF" else get_currency_precision(currency)


def _digits(size: Decimal, pattern: str, language: str) -> str:
    # Hard and narrow spaces between thousands become plain ones, or plain() would count them as other letters.
    return plain(format_decimal(size, format=pattern, locale=language))
