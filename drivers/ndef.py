"""NDEF: from the memory of an NFC tag to its first text or address. Pure; no device is touched here.

Sources: NFC Forum Type 2 Tag Operation Specification 1.1, sections 2.3 (TLV blocks) and 6.1 (capability container); NFC
Data Exchange Format 1.0, section 3.2; Record Type Definitions Text 1.0, section 3.2, and URI 1.0, section 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass

CONTAINER = 12
DATA_AREA = 16
"""Bytes of a Type 2 tag where the capability container and the data area begin."""

NDEF_MAGIC = 0xE1
NULL, LOCK, RESERVED, MESSAGE, TERMINATOR = 0x00, 0x01, 0x02, 0x03, 0xFE
EMPTY, WELL_KNOWN = 0x00, 0x01

URI_PREFIXES = (
    *("", "http://www.", "https://www.", "http://", "https://", "tel:", "mailto:", "ftp://anonymous:anonymous@"),
    *("ftp://ftp.", "ftps://", "sftp://", "smb://", "nfs://", "ftp://", "dav://", "news:", "telnet://", "imap:"),
    *("rtsp://", "urn:", "pop:", "sip:", "sips:", "tftp:", "btspp://", "btl2cap://", "btgoep://", "tcpobex://"),
    *("irdaobex://", "file://", "urn:epc:id:", "urn:epc:tag:", "urn:epc:pat:", "urn:epc:raw:", "urn:epc:", "urn:nfc:"),
)


class NdefError(ValueError):
    """The tag holds something that is no NDEF message."""


class CutShort(NdefError):
    """The bytes end before the message does: read more of the tag, or ask for the card again."""


class Garbled(NdefError):
    """The bytes contradict themselves: write the tag anew."""


@dataclass(frozen=True, slots=True)
class Record:
    """One NDEF record: its type name format (0-6), its type, and what it carries."""

    kind: int
    type: bytes
    payload: bytes


def message(memory: bytes) -> bytes | None:
    """The NDEF message of a Type 2 tag whose memory starts with `memory`; None where the tag holds none, or an empty one.

    Raises `CutShort` as long as `memory` ends too early to say, so that a reader may read just as far as needed, and
    `Garbled` where the message would not fit into the tag.
    """
    if len(memory) < DATA_AREA:
        raise CutShort("the first 16 bytes of a tag are needed to see whether it has NDEF")
    magic, version, size, access = memory[CONTAINER:DATA_AREA]
    if magic != NDEF_MAGIC or version >> 4 != 1 or access >> 4:
        return None
    end = DATA_AREA + size * 8
    at, reserved = DATA_AREA, set[int]()
    while at < end:
        if at in reserved:
            at += 1
            continue
        tag = _byte(memory, at, end)
        if tag == TERMINATOR:
            return None
        if tag == NULL:
            at += 1
            continue
        length, at = _length(memory, at + 1, end)
        value, at = _value(memory, at, length, end, reserved)
        if tag == MESSAGE:
            return value or None
        if tag in (LOCK, RESERVED) and length == 3:
            reserved.update(_control(tag, value))
    return None


def text(octets: bytes) -> str | None:
    """The first text or URI record of an NDEF message; None where it has none. Raises `NdefError`.

    >>> text(bytes.fromhex("D1010A5402656E424F444B413432"))
    'BODKA42'
    """
    for record in records(octets):
        if record.kind == WELL_KNOWN and record.type == b"T":
            return _text(record.payload)
        if record.kind == WELL_KNOWN and record.type == b"U":
            return _uri(record.payload)
    return None


def records(octets: bytes) -> list[Record]:
    """The records of one whole message, in order. Raises `NdefError`; chunked records are refused."""
    found: list[Record] = []
    at = 0
    while at < len(octets):
        flags = octets[at]
        if bool(flags & 0x80) != (at == 0):
            raise Garbled("only the first record begins a message")
        if flags & 0x20:
            raise Garbled("chunked records are not read: write the tag with one whole record")
        kind = flags & 0x07
        if kind > 6 or kind == 5:
            kind = 5  # NDEF 1.0, section 3.2.6: a reserved format is handled as "unknown"
        short, has_id = bool(flags & 0x10), bool(flags & 0x08)
        head = 2 + (1 if short else 4) + has_id
        if at + head > len(octets):
            raise CutShort("a record's header is cut short")
        size = int.from_bytes(octets[at + 2 : at + (3 if short else 6)])
        type_size, id_size = octets[at + 1], octets[at + head - 1] if has_id else 0
        at += head
        if at + type_size + id_size + size > len(octets):
            raise CutShort("a record is cut short")
        payload = at + type_size + id_size
        found.append(Record(kind, octets[at : at + type_size], octets[payload : payload + size]))
        at = payload + size
        if flags & 0x40:
            return found
    raise CutShort("the last record is missing")


def _byte(memory: bytes, at: int, end: int) -> int:
    if at >= end:
        raise Garbled("a block runs out of the tag")
    if at >= len(memory):
        raise CutShort("the tag was not read far enough")
    return memory[at]


def _length(memory: bytes, at: int, end: int) -> tuple[int, int]:
    """A TLV's length, one byte or FF and two, and where its value begins."""
    first = _byte(memory, at, end)
    if first != 0xFF:
        return first, at + 1
    return _byte(memory, at + 1, end) << 8 | _byte(memory, at + 2, end), at + 3


def _value(memory: bytes, at: int, length: int, end: int, reserved: set[int]) -> tuple[bytes, int]:
    value = bytearray()
    while len(value) < length:
        if at not in reserved:
            value.append(_byte(memory, at, end))
        at += 1
    return bytes(value), at


def _control(tag: int, value: bytes) -> range:
    """The bytes that a Lock or Memory Control block takes out of the data area (sections 2.3.2 and 2.3.3)."""
    start = (value[0] >> 4) * 2 ** (value[2] & 0x0F) + (value[0] & 0x0F)
    count = value[1] or 256
    return range(start, start + ((count + 7) // 8 if tag == LOCK else count))


def _text(payload: bytes) -> str:
    if not payload:
        raise Garbled("a text record without its status byte")
    status, language = payload[0], payload[0] & 0x3F
    if 1 + language > len(payload):
        raise Garbled("a text record shorter than its language")
    body = payload[1 + language :]
    wide = "utf-16" if body[:2] in (b"\xfe\xff", b"\xff\xfe") else "utf-16-be"
    return _decode(body, wide if status & 0x80 else "utf-8")


def _uri(payload: bytes) -> str:
    if not payload:
        raise Garbled("an address record without its prefix")
    prefix = URI_PREFIXES[payload[0]] if payload[0] < len(URI_PREFIXES) else ""
    return prefix + _decode(payload[1:], "utf-8")


def _decode(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        raise Garbled(f"a record is not {encoding}") from error
