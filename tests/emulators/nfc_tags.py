"""Cards for the emulated PN532: what they answer to the commands that come over the air.

Written after: NXP NTAG213/215/216 data sheet rev. 3.2, sections 8.5 (memory) and 10.2 (READ); NFC Forum Type 2 Tag
Operation 1.1; ISO/IEC 14443-3:2016, section 6.5 (SENS_RES, SAK, UIDs) and 14443-4:2016, sections 5.2 (RATS, ATS) and 7
(blocks); MIFARE Classic EV1 data sheet MF1S50 rev. 3.2, section 9; EMV Contactless Book B, section 3.3 (PPSE).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

NAK = b"\x00"
"""The 4-bit NAK of a Type 2 tag: invalid argument."""

PPSE = b"2PAY.SYS.DDF01"


def crc_a(data: bytes) -> bytes:
    """CRC_A of ISO/IEC 14443-3, annex B."""
    crc = 0x6363
    for byte in data:
        byte ^= crc & 0xFF
        byte ^= byte << 4 & 0xFF
        crc = (crc >> 8 ^ byte << 8 ^ byte << 3 ^ byte >> 4) & 0xFFFF
    return crc.to_bytes(2, "little")


class Card:
    """A card of Type A at 106 kbit/s. `leave_after` takes it away after so many more commands, in mid-read."""

    sens_res = b"\x00\x04"
    """As the PN532 reports it, high byte first."""
    sak = 0x00
    halts = True
    """Once listed, it is silent until the field was off."""

    def __init__(self, uid: str) -> None:
        self._uid = bytes.fromhex(uid)
        self.halted = False
        self.leave_after: int | None = None
        self.commands: list[bytes] = []

    @property
    def uid(self) -> bytes:
        return self._uid

    def field_off(self) -> None:
        """The field was switched off: the card forgets everything."""

    def answer(self, command: bytes) -> bytes | None:
        """The frame that comes back, without CRC; None for silence. One byte alone is a 4-bit frame."""
        self.commands.append(command)
        if self.leave_after is not None:
            if self.leave_after <= 0:
                return None
            self.leave_after -= 1
        return self.respond(command)

    @property
    def gone(self) -> bool:
        return self.leave_after is not None and self.leave_after <= 0

    def respond(self, command: bytes) -> bytes | None:
        return None


class Type2Tag(Card):
    """An NTAG213: 45 pages of 4 bytes; `message` is a whole NDEF message, None an unformatted tag."""

    sens_res = b"\x00\x44"
    PAGES = 45

    def __init__(self, uid: str = "04A1B2C3D4E5F6", message: bytes | None = None, memory: bytes | None = None) -> None:
        super().__init__(uid)
        serial = self._uid.ljust(7, b"\0")
        check = 0x88 ^ serial[0] ^ serial[1] ^ serial[2], serial[3] ^ serial[4] ^ serial[5] ^ serial[6]
        head = serial[:3] + bytes([check[0]]) + serial[3:7] + bytes([check[1], 0x48, 0, 0])
        if memory is None:
            memory = b"\0\0\0\0" if message is None else b"\xe1\x10\x12\x00" + self.block(message)
        self.memory = (head + memory).ljust(self.PAGES * 4, b"\0")

    @staticmethod
    def block(message: bytes) -> bytes:
        size = bytes([len(message)]) if len(message) < 255 else b"\xff" + len(message).to_bytes(2)
        return b"\x03" + size + message + b"\xfe"

    def respond(self, command: bytes) -> bytes | None:
        if len(command) == 2 and command[0] == 0x30 and command[1] < len(self.memory) // 4:
            return (self.memory + self.memory)[command[1] * 4 :][:16]  # rolling over at the end (section 10.2)
        if command[:1] == b"\x60":  # GET_VERSION (section 10.1)
            return bytes.fromhex("0004040201000F03")
        self.halted = False  # ACTIVE to IDLE, where a request is answered (section 8.4)
        return NAK


class RandomUidTag(Type2Tag):
    """A card whose UID is new each time the field comes (ISO/IEC 14443-3, section 6.5.4: first byte 08)."""

    counter = itertools.count(0x010203)

    def __init__(self) -> None:
        super().__init__("08000000")
        self.field_off()

    def field_off(self) -> None:
        self._uid = b"\x08" + next(self.counter).to_bytes(3)


class ClassicCard(Card):
    """A MIFARE Classic 1K: nothing is read without a key."""

    sak = 0x08

    def __init__(self, uid: str = "DEADBE01") -> None:
        super().__init__(uid)

    def respond(self, command: bytes) -> bytes | None:
        return b"\x04"


class Type4Card(Card):
    """A card that speaks ISO/IEC 14443-4; `applications` are what SELECT by name answers, without the status bytes."""

    sak = 0x20
    ATS = bytes.fromhex("067577810280")

    def __init__(self, uid: str = "04112233445566", applications: dict[bytes, bytes] | None = None) -> None:
        super().__init__(uid)
        self.applications = applications or {}
        self.apdus: list[bytes] = []
        self.last = b""

    def respond(self, command: bytes) -> bytes | None:
        if command[0] == 0xE0:  # RATS
            return self.ATS
        if command[0] & 0xE2 == 0x02:  # an I-block
            self.last = command[:1] + self.apdu(command[1:])
            return self.last
        if command[0] & 0xF6 == 0xB2:  # R(NAK): send the last block again
            return self.last or bytes([0xA2 | command[0] & 1])
        if command[0] == 0xC2:  # S(DESELECT)
            return b"\xc2"
        return None

    def apdu(self, command: bytes) -> bytes:
        self.apdus.append(command)
        if command[:4] != b"\x00\xa4\x04\x00":
            return b"\x6d\x00"
        data = self.applications.get(command[5 : 5 + command[4]])
        return b"\x6a\x82" if data is None else data + b"\x90\x00"


class Type4Tag(Type4Card):
    """An NFC Forum Type 4 Tag (specification 2.0): `message` in file `file`, `most` bytes at a time (MLe).

    `without` is the READ BINARY offset from which on it refuses (6982), `size` the size that its container tells.
    """

    APPLICATION = bytes.fromhex("D2760000850101")

    def __init__(
        self, uid: str = "04112233445566", message: bytes = b"", *, most: int = 59, size: int = 256, file: int = 0xE104
    ) -> None:
        super().__init__(uid, {self.APPLICATION: b""})
        self.most, self.file = most, file
        head = bytes.fromhex("000F20") + most.to_bytes(2) + bytes.fromhex("003404 06".replace(" ", ""))
        self.container = head + file.to_bytes(2) + size.to_bytes(2) + b"\x00\xff"
        self.content = len(message).to_bytes(2) + message
        self.selected = -1
        self.refuses_from = 1 << 16

    def field_off(self) -> None:
        self.selected = -1

    def apdu(self, command: bytes) -> bytes:
        if command[:2] == b"\x00\xa4" and command[2] == 0x00:  # SELECT by file id (section 5.4.3)
            self.apdus.append(command)
            self.selected = int.from_bytes(command[5:7])
            return b"\x90\x00" if self.selected in (0xE103, self.file) else b"\x6a\x82"
        if command[:2] != b"\x00\xb0":
            return super().apdu(command)
        self.apdus.append(command)
        offset, count = int.from_bytes(command[2:4]), command[4] or 256
        if self.selected < 0:
            return b"\x69\x86"
        if count > self.most:
            return b"\x67\x00"
        if self.selected == self.file and offset >= self.refuses_from:
            return b"\x69\x82"
        return self.octets(offset)[offset : offset + count] + b"\x90\x00"

    def octets(self, offset: int) -> bytes:
        return self.container if self.selected == 0xE103 else self.content


class Ntag424(Type4Tag):
    """An NTAG 424 DNA that signs its address (NXP NT4H2421Gx rev. 3.0, section 9.3; AN12196, section 3).

    `sign(counter)` makes the rest of the address behind "https://"; the counter grows at each read from the file's beginning.
    """

    def __init__(self, sign: Callable[[int], str], uid: str = "04DE5F1EACC040", counter: int = 0) -> None:
        super().__init__(uid, most=256)
        self.sign, self.counter = sign, counter

    def octets(self, offset: int) -> bytes:
        if self.selected == self.file:
            if offset == 0:
                self.counter += 1
            message = uri_message(4, self.sign(self.counter))
            self.content = len(message).to_bytes(2) + message
        return super().octets(offset)


class FelicaCard(Card):
    """A FeliCa card: its IDm is all that is asked of it (JIS X 6319-4, Polling)."""

    halts = False

    def __init__(self, idm: str = "0102030405060708") -> None:
        super().__init__(idm)

    def sensf_res(self) -> bytes:
        """As in the answer of InListPassiveTarget (UM0701-02, section 7.3.5): length, response code, IDm, PMm."""
        return b"\x12\x01" + self.uid + bytes.fromhex("00F1000000014300")


def bank_card(uid: str = "5A1B2C3D") -> Type4Card:
    """A contactless payment card: its PPSE lists one application."""
    entry = bytes.fromhex("6123") + bytes(0x23)
    content = b"\x84\x0e" + PPSE + b"\xa5" + bytes([len(entry) + 3, 0xBF, 0x0C, len(entry)]) + entry
    return Type4Card(uid, {PPSE: b"\x6f" + bytes([len(content)]) + content})


def text_message(text: str, language: str = "en") -> bytes:
    """A short NDEF message of one text record (RTD Text, section 3.2)."""
    payload = bytes([len(language)]) + language.encode() + text.encode()
    return b"\xd1\x01" + bytes([len(payload)]) + b"T" + payload


def uri_message(prefix: int, rest: str) -> bytes:
    """A short NDEF message of one URI record (RTD URI, section 3.2)."""
    payload = bytes([prefix]) + rest.encode()
    return b"\xd1\x01" + bytes([len(payload)]) + b"U" + payload
