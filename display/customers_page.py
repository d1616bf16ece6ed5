"""Pages for who has no buttons: the customer's panel, where the staff have one of their own."""

from __future__ import annotations

from dataclasses import replace

from display.fitting import fitted
from display.glass import USUAL, Glass
from display.layout import drafted
from display.page import Page
from display.screens import Screen
from display.words import speak


def customers_page(screen: Screen, language: str, glass: Glass = USUAL) -> Page:
    """The page for `screen` without its live buttons; what else stands at the lower edge stays, and letters take the room.

    Raises what `display.layout.lay_out` raises.

    >>> print(customers_page(NewCard(), "en").text())
    [New card]
    Terms: QR on the back
    """
    draft = drafted(screen, speak(language))
    named = any(not live.inside for live in draft.live)
    return fitted(replace(draft, bottom=None if named else draft.bottom, live=()), glass)
