"""UUID version 7 (RFC 9562 section 5.7): ids that sort by time, made from a given time and given random bytes."""

from __future__ import annotations

from uuid import UUID


def uuid7(milliseconds: int, random: bytes) -> UUID:
    """The id for `milliseconds` since 1970 (negative counts as 0) and 10 random bytes."""
    if len(random) != 10:
        raise ValueError("a version 7 id needs 10 random bytes")
    time = max(0, milliseconds) & (1 << 48) - 1
    bits = int.from_bytes(random, "big")
    high, low = bits >> 62 & 0xFFF, bits & (1 << 62) - 1
    return UUID(int=time << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)
