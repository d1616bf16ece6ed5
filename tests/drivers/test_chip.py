"""The chip card reader: the real pyscard and pcscd on a virtual card."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from drivers.chip import WAIT_MS, ChipReader
from drivers.chip_profiles import FileProfile, MemoryProfile, Place, RecordProfile
from drivers.events import CardGone, CardSeen, CardTrouble, DeviceBack, DeviceLost, Event, Form, Medium, Trouble
from drivers.pcsc import Service, State
from emulators.card_holder import CardHolder
from emulators.contactless_reader import tag
from emulators.memory_card import MemoryCard
from emulators.nfc_tags import text_message
from emulators.pcscd import Pcscd
from emulators.supervised import Supervised, clock, eventually
from emulators.virtual_card import ATR_CONTACTLESS, ATR_T1, VirtualCard, payment_card

pytestmark = pytest.mark.xdist_group("pcscd")

AID, FILES = bytes.fromhex("F0424F444B41"), bytes.fromhex("F0424F444B42")
ATR_OF_FILES = bytes.fromhex("3B6500002063CBA900")
PROFILES = (
    RecordProfile(AID, sfi=2, record=3),
    FileProfile(FILES, b"\xef\x01", Place(length=16), atr=ATR_OF_FILES),
    MemoryProfile(Place(offset=32, length=10)),
)
AGAIN_MS = 50
COUNTER, MEMORY = "Counter", "ACS ACR39U"


def member(record: bytes = b"BODKA-0042", **more: object) -> VirtualCard:
    return VirtualCard({AID: {(2, 3): record, (2, 1): b"NOT THIS"}}, **more)  # type: ignore[arg-type]


def file_member(content: bytes = b"BODKA-0042", **more: object) -> VirtualCard:
    return VirtualCard({FILES: {b"\xef\x01": content.ljust(40, b"\xff")}}, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pcscd]:
    service = Pcscd(tmp_path_factory.mktemp("pcscd"), COUNTER, MEMORY)
    os.environ["PCSCLITE_CSOCK_NAME"] = str(service.socket)
    service.start()
    yield service
    service.kill()
    del os.environ["PCSCLITE_CSOCK_NAME"]


@pytest.fixture(scope="module")
def running(service: Pcscd) -> Iterator[Supervised]:
    with Supervised(ChipReader("chip", PROFILES, clock, COUNTER, AGAIN_MS)) as running:
        running.expect(DeviceBack)
        yield running


class Slot:
    """The reader's slot: what is in it is taken out after the test."""

    def __init__(self, service: Pcscd, said: Supervised) -> None:
        self.service, self.said, self.card = service, said, None

    def insert(self, card: VirtualCard, reader: str = COUNTER) -> VirtualCard:
        self.card = card.insert(self.service.ports[reader])
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
        member(t0=True),
        file_member(),
        file_member(t0=True),
        member(exact=True),
        member(b"BODKA-0042" + b"\xff" * 6, delay=0.1),
    ],
    ids=["plain", "with data", "T=1", "61xx", "T=0", "file", "file on T=0", "6Cxx", "padded and slow"],
)
def test_a_record_is_a_number(slot: Slot, card: VirtualCard) -> None:
    slot.insert(card)
    event = slot.said.expect(CardSeen)
    assert (event.device, event.medium, event.form, event.data) == ("chip", Medium.CHIP, Form.NUMBER, "BODKA-0042")
    assert event.atr == card.atr
    slot.remove()
    assert slot.said.expect(CardGone).medium is Medium.CHIP


def test_a_card_of_the_second_profile_is_asked_for_its_own_application_first(slot: Slot) -> None:
    card = slot.insert(file_member(t0=True, atr=ATR_OF_FILES))
    assert slot.said.expect(CardSeen).data == "BODKA-0042"
    assert card.commands[0][5:] == FILES


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
    with Slow(ChipReader("slow", PROFILES, clock, COUNTER, AGAIN_MS)) as said:
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
    with Supervised(ChipReader("second", PROFILES, clock)) as said:
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
    with Supervised(ChipReader("other", PROFILES, clock, reader="SCR3310")) as said:
        assert "SCR3310" in said.expect(DeviceLost).why


def test_the_right_reader_by_part_of_its_name(service: Pcscd, running: Supervised) -> None:
    with Supervised(ChipReader("named", PROFILES, clock, reader="Counter")) as said:
        said.expect(DeviceBack)


def test_the_text_of_a_contactless_tag(slot: Slot) -> None:
    slot.insert(tag(message=text_message("BODKA-0042")))
    event = slot.said.expect(CardSeen)
    assert (event.medium, event.form, event.data) == (Medium.NFC, Form.NUMBER, "BODKA-0042")


def test_a_memory_card_is_read_and_its_pin_left_alone(service: Pcscd, running: Supervised) -> None:
    card = MemoryCard(b"BODKA-0042", protection_bits=True)
    with Supervised(ChipReader("memory", PROFILES, clock, MEMORY, AGAIN_MS)) as said:
        said.expect(DeviceBack)
        card.card.insert(service.ports[MEMORY])
        event = said.expect(CardSeen)
        assert (event.device, event.medium, event.data) == ("memory", Medium.CHIP, "BODKA-0042")
        card.card.remove()
        said.expect(CardGone)
    assert card.presented == 0


def test_every_reader_at_once(slot: Slot) -> None:
    with Supervised(ChipReader("all", PROFILES, clock, again_ms=AGAIN_MS)) as said:
        said.expect(DeviceBack)
        slot.insert(member())
        assert slot.said.expect(CardSeen).device == "chip"
        assert said.expect(CardSeen).data == "BODKA-0042"
        other = member(b"BODKA-0043").insert(slot.service.ports[MEMORY])
        assert said.expect(CardSeen).data == "BODKA-0043"
        other.remove()
        said.expect(CardGone)


def test_the_same_card_twice_within_a_second_is_one_event(service: Pcscd, running: Supervised) -> None:
    with Supervised(ChipReader("slow hands", PROFILES, clock, MEMORY, again_ms=1_500)) as said:
        said.expect(DeviceBack)
        card = member().insert(service.ports[MEMORY])
        first = said.expect(CardSeen)
        card.remove()
        eventually(lambda: said.events[-1] is first and not read_state(MEMORY).present, "pcscd does not see the card leave")
        card = member().insert(service.ports[MEMORY])
        eventually(lambda: len(card.commands) >= 2, "the card is not read again")
        card.remove()
        gone = said.expect(CardGone, 10)
    assert gone.at > first.at
    assert len(said.events) == said.read


def read_state(reader: str) -> State:
    service = Service()
    try:
        return next(iter(service.wait({f"{reader} 00 00": State()}, 0).values()))
    finally:
        service.close()


def test_a_mute_card_is_unreadable_and_the_next_one_is_not(slot: Slot) -> None:
    slot.service.mute(COUNTER)
    try:
        slot.insert(member())
        assert slot.said.expect(CardTrouble).trouble is Trouble.UNREADABLE
        slot.remove()
        slot.said.expect(CardGone)
    finally:
        slot.service.mute(COUNTER, silent=False)
    slot.insert(member())
    slot.said.expect(CardSeen)


def test_a_card_that_is_pulled_in_mid_read(slot: Slot) -> None:
    card = member()

    def answer(command: bytes) -> bytes | None:
        return b"" if len(card.commands) == 2 else None  # pulled at the second command

    card.overrule = answer
    slot.insert(card)
    assert slot.said.expect(CardTrouble).trouble is Trouble.UNREADABLE


def test_a_bounce_while_the_card_goes_in_is_read_again(slot: Slot) -> None:
    card = member()
    card.overrule = lambda command: b"\x6f\0" if len(card.commands) == 1 else None
    slot.insert(card)
    assert slot.said.expect(CardSeen).data == "BODKA-0042"


def test_a_reader_that_is_unplugged_and_plugged_in_again(slot: Slot) -> None:
    slot.insert(member())
    slot.said.expect(CardSeen)
    slot.service.unplug(COUNTER)
    assert slot.said.expect(CardGone).device == "chip"
    assert "unplugged" in slot.said.expect(DeviceLost).why
    slot.remove()
    slot.service.plug(COUNTER)
    slot.said.expect(DeviceBack, 10)
    slot.insert(member(b"BODKA-0043"))
    assert slot.said.expect(CardSeen).data == "BODKA-0043"


def test_a_reader_that_is_unplugged_in_mid_read(slot: Slot) -> None:
    def answer(command: bytes) -> bytes | None:
        slot.service.unplug(COUNTER)
        return None

    slot.insert(member(answer=answer))
    assert slot.said.expect(CardTrouble).trouble is Trouble.UNREADABLE
    slot.said.expect(CardGone)
    assert "unplugged" in slot.said.expect(DeviceLost).why
    slot.remove()
    slot.service.plug(COUNTER)
    slot.said.expect(DeviceBack, 10)


def test_one_of_two_readers_is_unplugged_and_the_other_goes_on(service: Pcscd, running: Supervised) -> None:
    with Supervised(ChipReader("all", PROFILES, clock, again_ms=AGAIN_MS)) as said:
        said.expect(DeviceBack)
        service.unplug(MEMORY)
        eventually(lambda: read_state(MEMORY).gone, "pcscd does not notice")
        card = member().insert(service.port)
        assert said.expect(CardSeen).data == "BODKA-0042"
        running.expect(CardSeen)
        card.remove()
        said.expect(CardGone)
        running.expect(CardGone)
        service.plug(MEMORY)
        eventually(lambda: not read_state(MEMORY).gone, "pcscd does not notice")
        card = member(b"BODKA-0043").insert(service.ports[MEMORY])
        assert said.expect(CardSeen).data == "BODKA-0043"
        card.remove()
        said.expect(CardGone)


def test_another_program_has_the_card_for_itself(service: Pcscd, running: Supervised) -> None:
    card = member().insert(service.ports[MEMORY])
    eventually(lambda: read_state(MEMORY).present, "pcscd does not see the card")
    with CardHolder(f"{MEMORY} 00 00") as other, Supervised(ChipReader("taken", PROFILES, clock, MEMORY, AGAIN_MS)) as said:
        assert said.expect(DeviceLost).why.startswith("CardTaken: another program holds the card")
        other.die()
        said.expect(DeviceBack, 10)
        assert said.expect(CardSeen).data == "BODKA-0042"
        card.remove()
        said.expect(CardGone)


def test_a_program_that_takes_a_card_for_a_moment_is_waited_for(service: Pcscd, running: Supervised) -> None:
    """Its hold begins while the card is in the reader and our device is not there yet, and ends before a second is over."""
    card = member().insert(service.ports[MEMORY])
    eventually(lambda: read_state(MEMORY).present, "pcscd does not see the card")
    other = Service()
    held = other.connect(f"{MEMORY} 00 00")
    with Supervised(ChipReader("patient", PROFILES, clock, MEMORY, AGAIN_MS)) as said:
        eventually(lambda: any(thread.name == "patient open" for thread in threading.enumerate()), "it does not open")
        held.__exit__(None, None, None)
        said.expect(DeviceBack)
        assert said.expect(CardSeen).data == "BODKA-0042"
        card.remove()
        said.expect(CardGone)
    other.close()
