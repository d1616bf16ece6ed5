"""A terminal's clocks, and what is known of them: how wrong they are, and what the terminal has heard of the time."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from loyalty.entry import Moment
from simulation.agenda import Agenda
from simulation.power import Disk


@dataclass(frozen=True, slots=True)
class _Set:
    """From a moment on the wall clock is so wrong, and is trusted or not."""

    since: int
    skew_ms: int
    trusted: bool


class Clock:
    """The wall clock: right and trusted, until it is `set` otherwise. It goes on without power."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._settings = [_Set(-1, 0, True)]
        self.lied = False
        """Whether it was ever trusted while it was wrong."""

    def set(self, skew_ms: int, trusted: bool) -> None:
        self._settings.append(_Set(self._agenda.now, skew_ms, trusted))
        self.lied = self.lied or (trusted and skew_ms != 0)

    @property
    def wall_ms(self) -> int:
        """Milliseconds since 1970, as it says."""
        return max(0, self._agenda.wall_ms + self._settings[-1].skew_ms)

    @property
    def trusted(self) -> bool:
        return self._settings[-1].trusted

    @property
    def skew_ms(self) -> int:
        return self._settings[-1].skew_ms

    def was_trusted(self, at: int) -> bool:
        """Whether it was trusted at a moment by the agenda, be it for a part of that millisecond."""
        for one in reversed(self._settings):
            if one.since <= at and one.trusted:
                return True
            if one.since < at:
                return False
        return False


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the cloud that carries its time: what it said, and how often the disk had refused something until then."""

    now_ms: int
    refused: int


class Heard:
    """What a terminal has heard of the time in one boot.

    An answer is worked off at the latest when the terminal goes on to its next exchange: it has noted the time by then, unless
    its disk refused that, or it was stopped.
    """

    def __init__(self, agenda: Agenda, disk: Disk) -> None:
        self._agenda, self._disk = agenda, disk
        self.anything = False
        """Whether any answer came."""
        self._last: Answer | None = None
        self._known: tuple[int, int] | None = None

    def answered(self, now_ms: int, *, in_turn: bool) -> None:
        """An answer has come. `in_turn`: the next exchange waits until it is worked off."""
        self.anything = True
        if in_turn:
            self._last = Answer(now_ms, self._disk.refused)

    def goes_on(self) -> None:
        """The next exchange begins."""
        if self._last is not None and self._last.refused == self._disk.refused:
            self._known = (self._last.now_ms, self._agenda.now)
        self._last = None

    def interrupted(self) -> None:
        """What came last may not have been worked off."""
        self._last = None

    @property
    def at_least(self) -> int:
        """What known time must be now, by what was worked off; 0 where nothing was."""
        return self._known[0] + self._agenda.now - self._known[1] if self._known is not None else 0


class Boots:
    """When the boots of all terminals truly began, by the agenda, and how late the cloud may think that they did."""

    def __init__(self) -> None:
        self._began: dict[UUID, int] = {}
        self._late: dict[UUID, int] = {}

    def begins(self, boot: UUID, now: int) -> None:
        """A terminal is switched on."""
        self._began[boot] = now

    def true(self, moment: Moment) -> int:
        """When a terminal's moment was, by the agenda."""
        return self._began[moment.boot] + moment.up_ms

    def told(self, boot: UUID, up_ms: int, now: int) -> None:
        """A message that was written `up_ms` after a boot began has come to the cloud: it heeds the one that came quickest."""
        late = now - self._began[boot] - up_ms
        self._late[boot] = min(late, self._late.get(boot, late))

    def late(self, boot: UUID) -> int | None:
        """How much later than it did the cloud thinks that a boot began; None where it was never told."""
        return self._late.get(boot)
