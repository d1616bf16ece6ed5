"""A Microchip MCP2221 on USB, played over /dev/uhid: the kernel's hid-mcp2221 makes a real I2C bus of it.

After the MCP2221A data sheet, DS20005565E, section 3.1 (status 3.1.1, I2C write 3.1.5 to 3.1.7, read 3.1.8 and 3.1.9, data of a
read 3.1.10), the kernel's include/uapi/linux/uhid.h, and which states drivers/hid/hid-mcp2221.c looks at. What stands on the
bus is asked outside.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Callable

CREATE, DESTROY, OUTPUT, INPUT = 11, 1, 6, 12
VENDOR, PRODUCT, BUS_USB = 0x04D8, 0x00DD, 3
REPORT_BYTES, LARGEST_PART = 64, 60
REPORTS = bytes.fromhex("0600ff0901a1010901150026ff007508954081020902150026ff00750895409102c0")
"""Vendor reports of 64 bytes in and out."""

STATUS, GET_DATA = 0x10, 0x40
WRITES, READS = (0x90, 0x92, 0x94), (0x91, 0x93)
SET_SPEED, NOBODY, READ_COMPLETE = 0x20, 0x25, 0x55
REFUSED, NOTHING = 0x01, 127
"""In the place of "done", and in the place of how many bytes were read."""

Exchange = Callable[[int, bytes, int], bytes | None]
"""Takes (address, bytes written, how many are read); what was read, or None where nobody is at the address."""


class I2cBridge:
    """The bridge, plugged in or not."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange, self._node = exchange, -1

    def plug(self) -> None:
        self._node = os.open("/dev/uhid", os.O_RDWR)
        names = (b"MCP2221 USB-I2C/UART Combo", b"lab/bridge", b"1")
        numbers = (len(REPORTS), BUS_USB, VENDOR, PRODUCT, 0x0100, 0)
        os.write(self._node, struct.pack("<I128s64s64sHHIIII4096s", CREATE, *names, *numbers, REPORTS))
        threading.Thread(target=self._serve, args=(self._node,), daemon=True).start()

    def unplug(self) -> None:
        os.write(self._node, struct.pack("<I", DESTROY))
        os.close(self._node)

    def _serve(self, node: int) -> None:
        """One thread for each time that it is plugged in."""
        chip = _Chip(self._exchange)
        try:
            while True:
                event = os.read(node, 4380)
                if struct.unpack_from("<I", event)[0] == OUTPUT:
                    (size,) = struct.unpack_from("<H", event, 4100)
                    answer = chip.answer(event[4 : 4 + size])
                    os.write(node, struct.pack("<IH4096s", INPUT, REPORT_BYTES, answer))
        except OSError:
            return


class _Chip:
    """The I2C engine."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._written, self._read, self._absent = b"", b"", False

    def answer(self, report: bytes) -> bytes:
        code = report[0]
        answer = bytearray(REPORT_BYTES)
        answer[0] = code
        if code in WRITES:
            total, address = report[1] | report[2] << 8, report[3] >> 1
            self._written += report[4 : 4 + min(LARGEST_PART, total - len(self._written))]
            if len(self._written) >= total:
                self._absent = self._exchange(address, self._written, 0) is None
                self._written = b""
        elif code in READS:
            found = self._exchange(report[3] >> 1, b"", report[1] | report[2] << 8)
            self._read = found or b""
            if found is None:
                answer[1], answer[2] = REFUSED, NOBODY
        elif code == GET_DATA:
            part, self._read = self._read[:LARGEST_PART], self._read[LARGEST_PART:]
            answer[2], answer[3] = READ_COMPLETE, len(part) or NOTHING
            answer[4 : 4 + len(part)] = part
        elif code == STATUS:
            if report[3] == SET_SPEED:
                answer[3] = SET_SPEED
            answer[8] = NOBODY if self._absent else 0
            self._absent = False
        return bytes(answer)
