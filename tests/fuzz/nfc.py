"""Cards on the NFC reader: a tag or a phone that says anything, behind the calls that the reader makes of its chip."""

from __future__ import annotations

from typing import cast

from drivers.events import MAX_CARD_TEXT, Form, Trouble
from drivers.nfc import read_card
from drivers.nfc_frontend import CardRefused, CardUnread, Frontend, Target
from drivers.reading import BankCard

AID = bytes.fromhex("F0424F444B41")
TARGETS = (
    Target(bytes.fromhex("04A1B2C3D4E5F6"), 0x00),
    Target(bytes.fromhex("04A1B2C3D4E5F6"), 0x20),
    Target(bytes.fromhex("08010203"), 0x20),
    Target(bytes.fromhex("08010203"), 0x00),
    Target(bytes.fromhex("01FE010203040506"), None),
    Target(bytes.fromhex("DEADBE01"), 0x08),
)
MOST_COMMANDS = 700
BLOCK, REFUSED, LEFT = 16, 0xFE, 0xFF
LARGEST = bytes.fromhex("E110FF00")
"""The container of a Type 2 tag that says it is as large as can be."""


class Said:
    """What the bytes let the card say; at their end it answers blocks of zeros for ever, and APDUs no more."""

    def __init__(self, script: bytes) -> None:
        self.script, self.commands = script, 0

    def activate(self, target: Target) -> None:
        self._next(1)

    def read_block(self, target: Target, page: int) -> bytes:
        assert 0 <= page <= 0xFF
        if self.script[:1] == bytes([REFUSED]):
            raise CardRefused("the card says no")
        return self._next(BLOCK).ljust(BLOCK, b"\0")

    def transmit(self, command: bytes) -> bytes:
        size = self._next(1)
        if not size:
            raise CardUnread("the card left")
        return self._next(size[0])

    def _next(self, count: int) -> bytes:
        self.commands += 1
        assert self.commands < MOST_COMMANDS, "a card is not asked for ever"
        if self.script[:1] == bytes([LEFT]):
            raise CardUnread("the card left")
        said, self.script = self.script[:count], self.script[count:]
        return said


def one_input(data: bytes) -> None:
    """The first byte chooses the card, its container and whether there is an application of ours; the rest is what it says."""
    if not data:
        return
    target, aid = TARGETS[data[0] % len(TARGETS)], AID if data[0] & 0x80 else None
    script = LARGEST + data[1:] if data[0] & 0x40 else data[1:]
    reading = read_card(cast(Frontend, Said(script)), target, aid)
    if isinstance(reading, BankCard):
        reading = (Form.UID, reading.uid)
    assert isinstance(reading, Trouble) or (reading[0] in Form and 0 < len(reading[1]) <= MAX_CARD_TEXT)
    assert isinstance(reading, Trouble) or reading[0] is Form.NUMBER or reading[1] == target.uid.hex()
