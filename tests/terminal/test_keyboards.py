"""From `terminal.toml` to scanners and pads, and the layouts that scanners taught in the state folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from drivers.calibration import Taught
from drivers.every_keyboard import EveryKeyboard
from drivers.keyboard import NumberPad, Scanner
from drivers.keyboard_layouts import CZ, SK
from drivers.keyboard_search import DeviceNotFound
from loyalty.rfid import FobReader, Writing
from terminal.devices import equip
from terminal.lessons import LESSONS_FILE, KeptLessons
from terminal.settings import read

SETTINGS = """
[cloud]
url = "http://127.0.0.1:1"
[terminal]
state = "{state}"
[[scanner]]
name = "till"
match = "name:No Such Scanner"
layout = "cz"
prefix = "#"
[[scanner]]
name = "fobs"
match = "usb:ffff:0001"
reads = "fob"
fob = "hex"
reversed = true
[[scanner]]
name = "all"
match = "every"
[[pad]]
name = "pad"
match = "name:No Such Pad"
[[pad]]
name = "pads"
match = "every"
"""


def test_each_table_becomes_its_device(tmp_path: Path) -> None:
    equipment = equip(read(SETTINGS.format(state=tmp_path)), lambda: 0, lambda: 0)
    kinds = {device.name: type(device) for device in equipment.devices}
    assert kinds == {"till": Scanner, "fobs": Scanner, "all": EveryKeyboard, "pad": NumberPad, "pads": EveryKeyboard}
    assert equipment.fobs == {"fobs": FobReader(Writing.HEX, reversed=True)}


@pytest.mark.parametrize("name", ["till", "pads"])
def test_a_device_that_is_not_there_says_what_to_do(tmp_path: Path, name: str) -> None:
    device = next(d for d in equip(read(SETTINGS.format(state=tmp_path)), lambda: 0, lambda: 0).devices if d.name == name)

    async def open_it() -> None:
        try:
            await device.open()
        finally:
            await device.close()

    with pytest.raises(DeviceNotFound, match=r"terminal\.toml"):
        asyncio.run(open_it())


def test_what_a_scanner_taught_is_there_after_a_restart(tmp_path: Path) -> None:
    lessons = KeptLessons(tmp_path)
    assert lessons.recall("0c2e:0b61") is None
    lessons.remember("0c2e:0b61", Taught(CZ, capitals=False))
    lessons.remember("05e0:1200", Taught(SK, capitals=True))
    again = KeptLessons(tmp_path)
    assert again.recall("0c2e:0b61") == Taught(CZ, capitals=False)
    assert again.recall("05e0:1200") == Taught(SK, capitals=True)
    assert again.recall("ffff:ffff") is None


@pytest.mark.parametrize("content", ["", "{", '{"0c2e:0b61": 1}', '{"0c2e:0b61": {"layout": "xx"}}', "\x00"])
def test_a_damaged_file_costs_a_scan_of_the_code_and_no_more(tmp_path: Path, content: str) -> None:
    (tmp_path / LESSONS_FILE).write_text(content)
    lessons = KeptLessons(tmp_path)
    assert lessons.recall("0c2e:0b61") is None
    lessons.remember("0c2e:0b61", Taught(CZ, capitals=False))
    assert KeptLessons(tmp_path).recall("0c2e:0b61") == Taught(CZ, capitals=False)


def test_a_folder_that_cannot_be_written_stops_no_scanner(tmp_path: Path) -> None:
    lessons = KeptLessons(tmp_path / "not there")
    lessons.remember("0c2e:0b61", Taught(CZ, capitals=False))
    assert lessons.recall("0c2e:0b61") == Taught(CZ, capitals=False)
