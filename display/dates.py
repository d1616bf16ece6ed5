"""Dates and times of day as text, in the manner of a language, from Unicode's CLDR by way of Babel.

Babel's dates are imported late: a page that shows one is looked at by staff, and the first picture does not wait for it.
"""

from __future__ import annotations

from datetime import date, datetime

from display.letters import plain
from display.lines import Number

_LOCALES = {"en": "en_GB"}
"""English in this market puts the day before the month."""


def day(when: date, language: str) -> Number:
    """A day with its year.

    >>> day(date(2027, 12, 31), "sk").text
    '31. 12. 2027'
    """
    from babel.dates import format_date

    return Number((plain(format_date(when, "short", locale=_LOCALES.get(language, language))),))


def moment(when: datetime, language: str) -> Number:
    """A day without its year, and the time of day; `when` is shown as it is, whatever its zone.

    >>> moment(datetime(2026, 11, 26, 14, 5), "hu").text
    '11. 26. 14:05'
    """
    from babel.dates import format_skeleton

    locale = _LOCALES.get(language, language)
    return Number((plain(f"{format_skeleton('Md', when, locale=locale)} {when:%H:%M}"),))
