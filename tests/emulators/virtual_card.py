"""A chip card in vpcd, the virtual reader of vsmartcard: a TCP client that plays the card.

vpcd: two bytes of length, most significant first, then an ATR or APDU; one byte alone is control (0 off, 1 on, 2 reset, 4 asks
for the ATR). The card: ISO/IEC 7816-4:2013, sections 5.1 (commands), 5.6 (status bytes), 7.4 (records by short identifier),
11.1.1 (SELECT), 11.3.3 (READ BINARY), 11.4.3 (READ RECORD), 11.7.1 (GET RESPONSE). ATRs: ISO/IEC 7816-3:2006, section 8; T=0:
sections 10.3 and 12.2.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping

ATR_T0 = bytes.fromhex("3B6500002063CBA800")
"""T=0 only: no TD1, hence no check byte."""
ATR_T1 = bytes.fromhex("3B80810100")
"""T=1: TD1 says T=1 follows, TD2 ends it; the last byte is the exclusive or of all but the first."""
ATR_CONTACTLESS = bytes.fromhex("3B8F8001804F0CA0000003060300030000000068")
"""What a PC/SC reader makes up for an NTAG or Ultralight (PC/SC part 3, section 3.1.3.2.3.2)."""

FINE, NOT_FOUND, NO_RECORD, NO_INSTRUCTION, NO_CLASS = b"\x90\0", b"\x6a\x82", b"\x6a\x83", b"\x6d\0", b"\x6e\0"
WRONG_LENGTH, NO_FILE_SELECTED, BEYOND_THE_FILE, WRONG_WAY = b"\x67\0", b"\x69\x86", b"\x6b\0", b"\x6a\x86"
FILE_ENDED = b"\x62\x82"

CHARACTER_SECONDS = 12 * 372 / 3_571_200
"""A character on the contacts at the speed of the reset: 12 units of 372 clock cycles at 3.57 MHz (section 10.2)."""

Files = dict[tuple[int, int] | bytes, bytes]
"""An application's records, by short identifier and number, and its transparent files, by their identifier of two bytes."""


class VirtualCard:
    """A card with applications: `{aid: {(sfi, record): bytes, b"\\xef\\x01": bytes}}`; b"" holds the files outside of all.

    `fci` is what SELECT answers with data. `chained` cards give data only on GET RESPONSE (61xx), `exact` ones only at the
    exact length (6Cxx); `t0` cards do both and refuse a command with both data and a length. `answer` (command -> raw answer,
    or None for the usual one) overrules. b"" is an answer of no bytes: vpcd has no message for it but hands one on where the
    card is pulled out in mid-answer, so that is done. `delay`: seconds before each answer. `line` takes the time of a card that
    never agreed on a higher speed.
    """

    def __init__(
        self,
        applications: Mapping[bytes, Mapping[tuple[int, int] | bytes, bytes]] | None = None,
        *,
        atr: bytes = ATR_T0,
        uid: bytes = b"",
        fci: bytes = b"",
        chained: bool = False,
        exact: bool = False,
        t0: bool = False,
        line: bool = False,
        delay: float = 0.0,
        answer: Callable[[bytes], bytes | None] | None = None,
    ) -> None:
        self.applications = {name: dict(files) for name, files in (applications or {}).items()}
        self.atr, self.uid, self.fci = atr, uid, fci
        self.chained, self.exact, self.t0, self.line = chained or t0, exact or t0, t0, line
        self.delay, self.overrule = delay, answer
        self.commands: list[bytes] = []
        self.powered_on: list[float] = []
        self.reset()

    def reset(self) -> None:
        self.selected: Files = self.applications.get(b"", {})
        self.file: bytes | None = None
        self.waiting = b""

    def insert(self, port: int) -> VirtualCard:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.thread = threading.Thread(target=self._serve, name="virtual card", daemon=True)
        self.thread.start()
        return self

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                message = self._receive(*struct.unpack(">H", self._receive(2)))
                if len(message) == 1:
                    if message == b"\x04":
                        self._send(self.atr)
                    else:
                        if message != b"\0":
                            self.powered_on.append(time.monotonic())
                        self.reset()
                    continue
                self.commands.append(message)
                if self.delay:
                    time.sleep(self.delay)
                answer = self.apdu(message)
                if self.line:  # the command, the card's procedure byte, the answer
                    time.sleep((len(message) + 1 + len(answer)) * CHARACTER_SECONDS)
                if not answer:
                    self.socket.shutdown(socket.SHUT_RDWR)
                    return
                self._send(answer)

    def _receive(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)  # or each APDU takes 50 ms
            part = self.socket.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return data

    def _send(self, data: bytes) -> None:
        self.socket.sendall(struct.pack(">H", len(data)) + data)

    def apdu(self, command: bytes) -> bytes:
        """The raw answer to one command."""
        if self.overrule is not None and (answer := self.overrule(command)) is not None:
            return answer
        if len(command) < 4 or (self.t0 and len(command) > 5 and len(command) != 5 + command[4]):
            return WRONG_LENGTH
        kind, instruction, p1, p2 = command[:4]
        if kind == 0xFF:  # not the card's, but a contactless reader's own (PC/SC part 3, section 3.2.2.1.3)
            return self.uid + FINE if command[:4] == b"\xff\xca\0\0" and self.uid else NO_CLASS
        if kind != 0x00:
            return NO_CLASS
        length = command[4] if len(command) > 4 else 0
        if instruction == 0xC0:
            data, self.waiting = self.waiting[: length or 256], self.waiting[length or 256 :]
            return data + self._more()
        self.waiting = b""
        if instruction == 0xA4:
            return self._select(p1, p2, command[5 : 5 + length])
        if instruction == 0xB2 and p2 & 0x07 == 0x04:
            return self._record(p2 >> 3, p1, length)
        if instruction == 0xB0 and p1 < 0x80:
            return self._binary(p1 << 8 | p2, length)
        return NO_INSTRUCTION

    def _select(self, p1: int, p2: int, name: bytes) -> bytes:
        if p1 == 0x04:
            if not name or name not in self.applications:
                return NOT_FOUND
            self.selected, self.file = self.applications[name], None
            return self._data(self.fci)
        if p1 != 0x00 or p2 not in (0x00, 0x0C):
            return WRONG_WAY
        if name == b"\x3f\0":
            self.selected, self.file = self.applications.get(b"", {}), None
        elif name in self.selected:
            self.file = name
        else:
            return NOT_FOUND
        return self._data(self.fci) if p2 == 0x00 else FINE

    def _record(self, sfi: int, record: int, length: int) -> bytes:
        data = self.selected.get((sfi, record))
        if data is None:
            return NO_RECORD
        if self.exact and length != len(data):
            return bytes([0x6C, len(data) & 0xFF])
        return self._data(data, chained=self.chained and not self.t0)

    def _binary(self, offset: int, length: int) -> bytes:
        if self.file is None:
            return NO_FILE_SELECTED
        data = self.selected[self.file]
        if offset >= len(data):
            return BEYOND_THE_FILE
        part = data[offset : offset + (length or 256)]
        if self.exact and (length or 256) > len(part):
            return bytes([0x6C, len(part) & 0xFF])
        if 0 < length > len(part):
            return part + FILE_ENDED
        return self._data(part, chained=self.chained and not self.t0)

    def _data(self, data: bytes, chained: bool | None = None) -> bytes:
        if not (self.chained if chained is None else chained) or not data:
            return data + FINE
        self.waiting = data
        return self._more()

    def _more(self) -> bytes:
        return bytes([0x61, min(len(self.waiting), 255)]) if self.waiting else FINE


def payment_card() -> VirtualCard:
    """A payment card: EMV Book 1, section 12.2; what lies in its records is nobody's business here."""
    return VirtualCard({b"1PAY.SYS.DDF01": {(1, 1): bytes(32)}, bytes.fromhex("A0000000031010"): {(1, 1): bytes(64)}})
