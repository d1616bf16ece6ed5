"""A USB reader of chip cards, for Debian's own libccid: a CCID device in FunctionFS (Documentation/usb/functionfs.rst).

After the USB CCID specification 1.10: descriptor 5.1, messages to the reader 6.1, from it 6.2, error and status 6.2.6. It
exchanges whole short APDUs; what the card answers is asked outside.
"""

from __future__ import annotations

import os
import struct
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from lab.inside.gadget import Gadget

POWER_ON, POWER_OFF, SLOT_STATUS, BLOCK = 0x62, 0x63, 0x65, 0x6F
GET_PARAMETERS, RESET_PARAMETERS, SET_PARAMETERS, ESCAPE = 0x6C, 0x6D, 0x61, 0x6B
DATA, STATUS, PARAMETERS, ESCAPED = 0x80, 0x81, 0x82, 0x83
ACTIVE, INACTIVE, ABSENT = 0, 1, 2
FAILED, MUTE = 0x40, 0xFE

T1 = bytes([0x11, 0x10, 0, 0x4D, 0, 0xFE, 0])
"""abProtocolDataStructure for T=1 with its defaults (6.2.3)."""

CLASS = struct.pack(
    "<BBHBBIIIBIIBIIIIIBBHBB",
    *(54, 0x21, 0x0110, 0, 7, 3, 4000, 4000, 0, 10752, 344105, 0, 254, 0, 0),
    0x000204BA,  # short APDUs; the reader does voltage, clock, speed and the card's parameters by itself
    *(271, 0xFF, 0xFF, 0, 0, 1),
)
FOLDER = Path("/run/lab-chip-reader")
HEADER = 10
NAME = b"lab\0"


class ChipReader:
    """The reader; `card` asks what the card answers to an APDU."""

    def __init__(self, vendor: int, product: int, maker: str, called: str, port: int, card: Callable[[bytes], bytes]) -> None:
        self._card, self._atr, self._powered = card, b"", False
        self._gadget = Gadget("chip", vendor, product, maker, called, "ffs.chip", port)
        self._gadget.complete()
        FOLDER.mkdir()
        subprocess.run(["mount", "-t", "functionfs", "chip", FOLDER], check=True)
        self._control = os.open(FOLDER / "ep0", os.O_RDWR)
        full, high = _descriptors(64), _descriptors(512)
        os.write(self._control, struct.pack("<5I", 3, 20 + len(full) + len(high), 3, 4, 4) + full + high)
        os.write(self._control, struct.pack("<4IH", 2, 18 + len(NAME), 1, 1, 0x0409) + NAME)
        threading.Thread(target=self._listen, daemon=True).start()
        self._out, self._in = os.open(FOLDER / "ep1", os.O_RDWR), os.open(FOLDER / "ep2", os.O_RDWR)
        threading.Thread(target=self._serve, daemon=True).start()

    def plug(self) -> None:
        self._gadget.plug()

    def unplug(self) -> None:
        self._gadget.unplug()

    def insert(self, atr: bytes) -> None:
        self._powered, self._atr = False, atr

    def remove(self) -> None:
        self._powered, self._atr = False, b""

    def _listen(self) -> None:
        """Events of the control endpoint; requests that the class would allow are refused by not answering with data."""
        while True:
            try:
                for at in range(0, len(events := os.read(self._control, 12 * 8)), 12):
                    if events[at + 8] == 4:  # SETUP: the opposite direction stalls it
                        self._stall(events[at] & 0x80)
            except OSError:
                continue

    def _stall(self, to_host: int) -> None:
        try:
            if to_host:
                os.read(self._control, 0)
            else:
                os.write(self._control, b"")
        except OSError:
            pass

    def _serve(self) -> None:
        while True:
            try:
                message = os.read(self._out, 512)
                if len(message) >= HEADER:
                    os.write(self._in, self._answer(message))
            except OSError:  # unplugged: the next read waits until it is plugged in
                continue

    def _answer(self, message: bytes) -> bytes:
        kind, slot, sequence = message[0], message[5], message[6]
        icc = ABSENT if not self._atr else ACTIVE if self._powered else INACTIVE
        if kind == POWER_ON and self._atr:
            self._powered = True
            return _message(DATA, slot, sequence, ACTIVE, data=self._atr)
        if kind == POWER_OFF:
            self._powered = False
            return _message(STATUS, slot, sequence, ABSENT if not self._atr else INACTIVE)
        if kind == BLOCK and icc == ACTIVE:
            return _message(DATA, slot, sequence, ACTIVE, data=self._card(message[HEADER:]))
        if kind in (POWER_ON, BLOCK):
            return _message(DATA, slot, sequence, icc | FAILED, error=MUTE)
        if kind in (GET_PARAMETERS, RESET_PARAMETERS, SET_PARAMETERS):
            return _message(PARAMETERS, slot, sequence, icc, last=1, data=T1)
        if kind == ESCAPE:
            return _message(ESCAPED, slot, sequence, icc | FAILED)
        return _message(STATUS, slot, sequence, icc)


def _message(kind: int, slot: int, sequence: int, status: int, *, error: int = 0, last: int = 0, data: bytes = b"") -> bytes:
    return struct.pack("<BI5B", kind, len(data), slot, sequence, status, error, last) + data


def _descriptors(packet: int) -> bytes:
    """An interface of class 0Bh with two bulk endpoints."""
    interface = struct.pack("<9B", 9, 4, 0, 0, 2, 0x0B, 0, 0, 1)
    ends = b"".join(struct.pack("<4BHB", 7, 5, address, 2, packet, 0) for address in (0x01, 0x82))
    return interface + CLASS + ends
