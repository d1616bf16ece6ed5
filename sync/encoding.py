"""gzip on the wire (RFC 9110 section 8.4.1.3), both ways: what is small stays plain, what is received is bounded.

The digest and the signature cover what is sent: the packed bytes (RFC 9530 section 2).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

GZIP = "gzip"
ENCODING_HEADER = "Content-Encoding"
ACCEPT_HEADER = "Accept-Encoding"

LEAST_BYTES = 1_024
"""Below this the header and the work cost more than is won."""

_PIECE_BYTES = 32 * 1024
"""Some 2 ms of work on a Pi Zero 2."""
_LEVEL = 1
"""Entries are half base64 of hashes: higher levels win a few per cent more for several times the work."""
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
"""zlib's window bits for a gzip header and trailer (zlib.h, inflateInit2)."""


class Unpackable(ValueError):
    """Not gzip, cut short, or followed by something else."""


class TooMuch(ValueError):
    """More comes out than may."""


def packing(content: bytes) -> Iterator[bytes]:
    """The content in gzip, piece by piece: between two pieces the caller may do something more urgent."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    for start in range(0, len(content), _PIECE_BYTES):
        yield packer.compress(content[start : start + _PIECE_BYTES])
    yield packer.flush()


def unpack(packed: bytes, limit: int) -> bytes:
    """The content of a gzip member; raises `Unpackable`, or `TooMuch` beyond `limit` bytes, of which no more are unpacked."""
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        content = unpacker.decompress(packed, limit + 1)
    except zlib.error as error:
        raise Unpackable from error
    if len(content) > limit:
        raise TooMuch
    if not unpacker.eof or unpacker.unused_data:
        raise Unpackable
    return content


def wanted(accept_encoding: str) -> bool:
    """Whether a request's Accept-Encoding asks for gzip (RFC 9110 section 12.5.3)."""
    for part in accept_encoding.lower().split(","):
        name, _, quality = part.partition(";")
        if name.strip() == GZIP:
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
