"""Which of the machine's keyboards is the scanner, and which the number pad.

The kernel numbers its input devices as they come, so a device that was plugged out and in again has another node: it is
searched for each time it is opened, by what does not change.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

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


@dataclass(frozen=True, slots=True)
class Match:
    """How to find one input device.

    >>> Match.parse("name:ACME Scanner")
    Match(by=<By.NAME: 'name'>, value='ACME Scanner')
    """

    by: By
    value: str
    """The name, spaces and case being of no importance; a path under /dev; or four and four hexadecimal digits, "1234:abcd"."""

    @classmethod
    def parse(cls, text: str) -> Match:
        """Reads "name:ACME Scanner", "path:/dev/input/event5" or "usb:1234:abcd"; raises MatchError."""
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
            'product as in "usb:1234:abcd" (lsusb shows them), or "path:" and a path under /dev'
        )

    def __str__(self) -> str:
        return f"{self.by.value}:{self.value}"

    def fits(self, name: str, usb: str) -> bool:
        """Whether a device of this name and this "vendor:product" is meant."""
        if self.by is By.NAME:
            return " ".join(name.split()).casefold() == self.value.casefold()
        return self.by is By.USB and usb.lower() == self.value


def find(match: Match) -> list[str]:
    """Paths of the input devices that fit, lowest number first: a scanner often is several devices, of which one has keys.

    Raises:
        DeviceNotFound: there is none.
    """
    if match.by is By.PATH:
        if not Path(match.value).exists():
            raise DeviceNotFound(f"{match.value} is not there: plug the device in, or correct its match in terminal.toml")
        return [match.value]
    found, seen = [], set()
    for folder in sorted(INPUT_CLASS.glob("event*"), key=lambda folder: int(folder.name.removeprefix("event"))):
        try:
            name = (folder / "device/name").read_text("utf-8", "replace").strip()
            usb = ":".join((folder / "device/id" / part).read_text("ascii").strip() for part in ("vendor", "product"))
        except OSError:  # unplugged while we looked
            continue
        seen.add(f"{name} (usb:{usb})")
        if match.fits(name, usb):
            found.append(f"/dev/input/{folder.name}")
    if not found:
        raise DeviceNotFound(
            f"no input device is {match}: plug it in, or correct its match in terminal.toml. "
            f"There are: {', '.join(sorted(seen)) or 'none at all'}"
        )
    return found


def explain(error: OSError, path: str, match: Match) -> Exception:
    """What a refusal to open a device means: DeviceBusy, DeviceForbidden, or the error itself where there is no more to say."""
    if error.errno == errno.EBUSY:
        return DeviceBusy(f"{path} ({match}) is in use: stop the other program that reads it")
    if error.errno in (errno.EACCES, errno.EPERM):
        return DeviceForbidden(f"{path} ({match}) may not be opened: add the daemon's user to the group input")
    return error
