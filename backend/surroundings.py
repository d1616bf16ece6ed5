"""Time and chance, given from outside so that a simulation can replay them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Milliseconds since 1970."""

Random = Callable[[int], bytes]
"""So many random bytes: `secrets.token_bytes`, or a simulation's own."""


def system_clock() -> int:
    """The time by this machine."""
    return time.time_ns() // 1_000_000


def system_random(count: int) -> bytes:
    """Random bytes by this machine."""
    return secrets.token_bytes(count)
