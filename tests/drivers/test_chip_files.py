"""Numbers in transparent files and memory cards, and several profiles tried in turn; no reader is needed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import apdu
from drivers.chip_card import read_card
from drivers.chip_profiles import FileProfile, MemoryProfile, Place, Profile, RecordProfile, in_order
from drivers.events import Form, Trouble
from drivers.reading import Reading
from emulators.memory_card import ATR, MemoryCard
from emulators.virtual_card import ATR_T0, ATR_T1, VirtualCard, payment_card

AID = bytes.fromhex("F0424F444B41")
EF = b"\xef\x01"
FILE = FileProfile(AID, EF)


def read(card: VirtualCard, *profiles: Profile, atr: bytes = ATR_T1) -> Reading:
    return read_card(card.apdu, atr, profiles)


def read_t0(card: VirtualCard, *profiles: Profile) -> Reading:
    return read_card(lambda command: card.apdu(apdu.for_t0(command)), ATR_T0, profiles)


@given(
    st.binary(min_size=1, max_size=600),
    st.integers(0, 500),
    st.one_of(st.none(), st.integers(1, 256)),
    st.booleans(),
    st.booleans(),
)
def test_any_part_of_any_file_over_any_line(content: bytes, offset: int, length: int | None, t0: bool, exact: bool) -> None:
    profile = FileProfile(AID, EF, Place(offset, length, "hex"))
    card = VirtualCard({AID: {EF: content}}, t0=t0, exact=exact)
    part = content[offset : None if length is None else offset + length][:512].rstrip(b"\0\xff ")
    wanted = Trouble.UNREADABLE if not part else Trouble.TOO_LONG if len(part) > 256 else (Form.NUMBER, part.hex())
    assert (read_t0 if t0 else read)(card, profile) == wanted


def test_a_path_is_walked_file_by_file() -> None:
    card = VirtualCard({b"": {b"\x2f\x05": b"OUTER"}, AID: {b"\x5f\0": b"", EF: b"INNER"}})
    assert read(card, FileProfile(AID, bytes.fromhex("5F00EF01"))) == (Form.NUMBER, "INNER")
    assert read(card, FileProfile(None, bytes.fromhex("3F002F05"))) == (Form.NUMBER, "OUTER")
    assert read(card, FileProfile(AID, bytes.fromhex("EF09"))) is Trouble.UNREADABLE
    assert read(card, FileProfile(None, bytes.fromhex("3F002F06"))) is Trouble.FOREIGN_CHIP


def test_a_card_that_cannot_but_describe_its_files() -> None:
    card = VirtualCard({AID: {EF: b"BODKA"}}, fci=b"\x6f\0")
    card.overrule = lambda command: b"\x6a\x86" if command[:4] == b"\0\xa4\0\x0c" else None
    assert read(card, FILE) == (Form.NUMBER, "BODKA")


@pytest.mark.parametrize("status", ["6982", "6981", "6A83", "6F00", "6581"])
def test_a_file_or_record_that_may_not_be_read(status: str) -> None:
    refused = bytes.fromhex(status)
    card = VirtualCard({AID: {EF: b"BODKA", (1, 1): b"BODKA"}})
    card.overrule = lambda command: refused if command[1] in (0xB0, 0xB2) else None
    assert read(card, FILE) is Trouble.UNREADABLE
    assert read(card, RecordProfile(AID, 1, 1)) is Trouble.UNREADABLE


def test_profiles_are_tried_in_their_order() -> None:
    other = bytes.fromhex("A000000999")
    card = VirtualCard({AID: {EF: b"FILE", (1, 2): b"RECORD"}, other: {(1, 1): b"OTHER"}})
    record, elsewhere = RecordProfile(AID, 1, 2), RecordProfile(other, 1, 1)
    assert read(card, RecordProfile(bytes.fromhex("A000000998"), 1, 1), record, FILE) == (Form.NUMBER, "RECORD")
    assert read(card, elsewhere, record) == (Form.NUMBER, "OTHER")
    assert read(card) is Trouble.FOREIGN_CHIP


def test_a_card_is_tried_first_by_the_profile_that_names_its_atr() -> None:
    """On the contacts each application that is not there costs 20 ms."""
    card = VirtualCard({AID: {EF: b"FILE", (1, 2): b"RECORD"}})
    strange = RecordProfile(bytes.fromhex("A000000998"), 1, 1)
    record = RecordProfile(AID, 1, 2, atr=ATR_T1[:3])
    assert read(card, strange, FILE, record) == (Form.NUMBER, "RECORD")
    sent: list[bytes] = []

    def transmit(command: bytes) -> bytes:
        sent.append(command)
        return card.apdu(command)

    for atr, first in ((ATR_T1, AID), (ATR_T0, strange.aid)):
        sent.clear()
        read_card(transmit, atr, (strange, FILE, record))
        assert sent[0] == apdu.select(first)
    assert read(card, strange, FILE, record, atr=ATR_T0) == (Form.NUMBER, "FILE")
    misnamed = RecordProfile(AID, 1, 2, atr=b"\x3b\xff")
    assert read(card, strange, misnamed) == (Form.NUMBER, "RECORD"), "a wrong ATR costs no card"


@given(st.lists(st.sampled_from([b"", b"\x3b\x65", b"\x3b\x80", b"\x3b\x80\x81"])), st.sampled_from([ATR_T0, ATR_T1, b""]))
def test_no_profile_is_left_out_and_those_alike_keep_their_order(starts: list[bytes], atr: bytes) -> None:
    profiles = tuple(RecordProfile(AID, 1, record, atr=start) for record, start in enumerate(starts, 1))
    ordered = in_order(profiles, atr)
    named = [profile for profile in profiles if profile.atr and atr.startswith(profile.atr)]
    assert ordered == (*named, *(profile for profile in profiles if profile not in named))


def test_of_a_bank_card_nothing_is_read_by_a_profile_without_an_application() -> None:
    card = payment_card()
    card.applications[b""] = {b"\x2f\x05": b"HERS"}
    sent: list[bytes] = []

    def transmit(command: bytes) -> bytes:
        sent.append(command)
        return card.apdu(command)

    assert read_card(transmit, ATR_T0, (FileProfile(None, bytes.fromhex("2F05")), MemoryProfile())) is Trouble.BANK_CARD
    assert {command[1] for command in sent} == {0xA4}


def test_a_blocked_bank_card_is_one_too() -> None:
    card = VirtualCard(answer=lambda command: b"\x62\x83" if command[5:19] == b"1PAY.SYS.DDF01" else None)
    assert read(card, FILE) is Trouble.BANK_CARD


@given(st.integers(0, 255), st.one_of(st.none(), st.integers(1, 256)), st.booleans())
def test_any_part_of_a_memory_card_by_both_versions_of_the_manual(offset: int, length: int | None, bits: bool) -> None:
    if offset + (length or 1) > 256:
        return
    card = MemoryCard(bytes(range(1, 225)), protection_bits=bits)
    part = bytes(card.memory[offset : None if length is None else offset + length]).rstrip(b"\0\xff ")
    reading = read_card(card.answer, ATR, (MemoryProfile(Place(offset, length, "hex")),))
    assert reading == ((Form.NUMBER, part.hex()) if part else Trouble.UNREADABLE)
    assert card.presented == 0


def test_a_memory_card_and_profiles() -> None:
    card = MemoryCard(b"BODKA-0042")
    assert read_card(card.answer, ATR, (FILE, MemoryProfile(Place(32, 10)))) == (Form.NUMBER, "BODKA-0042")
    assert read_card(card.answer, ATR, (FILE,)) is Trouble.FOREIGN_CHIP
    second = MemoryProfile(Place(100, 10)), MemoryProfile(Place(32, 10))
    assert read_card(card.answer, ATR, second) == (Form.NUMBER, "BODKA-0042"), "the first place is blank"


@pytest.mark.parametrize("answer", ["6E00", "6D00", "6300"])
def test_a_reader_that_knows_no_memory_cards(answer: str) -> None:
    assert read_card(lambda command: bytes.fromhex(answer), ATR, (MemoryProfile(),)) is Trouble.FOREIGN_CHIP


@pytest.mark.parametrize("answer", ["6300", "9000", "419000", ""])
def test_a_memory_card_that_fails(answer: str) -> None:
    first = iter([b"\x90\0"])
    assert read_card(lambda command: next(first, bytes.fromhex(answer)), ATR, (MemoryProfile(),)) is Trouble.UNREADABLE
