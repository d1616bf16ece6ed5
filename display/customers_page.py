"""Pages for who has no buttons: the customer's panel, where the staff have one of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from display.draft import Draft
from display.fitting import fitted
from display.glass import USUAL, Glass
from display.layout import drafted
from display.page import Page
from display.screens import Screen
from display.words import speak

if TYPE_CHECKING:
    from display.coming_screens import ComingScreen


def customers_page(screen: Screen | ComingScreen, language: str, glass: Glass = USUAL) -> Page:
    """The page for `screen` without its live buttons; what else stands at the lower edge stays, and letters take the room.

    Raises what `display.layout.lay_out` raises.

    >>> print(customers_page(NewCard(), "en").text())
    [New card]
    Terms: QR on the back
    """
    return fitted(_without_buttons(drafted(screen, speak(language))), glass)


def _without_buttons(draft: Draft) -> Draft:
    named = any(not live.inside for live in draft.live)
    terse = None if draft.terse is None else _without_buttons(draft.terse)
    return replace(draft, bottom=None if named else draft.bottom, live=(), terse=terse)
