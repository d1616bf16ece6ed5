"""Type 4 tags: any container, any answers, and what a card that breaks off is told from."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import apdu, ndef, type4
from emulators.nfc_tags import Type4Tag, text_message


@given(st.binary(max_size=20))
def test_any_container_is_a_file_nothing_or_our_error(octets: bytes) -> None:
    with contextlib.suppress(ndef.NdefError):
        file = type4.container(octets)
        assert file is None or file.chunk >= 15


@given(st.lists(st.binary(max_size=64), max_size=12))
def test_any_answers_are_a_message_nothing_or_our_error(answers: list[bytes]) -> None:
    left = iter(answers)
    with contextlib.suppress(ndef.NdefError, apdu.BadAnswer):
        assert type4.message(lambda command: next(left, b"\x90\x00")) != b""


@given(st.lists(st.binary(max_size=64).map(lambda data: data + b"\x90\x00"), max_size=12), st.binary(min_size=15, max_size=64))
def test_any_fine_answers_end(answers: list[bytes], container: bytes) -> None:
    left = iter([b"\x90\x00", b"\x90\x00", container + b"\x90\x00", b"\x90\x00", *answers])
    with contextlib.suppress(ndef.NdefError):
        type4.message(lambda command: next(left, b"\x90\x00"))


@given(st.binary(max_size=900), st.integers(15, 256))
def test_a_message_comes_whole(octets: bytes, most: int) -> None:
    tag = Type4Tag(message=octets, most=most, size=1024)
    assert type4.message(tag.apdu) == (octets or None)


@given(st.binary(min_size=1, max_size=300), st.integers(0, 40))
def test_a_card_that_breaks_off_is_never_a_card_without_text(octets: bytes, after: int) -> None:
    class Left(Exception):
        pass

    tag, count = Type4Tag(message=octets, most=20, size=512), 0

    def breaks_off(command: bytes) -> bytes:
        nonlocal count
        count += 1
        if count > after:
            raise Left
        return tag.apdu(command)

    with contextlib.suppress(Left):
        assert type4.message(breaks_off) == octets


def test_commands_of_the_specification() -> None:
    tag = Type4Tag(message=text_message("A"))
    assert type4.message(tag.apdu) == text_message("A")
    assert [command.hex().upper() for command in tag.apdus] == [
        "00A4040007D276000085010100",
        "00A4000C02E103",
        "00B000000F",
        "00A4000C02E104",
        "00B000003B",
    ]


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        ("000F20003B00340406E104010000", "less than 15"),
        ("000E20003B00340406E10401000000", "less than 15"),
        ("000F00003B00340406E10401000000", "another kind"),
        ("000F20003B00340506E10401000000", "another kind"),
        ("000F20000E00340406E10401000000", "contradicts"),
        ("000F20003B00340406E10301000000", "contradicts"),
        ("000F20003B00340406E10400040000", "contradicts"),
    ],
)
def test_bad_containers(octets: str, why: str) -> None:
    with pytest.raises(ndef.Garbled, match=why):
        type4.container(bytes.fromhex(octets))


def test_a_protected_file_is_none() -> None:
    assert type4.container(bytes.fromhex("000F20003B00340406E1040100FF00")) is None
    tag = Type4Tag(message=text_message("X" * 100))
    tag.refuses_from = 0
    assert type4.message(tag.apdu) is None


def test_a_file_that_ends_before_its_message_is_cut_short() -> None:
    tag = Type4Tag(message=text_message("X" * 100))
    tag.content = tag.content[:80]
    with pytest.raises(ndef.CutShort):
        type4.message(tag.apdu)
    tag.content = b"\x04\x00" + bytes(80)
    with pytest.raises(ndef.Garbled):
        type4.message(tag.apdu)
