"""What one page holds: a button that is down, a card that lies on a reader. All of it is let go when the page leaves.

grip = Grip(hands)
grip.do(Press(Button.CANCEL))
grip.let_go()       # the tab was closed: the button comes up, and was not held
"""

from __future__ import annotations

from typing import TypeAlias

from drivers.events import Button
from drivers.virtual_devices import VirtualReader
from terminal.counter.actions import Action, Hands

Thing: TypeAlias = Button | VirtualReader
"""A button that is down, or a reader that has a card."""


class Grip:
    """A page's own hold on the hands that all pages share."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._held: frozenset[Thing] = frozenset()

    def do(self, action: Action) -> None:
        """Does it, and remembers what is down or lies there because of it; raises `BadAction`."""
        before = self._there()
        self._hands.do(action)
        there = self._there()
        self._held = (self._held | (there - before)) & there

    def let_go(self) -> None:
        """What other pages hold stays."""
        for thing in self._held & self._there():
            if isinstance(thing, Button):
                self._hands.devices.release(thing)
            else:
                thing.take()
        self._held = frozenset()

    def _there(self) -> frozenset[Thing]:
        devices = self._hands.devices
        return frozenset({*devices.buttons.down, *(reader for reader in (devices.nfc, devices.chip) if reader.occupied)})
