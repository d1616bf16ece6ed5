"""Newer versions of the terminal, offered and fetched: messages like those of `sync.messages`."""

from __future__ import annotations

from uuid import UUID

import msgspec

UPDATE_PATH = "/v1/update"
UPDATE_PIECE_PATH = "/v1/update/piece"
UPDATE_PIECE_BYTES = 1 << 18
"""Of a bundle in one answer: a quarter of a megabyte."""


class Update(msgspec.Struct, frozen=True):
    """Asks whether there is a newer version for this terminal; `refused` are those that did not do well on it."""

    identity: UUID
    version: str
    architecture: str
    refused: tuple[str, ...] = ()


class Offer(msgspec.Struct, frozen=True):
    """A bundle (`sync.bundle`) of so many bytes, with this SHA-256; "": none. Whom to trust the terminal knows by itself."""

    version: str = ""
    architecture: str = ""
    size: int = 0
    sha256: bytes = b""


class UpdatePiece(msgspec.Struct, frozen=True):
    """Asks for a piece of a bundle: the one that begins at `number` times `UPDATE_PIECE_BYTES`."""

    identity: UUID
    version: str
    architecture: str
    number: int


class Piecemeal(msgspec.Struct, frozen=True):
    """The bytes of one piece; the last one may be shorter."""

    content: bytes
