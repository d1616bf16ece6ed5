"""The emulated PN532 against frames typed from its manual (UM0701-02), not against what our driver sends."""

from __future__ import annotations

import os
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulators.nfc_tags import ClassicCard, FelicaCard, Type2Tag, Type4Tag, bank_card, crc_a, text_message
from emulators.pn532 import Pn532
from emulators.supervised import eventually

ACK = "0000FF00FF00"
ERROR = "0000FF017F8100"


class Host:
    """A serial port as a host sees it."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.speed(termios.B115200)

    def speed(self, rate: int) -> None:
        settings = termios.tcgetattr(self.fd)
        settings[4] = settings[5] = rate
        termios.tcsetattr(self.fd, termios.TCSANOW, settings)

    def say(self, text: str) -> None:
        os.write(self.fd, bytes.fromhex(text))

    def hear(self, count: int, timeout: float = 2.0) -> str:
        data, limit = b"", time.monotonic() + timeout
        while len(data) < count and time.monotonic() < limit:
            try:
                data += os.read(self.fd, count - len(data))
            except BlockingIOError:
                time.sleep(0.002)
        return data.hex().upper()

    def expect(self, command: str, answer: str) -> None:
        """`command` is acknowledged and answered by these bytes."""
        self.say(command)
        assert self.hear(6) == ACK
        assert self.hear(len(answer) // 2) == answer

    def nothing(self) -> bool:
        """Nothing more comes: proved by the answer to one more question being the next to come."""
        self.say("0000FF02FED4022A00")
        return self.hear(6 + 13) == ACK + "0000FF06FAD50332010607E800"


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[Pn532]:
    chip = Pn532(tmp_path / "nfc")
    chip.plug()
    yield chip
    chip.unplug()


@pytest.fixture
def host(chip: Pn532) -> Iterator[Host]:
    host = Host(chip.link)
    yield host
    os.close(host.fd)


def test_firmware_version(host: Host) -> None:
    host.expect("0000FF02FED4022A00", "0000FF06FAD50332010607E800")  # section 7.2.2


def test_sam_configuration(host: Host) -> None:
    host.expect("0000FF05FBD4140100001700", "0000FF02FED5151600")  # section 7.2.10: normal mode


def test_rf_configuration(host: Host) -> None:
    host.expect("0000FF04FCD4320101F800", "0000FF02FED533F800")  # section 7.3.1: field on


def test_communication_line(host: Host) -> None:
    host.expect("0000FF05FBD40000ABCDB400", "0000FF05FBD50100ABCDB200")  # section 7.2.1: echo


def test_extended_frame(host: Host) -> None:
    data = bytes(range(256)) + b"\1\2\3"
    body = b"\xd4\0\0" + data
    size = len(body).to_bytes(2)
    head = "0000FFFFFF" + size.hex() + f"{-sum(size) & 0xFF:02x}"
    host.say(head + body.hex() + f"{-sum(body) & 0xFF:02x}00")
    assert host.hear(6) == ACK
    answer = b"\xd5\1\0" + data
    assert host.hear(8 + len(answer) + 2) == (head + answer.hex() + f"{-sum(answer) & 0xFF:02x}00").upper()


def test_unknown_command_is_a_syntax_error(host: Host) -> None:
    host.expect("0000FF02FED4992300"[:-4] + "9300", ERROR)  # section 6.2.1.5


def test_too_few_parameters_are_a_syntax_error(host: Host) -> None:
    host.expect("0000FF03FDD44A01E100", ERROR)


def test_wrong_data_checksum_is_not_acknowledged(host: Host) -> None:
    host.say("0000FF02FED4022B00")
    assert host.nothing()


def test_wrong_length_checksum_is_not_acknowledged(host: Host) -> None:
    host.say("0000FF02FDD4022A00")
    assert host.nothing()


def test_nack_repeats_the_answer(host: Host) -> None:
    host.expect("0000FF02FED4022A00", "0000FF06FAD50332010607E800")
    host.say("0000FFFF0000")  # section 6.2.1.4
    assert host.hear(13) == "0000FF06FAD50332010607E800"


def test_no_target(host: Host) -> None:
    host.expect("0000FF06FAD43205010001F300", "0000FF02FED533F800")  # section 7.3.1: item 5, look twice
    host.expect("0000FF04FCD44A0100E100", "0000FF03FDD54B00E000")  # section 7.3.5


def test_an_endless_search_finds_a_card_that_comes_later(chip: Pn532, host: Host) -> None:
    host.say("0000FF04FCD44A0100E100")  # endless is what the chip does unless it is told otherwise (item 5: FF)
    assert host.hear(6) == ACK
    chip.show(ClassicCard("DEADBE01"))
    assert host.hear(19) == "0000FF0CF4D54B0101000408" + "04DEADBE01" + "8400"


def test_an_endless_search_is_ended_by_an_ack(host: Host) -> None:
    host.say("0000FF04FCD44A0100E100")
    assert host.hear(6) == ACK
    host.say(ACK)  # section 6.2.1.3
    assert host.nothing()


def test_a_listed_card_is_silent_until_the_field_was_off(chip: Pn532, host: Host) -> None:
    host.expect("0000FF06FAD43205010001F300", "0000FF02FED533F800")
    chip.show(ClassicCard("DEADBE01"))
    found = "0000FF0CF4D54B0101000408" + "04DEADBE01" + "8400"
    host.expect("0000FF04FCD44A0100E100", found)
    host.expect("0000FF04FCD44A0100E100", "0000FF03FDD54B00E000")
    host.expect("0000FF04FCD4320100F900", "0000FF02FED533F800")  # field off
    time.sleep(0.006)
    host.expect("0000FF04FCD44A0100E100", found)


def test_rats_by_the_chip_and_a_select(chip: Pn532, host: Host) -> None:
    chip.show(Type4Tag("04112233445566"))
    host.expect("0000FF03FDD41210" + "0A00", "0000FF02FED513" + "1800")  # section 7.2.9: automatic RATS
    host.say("0000FF04FCD44A0100E100")
    assert host.hear(6) == ACK
    assert host.hear(28)[10:-4] == "D54B01" + "01" + "000420" + "0704112233445566" + "067577810280"  # with the ATS
    body = bytes.fromhex("D44001" + "00A4040007D276000085010100")
    host.say(f"0000FF{len(body):02X}{-len(body) & 0xFF:02X}{body.hex()}{-sum(body) & 0xFF:02X}00")
    assert host.hear(6) == ACK
    assert host.hear(12)[10:-4] == "D541" + "00" + "9000"


def test_felica(chip: Pn532, host: Host) -> None:
    chip.show(FelicaCard("0102030405060708"))
    host.say("0000FF09F7D44A0101" + "00FFFF0100" + "E100")
    assert host.hear(6) == ACK
    assert host.hear(29)[10:-4] == "D54B01" + "01" + "12" + "01" + "0102030405060708" + "00F1000000014300"


def test_one_target(chip: Pn532, host: Host) -> None:
    chip.show(ClassicCard("DEADBE01"))
    host.expect("0000FF04FCD44A0200E000", "0000FF0CF4D54B0101000408" + "04DEADBE01" + "8400")


def test_two_targets(chip: Pn532, host: Host) -> None:
    chip.show(ClassicCard("11223344"), ClassicCard("55667788"))
    host.say("0000FF04FCD44A0200E000")
    assert host.hear(6) == ACK
    answer = host.hear(7 + 19 + 2)
    assert answer[:16] == "0000FF15EBD54B02"
    assert answer[16:-4] == "0100040804" + "55667788" + "0200040804" + "11223344"


def test_a_target_is_listed_by_its_uid(chip: Pn532, host: Host) -> None:
    chip.show(Type2Tag("04A1B2C3D4E5F6"), ClassicCard("55667788"))
    host.say("0000FF0CF4D44A0100" + "8804A1B2C3D4E5F6" + f"{-(0x11F + sum(bytes.fromhex('8804A1B2C3D4E5F6'))) & 0xFF:02x}00")
    assert host.hear(6) == ACK
    assert host.hear(21)[16:40] == "0100440007" + "04A1B2C3D4E5F6"


def test_data_exchange_reads_four_pages(chip: Pn532, host: Host) -> None:
    chip.show(Type2Tag("04A1B2C3D4E5F6", text_message("A")))
    host.say("0000FF04FCD44A0100E100")
    host.hear(6 + 22)
    host.say("0000FF05FBD440013000BB00")  # section 7.3.8: READ page 0 of target 1
    assert host.hear(6) == ACK
    assert host.hear(7 + 17 + 2)[14:-4] == "00" + "04A1B29F" + "C3D4E5F6" + "04480000" + "E1101200"


def test_exchange_without_a_target_is_the_wrong_context(host: Host) -> None:
    host.expect("0000FF05FBD440013000BB00", "0000FF03FDD54127C300")  # section 7.1: status 27


def test_release_all(chip: Pn532, host: Host) -> None:
    chip.show(ClassicCard())
    host.say("0000FF04FCD44A0100E100")
    host.hear(6 + 19)
    host.expect("0000FF03FDD45200DA00", "0000FF03FDD55300D800")  # section 7.3.11
    host.expect("0000FF05FBD440013000BB00", "0000FF03FDD54127C300")


@pytest.mark.parametrize("pulled", [True, False])
def test_a_card_that_left_times_out(chip: Pn532, host: Host, pulled: bool) -> None:
    tag = Type2Tag()
    chip.show(tag)
    host.say("0000FF04FCD44A0100E100")
    host.hear(6 + 22)
    if pulled:
        chip.show()
    else:
        tag.leave_after = 0
    host.expect("0000FF05FBD440013000BB00", "0000FF03FDD54101E900")  # section 7.1: status 01


def test_baud_rate_holds_after_the_hosts_ack(chip: Pn532, host: Host) -> None:
    host.expect("0000FF03FDD410071500", "0000FF02FED5111A00")  # section 7.2.8: 921600
    host.say(ACK)
    eventually(lambda: chip.chip.baud == 921600, "the rate did not change")
    host.say("0000FF02FED4022A00")
    assert host.hear(1, timeout=0.1) == ""
    host.speed(termios.B921600)
    assert host.nothing()


def test_sleep_ends_with_dummy_bytes(chip: Pn532, host: Host) -> None:
    host.expect("0000FF03FDD41610" + "0600", "0000FF03FDD5170014" + "00")  # section 7.2.11
    host.say("0000FF02FED4022A00")
    assert host.hear(1, timeout=0.1) == ""
    host.say("00000000" + "0000FF02FED4022A00")
    assert host.hear(19) == ACK + "0000FF06FAD50332010607E800"


def test_crc_a_of_the_standard() -> None:
    assert crc_a(bytes.fromhex("0000")) == bytes.fromhex("A01E")  # ISO/IEC 14443-3, annex B.2
    assert crc_a(bytes.fromhex("1234")) == bytes.fromhex("26CF")


def test_a_bank_card_names_its_directory() -> None:
    card = bank_card()
    assert card.answer(bytes.fromhex("E080")) == bytes.fromhex("067577810280")
    answer = card.answer(bytes.fromhex("02" + "00A404000E325041592E5359532E444446303100"))
    assert answer is not None
    assert answer[:4] == bytes.fromhex("026F") + answer[2:3] + b"\x84"
    assert answer[-2:] == b"\x90\0"
    assert len(answer) == 1 + 2 + answer[2] + 2
    assert card.answer(bytes.fromhex("03" + "00A4040007A000000003101000")) == bytes.fromhex("036A82")
