"""Scanners that were set to be a serial port (USB-COM, CDC-ACM): noticed, so that somebody can be told to set them right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

TTY_CLASS = Path("/sys/class/tty")
"""The kernel's list of terminals (Linux `Documentation/ABI/testing/sysfs-tty`); reading it needs no rights."""

SCANNER_MAKERS: Mapping[str, str] = MappingProxyType(
    {
        "0536": "Honeywell",
        "05e0": "Zebra",
        "05f9": "Datalogic",
        "065a": "Opticon",
        "080c": "Datalogic",
        "0a5f": "Zebra",
        "0c2e": "Honeywell",
        "1eab": "Newland",
        "27dd": "Mindeo",
    }
)
"""Who makes scanners, by USB vendor (usb.ids of the Linux USB project, 2025.07.26, under today's names of the makers)."""


@dataclass(frozen=True, slots=True)
class SerialPort:
    """A USB device that shows itself as a modem: /dev/ttyACM0 and so on."""

    path: str
    maker: str | None
    """Who made it, where that is a known maker of scanners."""


def serial_ports() -> list[SerialPort]:
    """The ports of this kind that are there."""
    found = []
    for folder in sorted(TTY_CLASS.glob("ttyACM*")):
        try:  # the tty's device is the USB interface; vendor and product are written on the device above it
            vendor = (folder / "device/../idVendor").read_text("ascii").strip().lower()
        except OSError:  # not on USB, or unplugged while we looked
            vendor = ""
        found.append(SerialPort(f"/dev/{folder.name}", SCANNER_MAKERS.get(vendor)))
    return found


def serial_hint() -> str:
    """For the end of an error's text, where a scanner is missing: that it may be in serial mode; empty if no port is there.

    It begins with a full stop: ". /dev/ttyACM0 is a device of Honeywell in serial mode: if it is the scanner, ...".
    """
    ports = serial_ports()
    known = [port for port in ports if port.maker]
    for port in known or ports:
        what = f"a device of {port.maker} in serial mode" if port.maker else "a serial port"
        return (
            f". {port.path} is {what}: if it is the scanner, set it to keyboard mode (USB HID keyboard) "
            "with the setup barcode in its manual"
        )
    return ""
