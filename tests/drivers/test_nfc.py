"""The NFC reader: the real nfcpy on an emulated PN532."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import logging
import os
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.events import CardGone, CardSeen, CardTrouble, DeviceBack, DeviceLost, Form, Medium, Trouble
from drivers.nfc import TRUST_MS, NfcReader
from drivers.nfc_frontend import NfcPathError, felica_card, port, targets
from drivers.nfc_link import speeds
from emulators.nfc_tags import (
    Card,
    ClassicCard,
    FelicaCard,
    Ntag424,
    RandomUidTag,
    Type2Tag,
    Type4Card,
    Type4Tag,
    bank_card,
    text_message,
    uri_message,
)
from emulators.pn532 import SPEEDS, Pn532
from emulators.pn532_chip import CRC_ERROR, TIMEOUT
from emulators.supervised import Supervised, clock, eventually

AID = bytes.fromhex("F0424F444B41")


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[Pn532]:
    chip = Pn532(tmp_path / "nfc")
    chip.plug()
    yield chip
    if chip.link.is_symlink():
        chip.unplug()


@pytest.fixture
def said(chip: Pn532) -> Iterator[Supervised]:
    with Supervised(NfcReader("nfc", str(chip.link), clock, AID)) as said:
        said.expect(DeviceBack)
        yield said


def polls(chip: Pn532, count: int = 4) -> None:
    """Lets so many scans pass."""
    begun = chip.log.count(0x4A)
    eventually(lambda: chip.log.count(0x4A) >= begun + count, "the reader does not poll")


def test_a_card_with_its_uid_alone(chip: Pn532, said: Supervised) -> None:
    before = clock()
    chip.show(ClassicCard("DEADBE01"))
    event = said.expect(CardSeen)
    assert (event.device, event.medium, event.form, event.data) == ("nfc", Medium.NFC, Form.UID, "deadbe01")
    assert before <= event.at <= clock()


@pytest.mark.parametrize("uid", ["04a1b2c3", "04a1b2c3d4e5f6", "04a1b2c3d4e5f6070809"])
def test_uids_are_whole(chip: Pn532, said: Supervised, uid: str) -> None:
    chip.show(Type2Tag(uid))
    assert said.expect(CardSeen).data == uid


@pytest.mark.parametrize(
    ("message", "data"),
    [
        (text_message("BODKA-42"), "BODKA-42"),
        (text_message("Čaj 7", "sk"), "Čaj 7"),
        (text_message("X" * 100), "X" * 100),
        (uri_message(4, "bodka.example/k/42"), "https://bodka.example/k/42"),
    ],
)
def test_text_and_address_win_over_the_uid(chip: Pn532, said: Supervised, message: bytes, data: str) -> None:
    chip.show(Type2Tag(message=message))
    event = said.expect(CardSeen)
    assert (event.form, event.data) == (Form.NUMBER, data)


@pytest.mark.parametrize("message", [None, b"", b"\xd0\x00\x00", b"\xd2\x01\x01xA"])
def test_a_tag_without_text_is_its_uid(chip: Pn532, said: Supervised, message: bytes | None) -> None:
    chip.show(Type2Tag("04A1B2C3D4E5F6", message))
    event = said.expect(CardSeen)
    assert (event.form, event.data) == (Form.UID, "04a1b2c3d4e5f6")


@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_taken_away_in_mid_read(chip: Pn532, said: Supervised, blocks: int) -> None:
    tag = Type2Tag(message=text_message("X" * 100))
    tag.leave_after = blocks
    if blocks == 0:  # found, and gone before the first command
        tag.leave_after = 1
        tag.respond = lambda command: None  # type: ignore[method-assign]
    chip.show(tag)
    assert said.expect(CardTrouble).trouble is Trouble.UNREADABLE
    said.expect(CardGone)
    chip.show(Type2Tag(message=text_message("AGAIN")))
    assert said.expect(CardSeen).data == "AGAIN"


@pytest.mark.parametrize("data", ["030AD1010A54", "03FFFFFF", "0305D101FF5400FE"])
def test_a_message_cut_short_on_the_tag(chip: Pn532, said: Supervised, data: str) -> None:
    chip.show(Type2Tag(memory=bytes.fromhex("E1100100") + bytes.fromhex(data)))
    assert said.expect(CardTrouble).trouble is Trouble.UNREADABLE


def test_a_tag_that_says_it_is_larger_than_its_pages_can_be_counted(chip: Pn532, said: Supervised) -> None:
    chip.show(Type2Tag(memory=bytes.fromhex("E110FF00") + bytes(2_100)))
    assert said.expect(CardTrouble).trouble is Trouble.UNREADABLE
    assert chip.log.count(0x14) == 1, "the reader was taken for broken"


def test_text_that_is_too_long(chip: Pn532, said: Supervised) -> None:
    text = "N" * 600
    payload = b"\x02en" + text.encode()
    message = b"\xc1\x01" + len(payload).to_bytes(4) + b"T" + payload
    tag = Type2Tag(memory=b"\xe1\x10\x6d\x00" + Type2Tag.block(message))
    chip.show(tag)
    assert said.expect(CardTrouble).trouble is Trouble.TOO_LONG


def test_a_random_uid_is_no_identity(chip: Pn532, said: Supervised) -> None:
    chip.show(RandomUidTag())
    assert said.expect(CardTrouble).trouble is Trouble.RANDOM_UID
    polls(chip)  # a new UID at each scan, and yet one card
    assert len(said.events) == said.read
    chip.show()
    said.expect(CardGone)


@pytest.mark.parametrize(("uid", "known_by"), [("5A1B2C3D", "5a1b2c3d"), ("0811AABB", "")])
def test_a_bank_card_is_turned_away_unread(chip: Pn532, said: Supervised, uid: str, known_by: str) -> None:
    card = bank_card(uid)
    chip.show(card)
    event = said.expect(CardTrouble)
    assert (event.trouble, event.uid) == (Trouble.BANK_CARD, known_by)
    assert uid.lower() not in repr(event)
    polls(chip)
    assert {apdu[1] for apdu in card.apdus} == {0xA4}, "something was read of a bank card"


def test_a_card_of_type_4_that_is_none_of_these(chip: Pn532, said: Supervised) -> None:
    chip.show(Type4Card("04112233445566"))
    event = said.expect(CardSeen)
    assert (event.form, event.data) == (Form.UID, "04112233445566")


def test_a_phone_with_our_application(chip: Pn532, said: Supervised) -> None:
    chip.show(Type4Card("08010203", {AID: b"MEMBER-7"}))
    event = said.expect(CardSeen)
    assert (event.form, event.data) == (Form.NUMBER, "MEMBER-7")


def test_a_phone_with_nothing_for_us(chip: Pn532, said: Supervised) -> None:
    chip.show(Type4Card("08010203"))
    assert said.expect(CardTrouble).trouble is Trouble.RANDOM_UID


def test_a_short_answer_to_select_is_unreadable(chip: Pn532, said: Supervised) -> None:
    card = Type4Card("04112233445566")
    card.apdu = lambda command: b"\x90"  # type: ignore[method-assign]
    chip.show(card)
    assert said.expect(CardTrouble).trouble is Trouble.UNREADABLE


@pytest.mark.parametrize("answer", [b"", b"\x00\x01", "číslo".encode()])
def test_an_application_that_answers_with_no_number_is_not_asked_further(chip: Pn532, said: Supervised, answer: bytes) -> None:
    chip.show(Type4Card("08010203", {AID: answer}))
    assert said.expect(CardTrouble).trouble is Trouble.RANDOM_UID


@pytest.mark.parametrize("most", [15, 59, 256])
@pytest.mark.parametrize("text", ["7", "BODKA-42", "X" * 57, "X" * 200])
def test_text_on_a_type_4_tag(chip: Pn532, said: Supervised, most: int, text: str) -> None:
    chip.show(Type4Tag(message=text_message(text), most=most))
    event = said.expect(CardSeen)
    assert (event.form, event.data) == (Form.NUMBER, text)


def test_a_type_4_tag_without_text_is_its_uid(chip: Pn532, said: Supervised) -> None:
    chip.show(Type4Tag("04112233445566"))
    event = said.expect(CardSeen)
    assert (event.form, event.data) == (Form.UID, "04112233445566")


def test_a_type_4_tag_that_lets_nobody_read_is_its_uid(chip: Pn532, said: Supervised) -> None:
    tag = Type4Tag("04112233445566", text_message("SECRET"))
    tag.refuses_from = 0
    chip.show(tag)
    assert said.expect(CardSeen).data == "04112233445566"


@pytest.mark.parametrize("commands", range(1, 9))
def test_a_type_4_tag_taken_away_in_mid_read_is_never_its_uid(chip: Pn532, said: Supervised, commands: int) -> None:
    tag = Type4Tag("04112233445566", text_message("X" * 200))
    tag.leave_after = commands  # RATS, our application, NDEF's, container, its bytes, file, its first and further bytes
    chip.show(tag)
    assert said.expect(CardTrouble).trouble is Trouble.UNREADABLE
    said.expect(CardGone)
    chip.show(Type4Tag("04112233445566", text_message("AGAIN")))
    assert said.expect(CardSeen).data == "AGAIN"


def test_a_signed_address_is_new_at_each_tap(chip: Pn532, said: Supervised) -> None:
    tag = Ntag424(lambda counter: f"bodka.example/c?u=04DE5F1EACC040&n={counter:06X}&c={'0' * 16}")
    for counter in (1, 2):
        chip.show(tag)
        assert said.expect(CardSeen).data == f"https://bodka.example/c?u=04DE5F1EACC040&n=00000{counter}&c={'0' * 16}"
        chip.show()
        said.expect(CardGone)


def test_a_felica_card_is_its_idm(chip: Pn532, said: Supervised) -> None:
    chip.show(FelicaCard("0102030405060708"))
    event = said.expect(CardSeen)
    assert (event.form, event.data) == (Form.UID, "0102030405060708")
    polls(chip, 6)
    assert len(said.events) == said.read
    chip.show()
    said.expect(CardGone)


def test_a_felica_phone_that_makes_up_its_idm_is_no_identity(chip: Pn532, said: Supervised) -> None:
    chip.show(FelicaCard("01FE030405060708"))
    assert said.expect(CardTrouble).trouble is Trouble.RANDOM_UID
    polls(chip, 6)
    assert len(said.events) == said.read


def test_a_tag_that_refuses_its_memory_is_its_uid(chip: Pn532, said: Supervised) -> None:
    tag = Type2Tag("04A1B2C3D4E5F6", text_message("LOCKED"))
    tag.memory = b""  # every READ is answered by a NAK, as where a password protects it
    chip.show(tag)
    assert said.expect(CardSeen).data == "04a1b2c3d4e5f6"


def test_one_broken_frame_is_read_again(chip: Pn532, said: Supervised) -> None:
    tag = Type2Tag(message=text_message("BODKA-42"))
    real, broken = chip.chip.exchange, []

    def break_once(data: bytes) -> bytes | None:
        if not broken:
            broken.append(data)
            return CRC_ERROR
        return real(data)

    chip.chip.exchange = break_once  # type: ignore[method-assign]
    chip.show(tag)
    assert said.expect(CardSeen).data == "BODKA-42"
    assert broken


@pytest.mark.parametrize("silent", [2, 4, 6])
def test_a_tag_that_does_not_answer_at_first_is_read_again_before_it_is_unreadable(
    chip: Pn532, said: Supervised, silent: int
) -> None:
    tag = Type2Tag(message=text_message("BODKA-42"))
    real = tag.respond
    tag.respond = lambda command: None if len(tag.commands) <= silent else real(command)  # type: ignore[method-assign]
    chip.show(tag)
    assert said.expect(CardSeen).data == "BODKA-42"


def test_a_reader_that_lists_but_does_not_select_again_reads_all_the_same(chip: Pn532, said: Supervised) -> None:
    chip.chip.exchange = lambda data: TIMEOUT  # type: ignore[method-assign]
    chip.show(Type2Tag(message=text_message("BODKA-42")))
    assert said.expect(CardSeen).data == "BODKA-42"


def test_a_text_costs_two_commands(chip: Pn532, said: Supervised) -> None:
    tag = Type2Tag(message=text_message("BODKA-42"))
    chip.show(tag)
    said.expect(CardSeen)
    assert [command.hex() for command in tag.commands] == ["3003", "3007"]


def test_the_same_card_twice_within_a_second_is_one_event(chip: Pn532, said: Supervised) -> None:
    card = ClassicCard("00000001")
    for _ in range(3):
        chip.show(card)
        polls(chip, 3)
        chip.show()
        polls(chip, 3)
    said.expect(CardSeen)
    said.expect(CardGone)
    assert len(said.events) == said.read
    chip.show(card)
    said.expect(CardSeen)


def test_a_card_left_for_an_hour_is_one_event(chip: Pn532) -> None:
    now = LaterClock()
    with Supervised(NfcReader("nfc", str(chip.link), now), now) as said:
        said.expect(DeviceBack)
        chip.show(ClassicCard("00000001"))
        said.expect(CardSeen)
        for _ in range(6):
            now.ahead += 10 * 60 * 1000
            polls(chip)
        assert len(said.events) == said.read


def test_a_card_left_on_the_reader_is_one_event(chip: Pn532, said: Supervised) -> None:
    chip.show(Type2Tag(message=text_message("STAYS")))
    said.expect(CardSeen)
    polls(chip, 8)
    chip.show()
    said.expect(CardGone)
    polls(chip)
    assert len(said.events) == said.read


def test_one_missed_scan_is_not_gone(chip: Pn532, said: Supervised) -> None:
    tag = ClassicCard()
    chip.show(tag)
    said.expect(CardSeen)
    real, missed = chip.chip.list_targets, []

    def miss_once(data: bytes) -> bytes | None:
        if not missed:
            missed.append(data)
            return b"\0"
        return real(data)

    chip.chip.list_targets = miss_once  # type: ignore[method-assign]
    polls(chip, 6)
    assert missed
    assert len(said.events) == said.read


def test_one_card_after_another(chip: Pn532, said: Supervised) -> None:
    chip.show(ClassicCard("00000001"))
    assert said.expect(CardSeen).data == "00000001"
    chip.show(ClassicCard("00000002"))
    said.expect(CardGone)
    assert said.expect(CardSeen).data == "00000002"


def test_two_cards_at_once(chip: Pn532, said: Supervised) -> None:
    first, second = ClassicCard("00000001"), Type2Tag(message=text_message("TWO"))
    chip.show(first, second)
    assert said.expect(CardTrouble).trouble is Trouble.TWO_CARDS
    polls(chip)
    chip.show(first)
    assert said.expect(CardSeen).data == "00000001"


def test_two_cards_that_are_seen_by_turns_are_still_two(chip: Pn532, said: Supervised) -> None:
    chip.show(ClassicCard("00000001"), ClassicCard("00000002"))
    assert said.expect(CardTrouble).trouble is Trouble.TWO_CARDS
    real, turns = chip.chip.answering, itertools.count()

    def by_turns(kind: int, wanted: bytes = b"") -> list[Card]:
        found = real(kind, wanted)
        return found if len(found) < 2 else [found[next(turns) % 2]]

    chip.chip.answering = by_turns  # type: ignore[method-assign]
    polls(chip, 8)
    assert next(turns) > 4
    assert len(said.events) == said.read


def test_a_card_whose_answer_was_lost_is_found_by_the_next_search(chip: Pn532, said: Supervised) -> None:
    eventually(lambda: chip.chip.field, "it does not search")
    card = ClassicCard("00000001")
    card.halted = True  # it has answered, and nobody has heard it: it is silent until the field was off long enough
    chip.show(card)
    assert said.expect(CardSeen).data == "00000001"


def test_unplugged_and_back(chip: Pn532, said: Supervised) -> None:
    chip.unplug()
    said.expect(DeviceLost)
    chip.plug()
    said.expect(DeviceBack)
    chip.show(ClassicCard("00000003"))
    assert said.expect(CardSeen).data == "00000003"


def test_a_card_that_lies_there_while_the_reader_is_lost_is_said_once(chip: Pn532, said: Supervised) -> None:
    chip.show(ClassicCard())
    said.expect(CardSeen)
    chip.unplug()
    said.expect(DeviceLost)
    chip.plug()
    said.expect(DeviceBack)
    polls(chip)
    assert len(said.events) == said.read
    chip.show()
    said.expect(CardGone)


def test_a_reader_that_stops_answering(chip: Pn532, said: Supervised) -> None:
    chip.mute = True
    said.expect(DeviceLost)
    chip.mute = False
    said.expect(DeviceBack)
    chip.show(ClassicCard("00000004"))
    assert said.expect(CardSeen).data == "00000004"


@pytest.mark.parametrize("garbage", ["FF", "0000FF", "0000FF0AF6D54B02", "0000FF03FDD54B01DF00", "A5" * 40, "0000FF017F8100"])
def test_garbage_is_survived(chip: Pn532, said: Supervised, garbage: str) -> None:
    chip.garbage = bytes.fromhex(garbage)
    said.expect(DeviceLost)
    chip.garbage = None
    said.expect(DeviceBack)
    chip.show(ClassicCard("00000005"))
    assert said.expect(CardSeen).data == "00000005"


class LaterClock:
    """Real time that can be moved on."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return clock() + self.ahead


def test_a_lost_acknowledgement_is_not_worth_a_word(chip: Pn532) -> None:
    now = LaterClock()
    with Supervised(NfcReader("nfc", str(chip.link), now), now) as said:
        said.expect(DeviceBack)
        now.ahead += TRUST_MS
        begun = chip.log.count(0x14)
        chip.drop_acks = 1
        eventually(lambda: chip.log.count(0x14) > begun, "it was not set up anew")
        chip.show(ClassicCard("00000006"))
        assert said.expect(CardSeen).data == "00000006"


def test_a_reader_that_is_late_is_not_dead(chip: Pn532, said: Supervised) -> None:
    """Half a second is no reason to set it up anew, which would take as long again."""
    real, late = chip.chip.command, list[int]()

    def held_up(code: int, data: bytes) -> bytes | None:
        if not late:
            late.append(code)
            time.sleep(0.5)
        return real(code, data)

    chip.chip.command = held_up  # type: ignore[method-assign]
    chip.show(ClassicCard("00000006"))
    assert said.expect(CardSeen).data == "00000006"
    assert late
    assert chip.log.count(0x14) == 1


def test_a_reader_is_set_up_anew_now_and_then_but_never_under_a_card(chip: Pn532) -> None:
    now = LaterClock()
    with Supervised(NfcReader("nfc", str(chip.link), now), now) as said:
        said.expect(DeviceBack)
        chip.show(ClassicCard())
        said.expect(CardSeen)
        begun = chip.log.count(0x14)
        now.ahead += 7 * 60 * 60 * 1000
        polls(chip)
        assert chip.log.count(0x14) == begun
        chip.show()
        said.expect(CardGone)
        eventually(lambda: chip.log.count(0x14) == begun + 1, "it was not set up anew")
        chip.show(ClassicCard("00000007"))
        assert said.expect(CardSeen).data == "00000007"


@pytest.mark.parametrize("baud", [921600, 460800, 230400])
def test_a_reader_that_a_killed_program_left_at_a_high_speed(chip: Pn532, baud: int) -> None:
    chip.chip.baud = baud
    with Supervised(NfcReader("nfc", str(chip.link), clock)) as said:
        said.expect(DeviceBack)
        chip.show(ClassicCard("00000008"))
        assert said.expect(CardSeen).data == "00000008"


@pytest.mark.parametrize(("carries", "baud"), [(921_600, 921_600), (500_000, 460_800), (230_400, 230_400), (115_200, 115_200)])
def test_the_highest_speed_that_the_line_carries_is_kept(chip: Pn532, carries: int, baud: int) -> None:
    chip.carries = carries
    with Supervised(NfcReader("nfc", str(chip.link), clock)) as said:
        said.expect(DeviceBack)
        assert chip.chip.baud == baud
        chip.show(Type2Tag("04A1B2C3D4E5F6", text_message("2" * 100)))
        assert said.expect(CardSeen).data == "2" * 100


def test_a_pis_small_port_is_not_asked_for_much() -> None:
    assert speeds("/dev/ttyS0") == (230_400,)
    assert max(speeds("/dev/ttyAMA0")) == 921_600


@pytest.mark.parametrize("baud", [termios.B921600, termios.B115200])
def test_a_reader_that_a_killed_program_left_in_its_search(chip: Pn532, baud: int) -> None:
    host = os.open(chip.link, os.O_RDWR | os.O_NOCTTY)
    settings = termios.tcgetattr(host)
    settings[4] = settings[5] = baud
    termios.tcsetattr(host, termios.TCSANOW, settings)
    chip.chip.baud = SPEEDS[baud]
    os.write(host, bytes.fromhex("0000FF04FCD44A0100E100"))
    eventually(lambda: chip.chip.field, "it does not search")
    os.close(host)
    with Supervised(NfcReader("nfc", str(chip.link), clock)) as said:
        said.expect(DeviceBack)
        chip.show(ClassicCard("00000009"))
        assert said.expect(CardSeen).data == "00000009"


@given(st.binary(max_size=60))
def test_any_list_of_cards_is_cards_or_an_error_that_is_caught(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert all(len(target.uid) in (4, 7, 10) for target in targets(data))
    with contextlib.suppress(ValueError):
        found = felica_card(data)
        assert found is None or len(found.uid) == 8


def test_a_reader_that_is_let_go_sleeps_at_the_first_speed(chip: Pn532) -> None:
    with Supervised(NfcReader("nfc", str(chip.link), clock)) as said:
        said.expect(DeviceBack)
    assert chip.chip.asleep
    assert chip.chip.baud == 115200
    with Supervised(NfcReader("nfc", str(chip.link), clock)) as said:
        said.expect(DeviceBack)


def test_no_reader_at_all(tmp_path: Path) -> None:
    with Supervised(NfcReader("nfc", str(tmp_path / "none"), clock)) as said:
        assert str(tmp_path / "none") in said.expect(DeviceLost).why


def test_ports() -> None:
    assert port("tty:USB0:pn532") == "/dev/ttyUSB0"
    assert port("/dev/serial0") == "/dev/serial0"
    for path in ("usb", "tty:USB0", "ttyUSB0", ""):
        with pytest.raises(NfcPathError, match="/dev/ttyUSB0"):
            port(path)


def test_nothing_of_a_card_is_logged(chip: Pn532, caplog: pytest.LogCaptureFixture) -> None:
    importlib.import_module("nfc")  # it sets its own level when it is first imported
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "nfc")
    with Supervised(NfcReader("nfc", str(chip.link), clock)) as said:
        said.expect(DeviceBack)
        chip.show(Type2Tag("04A1B2C3D4E5F6", text_message("SECRET")))
        event = said.expect(CardSeen)
    assert "SECRET" not in repr(event)
    logged = caplog.text.lower()
    assert "04a1b2c3" not in logged
    assert b"SECRET".hex() not in logged


def test_a_resting_reader_costs_little(chip: Pn532, said: Supervised) -> None:
    """The chip looks for cards, and the thread sleeps."""
    polls(chip, 2)
    worker = next(thread for thread in threading.enumerate() if thread.name == "nfc")
    assert worker.ident is not None
    cpu = time.pthread_getcpuclockid(worker.ident)
    begun, used, count = time.monotonic(), time.clock_gettime(cpu), len(chip.log)
    polls(chip, 6)
    passed = time.monotonic() - begun
    assert (len(chip.log) - count) / passed < 20
    assert (time.clock_gettime(cpu) - used) / passed < 0.05
