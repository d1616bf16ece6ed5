"""The NDEF message of a Type 4 tag: an application with two files, read by APDUs. The caller brings the way to the card.

Source: NFC Forum Type 4 Tag Operation Specification 2.0, sections 5.1 (capability container), 5.2 (NDEF file) and 7.2
(detection procedure). NTAG 424 DNA and DESFire formatted as tags answer so too (NXP NT4H2421Gx rev. 3.0, section 8.2.3).
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers import apdu, ndef

APPLICATION = bytes.fromhex("D2760000850101")
CONTAINER_FILE = 0xE103
CONTAINER_BYTES = 15
NDEF_CONTROL, NDEF_CONTROL_BYTES = 0x04, 6
SHORTEST_CHUNK = 15
"""A tag lets at least so many bytes be read at once (MLe)."""

FIRST_CHUNK = 60
"""Most messages of ours are whole after so many bytes, and what a longer one lacks comes in one more command."""

LONGEST_CHUNK = 248
"""The answer must fit into one frame of the PN532 (UM0701-02, section 6.2.1.2)."""

LONGEST_MESSAGE = 4096
"""A longer message has no number that we could use."""


@dataclass(frozen=True, slots=True)
class NdefFile:
    """Where a tag's message is: its file's id and size, and how many bytes may be read at once."""

    id: int
    size: int
    chunk: int


def container(octets: bytes) -> NdefFile | None:
    """Takes a capability container apart; None where nobody may read the message. Raises `ndef.Garbled`.

    >>> container(bytes.fromhex("000F20003B00340406E10400FF0000"))
    NdefFile(id=57604, size=255, chunk=59)
    """
    if len(octets) < CONTAINER_BYTES or int.from_bytes(octets[:2]) < CONTAINER_BYTES:
        raise ndef.Garbled("a capability container of less than 15 bytes")
    version, chunk = octets[2], int.from_bytes(octets[3:5])
    if version >> 4 not in (1, 2, 3) or (octets[7], octets[8]) != (NDEF_CONTROL, NDEF_CONTROL_BYTES):
        raise ndef.Garbled("a capability container of another kind")
    file = NdefFile(int.from_bytes(octets[9:11]), int.from_bytes(octets[11:13]), chunk)
    if chunk < SHORTEST_CHUNK or file.size < 5 or file.id in (0x0000, 0xFFFF, CONTAINER_FILE, 0x3F00, 0x3FFF):
        raise ndef.Garbled("a capability container that contradicts itself")
    return file if octets[13] == 0x00 else None


def message(transmit: apdu.Transmit) -> bytes | None:
    """The card's NDEF message; None where it has none, an empty one, or one that it lets nobody read.

    Raises `apdu.BadAnswer`, `ndef.NdefError`, and whatever `transmit` raises for a card that was taken away.
    """
    if not apdu.exchange(transmit, apdu.select(APPLICATION)).fine or not _select(transmit, CONTAINER_FILE):
        return None
    octets = _read(transmit, 0, CONTAINER_BYTES)
    file = container(octets) if octets is not None else None
    if file is None or not _select(transmit, file.id):
        return None
    found = _read(transmit, 0, min(file.chunk, file.size, FIRST_CHUNK))
    if found is None:
        return None
    if len(found) < 2:
        raise ndef.Garbled("a file without the length of its message")
    end = 2 + int.from_bytes(found[:2])
    if end > min(file.size, LONGEST_MESSAGE):
        raise ndef.Garbled("a message longer than its file")
    while len(found) < end:
        part = _read(transmit, len(found), min(file.chunk, LONGEST_CHUNK, end - len(found)))
        if not part:
            raise ndef.CutShort("the file ends before its message")
        found += part
    return found[2:end] or None


def _select(transmit: apdu.Transmit, file: int) -> bool:
    return apdu.exchange(transmit, bytes([0x00, 0xA4, 0x00, 0x0C, 2]) + file.to_bytes(2)).fine


def _read(transmit: apdu.Transmit, offset: int, count: int) -> bytes | None:
    """READ BINARY (ISO/IEC 7816-4, section 11.3.3); None where the card refuses."""
    answer = apdu.exchange(transmit, bytes([0x00, 0xB0]) + offset.to_bytes(2) + bytes([count]))
    return answer.data[:count] if answer.fine else None
