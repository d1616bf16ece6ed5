"""When entries were really made: from what a device's clocks said and what the cloud knows of them (invariant 9).

A device may not know the time for a month; but its monotonic clock never lies within one boot, its lines are in order, and the
cloud knows when they came. One exchange, or one entry with a trusted clock, places a whole boot on the true time line.

Example: an entry of one hour after the start, pushed by the same boot two hours after the start, was made an hour ago::

    began = {boot: now_ms - 2 * HOUR}
    place([Made(Moment(boot, HOUR, 0, trusted=False), received_ms=now_ms)], began, earliest=paired_ms)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from loyalty.entry import Moment


@dataclass(frozen=True, slots=True)
class Made:
    """What is known of one line: the device's own moment, and when the cloud got it."""

    moment: Moment
    received_ms: int


@dataclass(frozen=True, slots=True)
class Placed:
    """The time of one entry in milliseconds since 1970; `sure` where an exchange or a trusted clock tells, else a bound."""

    made_ms: int
    sure: bool


def place(
    lines: Sequence[Made], began: Mapping[UUID, int], *, earliest: int, sending: UUID | None = None
) -> tuple[list[Placed], dict[UUID, int]]:
    """Places the lines of one device, in the order of its chain, on the true time line.

    `began` has the boots that are placed already: when each began, on the cloud's clock. `earliest` is when the line before
    was made (or the device was paired), `sending` the boot that sent these. The second value has the boots that a trusted
    entry among these placed, for lines that come later. The times never go back along the chain, never before `earliest`
    (unless a line was received before it), and never past the moment at which the cloud got the line.
    """
    found = _trusted(lines, began)
    known = {**found, **began}
    placed: list[Placed] = []
    after = earliest
    for line, latest in zip(lines, _bounds(lines, known, earliest, sending), strict=True):
        moment = line.moment
        guess = known[moment.boot] + moment.up_ms if moment.boot in known else moment.wall_ms
        made = max(after, min(guess, latest))
        placed.append(Placed(made, moment.boot in known))
        after = made
    return placed, found


def _trusted(lines: Sequence[Made], began: Mapping[UUID, int]) -> dict[UUID, int]:
    """Boots that nothing but an entry's own trusted clock places; of several the last, whose clock was right for longest."""
    return {
        line.moment.boot: line.moment.wall_ms - line.moment.up_ms
        for line in lines
        if line.moment.trusted and line.moment.boot not in began and line.moment.wall_ms <= line.received_ms
    }


def _bounds(lines: Sequence[Made], known: Mapping[UUID, int], earliest: int, sending: UUID | None) -> list[int]:
    """The latest that each line can have been made: before the cloud got it, before a later line, before a later boot."""
    bounds: list[int] = []
    latest = max((line.received_ms for line in lines), default=earliest)
    following = sending
    for line in reversed(lines):
        latest = min(latest, line.received_ms)
        boot = line.moment.boot
        if following is not None and following != boot and following in known:
            latest = min(latest, max(earliest, known[following]))
        if boot in known:
            latest = min(latest, max(earliest, known[boot] + line.moment.up_ms))
        bounds.append(latest)
        following = boot
    return bounds[::-1]
