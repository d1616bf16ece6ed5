"""A shorter story of the same failure: the same seed again, with ever fewer of the things that happened (delta debugging).

After Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002): halves, then quarters, then eighths of
what happened are left out for as long as the same invariant still breaks.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from simulation.day import Broken

SECONDS = 60.0
"""How long it may take."""


def shorten(broken: Broken, again: Callable[[frozenset[str]], Broken | None], seconds: float = SECONDS) -> Broken:
    """The shortest failure of the same invariant that was found in time; `again` lives the seed without what is named."""
    deadline = time.monotonic() + seconds
    everything = list(broken.happened)
    kept, pieces = everything, 2
    while len(kept) > 1 and time.monotonic() < deadline:
        size = -(-len(kept) // pieces)
        for start in range(0, len(kept), size):
            rest = kept[:start] + kept[start + size :]
            found = again(frozenset(everything).difference(rest))
            if found is not None and found.invariant == broken.invariant and len(found.happened) < len(kept):
                # Without something, other things may come to happen; they are named from now on.
                everything += [name for name in found.happened if name not in set(everything)]
                kept, broken, pieces = list(found.happened), found, max(2, pieces - 1)
                break
            if time.monotonic() > deadline:
                return broken
        else:
            if size == 1:
                return broken
            pieces = min(len(kept), 2 * pieces)
    return broken
