"""A page for who has no buttons: the customer's panel, where the staff have one of their own."""

from __future__ import annotations

from dataclasses import replace

from display.page import Page


def without_buttons(page: Page) -> Page:
    """The same page without the row that names its live buttons; what else stands at the lower edge stays.

    >>> print(without_buttons(lay_out(NewCard(), "en")).text())
    [New card]
    Terms: QR on the back
    """
    named = any(not live.inside for live in page.live)
    return replace(page, bottom=None if named else page.bottom, live=())
