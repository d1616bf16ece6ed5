"""An SLE 4442 in an ACS reader, for vpcd: the reader's pseudo-commands and the card's memory.

Reader: ACS, ACR38x (CCID) Reference Manual 6.04, sections 9.3.6.1 to 9.3.6.8; with `protection_bits` as version 6.02 has it.
Card: SLE 4442 data sheet (Siemens, 07.94): 256 bytes, of which the first four are its answer to reset; 32 protection bits; a
counter of three wrong codes, after which it is never written again.
"""

from __future__ import annotations

from emulators.virtual_card import FINE, VirtualCard

ATR = bytes.fromhex("3B04A2131091")
FAILED = b"\x63\0"


class MemoryCard:
    """256 bytes, `content` from `offset` on; `card` is to be inserted. `presented` counts codes: it must stay 0."""

    def __init__(self, content: bytes, offset: int = 32, *, protection_bits: bool = False) -> None:
        self.memory = bytearray(b"\xff" * 256)
        self.memory[:4] = ATR[2:]
        self.memory[offset : offset + len(content)] = content
        self.protection_bits = protection_bits
        self.type_selected = False
        self.presented = 0
        self.card = VirtualCard(atr=ATR, answer=self.answer)

    def answer(self, command: bytes) -> bytes:
        """What the reader answers; the card itself knows no commands at all."""
        if command[:1] != b"\xff" or len(command) < 5:
            return FAILED
        match command[1]:
            case 0xA4 if command[2:5] == b"\0\0\x01" and len(command) == 6:
                self.type_selected = command[5] == 0x06
                return FINE if self.type_selected else FAILED
            case 0xB0 if self.type_selected and len(command) == 5 and command[3] + command[4] <= 256:
                data = bytes(self.memory[command[3] : command[3] + command[4]])
                return data + (b"\xf0\xff\xff\xff" if self.protection_bits else b"") + FINE
            case 0x20:
                self.presented += 1
                return b"\x90\x03"
        return FAILED
