"""The chain of a terminal's lines: each holds the hash of the one before it, so that copies are found out (invariant 8).

A line's hash covers the identity that wrote it, its sequence, the hash before it, the entry's bytes, a digest of the personal
part, and, for a line sent again under a new identity, where it stood before.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

import msgspec

GENESIS = bytes(32)
"""The hash before the first line."""

_DOMAIN = b"bodka line 1\n"


class Head(msgspec.Struct, frozen=True):
    """The end of a chain: its last sequence (0: none yet) and that line's hash."""

    sequence: int = 0
    hash: bytes = GENESIS


class Was(msgspec.Struct, frozen=True):
    """Where a line stood under an earlier identity, for a line that is wrapped and sent again."""

    identity: UUID
    sequence: int
    hash: bytes


class Line(msgspec.Struct, frozen=True):
    """One line as it is kept and sent.

    `body` is `entry.encode(Entry)`. `personal` (`entry.encode(Personal)`) and its 16-byte `salt` are None once the person has
    been forgotten; `digest` stays.
    """

    sequence: int
    before: bytes
    body: bytes
    digest: bytes
    personal: bytes | None = None
    salt: bytes | None = None
    was: Was | None = None


def personal_digest(salt: bytes, personal: bytes) -> bytes:
    """SHA-256 of salt and personal part: what the chain holds instead of the person."""
    return hashlib.sha256(salt + personal).digest()


def line_hash(identity: UUID, line: Line) -> bytes:
    """The hash of `line` in the chain of `identity`: 32 bytes."""
    body = hashlib.sha256(line.body).digest()
    covered = _DOMAIN + identity.bytes + line.sequence.to_bytes(8, "big") + line.before + body + line.digest
    if line.was is not None:
        covered += line.was.identity.bytes + line.was.sequence.to_bytes(8, "big") + line.was.hash
    return hashlib.sha256(covered).digest()


class BrokenChain(ValueError):
    """A line that does not continue the chain it claims to belong to."""


def extend(identity: UUID, head: Head, line: Line) -> Head:
    """The head after `line`; raises `BrokenChain` where the line does not follow `head` or its person does not match."""
    if line.sequence != head.sequence + 1:
        raise BrokenChain(f"line {line.sequence} does not follow line {head.sequence}")
    if line.before != head.hash:
        raise BrokenChain(f"line {line.sequence} names another line before it than the one that is there")
    if (line.personal is None) != (line.salt is None):
        raise BrokenChain(f"line {line.sequence} has half of its personal part")
    if line.personal is not None and line.salt is not None and personal_digest(line.salt, line.personal) != line.digest:
        raise BrokenChain(f"line {line.sequence} has a personal part that is not the one it was sealed with")
    return Head(line.sequence, line_hash(identity, line))
