"""A chip card in vpcd, the virtual reader of vsmartcard: a TCP client that plays the card.

vpcd: two bytes of length, most significant first, then an ATR or APDU; one byte alone is control (0 off, 1 on, 2 reset, 4 asks
for the ATR). The card: ISO/IEC 7816-4:2013, sections 5.1 (commands), 5.6 (status bytes), 7.4 (records by short identifier),
11.1.1 (SELECT), 11.4.3 (READ RECORD), 11.7.1 (GET RESPONSE). ATRs: ISO/IEC 7816-3:2006, section 8.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable

ATR_T0 = bytes.fromhex("3B6500002063CBA800")
"""T=0 only: no TD1, hence no check byte."""
ATR_T1 = bytes.fromhex("3B80810100")
"""T=1: TD1 says T=1 follows, TD2 ends it; the last byte is the exclusive or of all but the first."""
ATR_CONTACTLESS = bytes.fromhex("3B8F8001804F0CA0000003060300030000000068")
"""What a PC/SC reader makes up for an NTAG or Ultralight (PC/SC part 3, section 3.1.3.2.3.2)."""

FINE, NOT_FOUND, NO_RECORD, NO_INSTRUCTION, NO_CLASS = b"\x90\0", b"\x6a\x82", b"\x6a\x83", b"\x6d\0", b"\x6e\0"


class VirtualCard:
    """A card with applications: `{aid: {(sfi, record): bytes}}`.

    `fci` is what SELECT answers with data. `chained` cards give data only on GET RESPONSE (61xx), `exact` ones only at the
    exact length (6Cxx). `answer` (command -> raw answer, or None for the usual one) overrules. b"" is an
    answer of no bytes: vpcd has no message for it but hands one on where the card is pulled out in mid-answer, so that is done.
    """

    def __init__(
        self,
        applications: dict[bytes, dict[tuple[int, int], bytes]] | None = None,
        *,
        atr: bytes = ATR_T0,
        uid: bytes = b"",
        fci: bytes = b"",
        chained: bool = False,
        exact: bool = False,
        delay: float = 0.0,
        answer: Callable[[bytes], bytes | None] | None = None,
    ) -> None:
        self.applications, self.atr, self.uid, self.fci = applications or {}, atr, uid, fci
        self.chained, self.exact, self.delay, self.overrule = chained, exact, delay, answer
        self.selected: dict[tuple[int, int], bytes] = {}
        self.waiting = b""
        self.commands: list[bytes] = []

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
                        self.selected, self.waiting = {}, b""
                    continue
                self.commands.append(message)
                if self.delay:
                    time.sleep(self.delay)
                answer = self.apdu(message)
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
        if len(command) < 4:
            return b"\x67\x00"
        kind, instruction, p1, p2 = command[:4]
        if kind == 0xFF:  # not the card's, but a contactless reader's own (PC/SC part 3, section 3.2.2.1.3)
            return self.uid + FINE if command[:4] == b"\xff\xca\0\0" and self.uid else NO_CLASS
        if kind != 0x00:
            return NO_CLASS
        if instruction == 0xA4 and p1 == 0x04:
            return self._select(command)
        if instruction == 0xB2 and p2 & 0x07 == 0x04:
            return self._record(p2 >> 3, p1, command[4] if len(command) > 4 else 0)
        if instruction == 0xC0:
            data, self.waiting = self.waiting[: command[4] or 256], self.waiting[command[4] or 256 :]
            return data + self._more()
        return NO_INSTRUCTION

    def _select(self, command: bytes) -> bytes:
        application = self.applications.get(command[5 : 5 + command[4]])
        if application is None:
            return NOT_FOUND
        self.selected = application
        return self._data(self.fci)

    def _record(self, sfi: int, record: int, length: int) -> bytes:
        data = self.selected.get((sfi, record))
        if data is None:
            return NO_RECORD
        if self.exact and length != len(data):
            return bytes([0x6C, len(data) & 0xFF])
        return self._data(data)

    def _data(self, data: bytes) -> bytes:
        if not self.chained or not data:
            return data + FINE
        self.waiting = data
        return self._more()

    def _more(self) -> bytes:
        return bytes([0x61, min(len(self.waiting), 255)]) if self.waiting else FINE


def payment_card() -> VirtualCard:
    """A payment card: EMV Book 1, section 12.2; what lies in its records is nobody's business here."""
    return VirtualCard({b"1PAY.SYS.DDF01": {(1, 1): bytes(32)}, bytes.fromhex("A0000000031010"): {(1, 1): bytes(64)}})
