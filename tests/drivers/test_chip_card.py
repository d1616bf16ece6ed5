"""Chip cards without a reader: commands, answers and profiles."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import apdu
from drivers.atr import contactless
from drivers.chip_card import read_card
from drivers.chip_profiles import ChipProfileError, FileProfile, MemoryProfile, Place, RecordProfile
from drivers.events import Form, Trouble
from drivers.reading import BankCard
from emulators.virtual_card import ATR_CONTACTLESS, ATR_T0, ATR_T1, VirtualCard, payment_card

AID = bytes.fromhex("F0424F444B41")
PROFILE = RecordProfile(AID, sfi=2, record=3)
PROFILES = (PROFILE,)


def test_commands_of_the_standard() -> None:
    assert apdu.select(bytes.fromhex("A000000003")).hex() == "00a4040005a00000000300"  # ISO 7816-4, section 11.1.1
    assert apdu.read_record(record=1, sfi=1).hex() == "00b2010c00"  # section 11.4.3: P2 = SFI, then 100


@given(st.integers(), st.integers(), st.binary(max_size=20))
def test_commands_are_built_or_refused(record: int, sfi: int, name: bytes) -> None:
    if 1 <= record <= 254 and 1 <= sfi <= 30:
        assert len(apdu.read_record(record, sfi)) == 5
    else:
        with pytest.raises(ValueError, match="1 to 254"):
            apdu.read_record(record, sfi)
    if 1 <= len(name) <= 16:
        assert apdu.select(name)[5:-1] == name
    else:
        with pytest.raises(ValueError, match="1 to 16"):
            apdu.select(name)


@given(st.lists(st.binary(max_size=40), max_size=30), st.sampled_from([ATR_T0, ATR_T1, ATR_CONTACTLESS]))
def test_no_answer_of_a_card_gets_through_as_an_error(answers: list[bytes], atr: bytes) -> None:
    waiting = iter(answers)
    reading = read_card(lambda command: next(waiting, b""), atr, PROFILES)
    assert isinstance(reading, Trouble | BankCard) or reading[1]


@given(st.binary(min_size=1, max_size=250), st.booleans(), st.booleans())
def test_a_record_comes_whole_however_it_is_sent(record: bytes, chained: bool, exact: bool) -> None:
    profile = RecordProfile(AID, 2, 3, Place(encoding="hex"))
    card = VirtualCard({AID: {(2, 3): record}}, chained=chained, exact=exact)
    whole = record.rstrip(b"\0\xff ")
    assert read_card(card.apdu, ATR_T0, (profile,)) == ((Form.NUMBER, whole.hex()) if whole else Trouble.UNREADABLE)


@pytest.mark.parametrize(
    ("record", "encoding", "offset", "length", "wanted"),
    [
        (b"BODKA", "ascii", 0, None, "BODKA"),
        (b"\x70\x05BODKA\0\0", "ascii", 2, 5, "BODKA"),
        ("Čaj".encode(), "utf-8", 0, None, "Čaj"),
        (b"\xe9t\xe9", "latin-1", 0, None, "été"),
        (bytes.fromhex("1234567F"), "bcd", 0, None, "1234567"),
        (bytes.fromhex("04A1"), "hex", 0, None, "04a1"),
        (bytes.fromhex("12A4"), "bcd", 0, None, None),
        (b"\xe9", "ascii", 0, None, None),
        (b"\xe9", "utf-8", 0, None, None),
        (b"   \0\xff", "ascii", 0, None, None),
        (b"BODKA", "ascii", 9, None, None),
    ],
)
def test_numbers(record: bytes, encoding: str, offset: int, length: int | None, wanted: str | None) -> None:
    reading = Place(offset, length, encoding).number(record)
    assert reading == (Trouble.UNREADABLE if wanted is None else (Form.NUMBER, wanted))


def test_a_number_that_is_too_long() -> None:
    assert Place(encoding="hex").number(bytes([0x11] * 300)) is Trouble.TOO_LONG


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: RecordProfile(b"1234", 1, 1), "aid"),
        (lambda: RecordProfile(bytes(17), 1, 1), "aid"),
        (lambda: RecordProfile(AID, 0, 1), "sfi"),
        (lambda: RecordProfile(AID, 31, 1), "sfi"),
        (lambda: RecordProfile(AID, 1, 0), "record"),
        (lambda: RecordProfile(AID, 1, 255), "record"),
        (lambda: RecordProfile(AID, 1, 1, atr=b"\x3b"), "atr"),
        (lambda: RecordProfile(AID, 1, 1, atr=b"\x3a\x00"), "atr"),
        (lambda: FileProfile(None, b"\xef\x01", atr=b"\x3b" + bytes(33)), "atr"),
        (lambda: FileProfile(b"1234", b"\xef\x01"), "aid"),
        (lambda: FileProfile(AID, b"\xef"), "file"),
        (lambda: FileProfile(None, b""), "file"),
        (lambda: FileProfile(None, bytes(10)), "file"),
        (lambda: MemoryProfile(Place(offset=256)), "256 bytes"),
        (lambda: MemoryProfile(Place(offset=250, length=7)), "256 bytes"),
        (lambda: Place(offset=-1), "offset"),
        (lambda: Place(offset=0x8000), "offset"),
        (lambda: Place(length=0), "length"),
        (lambda: Place(encoding="ebcdic"), "encoding"),
    ],
)
def test_profiles_that_no_card_can_have(make: Callable[[], object], word: str) -> None:
    with pytest.raises(ChipProfileError, match=word):
        make()


def test_contactless_atrs() -> None:
    assert contactless(ATR_CONTACTLESS)
    assert contactless(bytes.fromhex("3B8180018080"))  # a DESFire on a PC/SC reader
    assert not contactless(ATR_T0)
    assert not contactless(ATR_T1)
    assert not contactless(b"")


def test_a_contactless_card_with_a_file_system() -> None:
    atr = bytes.fromhex("3B8180018080")
    uid = bytes.fromhex("04112233445566")
    assert read_card(VirtualCard({AID: {(2, 3): b"OURS"}}, uid=uid).apdu, atr, PROFILES) == (Form.NUMBER, "OURS")
    assert read_card(VirtualCard(uid=uid).apdu, atr, PROFILES) == (Form.UID, uid.hex())
    assert read_card(VirtualCard(uid=bytes.fromhex("08112233")).apdu, atr, PROFILES) is Trouble.RANDOM_UID
    assert read_card(VirtualCard({apdu.PAYMENT_CONTACTLESS: {}}, uid=uid).apdu, atr, PROFILES) == BankCard(uid.hex())


def test_a_payment_card_is_asked_nothing_more() -> None:
    commands: list[bytes] = []
    card = payment_card()

    def transmit(command: bytes) -> bytes:
        commands.append(command)
        return card.apdu(command)

    assert read_card(transmit, ATR_T0, PROFILES) is Trouble.BANK_CARD
    assert commands == [apdu.select(AID), apdu.select(b"1PAY.SYS.DDF01")]


def test_the_virtual_card_answers_as_the_standard_says() -> None:
    card = VirtualCard({AID: {(2, 3): b"ABC"}}, uid=bytes(4))
    for command, answer in [
        ("00B2031400", "6A83"),  # nothing selected yet
        ("00A4040005A000000003", "6A82"),
        ("00A4040006F0424F444B41", "9000"),
        ("00B2031400", "4142439000"),
        ("00B2041400", "6A83"),
        ("00B2031C00", "6A83"),
        ("00D2031400", "6D00"),
        ("80B2031400", "6E00"),
        ("FFCA000000", "000000009000"),
        ("00", "6700"),
    ]:
        assert card.apdu(bytes.fromhex(command)).hex().upper() == answer
    card.exact = True
    assert card.apdu(bytes.fromhex("00B2031400")).hex().upper() == "6C03"
    assert card.apdu(bytes.fromhex("00B2031403")).hex().upper() == "4142439000"
    card.exact, card.chained = False, True
    assert card.apdu(bytes.fromhex("00B2031400")).hex().upper() == "6103"
    assert card.apdu(bytes.fromhex("00C0000003")).hex().upper() == "4142439000"


def test_what_an_application_says_of_itself_is_not_fetched() -> None:
    """It is a tenth of a second on the contacts, and of a payment card it is nobody's business."""
    ours = VirtualCard({AID: {(2, 3): b"BODKA-0042"}}, fci=bytes(40), t0=True)
    bank = VirtualCard({b"1PAY.SYS.DDF01": {}}, fci=bytes(40), t0=True)
    for card, reading in ((ours, (Form.NUMBER, "BODKA-0042")), (bank, Trouble.BANK_CARD)):
        commands: list[bytes] = []

        def transmit(command: bytes, card: VirtualCard = card, commands: list[bytes] = commands) -> bytes:
            commands.append(command)
            return card.apdu(apdu.for_t0(command))

        assert read_card(transmit, ATR_T0, PROFILES) == reading
        assert all(command[1] != 0xC0 for command in commands)
