"""What a reader made of a card, and the event that says so. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from drivers.events import CardSeen, CardTrouble, Form, Medium, Trouble


@dataclass(frozen=True, slots=True)
class BankCard:
    """A contactless card that has a payment directory, known by its UID (lower-case hex) and nothing else.

    A city or student card may pay as well: whoever was known by its UID before it could is served by it still.
    """

    uid: str = field(repr=False)


Reading: TypeAlias = tuple[Form, str] | Trouble | BankCard


def event(device: str, medium: Medium, reading: Reading, at: int) -> CardSeen | CardTrouble:
    """A card that was read, or could not be.

    >>> event("nfc", Medium.NFC, BankCard("5a1b2c3d"), 7)
    CardTrouble(device='nfc', medium=<Medium.NFC: 'nfc'>, trouble=<Trouble.BANK_CARD: 'bank card'>, at=7)
    """
    if isinstance(reading, BankCard):
        return CardTrouble(device, medium, Trouble.BANK_CARD, at, reading.uid)
    if isinstance(reading, Trouble):
        return CardTrouble(device, medium, reading, at)
    return CardSeen(device, medium, *reading, at)
