"""Keyed tokens: what is kept instead of a card's number (invariant 12)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from loyalty.entry import TokenKind

TOKEN_BYTES = 16
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A network's or merchant's secret for making tokens, and the number by which it is called. The secret is never shown."""

    id: int
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"a token key has {KEY_BYTES} bytes, this one has {len(self.secret)}")


def token(key: TokenKey, kind: TokenKind, number: str) -> bytes:
    """HMAC-SHA256(key, kind ":" normalised number), cut to 16 bytes; `number` comes from `loyalty.numbers`."""
    return hmac.new(key.secret, f"{kind.value}:{number}".encode(), hashlib.sha256).digest()[:TOKEN_BYTES]
