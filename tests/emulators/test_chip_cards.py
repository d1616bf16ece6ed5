"""The emulated chip cards, tags and readers answer typed commands as their manuals say."""

from __future__ import annotations

import pytest

from emulators.contactless_reader import (
    FELICA_212,
    NDEF_APPLICATION,
    chip,
    chip_atr,
    locked,
    storage_atr,
    tag,
    type_4_files,
)
from emulators.memory_card import MemoryCard
from emulators.nfc_tags import text_message
from emulators.virtual_card import CHARACTER_SECONDS, VirtualCard

AID = bytes.fromhex("F0424F444B41")


def play(card: VirtualCard, script: str) -> None:
    """Each line: a command, an arrow, its answer."""
    for line in script.split("\n"):
        if line.strip():
            command, answer = (bytes.fromhex(part) for part in line.split("->"))
            assert card.apdu(command).hex() == answer.hex(), f"to {command.hex()}"


def test_transparent_files() -> None:
    """ISO/IEC 7816-4, sections 11.1.1 and 11.3.3."""
    play(
        VirtualCard({AID: {b"\xef\x01": b"ABCDEF"}, b"": {b"\x2f\x05": b"XY"}}),
        """
        00B0000000 -> 6986
        00A4000C022F05 -> 9000
        00B0000000 -> 58599000
        00A4000C02EF01 -> 6A82
        00A4040006F0424F444B4100 -> 9000
        00B0000000 -> 6986
        00A4000C022F05 -> 6A82
        00A4000002EF01 -> 9000
        00A4050C02EF01 -> 6A86
        00B0000002 -> 41429000
        00B0000302 -> 44459000
        00B0000404 -> 45466282
        00B0000601 -> 6B00
        00B0800001 -> 6D00
        00A4000C023F00 -> 9000
        00A4000C022F05 -> 9000
        """,
    )


def test_t0_gives_answers_to_commands_with_data_only_when_asked() -> None:
    """ISO/IEC 7816-3, section 12.2.1, cases 2 and 4."""
    play(
        VirtualCard({AID: {b"\xef\x01": b"ABCDEF", (1, 1): b"GH"}}, fci=b"\x6f\x02\x84\x00", t0=True),
        """
        00A4040006F0424F444B4100 -> 6700
        00A4040006F0424F444B41 -> 6104
        00C0000002 -> 6F026102
        00C0000002 -> 84009000
        00A4000C02EF01 -> 9000
        00B0000000 -> 6C06
        00B0000006 -> 4142434445469000
        00B2010C00 -> 6C02
        00B2010C02 -> 47489000
        """,
    )


@pytest.mark.parametrize("bits", [False, True])
def test_a_memory_card_behind_an_acs_reader(bits: bool) -> None:
    """ACR38x (CCID) Reference Manual 6.04, section 9.3.6; 6.02 with protection bits."""
    card = MemoryCard(b"BODKA", protection_bits=bits)
    tail = "F0FFFFFF" if bits else ""
    play(
        card.card,
        f"""
        FFB0000004 -> 6300
        FFA400000101 -> 6300
        FFB0000004 -> 6300
        FFA400000106 -> 9000
        FFB0000004 -> A2131091{tail}9000
        FFB0002005 -> 424F444B41{tail}9000
        FFB000FF02 -> 6300
        00A4040006F0424F444B4100 -> 6300
        """,
    )
    assert card.presented == 0
    play(card.card, "FF20000003FFFFFF -> 9003")
    assert card.presented == 1, "a driver that presents a code would be noticed"


def test_a_tag_on_a_contactless_reader() -> None:
    """ACR122U API 2.04, sections 4.1 and 5.3; the memory of an NTAG213."""
    play(
        tag(message=text_message("A")),
        """
        FFCA000000 -> 04A1B2C3D4E5F69000
        FFB0000310 -> E11012000308D101045402656E41FE009000
        FFB0000404 -> 0308D1019000
        FFB0002D10 -> 6300
        FFB0000411 -> 6700
        00A4040006F0424F444B4100 -> 6A82
        """,
    )
    play(locked("DEADBE01"), "FFCA000000 -> DEADBE019000\nFFB0000410 -> 6300")


def test_a_type_4_tag() -> None:
    """Type 4 Tag Operation 2.0, section 5.4 and its example of a capability container."""
    play(
        chip("04112233445566", {NDEF_APPLICATION: type_4_files(text_message("A"))}),
        """
        FFCA000000 -> 041122334455669000
        00A4040007D276000085010100 -> 9000
        00A4000C02E103 -> 9000
        00B000000F -> 000F20003B00340406E104010000FF9000
        00A4000C02E104 -> 9000
        00B0000002 -> 00089000
        00B0000208 -> D101045402656E419000
        """,
    )


def test_atrs_that_a_contactless_reader_makes_up() -> None:
    """PC/SC part 3, section 3.1.3.2.3; ACR122U API 2.04, section 3.1; the last byte is the check of the others."""
    assert storage_atr().hex() == "3b8f8001804f0ca0000003060300030000000068"
    assert storage_atr(0x0001).hex() == "3b8f8001804f0ca000000306030001000000006a"
    assert storage_atr(FELICA_212).hex() == "3b8f8001804f0ca00000030603f011000000008a"
    assert chip_atr(bytes.fromhex("75778102")).hex()[:-2] == "3b84800175778102"
    for atr in (storage_atr(), chip_atr(), chip_atr(b"\x01\x02")):
        check = 0
        for byte in atr[1:]:
            check ^= byte
        assert check == 0


def test_a_character_at_9600_baud() -> None:
    assert 1.24e-3 < CHARACTER_SECONDS < 1.26e-3
