"""What the Raspberry Pi says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from display.screens import Hint
from terminal.board import Board, judge, look

PI_4, PI_5 = "Raspberry Pi 4 Model B Rev 1.5", "Raspberry Pi 5 Model B Rev 1.0"


@pytest.mark.parametrize(
    ("board", "port", "hints"),
    [
        (Board(cmdline="console=serial0,115200 console=tty1"), "/dev/serial0", (Hint.CONSOLE,)),
        (Board(cmdline="console=ttyS0"), "/dev/ttyUSB0", ()),
        (Board(cmdline="console=tty1"), "/dev/serial0", ()),
        (Board(model=PI_4), "/dev/ttyAMA0", (Hint.BLUETOOTH,)),
        (Board(model=PI_4, config="enable_uart=1\ndtoverlay=disable-bt\n"), "tty:AMA0:pn532", ()),
        (Board(model=PI_4, config="#dtoverlay=disable-bt\n"), "tty:AMA0:pn532", (Hint.BLUETOOTH,)),
        (Board(model=PI_5), "/dev/ttyAMA0", ()),
        (Board(weak=True), "/dev/ttyUSB0", (Hint.POWER,)),
    ],
)
def test_who_has_the_serial_port_and_how_strong_the_power_is(board: Board, port: str, hints: tuple[Hint, ...]) -> None:
    assert judge(board, [port]) == hints


def test_it_is_read_where_the_kernel_and_the_firmware_keep_it(tmp_path: Path) -> None:
    assert look(tmp_path) == Board()
    for path, text in {
        "proc/cmdline": "console=serial0,115200\n",
        "boot/firmware/config.txt": "enable_uart=1\n",
        "proc/device-tree/model": PI_4 + "\0",
        "sys/class/hwmon/hwmon1/name": "rpi_volt\n",
        "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert look(tmp_path) == Board("console=serial0,115200", "enable_uart=1", PI_4, weak=True)
    throttled = tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled"
    throttled.parent.mkdir(parents=True)
    throttled.write_text("50000\n")  # it was weak once, and is not now
    assert not look(tmp_path).weak
