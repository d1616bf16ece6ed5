"""Commands and answers of chip cards (APDUs), built and taken apart. Pure: the caller brings the way to the card.

Source: ISO/IEC 7816-4:2013, sections 5.1 (command and response), 5.6 (status bytes), 11.1.1 (SELECT) and 11.4.3 (READ
RECORD). Payment system environments: EMV Book 1, section 12.2 (contact), and EMV Contactless Book B, section 3.3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

Transmit: TypeAlias = Callable[[bytes], bytes]
"""Sends one command to the card and returns its raw answer; raises what its reader raises."""

PAYMENT_CONTACT = b"1PAY.SYS.DDF01"
PAYMENT_CONTACTLESS = b"2PAY.SYS.DDF01"
"""The directory names that every payment card answers to, by chip and by air."""

GET_UID = bytes.fromhex("FFCA000000")
"""Asks a contactless reader, not the card, for the UID (PC/SC part 3, section 3.2.2.1.3)."""

NOT_FOUND = frozenset({0x6A82, 0x6A81, 0x6A86, 0x6D00, 0x6E00})
"""The card has no such application, or does not know how to select one."""

MORE_ANSWERS = 16
"""A card that keeps saying "more to come" is stopped after so many parts."""


class BadAnswer(ValueError):
    """A card answered with what is no answer: ask the customer to show it again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response APDU: its data and the two status bytes as one number, such as 0x9000."""

    data: bytes
    status: int

    @property
    def fine(self) -> bool:
        return self.status == 0x9000


def parse(raw: bytes) -> Answer:
    """Splits a raw answer; raises `BadAnswer` below two bytes."""
    if len(raw) < 2:
        raise BadAnswer("the card's answer has no status bytes")
    return Answer(raw[:-2], int.from_bytes(raw[-2:]))


def select(name: bytes) -> bytes:
    """SELECT by application identifier (5-16 bytes), first occurrence, any answer length."""
    if not 1 <= len(name) <= 16:
        raise ValueError("an application identifier has 1 to 16 bytes")
    return bytes([0x00, 0xA4, 0x04, 0x00, len(name)]) + name + b"\0"


def read_record(record: int, sfi: int) -> bytes:
    """READ RECORD number `record` (1-254) of the file with short identifier `sfi` (1-30), whole."""
    if not 1 <= record <= 254 or not 1 <= sfi <= 30:
        raise ValueError("a record number is 1 to 254, a short file identifier 1 to 30")
    return bytes([0x00, 0xB2, record, sfi << 3 | 0x04, 0x00])


def exchange(transmit: Transmit, command: bytes) -> Answer:
    """Sends `command`, follows 61xx (fetch the answer) and 6Cxx (ask again with this length). Raises `BadAnswer`."""
    answer, data = parse(transmit(command)), b""
    for _ in range(MORE_ANSWERS):
        high, low = divmod(answer.status, 256)
        if high == 0x6C:
            answer = parse(transmit(command[:-1] + bytes([low])))
        elif high == 0x61:
            data += answer.data
            answer = parse(transmit(bytes([command[0] & 0x03, 0xC0, 0x00, 0x00, low])))
        else:
            return Answer(data + answer.data, answer.status)
    raise BadAnswer("the card's answer does not end")
