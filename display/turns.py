"""When which face of a page is shown: a page that has two shows them by turns, the first one first."""

from __future__ import annotations

SECONDS = 2.5
"""How long each face stays: a number is read in less, and a person who waits for the other one does not give up."""


def face(since: float, now: float, faces: int) -> int:
    """Which of so many faces is shown at `now`, where the first was shown at `since` (seconds of one clock).

    >>> [face(10.0, now, 2) for now in (10.0, 12.4, 12.5, 15.0)]
    [0, 0, 1, 0]
    """
    return int(max(now - since, 0.0) // SECONDS) % faces


def left(since: float, now: float, faces: int) -> float:
    """Seconds until the next face; without end where there is only one."""
    return SECONDS - max(now - since, 0.0) % SECONDS if faces > 1 else float("inf")
