"""Ids that sort by time (RFC 9562): version 7 from a time and random bytes, version 8 for what follows from another entry."""

from __future__ import annotations

import hashlib
from uuid import UUID

_RANDOM = 0xFFF << 64 | (1 << 62) - 1
"""The bits of an id that chance decides; those between are version and variant (RFC 9562 section 5.7)."""
_VERSION_7 = 0x7 << 76 | 0b10 << 62


def uuid7(milliseconds: int, random: bytes) -> UUID:
    """The id for `milliseconds` since 1970 (negative counts as 0) and 10 random bytes."""
    if len(random) != 10:
        raise ValueError("a version 7 id needs 10 random bytes")
    time = max(0, milliseconds) & (1 << 48) - 1
    return UUID(int=time << 80 | int.from_bytes(random, "big") & _RANDOM | _VERSION_7)


def made_ms(id: UUID) -> int:
    """When a version 7 id was made, by the clock of whoever made it: milliseconds since 1970."""
    return id.int >> 80


def derived_id(of: UUID, rule: str) -> UUID:
    """The id of what `rule` makes of the entry `of`: always the same (RFC 9562 section 5.8), so nothing is derived twice.

    It begins with the first 48 bits of `of`, its time, and goes on with SHA-256 of both.
    """
    bits = int.from_bytes(hashlib.sha256(of.bytes + rule.encode()).digest()[:10], "big")
    high, low = bits >> 62 & 0xFFF, bits & (1 << 62) - 1
    return UUID(int=of.int >> 80 << 80 | 0x8 << 76 | high << 64 | 0b10 << 62 | low)
