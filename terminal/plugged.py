"""Looks what is plugged into this machine. `plugged_toml` makes lines for `terminal.toml` of it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from display.controllers import ADDRESSES
from drivers.keyboard_search import INPUT_CLASS
from terminal.plugged_toml import PN532_ADDRESS, Input, Plugged, Serial

TTY_CLASS, DEV = Path("/sys/class/tty"), Path("/dev")
BOARD_PORTS = ("/dev/serial0", "/dev/ttyAMA0", "/dev/ttyS0")
"""The serial pins of the header; the first that is there counts."""

CHIP_INFO = 0x8044B401
"""GPIO_GET_CHIPINFO_IOCTL: 32 bytes of name, 32 of label, the number of lines (Linux `include/uapi/linux/gpio.h`)."""
CHIP_INFO_BYTES = 68

ONE_KEYS, LETTER_Q = (2, 79), 16
"""Key codes of 1, on the main field and on the keypad, and of Q (Linux `input-event-codes.h`)."""


def look() -> Plugged:
    """Everything that may be a device of the terminal. What may not be looked at is left out."""
    return Plugged(tuple(_inputs()), tuple(_serials()), _readers(), tuple(_i2c()), tuple(_gpiochips()))


def _inputs() -> Iterator[Input]:
    for folder in sorted(INPUT_CLASS.glob("event*"), key=lambda one: int(one.name.removeprefix("event"))):
        with contextlib.suppress(OSError):
            name = (folder / "device/name").read_text("utf-8", "replace").strip()
            usb = ":".join((folder / "device/id" / part).read_text("ascii").strip() for part in ("vendor", "product"))
            keys = _keys(folder / "device/capabilities/key")
            numbers = keys is None or any(keys >> key & 1 for key in ONE_KEYS)
            yield Input(name, usb, numbers, letters=keys is None or bool(keys >> LETTER_Q & 1))


def _keys(path: Path) -> int | None:
    """The bit map of a device's keys: words of the machine's length in hex, the highest first. None where it is not told."""
    try:
        words = path.read_text("ascii").split()
    except OSError:
        return None
    bits = struct.calcsize("P") * 8
    return sum(int(word, 16) << bits * place for place, word in enumerate(reversed(words)))


def _serials() -> Iterator[Serial]:
    for folder in sorted((*TTY_CLASS.glob("ttyUSB*"), *TTY_CLASS.glob("ttyACM*"))):
        parents = (folder / "device").resolve().parents
        usb = next((one for one in parents if (one / "idVendor").exists()), None)
        if usb is None:
            yield Serial(f"/dev/{folder.name}", "0000:0000")
            continue
        with contextlib.suppress(OSError):
            ids = ":".join((usb / part).read_text("ascii").strip() for part in ("idVendor", "idProduct"))
            product = (usb / "product").read_text("utf-8", "replace").strip() if (usb / "product").exists() else ""
            yield Serial(f"/dev/{folder.name}", ids, product)
    own = next((path for path in BOARD_PORTS if (DEV / path.removeprefix("/dev/")).exists()), None)
    if own is not None and Path("/proc/device-tree/model").exists():  # a PC has a ttyS0 that leads nowhere
        yield Serial(own)


def _readers() -> tuple[str, ...]:
    try:
        from smartcard import scard
    except ImportError:
        return ()
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    if code != scard.SCARD_S_SUCCESS:
        return ()
    try:
        return tuple(map(str, scard.SCardListReaders(context, [])[1]))
    finally:
        scard.SCardReleaseContext(context)


def _i2c() -> Iterator[tuple[int, int]]:
    """Only the addresses that matter are read: on a strange bus a read may do something."""
    try:
        from smbus2 import SMBus
    except ImportError:
        return
    for node in sorted(DEV.glob("i2c-*")):
        port = int(node.name.removeprefix("i2c-"))
        with contextlib.suppress(OSError), SMBus(port) as bus:
            for address in (*ADDRESSES, PN532_ADDRESS):
                with contextlib.suppress(OSError):
                    bus.read_byte(address)
                    yield port, address


def _gpiochips() -> Iterator[tuple[str, str]]:
    for node in sorted(DEV.glob("gpiochip*")):
        with contextlib.suppress(OSError):
            descriptor = os.open(node, os.O_RDWR | os.O_CLOEXEC)
            try:
                info = fcntl.ioctl(descriptor, CHIP_INFO, bytes(CHIP_INFO_BYTES))
            finally:
                os.close(descriptor)
            yield str(node), info[32:64].partition(b"\0")[0].decode("ascii", "replace")
