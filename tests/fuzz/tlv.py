"""The memory of Type 2 tags: blocks of any kind and length, read page by page as a reader does."""

from __future__ import annotations

import contextlib

from drivers import ndef

STEP = 16
"""Bytes that one command reads."""

WELL_FORMED = bytes.fromhex("E1101200")
"""The container of an NTAG213: without one like it, nothing else of a tag is looked at."""


def one_input(data: bytes) -> None:
    """The bytes are a tag's memory from its data area on, as far as it was read; behind an FF, from its container on."""
    memory = bytes(ndef.CONTAINER) + (data[1:] if data.startswith(b"\xff") else WELL_FORMED + data)
    whole = outcome(memory)
    if isinstance(whole, bytes):
        assert 0 < len(whole) <= len(memory)
        with contextlib.suppress(ndef.NdefError):
            ndef.text(whole)
    for end in range(ndef.CONTAINER, len(memory), STEP):
        # Reading stops at the first answer that does not ask for more: it must be the one that all bytes give.
        part = outcome(memory[:end])
        assert part is ndef.CutShort or part == whole, "what was read so far says something else than the whole"


def outcome(memory: bytes) -> bytes | type[ndef.NdefError] | None:
    """The message, that there is none, or why it cannot be told."""
    try:
        return ndef.message(memory)
    except ndef.NdefError as error:
        return type(error)
