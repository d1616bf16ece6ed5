"""What happened, for whoever looks for the reason of a failure, and what is left out when a day is lived again without it."""

from __future__ import annotations

from collections.abc import Callable, Collection

SHOWN = 80


class History:
    """The events of a day in order, and how many of each sort there were.

    Each thing that people or faults do has a name (`happens`); one that is named in `without` is left out this time.
    """

    def __init__(self, now: Callable[[], int], without: Collection[str] = ()) -> None:
        self._now, self._without = now, frozenset(without)
        self.events: list[str] = []
        self.happened: list[str] = []
        self.taps = self.faults = self.recorded = 0

    def happens(self, name: str) -> bool:
        """Whether this is to happen, which is kept; asked once for each name."""
        if name in self._without:
            return False
        self.happened.append(name)
        return True

    def tap(self, what: str) -> None:
        """Somebody did something at a counter."""
        self.taps += 1
        self.note(what)

    def fault(self, what: str) -> None:
        """Something went wrong that may go wrong."""
        self.faults += 1
        self.note(f"! {what}")

    def note(self, what: str) -> None:
        self.events.append(f"{_clock(self._now())} {what}")

    def tail(self, shown: int = SHOWN) -> str:
        """The last events, one a line."""
        return "\n".join(self.events[-shown:])


def _clock(milliseconds: int) -> str:
    seconds, thousandths = divmod(milliseconds, 1000)
    days, seconds = divmod(seconds, 86_400)
    return f"{days:3} d {seconds:5}.{thousandths:03}"
