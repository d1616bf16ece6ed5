"""What is wrong with the Raspberry Pi itself, as far as it says so: the serial port in other hands, weak power.

Sources: Raspberry Pi documentation, "Configure UARTs", "config.txt" and `vcgencmd get_throttled`; Linux
`drivers/hwmon/raspberrypi-hwmon.c` (`rpi_volt`, in0_lcrit_alarm).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from display.screens import Hint

SERIAL_CONSOLE = re.compile(r"(?:^|\s)console=(?:serial0|ttyS0|ttyAMA0)\b")
BLUETOOTH_MOVED = re.compile(r"^\s*dtoverlay=(?:pi3-)?(?:disable-bt|miniuart-bt)\b", re.MULTILINE)
UNDER_VOLTAGE = 0x1
"""A bit of get_throttled: now."""

ADVICE = {
    Hint.CONSOLE: "the login console uses the serial port: raspi-config, Interface, Serial: login shell no, hardware yes",
    Hint.BLUETOOTH: "ttyAMA0 is Bluetooth's on this Pi: use /dev/serial0, or add dtoverlay=disable-bt to config.txt",
    Hint.POWER: "the power supply is too weak (under-voltage): take the official one, and a short cable",
}
"""What to do, in words for the doctor."""


@dataclass(frozen=True, slots=True)
class Board:
    """What was read; an empty text is what could not be."""

    cmdline: str = ""
    config: str = ""
    model: str = ""
    weak: bool = False


def look(root: Path = Path("/")) -> Board:
    """Reads what there is; on another machine that is little."""
    return Board(
        cmdline=_text(root / "proc/cmdline"),
        config=_text(root / "boot/firmware/config.txt") or _text(root / "boot/config.txt"),
        model=_text(root / "proc/device-tree/model"),
        weak=_weak(root),
    )


def judge(board: Board, ports: Sequence[str]) -> tuple[Hint, ...]:
    """What is wrong; `ports` are the serial ports that the settings name for NFC readers.

    >>> judge(Board(cmdline="console=serial0,115200 root=/dev/sda"), ["/dev/serial0"])
    (<Hint.CONSOLE: 'console'>,)
    """
    own = [port for port in ports if "USB" not in port]
    first = re.search(r"Raspberry Pi (?:3|4|Zero (?:2 )?W|Compute Module [34])", board.model)
    bluetooth = first and any("AMA0" in port for port in own) and not BLUETOOTH_MOVED.search(board.config)
    found = {
        Hint.CONSOLE: bool(own) and SERIAL_CONSOLE.search(board.cmdline) is not None,
        Hint.BLUETOOTH: bool(bluetooth),
        Hint.POWER: board.weak,
    }
    return tuple(hint for hint, there in found.items() if there)


def celsius(root: Path = Path("/")) -> int | None:
    """The processor's temperature (Linux `Documentation/driver-api/thermal/sysfs-api.rst`); None where nothing measures it."""
    zones = (_text(zone / "temp") for zone in sorted(root.glob("sys/class/thermal/thermal_zone*")))
    return next((int(milli) // 1000 for milli in zones if re.fullmatch("-?[0-9]+", milli)), None)


def tells_of_power(root: Path = Path("/")) -> bool:
    """Whether this machine says when its power supply is too weak: a Raspberry Pi does."""
    return (root / "sys/devices/platform/soc/soc:firmware/get_throttled").exists() or any(
        _text(one / "name") == "rpi_volt" for one in root.glob("sys/class/hwmon/*")
    )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip("\0\n")
    except OSError:
        return ""


def _weak(root: Path) -> bool:
    throttled = _text(root / "sys/devices/platform/soc/soc:firmware/get_throttled")
    if re.fullmatch("(?:0x)?[0-9a-fA-F]+", throttled):
        return bool(int(throttled, 16) & UNDER_VOLTAGE)
    alarms = (_text(one / "in0_lcrit_alarm") for one in root.glob("sys/class/hwmon/*") if _text(one / "name") == "rpi_volt")
    return "1" in alarms
