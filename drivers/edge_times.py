"""When an edge was, on the daemon's clock: the kernel stamps edges with the wall clock, which may be set at any moment.

The difference of the two clocks is kept for as long as it holds. Taken anew for each edge it would be wrong by as much as the
thread was held up between reading one clock and the other, and a pulse of microseconds would look like a press.
"""

from __future__ import annotations

import time
from collections.abc import Callable

STEP_MS = 20
"""A difference that moved by more than this means that the wall clock was set, or has drifted for a long while."""

LONGEST_MS = 10_000
"""No edge waits longer than this for us: an older stamp is not to be believed."""

TRIES = 5


class EdgeTimes:
    """Turns stamps into times of `clock`, monotonic milliseconds."""

    def __init__(self, clock: Callable[[], int], wall: Callable[[], int] = time.time_ns) -> None:
        """`wall` gives nanoseconds of the wall clock."""
        self._clock, self._wall = clock, wall
        self._difference = self._closest()

    def at(self, stamp: int) -> int:
        """The time of an edge that was stamped `stamp` nanoseconds; never in the future."""
        now = self._clock()
        if abs(self._wall() // 1_000_000 - now - self._difference) > STEP_MS:
            self._difference = self._closest()
        at = stamp // 1_000_000 - self._difference
        return min(at, now) if at > now - LONGEST_MS else now

    def _closest(self) -> int:
        """Wall clock less clock, from the try that was held up least."""
        best, difference = None, 0
        for _ in range(TRIES):
            before = self._wall()
            now = self._clock()
            after = self._wall()
            if best is None or after - before < best:
                best, difference = after - before, after // 1_000_000 - now
        return difference
