"""Contactless cards on a PC/SC reader: NDEF wins over the UID, a bank card is turned away; no reader is needed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.chip_card import read_card
from drivers.chip_profiles import RecordProfile
from drivers.events import Form, Trouble
from drivers.reading import BankCard
from emulators.contactless_reader import FELICA, FELICA_212, FELICA_STANDARD, NDEF_APPLICATION, chip, locked, tag, type_4_files
from emulators.nfc_tags import PPSE, text_message, uri_message
from emulators.virtual_card import VirtualCard

AID = bytes.fromhex("F0424F444B41")
PROFILES = (RecordProfile(AID, 2, 3),)
UID = "04112233445566"


def read(card: VirtualCard) -> object:
    return read_card(card.apdu, card.atr, PROFILES)


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=40))
def test_the_text_of_a_tag_wins_over_its_uid(text: str) -> None:
    message = text_message(text)
    if len(message) <= 100:
        assert read(tag(message=message)) == (Form.NUMBER, text)
    assert read(chip(applications={NDEF_APPLICATION: type_4_files(message)})) == (Form.NUMBER, text)


def test_an_address_wins_too() -> None:
    wanted = (Form.NUMBER, "https://bodka.example/c/42")
    assert read(tag(message=uri_message(4, "bodka.example/c/42"))) == wanted
    assert read(chip(applications={NDEF_APPLICATION: type_4_files(uri_message(4, "bodka.example/c/42"))})) == wanted


@pytest.mark.parametrize(
    ("card", "uid"),
    [
        (tag(), "04a1b2c3d4e5f6"),
        (tag("DEADBEEF"), "deadbeef"),
        (tag(message=b""), "04a1b2c3d4e5f6"),
        (tag(message=bytes.fromhex("D00000")), "04a1b2c3d4e5f6"),
        (locked("DEADBE01"), "deadbe01"),
        (locked("04A1B2C3D4E5F6"), "04a1b2c3d4e5f6"),
        (locked("0102030405060708090A"), "0102030405060708090a"),
        (locked("01010A1B2C3D4E5F", FELICA_212), "01010a1b2c3d4e5f"),
        (locked("01010A1B2C3D4E5F", FELICA, FELICA_STANDARD), "01010a1b2c3d4e5f"),
        (chip(UID), UID),
        (chip(UID, {NDEF_APPLICATION: type_4_files(b"")}), UID),
        (chip(UID, {NDEF_APPLICATION: type_4_files(text_message("no"), readable=False)}), UID),
    ],
    ids=[
        "blank tag",
        "4 bytes",
        "no message",
        "empty record",
        "classic",
        "classic 7",
        "10 bytes",
        "FeliCa, ACS",
        "FeliCa",
        "chip",
        "empty",
        "locked",
    ],
)
def test_what_has_no_text_is_its_uid(card: VirtualCard, uid: str) -> None:
    assert read(card) == (Form.UID, uid)


@pytest.mark.parametrize("kind", [0x0001, 0x0002, 0x0026, 0xF011, 0xF004, 0xFF08])
def test_a_locked_card_is_asked_for_no_page(kind: int) -> None:
    card = locked("DEADBE01", kind)
    sent: list[bytes] = []

    def transmit(command: bytes) -> bytes:
        sent.append(command)
        return card.apdu(command)

    read_card(transmit, card.atr, PROFILES)
    assert [command.hex() for command in sent] == ["ffca000000"]


@pytest.mark.parametrize("card", [tag("08112233"), locked("08112233"), chip("08112233")], ids=["tag", "classic", "chip"])
def test_a_random_uid_is_no_identity(card: VirtualCard) -> None:
    assert read(card) is Trouble.RANDOM_UID


def test_our_application_comes_first_and_nothing_of_a_bank_card_is_read() -> None:
    """Its UID is the reader's, which needs it to speak with any card."""
    assert read(chip(UID, {AID: {(2, 3): b"OURS"}, PPSE: {}})) == (Form.NUMBER, "OURS")
    card, sent = chip(UID, {PPSE: {(1, 1): b"HERS"}, NDEF_APPLICATION: type_4_files(text_message("x"))}), list[bytes]()

    def transmit(command: bytes) -> bytes:
        sent.append(command)
        return card.apdu(command)

    assert read_card(transmit, card.atr, PROFILES) == BankCard(UID)
    assert {command[:2].hex() for command in sent} == {"00a4", "ffca"}
    for uid in ("08112233", ""):  # random, or a reader that does not tell
        assert read(chip(uid, {PPSE: {}})) is Trouble.BANK_CARD


@pytest.mark.parametrize("size", [3, 12, 13, 60, 150])
def test_a_tag_that_leaves_in_mid_read_is_not_its_uid(size: int) -> None:
    whole = tag(message=text_message("A" * 100))
    left = iter(range(size // 16 + 2))

    def transmit(command: bytes) -> bytes:
        return b"\x63\0" if next(left, None) is None else whole.apdu(command)

    reading = read_card(transmit, whole.atr, PROFILES)
    assert reading is Trouble.UNREADABLE or reading == (Form.NUMBER, "A" * 100)
    assert reading is Trouble.UNREADABLE or size == 150


@given(st.binary(max_size=168))
def test_whatever_is_on_a_tag_it_is_a_reading(memory: bytes) -> None:
    reading = read(tag(memory=memory))
    assert isinstance(reading, Trouble | BankCard | tuple)


def test_a_tag_that_says_it_is_larger_than_its_pages_can_be_counted() -> None:
    assert read(tag(memory=bytes.fromhex("E110FF00") + bytes(2_100))) is Trouble.UNREADABLE


@given(st.binary(max_size=40), st.binary(max_size=300))
def test_whatever_is_in_a_type_4_tag_it_is_a_reading(container: bytes, message: bytes) -> None:
    reading = read(chip(UID, {NDEF_APPLICATION: {b"\xe1\x03": container, b"\xe1\x04": message}}))
    assert isinstance(reading, Trouble | BankCard | tuple)


def test_a_number_that_is_too_long() -> None:
    message = b"\xc1\x01\0\0\x02\x5bT\x02en" + b"9" * 600
    files = type_4_files(message)
    files[b"\xe1\x03"] = files[b"\xe1\x03"][:11] + (1024).to_bytes(2) + files[b"\xe1\x03"][13:]
    assert read(chip(UID, {NDEF_APPLICATION: files})) is Trouble.TOO_LONG
