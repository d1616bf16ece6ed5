"""An NXP PN532 behind a serial port, on a pty. After the PN532 User Manual, UM0701-02 rev. 02 (firmware 1.6).

Frames: section 6.2.1 (normal 6.2.1.1, extended 6.2.1.2, ACK 6.2.1.3, NACK 6.2.1.4, error frame 6.2.1.5). Commands: section 7
(Diagnose 7.2.1, GetFirmwareVersion 7.2.2, GetGeneralStatus 7.2.3, Read- and WriteRegister 7.2.4 and 7.2.5, SetSerialBaudRate
7.2.8, SetParameters 7.2.9, SAMConfiguration 7.2.10, PowerDown 7.2.11, RFConfiguration 7.3.1, InListPassiveTarget 7.3.5,
InDataExchange 7.3.8, InCommunicateThru 7.3.9, InDeselect 7.3.10, InRelease 7.3.11, InSelect 7.3.12). Status bytes: 7.1.

Modelled beyond the frames: the baud rate (a host at another rate is not understood), sleep (PowerDown needs dummy bytes to
wake it), the field (cards forget when it is off for 5 ms; one that was listed is not found again before), the endless search
and its end by an ACK (7.3.1 item 5, 6.2.1.3), RATS by the chip (7.2.9) with ISO 14443-4 blocks behind InDataExchange, FeliCa
polling, two targets at most, and, if asked for, the time that bytes and radio take. Not modelled: waiting time extension and
chained blocks.
"""

from __future__ import annotations

import os
import pty
import select
import termios
import threading
import time
import tty
from collections.abc import Sequence
from pathlib import Path

from emulators.nfc_tags import Card
from emulators.pn532_chip import BAUD, EMPTY_POLL, FOR_EVER, Chip

ACK = bytes.fromhex("0000FF00FF00")
NACK = bytes.fromhex("0000FFFF0000")
ERROR = bytes.fromhex("0000FF017F8100")
"""The application level error frame of section 6.2.1.5."""

SPEEDS = {getattr(termios, f"B{rate}"): rate for rate in BAUD if hasattr(termios, f"B{rate}")}


def frame(body: bytes) -> bytes:
    """A normal information frame, or an extended one above 255 bytes."""
    if len(body) < 256:
        head = bytes([len(body), -len(body) & 0xFF])
    else:
        size = len(body).to_bytes(2)
        head = b"\xff\xff" + size + bytes([-sum(size) & 0xFF])
    return b"\0\0\xff" + head + body + bytes([-sum(body) & 0xFF, 0])


class Pn532:
    """The chip on a serial port. `plug()` makes a pty and points `link` at it; `unplug()` hangs it up.

    `mute` stops all answers; `garbage` replaces each answer; `real_time` makes bytes and radio take their time.
    """

    def __init__(self, link: Path | str, *, real_time: bool = False) -> None:
        self.link, self.real_time = Path(link), real_time
        self.chip = Chip()
        self.news: int | None = None
        self.mute = False
        self.garbage: bytes | None = None
        self.carries = max(BAUD)
        """Beyond this speed the host's end of the line misses every eighth byte (a small buffer, a bad cable)."""
        self.drop_acks = 0
        """So many ACKs are still to be lost."""
        self.log: list[int] = []
        """The command codes that were understood."""

    @property
    def cards(self) -> Sequence[Card]:
        return self.chip.cards

    def show(self, *cards: Card) -> None:
        """Lays just these cards on the reader; none takes all away."""
        self.chip.cards = list(cards)
        if self.news is not None:
            os.write(self.news, b"!")

    def plug(self) -> None:
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.chip.reset()
        self.buffer, self.last = b"", b""
        self.link.symlink_to(os.ttyname(self.slave))
        self.stop, self.ended = os.pipe()
        self.changed, self.news = os.pipe()
        self.thread = threading.Thread(target=self._serve, name="pn532", daemon=True)
        self.thread.start()

    def unplug(self) -> None:
        self.link.unlink()
        os.close(self.ended)
        self.thread.join()
        assert self.news is not None
        for descriptor in (self.master, self.slave, self.stop, self.changed, self.news):
            os.close(descriptor)
        self.news = None

    def _serve(self) -> None:
        while True:
            ready = select.select([self.master, self.stop], [], [])[0]
            if self.stop in ready:
                return
            data = os.read(self.master, 4096)
            if self._understood(data):
                self.buffer += data
                self._take_frames()

    def _understood(self, data: bytes) -> bool:
        speed = SPEEDS.get(termios.tcgetattr(self.slave)[5])
        if speed == self.chip.next_baud:
            # A pty does not say at which speed bytes were sent: a host that has changed over has sent its ACK before.
            self._acknowledged()
        if speed != self.chip.baud:
            return False
        if self.chip.asleep:
            if not data.startswith((b"\0" * 4, b"\x55" * 4)):  # section 3.1: dummy bytes wake it, and are lost
                return False
            self.chip.asleep = False
        return True

    def _take_frames(self) -> None:
        while (start := self.buffer.find(b"\0\xff")) >= 0:
            rest = self.buffer[start + 2 :]
            if len(rest) < 2:
                return
            if rest[:2] in (b"\x00\xff", b"\xff\x00"):
                self.buffer = rest[2:]
                self._acknowledged() if rest[0] == 0 else self._write(self.last)
                continue
            extended = rest[:2] == b"\xff\xff"
            if extended and len(rest) < 5:
                return
            size, head = (int.from_bytes(rest[2:4]), 5) if extended else (rest[0], 2)
            length = rest[2:5] if extended else rest[:2]
            if sum(length) & 0xFF:  # a wrong length checksum: search on for the next start of a frame
                self.buffer = rest
                continue
            if len(rest) < head + size + 1:
                return
            body, check = rest[head : head + size], rest[head + size]
            self.buffer = rest[head + size + 1 :]
            if not (sum(body) + check) & 0xFF:
                self._answer(body)

    def _acknowledged(self) -> None:
        if self.chip.next_baud is not None:
            self.chip.baud, self.chip.next_baud = self.chip.next_baud, None

    def _answer(self, body: bytes) -> None:
        if self.mute:
            return
        if self.drop_acks:
            self.drop_acks -= 1
            return
        self._write(ACK)
        if len(body) < 2 or body[0] != 0xD4:
            self._write(ERROR)
            return
        self.log.append(body[1])
        if body[1] == 0x4A and len(body) > 3 and self.chip.retries == FOR_EVER and not self._found(body[3]):
            return
        data = self.chip.command(body[1], body[2:])
        self.last = ERROR if data is None else frame(bytes([0xD5, body[1] + 1]) + data)
        if self.real_time:
            time.sleep(self.chip.radio + (len(body) + 8) * 10 / self.chip.baud)
        if select.select([self.master], [], [], 0)[0]:
            return  # the host has ended this command (section 6.2.1.3)
        self._write(self.last if self.garbage is None else self.garbage)

    def _found(self, kind: int) -> bool:
        """Searches until a card answers; False where the host, or the end of the test, comes first."""
        self.chip.field_on()
        begun = time.monotonic()
        while not self.chip.answering(kind):
            ready = select.select([self.master, self.changed, self.stop], [], [])[0]
            if self.changed in ready:
                os.read(self.changed, 64)
            if self.master in ready or self.stop in ready:
                return False
        if self.real_time:  # a card that came in the middle of a round answers the next one
            time.sleep(EMPTY_POLL - (time.monotonic() - begun) % EMPTY_POLL)
        return True

    def _write(self, data: bytes) -> None:
        if self.real_time:
            time.sleep(len(data) * 10 / self.chip.baud)
        if self.chip.baud > self.carries:
            data = bytes(byte for place, byte in enumerate(data, 1) if place % 8)
        os.write(self.master, data)
