"""Commands and answers of chip cards (APDUs), built and taken apart. Pure: the caller brings the way to the card.

Whatever goes to a card through `exchange` only reads: a PIN can neither be presented nor changed here, because three wrong ones
kill a memory card for good.

Source: ISO/IEC 7816-4:2013, sections 5.1 (command and response), 5.6 (status bytes), 11.1.1 (SELECT), 11.3.3 (READ BINARY) and
11.4.3 (READ RECORD); ISO/IEC 7816-3:2006, section 12.2 (commands on T=0). Payment system environments: EMV Book 1, section 12.2
(contact), and EMV Contactless Book B, section 3.3.
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

READING = frozenset({0xA4, 0xB0, 0xB2, 0xC0, 0xCA})
"""The instructions that may be sent: SELECT, READ BINARY, READ RECORD, GET RESPONSE, GET DATA. Readers' own commands (class FF)
use the same numbers: A4 selects a memory card's type, B0 reads pages or bytes, CA tells the UID."""

REFUSALS = frozenset({0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6D, 0x6E})
"""First status bytes of a card that works but has no such thing (ISO/IEC 7816-4, table 6: "checking errors" but 6C and 6F)."""

READ_BLOCK = 256
"""The most that one short command can read."""

MORE_ANSWERS = 16
"""A card that keeps saying "more to come" is stopped after so many parts."""


class NotReadOnly(ValueError):
    """A command that would do more than read was about to be sent: a mistake in a driver, nothing that a card can cause."""


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

    @property
    def done(self) -> bool:
        """Fine, or done with a warning (62xx, 63xx), which is no refusal."""
        return self.fine or self.status >> 8 in (0x62, 0x63)

    @property
    def accepted(self) -> bool:
        """Done, or with an answer that waits to be fetched (61xx)."""
        return self.done or self.status >> 8 == 0x61

    @property
    def refused(self) -> bool:
        """The card has no such thing, or does not know the command. False also for a card that fails."""
        return self.status >> 8 in REFUSALS


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


def select_file(identifier: bytes, p2: int = 0x0C) -> bytes:
    """SELECT a file by its two bytes of identifier, below what is selected now; `p2` 0C asks for no answer, 00 for any."""
    if len(identifier) != 2:
        raise ValueError("a file identifier has two bytes")
    return bytes([0x00, 0xA4, 0x00, p2, 0x02]) + identifier


def read_binary(offset: int, length: int) -> bytes:
    """READ BINARY of `length` bytes (1-256) of the selected file from `offset` (0-32767) on."""
    if not 0 <= offset <= 0x7FFF or not 1 <= length <= READ_BLOCK:
        raise ValueError("an offset is 0 to 32767, a length 1 to 256")
    return bytes([0x00, 0xB0, offset >> 8, offset & 0xFF, length & 0xFF])


def for_t0(command: bytes) -> bytes:
    """The command as T=0 sends it: one with data has no room for the length of the answer, which comes by 61xx instead.

    >>> for_t0(select(bytes.fromhex("A000000003"))).hex()
    '00a4040005a000000003'
    """
    with_data = len(command) > 5 and command[4] > 0
    return command[: 5 + command[4]] if with_data else command


def ask(transmit: Transmit, command: bytes) -> Answer:
    """Sends `command` and leaves with the card what would have to be fetched: enough to know whether it has something.

    On the contacts each byte takes a millisecond, and what an application says of itself is 20 to 60. Raises `BadAnswer`, and
    `NotReadOnly` before anything is sent that is not for reading.
    """
    if len(command) < 4 or command[1] not in READING:
        raise NotReadOnly("only commands that read are sent to a card")
    return parse(transmit(command))


def exchange(transmit: Transmit, command: bytes) -> Answer:
    """Sends `command`, follows 61xx (fetch the answer) and 6Cxx (ask again with this length); raises what `ask` raises."""
    answer, data = ask(transmit, command), b""
    for _ in range(MORE_ANSWERS):
        high, low = divmod(answer.status, 256)
        if high == 0x6C:
            answer = parse(transmit(command[:-1] + bytes([low])))
        elif high == 0x61:
            data += answer.data
            answer = parse(transmit(bytes([command[0] & 0x03 if command[0] < 0x80 else 0x00, 0xC0, 0x00, 0x00, low])))
        else:
            return Answer(data + answer.data, answer.status)
    raise BadAnswer("the card's answer does not end")
