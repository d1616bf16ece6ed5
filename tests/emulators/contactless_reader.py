"""Tags on a contactless PC/SC reader, for vpcd: the ATR that the reader makes up, its own commands, and the tag's memory.

Reader: ACS, ACR122U Application Programming Interface 2.04, sections 3.1 (ATR), 4.1 (FF CA) and 5.3 (FF B0); PC/SC part 3
(2.02), section 3.1.3.2.3. Tags: see `emulators.nfc_tags`; Type 4: NFC Forum Type 4 Tag Operation Specification 2.0, section 5.
"""

from __future__ import annotations

from collections.abc import Mapping

from emulators.nfc_tags import NAK, Type2Tag
from emulators.virtual_card import FINE, VirtualCard

FAILED, WRONG_LENGTH, NOT_SUPPORTED = b"\x63\0", b"\x67\0", b"\x6a\x81"
ULTRALIGHT, CLASSIC_1K, FELICA_212 = 0x0003, 0x0001, 0xF011
"""As an ACR122U numbers them."""
FELICA_STANDARD, FELICA = 0x11, 0x003B
"""As PC/SC part 3 numbers it."""
TYPE_A = 0x03

NDEF_APPLICATION = bytes.fromhex("D2760000850101")


def storage_atr(kind: int = ULTRALIGHT, standard: int = TYPE_A) -> bytes:
    """3B 8F 80 01, then 80 4F 0C, PC/SC's own identifier, standard, kind, four zeros and the check byte.

    >>> storage_atr().hex()
    '3b8f8001804f0ca0000003060300030000000068'
    """
    historical = bytes.fromhex("804F0CA000000306") + bytes([standard]) + kind.to_bytes(2) + bytes(4)
    return _checked(bytes([0x80 | len(historical), 0x80, 0x01]) + historical)


def chip_atr(historical: bytes = b"\x80") -> bytes:
    """For a card that speaks ISO/IEC 14443-4: its own historical bytes.

    >>> chip_atr().hex()
    '3b8180018080'
    """
    return _checked(bytes([0x80 | len(historical), 0x80, 0x01]) + historical)


def _checked(rest: bytes) -> bytes:
    check = 0
    for byte in rest:
        check ^= byte
    return b"\x3b" + rest + bytes([check])


def tag(uid: str = "04A1B2C3D4E5F6", message: bytes | None = None, *, memory: bytes | None = None) -> VirtualCard:
    """An NTAG213; `message` is a whole NDEF message, `memory` all that comes after its serial number."""
    chip = Type2Tag(uid, message, memory)

    def answer(command: bytes) -> bytes | None:
        if command[:3] != b"\xff\xb0\0":
            return None
        if len(command) != 5 or not 1 <= command[4] <= 16:
            return WRONG_LENGTH
        pages = chip.respond(bytes([0x30, command[3]]))
        return FAILED if pages is None or pages == NAK else pages[: command[4]] + FINE

    return VirtualCard(atr=storage_atr(), uid=bytes.fromhex(uid), answer=answer)


def locked(uid: str, kind: int = CLASSIC_1K, standard: int = TYPE_A) -> VirtualCard:
    """A card that tells no more than its UID: a MIFARE Classic, or a FeliCa."""
    return VirtualCard(
        atr=storage_atr(kind, standard),
        uid=bytes.fromhex(uid),
        answer=lambda command: None if command[1] == 0xCA else FAILED,
    )


def type_4_files(message: bytes, *, most: int = 59, readable: bool = True) -> dict[bytes, bytes]:
    """The capability container and the NDEF file."""
    control = b"\x04\x06\xe1\x04" + (256).to_bytes(2) + (b"\0" if readable else b"\xff") + b"\xff"
    container = (15).to_bytes(2) + b"\x20" + most.to_bytes(2) + (52).to_bytes(2) + control
    return {b"\xe1\x03": container, b"\xe1\x04": (len(message).to_bytes(2) + message).ljust(256, b"\0")}


def chip(
    uid: str = "04112233445566", applications: Mapping[bytes, Mapping[tuple[int, int] | bytes, bytes]] | None = None
) -> VirtualCard:
    """A contactless card with files; with `{NDEF_APPLICATION: type_4_files(...)}` a Type 4 tag."""
    return VirtualCard(applications, atr=chip_atr(), uid=bytes.fromhex(uid))
