"""NDEF messages and the containers of Type 4 tags: any bytes that a tag may hold."""

from __future__ import annotations

import contextlib

from drivers import ndef, type4


def one_input(data: bytes) -> None:
    """The bytes are a message; their first fifteen are a capability container too."""
    with contextlib.suppress(ndef.NdefError):
        found = ndef.records(data)
        assert found, "a message has a record"
        assert all(0 <= record.kind <= 6 for record in found)
        assert sum(len(record.type) + len(record.payload) for record in found) <= len(data)
        text = ndef.text(data)
        assert text is None or any(record.kind == ndef.WELL_KNOWN and record.type in (b"T", b"U") for record in found)
    with contextlib.suppress(ndef.NdefError):
        file = type4.container(data)
        assert file is None or (file.chunk >= type4.SHORTEST_CHUNK and file.id != type4.CONTAINER_FILE)
