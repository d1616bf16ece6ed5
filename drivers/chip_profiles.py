"""Where a merchant's number is on a chip card: a record, a transparent file, or the bytes of a memory card. Pure.

Sources: ISO/IEC 7816-4:2013, sections 7.2 (transparent files), 7.4 (records) and 8.2 (applications, file identifiers); ISO/IEC
7816-3:2006, section 8 (an answer to reset begins with 3B or 3F and has 33 bytes at most); SLE 4442 data sheet (Siemens,
07.94): 256 bytes of main memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from drivers.events import MAX_CARD_TEXT, Form, Trouble
from drivers.reading import Reading

PADDING = b"\0\xff "
ENCODINGS = ("ascii", "latin-1", "utf-8", "bcd", "hex")
MEMORY_SIZE = 256
"""Bytes of an SLE 4442's main memory."""
LAST_OFFSET = 0x7FFF
ATR_STARTS, LONGEST_ATR = (0x3B, 0x3F), 33


class ChipProfileError(ValueError):
    """A profile in the settings that no card can have."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which bytes are the number: `length` of them (all, where None) from `offset` on, written in `encoding`.

    Encodings: ascii, latin-1, utf-8, bcd (two digits a byte, F for none) or hex. Padding at the end (00, FF, spaces) is
    dropped. Raises `ChipProfileError`.
    """

    offset: int = 0
    length: int | None = None
    encoding: str = "ascii"

    def __post_init__(self) -> None:
        if not 0 <= self.offset <= LAST_OFFSET or (self.length is not None and not 1 <= self.length <= MAX_CARD_TEXT):
            raise ChipProfileError(f"offset is 0 to {LAST_OFFSET} and length 1 to {MAX_CARD_TEXT}")
        if self.encoding not in ENCODINGS:
            raise ChipProfileError(f"encoding is one of {', '.join(ENCODINGS)}")

    def number(self, data: bytes) -> Reading:
        """The number in a whole record."""
        end = None if self.length is None else self.offset + self.length
        return self.decode(data[self.offset : end])

    def decode(self, part: bytes) -> Reading:
        """The number in just the bytes that hold it."""
        text = _decoded(part.rstrip(PADDING), self.encoding)
        if not text:
            return Trouble.UNREADABLE
        return (Form.NUMBER, text) if len(text) <= MAX_CARD_TEXT else Trouble.TOO_LONG


@dataclass(frozen=True, slots=True)
class RecordProfile:
    """A record of an application: `aid` (5-16 bytes), short file identifier `sfi` (1-30), `record` (1-254).

    `atr` is how these cards' answer to reset begins, b"" where nobody said.
    """

    aid: bytes
    sfi: int
    record: int
    place: Place = field(default_factory=Place)
    atr: bytes = b""

    def __post_init__(self) -> None:
        _check_aid(self.aid)
        _check_atr(self.atr)
        if not 1 <= self.sfi <= 30:
            raise ChipProfileError("sfi is 1 to 30")
        if not 1 <= self.record <= 254:
            raise ChipProfileError("record is 1 to 254")


@dataclass(frozen=True, slots=True)
class FileProfile:
    """A transparent file: `path`, one or more identifiers of two bytes that are selected in turn, in the application `aid`;
    None where the card has files but no application (then the path mostly begins with 3F00). `atr` as in `RecordProfile`."""

    aid: bytes | None
    path: bytes
    place: Place = field(default_factory=Place)
    atr: bytes = b""

    def __post_init__(self) -> None:
        _check_atr(self.atr)
        if self.aid is not None:
            _check_aid(self.aid)
        if not 2 <= len(self.path) <= 8 or len(self.path) % 2:
            raise ChipProfileError('file is one to four identifiers of two bytes each, in hex, as in "EF01"')


@dataclass(frozen=True, slots=True)
class MemoryProfile:
    """Bytes of an SLE 4442 or SLE 5542 memory card, without an application. They can be read by anybody."""

    place: Place = field(default_factory=Place)

    def __post_init__(self) -> None:
        if self.place.offset + (self.place.length or 1) > MEMORY_SIZE:
            raise ChipProfileError(f"offset and length go beyond the {MEMORY_SIZE} bytes of an SLE 4442")


Profile: TypeAlias = RecordProfile | FileProfile | MemoryProfile


def in_order(profiles: tuple[Profile, ...], atr: bytes) -> tuple[Profile, ...]:
    """The profiles as they are tried on a card with this answer to reset: those that say that their cards begin so, then the
    rest, each in the order of the settings.

    None is left out, so an `atr` that is wrong costs time and no card. And nothing is learned from cards that came before: of
    two cards with one ATR the older may have one of our applications and the newer both, and which number counts must not
    depend on who came first.
    """
    return tuple(sorted(profiles, key=lambda profile: not _begins_so(profile, atr)))


def _begins_so(profile: Profile, atr: bytes) -> bool:
    return not isinstance(profile, MemoryProfile) and profile.atr != b"" and atr.startswith(profile.atr)


def _check_atr(atr: bytes) -> None:
    if atr and not (atr[0] in ATR_STARTS and 2 <= len(atr) <= LONGEST_ATR):
        raise ChipProfileError('atr is a card\'s ATR or how it begins, 2 to 33 bytes in hex, as in "3B 65 00 00"')


def _check_aid(aid: bytes) -> None:
    if not 5 <= len(aid) <= 16:
        raise ChipProfileError('aid is 5 to 16 bytes in hex, as in "F04C4F59414C5459"')


def _decoded(part: bytes, encoding: str) -> str | None:
    if encoding == "hex":
        return part.hex()
    if encoding == "bcd":
        digits = part.hex().rstrip("f")
        return digits if digits.isdecimal() else None
    try:
        return part.decode(encoding)
    except UnicodeDecodeError:
        return None
