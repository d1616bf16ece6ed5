"""Commands: only such as read, and in the form that their line takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import drivers
from drivers import apdu
from drivers.atr import contactless, memory_card, storage
from drivers.chip_card import read_card
from drivers.chip_profiles import FileProfile, MemoryProfile, Place, Profile, RecordProfile
from drivers.events import Form, Trouble
from drivers.reading import BankCard, Reading
from emulators.contactless_reader import chip_atr, storage_atr
from emulators.memory_card import ATR
from emulators.virtual_card import ATR_T0, ATR_T1

AID = bytes.fromhex("F0424F444B41")

places = st.builds(
    Place, st.integers(0, 300), st.one_of(st.none(), st.integers(1, 300)), st.sampled_from(["ascii", "utf-8", "bcd", "hex"])
)
memory_places = st.builds(Place, st.integers(0, 100), st.one_of(st.none(), st.integers(1, 150)))
profiles: st.SearchStrategy[tuple[Profile, ...]] = st.lists(
    st.one_of(
        st.builds(RecordProfile, st.just(AID), st.integers(1, 30), st.integers(1, 254), places),
        st.builds(FileProfile, st.sampled_from([AID, None]), st.sampled_from([b"\x3f\0\x2f\x05", b"\xef\x01"]), places),
        st.builds(MemoryProfile, memory_places),
    ),
    max_size=4,
).map(tuple)
atrs = st.one_of(
    st.sampled_from([ATR, ATR_T0, ATR_T1, storage_atr(), storage_atr(0x0001), storage_atr(0xF011, 0x11), chip_atr()]),
    st.binary(max_size=33),
)
statuses = st.sampled_from(["9000", "9000", "9000", "6A82", "6105", "6C04", "6282", "6300", "6F00", "6A86", "6B00"])
answers = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.tuples(st.binary(max_size=256), statuses).map(lambda part: part[0] + bytes.fromhex(part[1])),
        st.tuples(st.binary(min_size=16, max_size=16), statuses).map(lambda part: part[0] + bytes.fromhex(part[1])),
    ),
    max_size=40,
)


def read(given: list[bytes], atr: bytes, tried: tuple[Profile, ...]) -> tuple[Reading, list[bytes]]:
    sent, waiting = list[bytes](), iter(given)

    def transmit(command: bytes) -> bytes:
        sent.append(command)
        return next(waiting, b"\x90\0")

    return read_card(transmit, atr, tried), sent


@given(answers, atrs, profiles)
def test_whatever_a_card_answers_is_a_reading_and_it_was_only_read(
    given: list[bytes], atr: bytes, tried: tuple[Profile, ...]
) -> None:
    reading, sent = read(given, atr, tried)
    assert isinstance(reading, Trouble | BankCard) or (isinstance(reading[0], Form) and reading[1])
    assert {command[1] for command in sent} <= {0xA4, 0xB0, 0xB2, 0xC0, 0xCA}
    assert all(command[:2] != b"\xff\xa4" or command == bytes.fromhex("FFA400000106") for command in sent)


@given(st.binary(max_size=20))
def test_nothing_but_reading_is_ever_sent(command: bytes) -> None:
    sent: list[bytes] = []

    def transmit(sending: bytes) -> bytes:
        sent.append(sending)
        return b"\x90\0"

    if len(command) >= 4 and command[1] in (0xA4, 0xB0, 0xB2, 0xC0, 0xCA):
        apdu.exchange(transmit, command)
        assert sent == [command]
    else:
        with pytest.raises(apdu.NotReadOnly):
            apdu.exchange(transmit, command)
        assert sent == []


@pytest.mark.parametrize(
    "pin", ["FF20000003FFFFFF", "0020000103313233", "FFD200010331323", "FFD0000004010203", "FFD1200004AABBCC"]
)
def test_a_pin_is_never_presented_and_nothing_is_written(pin: str) -> None:
    with pytest.raises(apdu.NotReadOnly):
        apdu.exchange(lambda command: pytest.fail("it was sent"), bytes.fromhex(pin.ljust(len(pin) + len(pin) % 2, "0")))


def test_no_driver_goes_to_a_card_past_the_guard() -> None:
    folder = Path(drivers.__file__).parent
    for source in folder.glob("*.py"):
        text = source.read_text(encoding="utf-8")
        assert not re.search(r"(?i)ff\s*20|0xFF,\s*0x20", text), f"{source.name} has the command that presents a PIN"
        if source.name not in ("apdu.py", "pcsc.py", "nfc_frontend.py"):  # the guard itself, and the ways to the card
            assert not re.search(r"\btransmit\(", text), f"{source.name} sends commands past apdu.exchange"
        assert "SCardControl" not in text, f"{source.name} could reach the reader past the guard"


@given(st.binary(min_size=1, max_size=16))
def test_t0_has_no_room_for_the_length_of_an_answer(name: bytes) -> None:
    assert apdu.for_t0(apdu.select(name)) == apdu.select(name)[:-1]


def test_t0_leaves_other_commands_alone() -> None:
    for command in (apdu.read_record(1, 1), apdu.read_binary(0, 256), apdu.select_file(b"\xef\x01"), apdu.GET_UID):
        assert apdu.for_t0(command) == command


def test_commands_for_files() -> None:
    assert apdu.select_file(bytes.fromhex("EF01")).hex() == "00a4000c02ef01"  # ISO/IEC 7816-4, section 11.1.1, table 62
    assert apdu.read_binary(0x1234, 256).hex() == "00b0123400"  # section 11.3.3
    with pytest.raises(ValueError, match="two bytes"):
        apdu.select_file(b"\xef")
    for offset, length in ((0x8000, 1), (-1, 1), (0, 0), (0, 257)):
        with pytest.raises(ValueError, match="0 to 32767"):
            apdu.read_binary(offset, length)


@given(st.binary(max_size=40))
def test_any_bytes_are_an_atr_of_some_kind_or_none(atr: bytes) -> None:
    found = storage(atr)
    assert found is None or (contactless(atr) and not memory_card(atr))


def test_atrs_of_the_manuals() -> None:
    ultralight = storage(bytes.fromhex("3B8F8001804F0CA0000003060300030000000068"))  # ACR122U API 2.04, section 3.1
    assert ultralight is not None
    assert ultralight.has_pages
    classic = storage(bytes.fromhex("3B8F8001804F0CA000000306030001000000006A"))  # the same section: MIFARE 1K
    assert classic is not None
    assert not classic.has_pages
    assert storage(bytes.fromhex("3B8F8001804F0CA00000030603")) is None
    assert storage(ATR_T1) is None
    assert memory_card(bytes.fromhex("3B04A2131091"))
    assert not memory_card(bytes.fromhex("3B0492231091")), "an SLE 4428 has other commands"
    assert not memory_card(ATR_T0)
