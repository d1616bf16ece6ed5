"""What happened, for whoever looks for the reason of a failure."""

from __future__ import annotations

from collections.abc import Callable

SHOWN = 60


class Violation(AssertionError):
    """An invariant does not hold."""


class History:
    """The events of a day in order, and how many of each sort there were."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self.events: list[str] = []
        self.taps = self.faults = self.recorded = 0

    def tap(self, what: str) -> None:
        """Somebody did something at a counter."""
        self.taps += 1
        self.note(what)

    def fault(self, what: str) -> None:
        """Something went wrong that may go wrong."""
        self.faults += 1
        self.note(f"! {what}")

    def note(self, what: str) -> None:
        self.events.append(f"{self._now() / 1000:10.3f} {what}")

    def tail(self) -> str:
        """The last events, one a line."""
        return "\n".join(self.events[-SHOWN:])
