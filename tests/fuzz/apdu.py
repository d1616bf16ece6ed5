"""Answers of chip cards, and of the readers in front of them: any card that says anything to each command."""

from __future__ import annotations

import contextlib

from drivers import apdu, ndef, type4
from drivers.chip_card import read_card
from drivers.chip_profiles import ENCODINGS, FileProfile, MemoryProfile, Place, Profile, RecordProfile
from drivers.events import MAX_CARD_TEXT, Form, Trouble
from drivers.nfc_frontend import felica_card, targets
from drivers.reading import BankCard

AID = bytes.fromhex("F04C4F59414C5459")
PROFILES: tuple[Profile, ...] = (
    RecordProfile(AID, sfi=1, record=2),
    FileProfile(AID[:5], b"\xef\x01", Place(length=10)),
    FileProfile(None, b"\x3f\x00\xef\x02", Place(offset=3)),
    *(MemoryProfile(Place(32, 10, encoding)) for encoding in ENCODINGS),
)
ATRS = tuple(
    bytes.fromhex(atr)
    for atr in (
        "3B04A2131091",  # an SLE 4442
        "3B8F8001804F0CA0000003060300030000000068",  # an Ultralight at a contactless reader
        "3B8F8001804F0CA0000003060300010000000000",  # a MIFARE Classic
        "3B8580010048656C6C6F",  # a Type 4 card
        "3B6800000073C84012009000",  # a contact card
    )
)
MOST_COMMANDS = 600
"""A tag of 1 KB is read by four pages; each command may be asked again, and its answer fetched in parts."""


class Card:
    """Says what the bytes say: a length, so many bytes, and two of status; at their end it is pulled out."""

    def __init__(self, script: bytes) -> None:
        self.script, self.commands = script, 0

    def transmit(self, command: bytes) -> bytes:
        self.commands += 1
        assert self.commands < MOST_COMMANDS, "a card is not asked for ever"
        assert len(command) >= 4
        assert command[1] in apdu.READING, "a card is only read"
        if not self.script:
            raise EOFError
        size = self.script[0]
        answer, self.script = self.script[1 : 1 + size], self.script[1 + size :]
        return answer


def one_input(data: bytes) -> None:
    """The first byte chooses the answer to reset; the rest is what the card says. All of it may be a PN532's list of cards."""
    if data:
        card = Card(data[1:])
        with contextlib.suppress(EOFError):
            reading = read_card(card.transmit, ATRS[data[0] % len(ATRS)], PROFILES)
            assert isinstance(reading, Trouble | BankCard) or (reading[0] in Form and 0 < len(reading[1]) <= MAX_CARD_TEXT)
    with contextlib.suppress(EOFError, apdu.BadAnswer, ndef.NdefError):
        message = type4.message(Card(data).transmit)
        assert message is None or 0 < len(message) <= type4.LONGEST_MESSAGE
    with contextlib.suppress(ValueError):
        assert all(len(target.uid) in (4, 7, 10) for target in targets(data))
    with contextlib.suppress(ValueError):
        felica = felica_card(data)
        assert felica is None or len(felica.uid) == 8
