"""NDEF: any bytes, then messages that the real ndeflib wrote, then the specifications' own."""

from __future__ import annotations

import contextlib

import ndef as ndeflib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import ndef
from emulators.nfc_tags import Type2Tag

HEAD = bytes(12)
CONTAINER = bytes.fromhex("E1101200")
CHARACTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


def tag(data: bytes, container: bytes = CONTAINER) -> bytes:
    return (HEAD + container + data).ljust(16 + 144, b"\0")


@given(st.binary(max_size=300))
def test_any_message_is_text_nothing_or_our_error(octets: bytes) -> None:
    with contextlib.suppress(ndef.NdefError):
        assert isinstance(ndef.text(octets), str | None)


@given(st.binary(max_size=300))
def test_any_memory_is_a_message_nothing_or_our_error(memory: bytes) -> None:
    for whole in (memory, HEAD + CONTAINER + memory):
        with contextlib.suppress(ndef.NdefError):
            assert ndef.message(whole) != b""


@given(CHARACTERS, st.sampled_from(["en", "sk", "zh-Hant"]), st.sampled_from(["UTF-8", "UTF-16"]))
def test_texts_that_ndeflib_wrote(text: str, language: str, encoding: str) -> None:
    octets = b"".join(ndeflib.message_encoder([ndeflib.TextRecord(text, language, encoding)]))
    assert ndef.text(octets) == text


@given(st.sampled_from(ndef.URI_PREFIXES), st.text("abc/.-?=&1", min_size=1))
def test_addresses_that_ndeflib_wrote(prefix: str, rest: str) -> None:
    octets = b"".join(ndeflib.message_encoder([ndeflib.UriRecord(prefix + rest)]))
    assert ndef.text(octets) == next(iter(ndeflib.message_decoder(octets))).iri


@given(CHARACTERS.filter(bool), st.data())
def test_whatever_is_cut_off_is_cut_short_or_nothing(text: str, data: st.DataObject) -> None:
    octets = b"".join(ndeflib.message_encoder([ndeflib.TextRecord(text)]))
    cut = octets[: data.draw(st.integers(1, len(octets) - 1))]
    with pytest.raises(ndef.CutShort):
        ndef.text(cut)


@given(
    st.binary(min_size=1, max_size=140), st.sampled_from([b"", b"\0\0", bytes.fromhex("0103A00C34"), bytes.fromhex("FD0101")])
)
def test_a_message_comes_whole_and_no_sooner_than_it_is_there(octets: bytes, before: bytes) -> None:
    if len(before) + len(octets) + 3 > 144:
        octets = octets[:130]
    memory = tag(before + Type2Tag.block(octets))
    end = 16 + len(before) + len(octets) + 2
    for size in range(end):
        with pytest.raises(ndef.CutShort):
            ndef.message(memory[:size])
    assert ndef.message(memory[:end]) == octets


@pytest.mark.parametrize(
    "memory",
    [
        tag(b"\xfe"),
        tag(b"\x03\x00\xfe"),
        tag(b""),
        tag(Type2Tag.block(b"x"), bytes(4)),
        tag(Type2Tag.block(b"x"), bytes.fromhex("E1201200")),
        tag(Type2Tag.block(b"x"), bytes.fromhex("E110120F"[:6] + "F0")),
    ],
    ids=["terminator", "empty", "zeros", "no container", "other version", "not readable"],
)
def test_tags_without_a_message(memory: bytes) -> None:
    assert ndef.message(memory) is None


def test_a_message_that_does_not_fit_its_tag_is_garbled() -> None:
    with pytest.raises(ndef.Garbled):
        ndef.message(tag(b"\x03\xff\xff\xff"))


def test_reserved_bytes_inside_the_data_area_are_left_out() -> None:
    control = bytes.fromhex("0203") + bytes([0x60, 2, 2])  # two bytes from page 6 of 4 bytes on: byte 24
    memory = HEAD + CONTAINER + control + b"\x03\x04A" + b"??" + b"BCD\xfe"
    assert ndef.message(memory) == b"ABCD"


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("D1010A5402656E424F444B413432", "BODKA42"),
        ("D1010B55046578616D706C652E636F", "https://example.co"),  # RTD URI, table 3: 04 is https://
        ("D101035587612F", "a/"),  # a prefix that is reserved stands for none
        ("D00000", None),
        ("D2010161FF", None),
        ("9201017841" + "51010454" + "02656E37", "7"),  # the first text counts, not the first record
        ("C1010000000454" + "02656E37", "7"),
        ("D9010401" + "54" + "49" + "02656E37", "7"),  # with an id
    ],
)
def test_messages(octets: str, text: str | None) -> None:
    assert ndef.text(bytes.fromhex(octets)) == text


@pytest.mark.parametrize(
    "octets",
    ["D1010054", "D1010055", "D101025504C3", "D10102540361", "D101045402656EC3", "B101015400", "5101015400"],
)
def test_garbled_messages(octets: str) -> None:
    with pytest.raises(ndef.Garbled):
        ndef.text(bytes.fromhex(octets))


def test_a_message_without_its_last_record_is_cut_short() -> None:
    with pytest.raises(ndef.CutShort):
        ndef.text(bytes.fromhex("9101045402656E37"))
