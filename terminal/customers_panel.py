"""Keeps the customer's panel beside the staff's. Loaded only where there are two."""

from __future__ import annotations

from collections.abc import Callable

from display.customers_page import without_buttons
from display.layout import lay_out
from display.page import Page
from terminal.customers_part import Part, part, shows_all
from terminal.states import State


class CustomersPanel:
    """Shows each step's part of the customer, and nothing where it is what is there already."""

    def __init__(self, show: Callable[[int, Page], None]) -> None:
        """`show(number, page)` returns at once; it may be called from the daemon's loop only."""
        self._show = show
        self._part: Part | None = None
        self._shown: Part | int | None = None
        """The part that is on the panel, or the number of the staff's picture that had to go there."""
        self.page: Page | None = None
        """What is on the panel."""
        self.language = ""

    def follow(self, state: State, staffs: Page) -> None:
        """After a step: `staffs` is the page that belongs to `state.picture`."""
        self._part = part(state, self._part)
        wanted: Part | int = state.picture if shows_all(state) else self._part
        if wanted == self._shown:
            return
        self._shown, self.language = wanted, self._part.language
        self.page = staffs if isinstance(wanted, int) else without_buttons(lay_out(wanted.screen, wanted.language))
        self._show(state.picture, self.page)
