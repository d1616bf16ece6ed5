"""Time and chance, given from outside so that a simulation can replay them."""

from __future__ import annotations

from collections.abc import Callable

Clock = Callable[[], int]
"""Milliseconds since 1970."""

Random = Callable[[int], bytes]
"""So many random bytes: `secrets.token_bytes`, or a simulation's own."""
