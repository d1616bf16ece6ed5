"""The firmware of an emulated PN532: commands, cards and the field, without a serial port (UM0701-02, sections 7.1 to 7.3)."""

from __future__ import annotations

import time

from emulators.nfc_tags import Card, FelicaCard, crc_a

BAUD = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1288000)
RX_MODE = 0x6303
FIFO = 0x6339
CRC_ON = 0x80

TIMEOUT, CRC_ERROR, BAD_PARAMETER, WRONG_CONTEXT = b"\x01", b"\x02", b"\x10", b"\x27"

EMPTY_POLL, FOUND_POLL, EXCHANGE = 0.005, 0.008, 0.003
"""Seconds of radio: one round of polling without and with an answer, and one command to a card with 16 bytes back."""

RATS, BYTE = 0.004, 9 / 106_000
"""Seconds of radio: RATS and its answer, and each byte beyond sixteen (eight bits and a parity bit at 106 kbit/s)."""

FORGET = 0.005
"""A card forgets when the field is off for so long (ISO/IEC 14443-3, section 5.2)."""

FOR_EVER = 0xFF
AUTOMATIC_RATS = 0x10


class Chip:
    """The firmware, without its serial port: one command in, one answer out. `cards` is what lies in the field."""

    def __init__(self) -> None:
        self.cards: list[Card] = []
        self.reset()

    def reset(self) -> None:
        self.targets: list[Card] = []
        self.active: Card | None = None
        self.registers = {RX_MODE: CRC_ON}
        self.field = False
        self.dark_since = 0.0
        self.retries = FOR_EVER
        self.parameters = 0x14
        self.block = 0
        """The number of the next ISO 14443-4 block."""
        self.in_protocol = False
        self.asleep = False
        self.baud = 115200
        self.next_baud: int | None = None
        self.radio = 0.0
        """Seconds that the last command spent on the air."""

    def lying(self) -> list[Card]:
        return [card for card in self.cards if not card.gone]

    def command(self, code: int, data: bytes) -> bytes | None:
        """The answer's data; None where the manual asks for an error frame."""
        self.radio = 0.0
        name = COMMANDS.get(code)
        return None if name is None else getattr(self, name)(data)

    def diagnose(self, data: bytes) -> bytes | None:
        if data[:1] == b"\0":  # communication line test: the same comes back
            return data
        return b"\0" if data[:1] in (b"\1", b"\2") else None

    def firmware_version(self, data: bytes) -> bytes:
        return bytes.fromhex("32010607")

    def general_status(self, data: bytes) -> bytes:
        each = b"".join(bytes([number, 0, 0, 0x10]) for number, _ in enumerate(self.targets, 1))
        return bytes([0, self.field, len(self.targets)]) + each + b"\x80"

    def read_register(self, data: bytes) -> bytes | None:
        if not data or len(data) % 2:
            return None
        return bytes(self.registers.get(int.from_bytes(data[i : i + 2]), 0) for i in range(0, len(data), 2))

    def write_register(self, data: bytes) -> bytes | None:
        if not data or len(data) % 3:
            return None
        for i in range(0, len(data), 3):
            self.registers[int.from_bytes(data[i : i + 2])] = data[i + 2]
        return b""

    def set_baud(self, data: bytes) -> bytes | None:
        if len(data) != 1 or data[0] >= len(BAUD):
            return None
        self.next_baud = BAUD[data[0]]  # in force once the host has acknowledged this answer
        return b""

    def set_parameters(self, data: bytes) -> bytes | None:
        if len(data) != 1:
            return None
        self.parameters = data[0]
        return b""

    def configure(self, data: bytes) -> bytes | None:
        return b"" if data else None

    def power_down(self, data: bytes) -> bytes | None:
        if not data:
            return None
        self.field_off()
        self.asleep = True
        return b"\0"

    def rf_configuration(self, data: bytes) -> bytes | None:
        if not data or data[0] not in (1, 2, 4, 5, 0x0A, 0x0B, 0x0C, 0x0D):
            return None
        if data[0] == 0x05:
            if len(data) != 4:
                return None
            self.retries = data[3]
        if data[0] == 0x01 and not data[1] & 0x01:
            self.field_off()
        return b""

    def field_off(self) -> None:
        if self.field:
            self.dark_since = time.monotonic()
        self.field, self.targets, self.active, self.in_protocol = False, [], None, False

    def field_on(self) -> None:
        if not self.field and time.monotonic() - self.dark_since >= FORGET:
            for card in self.cards:
                card.halted = False
                card.field_off()
        self.field, self.in_protocol = True, False

    def answering(self, kind: int, wanted: bytes = b"") -> list[Card]:
        """The cards that would answer a request now."""
        found = [c for c in self.lying() if isinstance(c, FelicaCard) == (kind == 1) and not c.halted]
        return sorted((c for c in found if not wanted or c.uid == wanted), key=lambda c: c.uid, reverse=True)

    def list_targets(self, data: bytes) -> bytes | None:
        if len(data) < 2 or not 1 <= data[0] <= 2 or data[1] > 4 or (data[1] == 1 and len(data) != 7):
            return None
        self.field_on()
        self.targets, self.active = [], None
        if data[1] not in (0, 1):  # Type B and the like are not modelled
            self.radio = EMPTY_POLL
            return b"\0"
        found = self.answering(data[1], b"" if data[1] else self.plain_uid(data[2:]))
        self.targets = found[: data[0]]
        for card in self.targets:
            card.halted = card.halts
        # The search for a second target halts the first: only InDataExchange selects it again (section 7.3.8).
        self.active = self.targets[0] if self.targets and data[0] == 1 else None
        self.radio = FOUND_POLL * len(self.targets) + EMPTY_POLL * (len(self.targets) < data[0])
        self.registers[RX_MODE] = CRC_ON
        self.registers[FIFO] = 0 if found else 0x26
        return bytes([len(self.targets)]) + b"".join(
            bytes([number]) + self.target_data(card) for number, card in enumerate(self.targets, 1)
        )

    def target_data(self, card: Card) -> bytes:
        if isinstance(card, FelicaCard):
            return card.sensf_res()
        data = card.sens_res + bytes([card.sak, len(card.uid)]) + card.uid
        if self.parameters & AUTOMATIC_RATS and card.sak & 0x20:
            self.radio += RATS
            self.in_protocol, self.block = True, 0
            data += card.answer(bytes.fromhex("E050")) or b""
        return data

    @staticmethod
    def plain_uid(data: bytes) -> bytes:
        """The UID of InListPassiveTarget's initiator data: longer ones come with cascade tags (88)."""
        if len(data) > 8:
            return data[1:4] + data[5:]
        return data[1:] if len(data) == 8 else data

    def target(self, number: int) -> Card | None:
        return self.targets[number - 1] if 1 <= number <= len(self.targets) else None

    def exchange(self, data: bytes) -> bytes | None:
        if len(data) < 2:
            return None
        card = self.target(data[0] & 0x0F)
        if card is None:
            return WRONG_CONTEXT
        if card not in self.lying():
            return TIMEOUT
        if self.in_protocol:
            return self.exchange_block(card, data[1:])
        answer = card.answer(data[1:])
        self.on_air(answer)
        if answer is None:
            return TIMEOUT
        return CRC_ERROR if len(answer) == 1 else b"\0" + answer

    def exchange_block(self, card: Card, apdu: bytes) -> bytes:
        """One APDU in one I-block each way (ISO/IEC 14443-4, section 7.1)."""
        answer = card.answer(bytes([0x02 | self.block]) + apdu)
        self.on_air(answer)
        if answer is None or not answer:
            return TIMEOUT
        if answer[0] & 0xEF != 0x02 | self.block:
            return b"\x0b"
        self.block ^= 1
        return b"\0" + answer[1:]

    def on_air(self, answer: bytes | None) -> None:
        self.radio = EXCHANGE + BYTE * max(0, len(answer or b"") - 16)

    def communicate(self, data: bytes) -> bytes | None:
        if not data:
            return None
        answer = self.active.answer(data) if self.active and self.active in self.lying() else None
        self.on_air(answer)
        if answer is None:
            return TIMEOUT
        if self.registers[RX_MODE] & CRC_ON:
            return CRC_ERROR if len(answer) == 1 else b"\0" + answer
        return b"\0" + (answer if len(answer) == 1 else answer + crc_a(answer))

    def release(self, data: bytes) -> bytes | None:
        if len(data) != 1:
            return None
        if data[0] == 0:
            self.targets, self.active = [], None
            return b"\0"
        return b"\0" if self.target(data[0]) else WRONG_CONTEXT


COMMANDS = {
    0x00: "diagnose",
    0x02: "firmware_version",
    0x04: "general_status",
    0x06: "read_register",
    0x08: "write_register",
    0x10: "set_baud",
    0x12: "set_parameters",
    0x14: "configure",
    0x16: "power_down",
    0x32: "rf_configuration",
    0x40: "exchange",
    0x42: "communicate",
    0x44: "release",
    0x4A: "list_targets",
    0x52: "release",
    0x54: "release",
}
