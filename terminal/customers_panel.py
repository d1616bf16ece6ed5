"""Keeps the customer's panel beside the staff's. Loaded only where there are two."""

from __future__ import annotations

from collections.abc import Callable

from display.customers_page import customers_page
from display.glass import Glass
from display.layout import lay_out
from display.page import Page
from terminal.customers_part import Part, part, shows_all
from terminal.effects import Show
from terminal.states import State


class CustomersPanel:
    """Shows each step's part of the customer, and nothing where it is what is there already."""

    def __init__(self, show: Callable[[int, Page], None], glass: Glass) -> None:
        """`show(number, page)` returns at once; the pages are for `glass`."""
        self._show, self._glass = show, glass
        self._part: Part | None = None
        self._shown: Part | int | None = None
        """The part that is on the panel, or the number of the staff's picture that had to go there."""
        self.page: Page | None = None
        """What is on the panel."""
        self.language = ""

    def follow(self, state: State, staffs: Show) -> None:
        """After a step: `staffs` is the picture on the staff's panel, that of `state.picture`."""
        self._part = part(state, self._part)
        wanted: Part | int = state.picture if shows_all(state) else self._part
        if wanted == self._shown:
            return
        self._shown = wanted
        if isinstance(wanted, int):
            self.page, self.language = lay_out(staffs.screen, staffs.language, self._glass), staffs.language
        else:
            self.page, self.language = customers_page(wanted.screen, wanted.language, self._glass), wanted.language
        self._show(state.picture, self.page)
