"""The chip card reader: the real pyscard and pcscd on a virtual card."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from drivers.chip import WAIT_MS, ChipReader
from drivers.chip_card import ChipProfile
from drivers.events import CardGone, CardSeen, CardTrouble, DeviceBack, DeviceLost, Event, Form, Medium, Trouble
from emulators.pcscd import Pcscd
from emulators.supervised import Supervised, clock, eventually
from emulators.virtual_card import ATR_CONTACTLESS, ATR_T1, VirtualCard, payment_card

pytestmark = pytest.mark.xdist_group("pcscd")

AID = bytes.fromhex("F0424F444B41")
PROFILE = ChipProfile(AID, sfi=2, record=3)


def member(record: bytes = b"BODKA-0042", **more: object) -> VirtualCard:
    return VirtualCard({AID: {(2, 3): record, (2, 1): b"NOT THIS"}}, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pcscd]:
    service = Pcscd(tmp_path_factory.mktemp("pcscd"))
    os.environ["PCSCLITE_CSOCK_NAME"] = str(service.socket)
    service.start()
    yield service
    service.kill()
    del os.environ["PCSCLITE_CSOCK_NAME"]


@pytest.fixture(scope="module")
def running(service: Pcscd) -> Iterator[Supervised]:
    with Supervised(ChipReader("chip", PROFILE, clock)) as running:
        running.expect(DeviceBack)
        yield running


class Slot:
    """The reader's slot: what is in it is taken out after the test."""

    def __init__(self, service: Pcscd, said: Supervised) -> None:
        self.service, self.said, self.card = service, said, None

    def insert(self, card: VirtualCard) -> VirtualCard:
        self.card = card.insert(self.service.port)
        return self.card

    def remove(self) -> None:
        if self.card is not None:
            self.card.remove()
            self.card = None


@pytest.fixture
def slot(service: Pcscd, running: Supervised) -> Iterator[Slot]:
    slot = Slot(service, running)
    yield slot
    slot.remove()
    if not isinstance(running.events[running.read - 1], CardGone | DeviceBack):
        running.expect(CardGone)
    assert len(running.events) == running.read


@pytest.mark.parametrize(
    "card",
    [
        member(),
        member(fci=bytes.fromhex("6F088406F0424F444B41")),
        member(atr=ATR_T1),
        member(chained=True),
        member(exact=True),
        member(b"BODKA-0042" + b"\xff" * 6, delay=0.1),
    ],
    ids=["plain", "with data", "T=1", "61xx", "6Cxx", "padded and slow"],
)
def test_a_record_is_a_number(slot: Slot, card: VirtualCard) -> None:
    slot.insert(card)
    event = slot.said.expect(CardSeen)
    assert (event.device, event.medium, event.form, event.data) == ("chip", Medium.CHIP, Form.NUMBER, "BODKA-0042")
    slot.remove()
    assert slot.said.expect(CardGone).medium is Medium.CHIP


def test_a_foreign_chip(slot: Slot) -> None:
    slot.insert(VirtualCard({bytes.fromhex("A000000003"): {(2, 3): b"OTHER"}}))
    assert slot.said.expect(CardTrouble).trouble is Trouble.FOREIGN_CHIP


def test_a_bank_card_is_turned_away_unread(slot: Slot) -> None:
    card = slot.insert(payment_card())
    event = slot.said.expect(CardTrouble)
    assert (event.medium, event.trouble) == (Medium.CHIP, Trouble.BANK_CARD)
    assert {command[1] for command in card.commands} == {0xA4}, "something was read of a bank card"


@pytest.mark.parametrize("instruction", [0xA4, 0xB2])
def test_an_answer_of_no_bytes(slot: Slot, instruction: int) -> None:
    slot.insert(member(answer=lambda command: b"" if command[1] == instruction else None))
    assert slot.said.expect(CardTrouble).trouble is Trouble.UNREADABLE


@pytest.mark.parametrize("status", ["6A83", "6982"])
def test_a_record_that_is_refused(slot: Slot, status: str) -> None:
    slot.insert(member(answer=lambda command: bytes.fromhex(status) if command[1] == 0xB2 else None))
    assert slot.said.expect(CardTrouble).trouble is Trouble.UNREADABLE


def test_a_card_that_never_ends_its_answer(slot: Slot) -> None:
    slot.insert(member(answer=lambda command: b"\x61\x10" if command[1] in (0xA4, 0xC0) else None))
    assert slot.said.expect(CardTrouble).trouble is Trouble.UNREADABLE


def test_a_contactless_card_is_its_uid(slot: Slot) -> None:
    slot.insert(VirtualCard(atr=ATR_CONTACTLESS, uid=bytes.fromhex("04A1B2C3D4E5F6")))
    event = slot.said.expect(CardSeen)
    assert (event.medium, event.form, event.data) == (Medium.NFC, Form.UID, "04a1b2c3d4e5f6")
    slot.remove()
    assert slot.said.expect(CardGone).medium is Medium.NFC


def test_a_card_left_in_the_reader_is_one_event(slot: Slot) -> None:
    card = slot.insert(member())
    slot.said.expect(CardSeen)
    count = len(card.commands)
    time.sleep(0.5)  # pcscd looks at its readers every 0.4 s
    assert len(slot.said.events) == slot.said.read
    assert len(card.commands) == count


def test_pcscd_is_killed_and_comes_back(slot: Slot) -> None:
    slot.service.kill()
    assert "pcscd" in slot.said.expect(DeviceLost).why
    slot.service.start()
    slot.said.expect(DeviceBack)
    slot.insert(member())
    assert slot.said.expect(CardSeen).data == "BODKA-0042"
    slot.remove()
    slot.said.expect(CardGone)


def test_a_card_in_the_reader_while_pcscd_restarts_counts_as_a_new_one(slot: Slot) -> None:
    slot.insert(member())
    slot.said.expect(CardSeen)
    slot.service.kill()
    slot.said.expect(DeviceLost)
    slot.remove()
    slot.service.start()
    slot.insert(member(b"BODKA-0043"))
    slot.said.expect(DeviceBack)
    slot.said.expect(CardGone)
    assert slot.said.expect(CardSeen).data == "BODKA-0043"


def test_pcscd_is_killed_in_mid_answer(slot: Slot) -> None:
    reached = threading.Event()

    def answer(command: bytes) -> bytes | None:
        reached.set()
        time.sleep(0.3)
        return None

    slot.insert(member(answer=answer))
    assert reached.wait(5)
    slot.service.kill()
    slot.said.expect(DeviceLost)
    slot.remove()
    slot.service.start()
    slot.said.expect(DeviceBack)


class Slow(Supervised):
    """Takes the first card's event only when it is told to."""

    def __init__(self, reader: ChipReader) -> None:
        super().__init__(reader)
        self.gate = threading.Event()

    def emit(self, event: Event) -> None:
        super().emit(event)
        if isinstance(event, CardSeen):
            self.gate.wait(5)


def test_a_card_that_was_exchanged_behind_our_back(slot: Slot) -> None:
    with Slow(ChipReader("slow", PROFILE, clock)) as said:
        said.expect(DeviceBack)
        slot.insert(member())
        assert said.expect(CardSeen).data == "BODKA-0042"
        slot.said.expect(CardSeen)
        slot.remove()
        slot.said.expect(CardGone)
        slot.insert(member(b"BODKA-0043"))
        slot.said.expect(CardSeen)
        said.gate.set()
        said.expect(CardGone)
        assert said.expect(CardSeen).data == "BODKA-0043"


def test_waiting_costs_nothing_and_ends_at_once(service: Pcscd, running: Supervised) -> None:
    with Supervised(ChipReader("second", PROFILE, clock)) as said:
        said.expect(DeviceBack)
        worker = next(thread for thread in threading.enumerate() if thread.name == "second")
        eventually(lambda: worker.ident, "the thread does not start")
        assert worker.ident is not None
        cpu = time.pthread_getcpuclockid(worker.ident)
        used = time.clock_gettime(cpu)
        time.sleep(0.3)
        assert time.clock_gettime(cpu) - used < 0.01
        begun = clock()
    assert clock() - begun < WAIT_MS / 2


def test_a_reader_that_is_not_there(service: Pcscd, running: Supervised) -> None:
    with Supervised(ChipReader("other", PROFILE, clock, reader="ACR39U")) as said:
        assert "ACR39U" in said.expect(DeviceLost).why


def test_the_right_reader_by_part_of_its_name(service: Pcscd, running: Supervised) -> None:
    with Supervised(ChipReader("named", PROFILE, clock, reader="Counter")) as said:
        said.expect(DeviceBack)
