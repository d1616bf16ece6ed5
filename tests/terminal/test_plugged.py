"""Where the kernel tells what is plugged in."""

from __future__ import annotations

from pathlib import Path

import pytest

from terminal import plugged
from terminal.plugged_toml import Serial


def test_a_serial_adapter_is_told_with_what_its_usb_device_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux Documentation/ABI/testing/sysfs-bus-usb: idVendor, idProduct and product, folders above the port."""
    monkeypatch.setattr(plugged, "TTY_CLASS", tmp_path / "class")
    monkeypatch.setattr(plugged, "DEV", tmp_path / "dev")
    device = tmp_path / "devices/usb1/1-1"
    port = device / "1-1:1.0/ttyUSB0"
    port.mkdir(parents=True)
    for name, text in {"idVendor": "10c4", "idProduct": "ea60", "product": "CP2102 USB to UART"}.items():
        (device / name).write_text(text + "\n")
    for folder, target in (("ttyUSB0", port), ("ttyACM0", tmp_path)):
        (tmp_path / "class" / folder).mkdir(parents=True)
        (tmp_path / "class" / folder / "device").symlink_to(target)
    assert list(plugged._serials()) == [
        Serial("/dev/ttyACM0", "0000:0000"),
        Serial("/dev/ttyUSB0", "10c4:ea60", "CP2102 USB to UART"),
    ]


def test_the_keys_of_a_device_are_words_with_the_highest_first(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("2 8000000000000001\n")
    assert plugged._keys(tmp_path / "key") == 1 << 65 | 1 << 63 | 1
    assert plugged._keys(tmp_path / "none") is None
