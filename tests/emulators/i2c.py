"""An I2C bus as the kernel shows it on a Raspberry Pi: /dev/i2c-N with plain I2C and emulated SMBus transfers.

Written after linux/i2c-dev.h, linux/i2c.h and the kernel's Documentation/i2c/dev-interface.rst, smbus-protocol.rst (which
bytes each SMBus transfer puts on the wire) and fault-codes.rst: nobody at the address is ENXIO by the book, and
EREMOTEIO on the Raspberry Pi's i2c-bcm2835, whose driver answers so in bcm2835_i2c_xfer().
"""

from __future__ import annotations

import errno
import struct
import threading
import time
from typing import NamedTuple, Protocol

SLAVE, TENBIT, FUNCS, SLAVE_FORCE, RDWR, SMBUS = 0x03, 0x04, 0x05, 0x06, 0x07, 0x20
"""The low bytes of the requests I2C_*; the high byte is 0x07."""

FUNCTIONS = 0x0EFF0009
"""I2C_FUNC_I2C, PEC and the emulated SMBus transfers, as i2c-bcm2835 reports."""

QUICK, BYTE, BYTE_DATA, WORD_DATA, I2C_BLOCK = 0, 1, 2, 3, 8
"""I2C_SMBUS_*: the kinds of transfer."""

BLOCK_MAX = 32
BITS_PER_BYTE = 9
"""Eight and the acknowledgement."""


class Chip(Protocol):
    """What answers at an address."""

    def write(self, message: bytes) -> None:
        """The bytes of one transfer, without the address."""

    def read(self, count: int) -> bytes:
        """So many bytes."""


class Transfer(NamedTuple):
    """One transfer on the bus: when it ended (monotonic seconds), what was written, how much was read, its error."""

    at: float
    address: int
    data: bytes
    count: int
    error: int | None


class Opened:
    """The state of one descriptor."""

    def __init__(self) -> None:
        self.address: int | None = None


class I2cBus:
    """Chips by address. `fault` makes every transfer fail with that errno; `hertz` makes each take the time it would."""

    def __init__(self, absent: int = errno.EREMOTEIO, hertz: int | None = None) -> None:
        self.chips: dict[int, Chip] = {}
        self.absent = absent
        self.hertz = hertz
        self.fault: int | None = None
        self.log: list[Transfer] = []
        self.lock = threading.Lock()

    def transfer(self, address: int, data: bytes = b"", count: int = 0) -> bytes:
        """Start, address, bytes, stop."""
        with self.lock:  # a bus carries one transfer at a time
            error = self.fault or (None if address in self.chips else self.absent)
            if self.hertz:
                time.sleep(((1 + len(data) + count) * BITS_PER_BYTE + 2) / self.hertz)
            answer = b""
            if error is None and count:
                answer = self.chips[address].read(count)
            elif error is None:
                self.chips[address].write(data)
            self.log.append(Transfer(time.monotonic(), address, data, count, error))
            if error is not None:
                raise OSError(error, "I2C")
            return answer

    # ---- the kernel ----

    def open(self) -> Opened:
        return Opened()

    def opened(self, state: object, channel: object) -> None:
        pass

    def released(self, state: object, channel: object) -> None:
        pass

    def ioctl(self, state: Opened, request: int, payload: bytes) -> tuple[bytes, None]:
        kind = request & 0xFF
        if kind == FUNCS:
            return struct.pack("<Q", FUNCTIONS), None
        if kind in (SLAVE, SLAVE_FORCE):
            (address,) = struct.unpack("<I", payload)
            if address > 0x7F:
                raise OSError(errno.EINVAL, "not an address of 7 bits")
            state.address = address
            return b"", None
        if kind == RDWR:
            return self._rdwr(payload), None
        if kind == SMBUS:
            return self._smbus(state.address, payload), None
        if kind in (0x01, 0x02, 0x08) or (kind == TENBIT and not any(payload)):  # retries, timeout, PEC; 7 bits asked for
            return b"", None
        raise OSError(errno.ENOTTY if kind != TENBIT else errno.EINVAL, "unknown request")

    def _rdwr(self, payload: bytes) -> bytes:
        """Messages as board.c lays them out: address, flags and size, then the bytes of a write."""
        answer = b""
        while payload:
            address, flags, size = struct.unpack_from("<3H", payload)
            payload = payload[6:]
            if flags & 1:
                answer += self.transfer(address, count=size)
            else:
                self.transfer(address, payload[:size])
                payload = payload[size:]
        return answer

    def _smbus(self, address: int | None, payload: bytes) -> bytes:
        if address is None:
            raise OSError(errno.ENXIO, "no address was set")
        read, command, size = payload[:3]
        data = payload[3:]
        if size not in (QUICK, BYTE, BYTE_DATA, WORD_DATA, I2C_BLOCK):
            raise OSError(errno.EOPNOTSUPP, "a transfer that this model does not know")
        if size == I2C_BLOCK and not 1 <= data[0] <= BLOCK_MAX:
            raise OSError(errno.EINVAL, "a block of more than 32 bytes")
        if not read:
            message = {
                QUICK: b"",
                BYTE: bytes([command]),
                BYTE_DATA: bytes([command, *data[:1]]),
                WORD_DATA: bytes([command, *data[:2]]),
                I2C_BLOCK: bytes([command, *data[1 : 1 + (data[0] if data else 0)]]),
            }[size]
            self.transfer(address, message)
            return b""
        count = {QUICK: 0, BYTE: 1, BYTE_DATA: 1, WORD_DATA: 2, I2C_BLOCK: data[0] if data else 0}[size]
        if size not in (QUICK, BYTE):
            self.transfer(address, bytes([command]))
        got = self.transfer(address, count=count)
        return (bytes([count]) + got if size == I2C_BLOCK else got).ljust(34, b"\0")
