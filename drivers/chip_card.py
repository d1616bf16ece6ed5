"""What a chip card is good for: the number in its record, or why not. Pure but for `transmit`, the way to the card.

Sources: ISO/IEC 7816-4:2013 (see `drivers.apdu`); PC/SC part 3, sections 3.1.3.2.3 (the ATR a contactless reader makes up)
and 3.2.2.1.3 (Get Data: UID).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from drivers import apdu
from drivers.events import MAX_CARD_TEXT, Form, Trouble

STORAGE_CARD = bytes.fromhex("804F0CA000000306")
"""Historical bytes by which a contactless reader says: a card without a chip's file system, such as MIFARE or NTAG."""

CONTACTLESS_START = bytes.fromhex("8001")
"""The two interface bytes after 3B 8x of every ATR that a contactless reader makes up."""

PADDING = b"\0\xff "
ENCODINGS = ("ascii", "latin-1", "utf-8", "bcd", "hex")

Reading: TypeAlias = tuple[Form, str] | Trouble


class ChipProfileError(ValueError):
    """A profile in the settings that no card can have."""


@dataclass(frozen=True, slots=True)
class ChipProfile:
    """Where our number is on a chip card.

    `aid`: the application, 5-16 bytes. `sfi`: its short file identifier, 1-30. `record`: 1-254. The number is `length` bytes
    (all, where None) from `offset` on, written in `encoding`: ascii, latin-1, utf-8, bcd (two digits a byte, F for none) or
    hex. Padding at its end (00, FF, spaces) is dropped. Raises `ChipProfileError`.
    """

    aid: bytes
    sfi: int
    record: int
    offset: int = 0
    length: int | None = None
    encoding: str = "ascii"

    def __post_init__(self) -> None:
        if not 5 <= len(self.aid) <= 16:
            raise ChipProfileError(f"aid has {len(self.aid)} bytes; an application identifier has 5 to 16")
        if not 1 <= self.sfi <= 30:
            raise ChipProfileError(f"sfi is {self.sfi}; a short file identifier is 1 to 30")
        if not 1 <= self.record <= 254:
            raise ChipProfileError(f"record is {self.record}; records are 1 to 254")
        if self.offset < 0 or (self.length is not None and self.length < 1):
            raise ChipProfileError("offset counts from 0 and length from 1")
        if self.encoding not in ENCODINGS:
            raise ChipProfileError(f"encoding is '{self.encoding}'; it may be {', '.join(ENCODINGS)}")


def contactless(atr: bytes) -> bool:
    """Whether this ATR was made up by a contactless reader: 3B 8x 80 01 and so on."""
    return len(atr) > 4 and atr[0] == 0x3B and atr[1] >> 4 == 8 and atr[2:4] == CONTACTLESS_START


def read_card(transmit: apdu.Transmit, atr: bytes, profile: ChipProfile) -> Reading:
    """Reads one card that has just come. What `transmit` raises goes through; a card's nonsense is `Trouble.UNREADABLE`."""
    try:
        if contactless(atr) and STORAGE_CARD in atr:
            return _uid(transmit)
        answer = apdu.exchange(transmit, apdu.select(profile.aid))
        if answer.fine or answer.status >> 8 in (0x62, 0x63):  # a warning is no refusal (ISO 7816-4, table 6)
            return _record(transmit, profile)
        if answer.status not in apdu.NOT_FOUND:
            return Trouble.UNREADABLE
        for name in (apdu.PAYMENT_CONTACT, apdu.PAYMENT_CONTACTLESS):
            if apdu.exchange(transmit, apdu.select(name)).fine:
                return Trouble.BANK_CARD
        return _uid(transmit) if contactless(atr) else Trouble.FOREIGN_CHIP
    except apdu.BadAnswer:
        return Trouble.UNREADABLE


def number(record: bytes, profile: ChipProfile) -> Reading:
    """The number in a record's bytes."""
    end = None if profile.length is None else profile.offset + profile.length
    part = record[profile.offset : end].rstrip(PADDING)
    if not part:
        return Trouble.UNREADABLE
    text = _decoded(part, profile.encoding)
    if not text:
        return Trouble.UNREADABLE
    return (Form.NUMBER, text) if len(text) <= MAX_CARD_TEXT else Trouble.TOO_LONG


def _record(transmit: apdu.Transmit, profile: ChipProfile) -> Reading:
    answer = apdu.exchange(transmit, apdu.read_record(profile.record, profile.sfi))
    return number(answer.data, profile) if answer.fine else Trouble.UNREADABLE


def _uid(transmit: apdu.Transmit) -> Reading:
    answer = apdu.exchange(transmit, apdu.GET_UID)
    if not answer.fine or len(answer.data) not in (4, 7, 10):
        return Trouble.UNREADABLE
    if len(answer.data) == 4 and answer.data[0] == 0x08:
        return Trouble.RANDOM_UID
    return Form.UID, answer.data.hex()


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
