"""Which of the machine's keyboards is the scanner, and which the number pad.

The kernel numbers its input devices as they come, so a device that was plugged out and in again has another node: it is
searched for each time it is opened, by what does not change.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from drivers.serial_scanners import serial_hint

INPUT_CLASS = Path("/sys/class/input")
"""The kernel's list of input devices (Linux `Documentation/ABI/stable/sysfs-class`); reading it needs no rights."""


class MatchError(ValueError):
    """The settings do not say by what to find a device."""


class DeviceNotFound(Exception):
    """No device that the settings describe is plugged in."""


class DeviceBusy(Exception):
    """Another program has the device to itself."""


class DeviceForbidden(Exception):
    """The daemon's user may not open the device."""


class DeviceUnplugged(Exception):
    """The device worked and is gone."""


class NotAKeyboard(Exception):
    """The device has no keys to type a number with."""


class By(Enum):
    """By what a device is found."""

    NAME = "name"
    PATH = "path"
    USB = "usb"
    LOOKS = "every"


@dataclass(frozen=True, slots=True)
class Match:
    """How to find one input device.

    >>> Match.parse("name:ACME Scanner")
    Match(by=<By.NAME: 'name'>, value='ACME Scanner')
    """

    by: By
    value: str
    """The name, spaces and case being of no importance; a path under /dev; four and four hexadecimal digits, "1234:abcd"; or
    nothing, for every device that looks like one."""

    @classmethod
    def parse(cls, text: str) -> Match:
        """Reads "name:ACME Scanner", "path:/dev/input/event5", "usb:1234:abcd" or "every"; raises MatchError."""
        if text.strip().lower() == By.LOOKS.value:
            return cls(By.LOOKS, "")
        kind, _, value = text.partition(":")
        kind, value = kind.strip().lower(), " ".join(value.split())
        if kind == "name" and value:
            return cls(By.NAME, value)
        if kind == "path" and value.startswith("/dev/"):
            return cls(By.PATH, value)
        if kind == "usb" and re.fullmatch("[0-9a-fA-F]{4}:[0-9a-fA-F]{4}", value):
            return cls(By.USB, value.lower())
        raise MatchError(
            f'"{text}" does not say which keyboard it is: write "name:" and the device\'s name, "usb:" and its vendor and '
            'product as in "usb:1234:abcd" (lsusb shows them), "path:" and a path under /dev, or "every"'
        )

    @property
    def every(self) -> bool:
        """Every device that looks like one is meant."""
        return self.by is By.LOOKS

    def __str__(self) -> str:
        return f"{self.by.value}:{self.value}" if self.value else self.by.value

    def fits(self, name: str, usb: str) -> bool:
        """Whether a device of this name and this "vendor:product" is meant."""
        if self.by is By.NAME:
            return " ".join(name.split()).casefold() == self.value.casefold()
        return self.by is By.USB and usb.lower() == self.value


class Looks(Enum):
    """What a device looks like by its keys."""

    SCANNER = "scanner"
    """It has the keys of a whole keyboard: a scanner, or a keyboard, or a pad that says more than it has."""
    PAD = "pad"
    OTHER = "other"


_LETTERS = frozenset({*range(16, 26), *range(30, 39), *range(44, 51)})
_MAIN_DIGITS, _PAD_DIGITS = frozenset(range(2, 12)), frozenset({71, 72, 73, 75, 76, 77, 79, 80, 81, 82})
_MAIN_ENTER, _PAD_ENTER = 28, 96

WIRED, RADIO = "0003", "0005"
"""BUS_USB and BUS_BLUETOOTH (`include/uapi/linux/input.h`): what is plugged in. Power buttons and such are on other buses."""


def looks_like(keys: Collection[int]) -> Looks:
    """What a device with these key codes is: by letters, digits and Enter."""
    have = frozenset(keys)
    if have >= _LETTERS | _MAIN_DIGITS | {_MAIN_ENTER}:
        return Looks.SCANNER
    digits = have >= _PAD_DIGITS or have >= _MAIN_DIGITS
    return Looks.PAD if digits and have & {_MAIN_ENTER, _PAD_ENTER} and not have & _LETTERS else Looks.OTHER


@dataclass(frozen=True, slots=True)
class InputNode:
    """One of the machine's input devices."""

    path: str
    name: str
    usb: str
    """Vendor and product, as in "1234:abcd"; also of Bluetooth devices."""
    plugged_in: bool
    """On USB or Bluetooth."""

    def is_meant(self, match: Match) -> bool:
        """Whether the match names this device, and not just every one like it."""
        if match.by is By.PATH:
            return Path(match.value).resolve() == Path(self.path)
        return match.fits(self.name, self.usb)


def nodes() -> list[InputNode]:
    """The machine's input devices, lowest number first."""
    found = []
    for folder in sorted(INPUT_CLASS.glob("event*"), key=lambda folder: int(folder.name.removeprefix("event"))):
        try:
            name = (folder / "device/name").read_text("utf-8", "replace").strip()
            bus, *usb = ((folder / "device/id" / part).read_text("ascii").strip() for part in ("bustype", "vendor", "product"))
        except OSError:  # unplugged while we looked
            continue
        found.append(InputNode(f"/dev/input/{folder.name}", name, ":".join(usb).lower(), bus in (WIRED, RADIO)))
    return found


def find(match: Match) -> list[str]:
    """Paths of the input devices that fit, lowest number first: a scanner often is several devices, of which one has keys.

    Raises:
        DeviceNotFound: there is none.
    """
    if match.by is By.PATH:
        if not Path(match.value).exists():
            raise DeviceNotFound(
                f"{match.value} is not there: plug the device in, or correct its match in terminal.toml{serial_hint()}"
            )
        return [match.value]
    seen = nodes()
    found = [node.path for node in seen if match.fits(node.name, node.usb)]
    if not found:
        there = ", ".join(sorted({f"{node.name} (usb:{node.usb})" for node in seen})) or "none at all"
        raise DeviceNotFound(
            f"no input device is {match}: plug it in, or correct its match in terminal.toml. There are: {there}{serial_hint()}"
        )
    return found


def candidates(known: Iterable[InputNode], named: Collection[Match]) -> list[InputNode]:
    """Those of the devices that may be scanners or pads: plugged in, and not named by other settings."""
    return [node for node in known if node.plugged_in and not any(node.is_meant(other) for other in named)]


def explain(error: OSError, path: str, match: Match) -> Exception:
    """What a refusal to open a device means: DeviceBusy, DeviceForbidden, or the error itself where there is no more to say."""
    if error.errno == errno.EBUSY:
        return DeviceBusy(f"{path} ({match}) is in use: stop the other program that reads it")
    if error.errno in (errno.EACCES, errno.EPERM):
        return DeviceForbidden(f"{path} ({match}) may not be opened: add the daemon's user to the group input")
    return error
