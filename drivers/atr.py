"""What a card's answer to reset says of its kind. Pure.

A contactless reader makes up an ATR for cards that have none: PC/SC part 3 (2.02), section 3.1.3.2.3, with the numbers of
standards and cards of its supplemental document. A memory card's reader puts 3B 04 before the four bytes that the card sends:
ISO/IEC 7816-10:1999, section 6; SLE 4442 data sheet (Siemens, 07.94), "reset and answer to reset".
"""

from __future__ import annotations

from dataclasses import dataclass

CONTACTLESS_START = bytes.fromhex("8001")
"""The two interface bytes after 3B 8x of every ATR that a contactless reader makes up."""

STORAGE_CARD = bytes.fromhex("804F0CA000000306")
"""Historical bytes by which a contactless reader says: a card without a chip's file system, such as MIFARE or NTAG."""

TYPE_A = 0x03
"""The standard's number of ISO/IEC 14443-3 Type A."""

LOCKED = frozenset({0x0001, 0x0002, 0x0026, 0x0036, 0x0037, 0x0038, 0x0039})
"""MIFARE Classic 1K and 4K, Mini, and Plus in its levels that act as a Classic: nothing is read without a key."""

MAKERS_OWN, OTHER_TYPE_2 = 0xF000, 0xFF00
"""From here on ACS numbers kinds by itself, with the standard of Type A for all: F004 is Topaz, F011 and F012 are FeliCa, and
FF00 with the SAK in its low byte is any other card (ACR122U API 2.04, section 3.1): SAK 00 is a Type 2 tag."""

SLE4442 = bytes.fromhex("3B04A213")
"""Two-wire bus, 256 units of 8 bits: SLE 4432, 4442, 5532 and 5542. The two bytes after are the issuer's."""


@dataclass(frozen=True, slots=True)
class Storage:
    """A contactless card without files: the number of its standard, and of its kind."""

    standard: int
    kind: int

    @property
    def has_pages(self) -> bool:
        """Whether it may be a Type 2 tag (NTAG, Ultralight), whose pages anyone can read."""
        open_kind = self.kind not in LOCKED and (self.kind < MAKERS_OWN or self.kind == OTHER_TYPE_2)
        return self.standard == TYPE_A and open_kind


def contactless(atr: bytes) -> bool:
    """Whether this ATR was made up by a contactless reader: 3B 8x 80 01 and so on."""
    return len(atr) > 4 and atr[0] == 0x3B and atr[1] >> 4 == 8 and atr[2:4] == CONTACTLESS_START


def storage(atr: bytes) -> Storage | None:
    """What a contactless reader knows of a card without files; None for every other card.

    >>> storage(bytes.fromhex("3B8F8001804F0CA0000003060300030000000068"))
    Storage(standard=3, kind=3)
    """
    at = 4 + len(STORAGE_CARD)
    if not contactless(atr) or atr[4:at] != STORAGE_CARD or len(atr) < at + 3:
        return None
    return Storage(atr[at], int.from_bytes(atr[at + 1 : at + 3]))


def memory_card(atr: bytes) -> bool:
    """Whether this is an SLE 4442 or one of its kin in a reader for contact cards."""
    return len(atr) == 6 and atr.startswith(SLE4442)
