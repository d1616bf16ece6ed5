"""One fob is one UID, however a reader writes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.rfid import FobReader, Writing, fob_uid

BACKWARDS = FobReader(reversed=True)


@given(st.integers(0, (1 << 24) - 1), st.integers(0, 255))
def test_all_forms_of_a_fob_are_one_uid(number: int, version: int) -> None:
    uid = f"{number:08x}"
    site, card = number >> 16, number & 0xFFFF
    for text in (
        f"{number:010}",
        f"{site},{card}",
        f"{site:03},{card:05}",
        f"{site:03}:{card:05}",
        f"{number:010} {site:03},{card:05}",
        uid,
        uid.upper(),
        f" {uid} ",
    ):
        assert fob_uid(text) == uid
    assert fob_uid(f"{version:02x}{uid}", FobReader(Writing.HEX)) == uid


@given(st.integers(0, (1 << 32) - 1))
def test_a_reader_that_begins_with_the_last_byte(number: int) -> None:
    uid, turned = f"{number:08x}", number.to_bytes(4, "little")
    assert fob_uid(turned.hex(), BACKWARDS) == uid
    assert fob_uid(f"{int.from_bytes(turned, 'big'):010}", BACKWARDS) == uid
    assert fob_uid(f"{turned.hex()}4a", FobReader(Writing.HEX, reversed=True)) == uid


def test_wiegand_backwards_is_three_bytes() -> None:
    assert fob_uid("162,25211", BACKWARDS) == "007b62a2"


@pytest.mark.parametrize("uid", ["04a1b2c3", "04a1b2c3d4e5f6", "04a1b2c3d4e5f6070809"])
def test_the_uid_of_a_13_mhz_card_is_the_one_that_other_readers_see(uid: str) -> None:
    assert fob_uid(uid.upper()) == uid


def test_what_could_be_both_is_told_by_the_setting() -> None:
    assert fob_uid("12345678") == "12345678"
    assert fob_uid("12345678", FobReader(Writing.DECIMAL)) == "00bc614e"
    assert fob_uid("0012345678") == "00bc614e"
    assert fob_uid("0012345678", FobReader(Writing.HEX)) == "12345678"
    assert fob_uid("9912345678") == "12345678"  # too large for a decimal number
    assert fob_uid("abcdef01", FobReader(Writing.DECIMAL)) is None


@pytest.mark.parametrize("text", ["", "1", "256,1", "1,65536", "xyz", "123456789", "2100000000012", "١٢٣٤٥٦٧٨", "12,3,4"])
def test_what_is_no_number_of_a_fob(text: str) -> None:
    assert fob_uid(text) is None


@given(st.text(max_size=40), st.sampled_from(Writing), st.booleans())
def test_any_text_is_a_uid_or_none(text: str, writing: Writing, turned: bool) -> None:
    uid = fob_uid(text, FobReader(writing, turned))
    assert uid is None or (len(bytes.fromhex(uid)) in (4, 7, 10) and uid == uid.lower())
