"""A PN532 on a serial port, found at whatever speed it talks and brought to the highest that its line carries.

nfcpy raises the speed blindly, and a line that does not carry it has no reader at all. Here each speed is tried with the chip's
own line test, the longest frame there and back, before it is kept. A Pi's mini UART (/dev/ttyS0) has room for eight bytes and
is not asked for more than 230,400 baud. Source: NXP UM0701-02 rev. 02, sections 6.2.1.3 (an ACK ends a command), 7.2.1
(Diagnose), 7.2.8 (SetSerialBaudRate) and 7.2.10 (SAMConfiguration); BCM2835 ARM Peripherals, section 2.2 (mini UART).
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable
from typing import Any

SLOWEST = 115_200
"""After a reset the chip talks at this speed."""

SPEEDS = (921_600, 460_800, 230_400)
"""Higher speeds that both the chip and a serial port have, the highest first."""

MINI_UART, MINI_UART_SPEEDS = "/dev/ttyS0", (230_400,)

ACK = bytes.fromhex("0000FF00FF00")
QUIET = bytes(16) + ACK
"""Dummy bytes that wake the chip, and the end of a search in which a killed program left it."""

SLOW_DOWN = QUIET + bytes.fromhex("0000FF03FDD410041800")
"""SetSerialBaudRate 115200."""

ACK_MS = 100
QUICK_MS, PATIENCE_MS = 100, 800
"""nfcpy gives the chip 100 ms to acknowledge, and as long to do what takes no time. One that is late, by a USB hub or a busy
machine, is not dead: to set it up anew is some 17 commands, each of which may be late again, and a tap would take seconds."""

FIRST_MS, FIRST_ON_A_PI_MS = 300, 1_500
"""So long the first answer is waited for. On a Pi the first bytes of a USB adapter may come a second late (nfcpy,
`clf/pn532.py`: measured with PL2303 and FT232R)."""

SETTLE_SECONDS = 0.001
"""A new speed holds from so long after the ACK on."""


class NoReader(OSError):
    """Nothing on the port answers as a PN532."""


def find_chip(path: str) -> Any:
    """nfcpy's device of the chip on this port, awake and at its speed. Raises `NoReader`."""
    # nfcpy writes UIDs and card memory into its debug and info logs.
    logging.getLogger("nfc").setLevel(logging.CRITICAL)
    try:
        return _open(path)
    except NoReader:
        slow_down(path)
        return _open(path)


def free(transport: Any) -> None:
    """Closes the port, also of a reader that is gone."""
    tty, transport.tty = transport.tty, None
    if tty is not None:
        with contextlib.suppress(Exception):
            tty.close()


def _open(path: str) -> Any:
    import nfc.clf.pn532
    import nfc.clf.transport

    transport = nfc.clf.transport.TTY(path)
    try:
        chipset = nfc.clf.pn532.Chipset(transport, logger=nfc.clf.pn532.log)
        chipset.read_frame = _patient(transport, FIRST_ON_A_PI_MS if on_usb_of_a_pi(path) else FIRST_MS)
        transport.write(QUIET)
        transport.write(QUIET)  # a chip that slept may have lost the first
        chipset.get_firmware_version()
        chipset.read_frame = _patient(transport, PATIENCE_MS)
        chipset.sam_configuration("normal")
        _speed_up(chipset, speeds(path))
        return nfc.clf.pn532.Device(chipset, logger=nfc.clf.pn532.log)
    except Exception as error:
        free(transport)
        raise NoReader(f"no PN532 answers on {path}: check its cable and that its switches are set to HSU (UART)") from error


def _patient(transport: Any, patience: int) -> Callable[[int], bytearray]:
    """nfcpy's way to read a frame, with so many milliseconds for what should be quick."""
    return lambda timeout: bytearray(transport.read(patience if timeout <= QUICK_MS else timeout))


def speeds(path: str) -> tuple[int, ...]:
    """The speeds to try on a port, the highest first.

    >>> speeds("/dev/ttyUSB0")
    (921600, 460800, 230400)
    """
    return MINI_UART_SPEEDS if os.path.realpath(path) == MINI_UART else SPEEDS


def on_usb_of_a_pi(path: str) -> bool:
    """Whether the port is a USB adapter on a Raspberry Pi, whose first bytes come late."""
    if not os.path.realpath(path).startswith("/dev/ttyUSB"):
        return False
    with contextlib.suppress(OSError), open("/proc/device-tree/model", "rb") as model:
        return model.read(12) == b"Raspberry Pi"
    return False


def _speed_up(chipset: Any, wanted: tuple[int, ...]) -> None:
    """Keeps the first of these speeds at which the line test comes back whole."""
    for speed in wanted:
        try:
            chipset.transport.baudrate = speed  # raises here where the port cannot do it, before the chip is asked
            chipset.transport.baudrate = SLOWEST
        except (OSError, ValueError):
            continue
        chipset.set_serial_baudrate(speed)
        chipset.transport.baudrate = speed
        with contextlib.suppress(Exception):  # garbage is whatever nfcpy makes of it
            if chipset.diagnose("line"):
                return
        _slowest_again(chipset.transport)


def slow_down(path: str) -> None:
    """Brings a chip back to 115200 baud that a killed program left at a higher speed.

    Without this the reader would be lost until somebody pulls its plug.
    """
    import nfc.clf.transport

    for speed in SPEEDS:
        transport = nfc.clf.transport.TTY(path)
        try:
            transport.baudrate = speed
            if _slowest_again(transport):
                return
        except (OSError, ValueError):  # the port cannot do this speed, or is gone
            continue
        finally:
            free(transport)


def _slowest_again(transport: Any) -> bool:
    """Brings the chip back from the port's speed, also where its answers are not readable; whether one was."""
    heard = False
    transport.write(SLOW_DOWN)
    with contextlib.suppress(Exception):  # silence, or what nfcpy makes of garbage
        heard = transport.read(ACK_MS) == ACK
        transport.read(ACK_MS)
    transport.write(ACK)
    transport.tty.flush()
    time.sleep(SETTLE_SECONDS)
    transport.baudrate = SLOWEST
    return heard
