"""What an installer has at hand: the list of what is plugged in, the doctor that watches, and the test on the panel."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from display.screens import DeviceTest, DeviceTestDone, Hint, MenuItem, Task
from display.screens import Menu as MenuScreen
from emulators.nfc_tags import Type2Tag
from emulators.virtual_card import ATR_T0
from shop import Shop, command, environment, until
from terminal.settings import read

pytestmark = pytest.mark.xdist_group("end_to_end")

JANA = "2100000000012"


def surroundings(shop: Shop) -> dict[str, str]:
    return environment(BODKA_SETTINGS=str(shop.settings), PYTHONUNBUFFERED="1", **shop.hardware.environment())


@contextmanager
def watching(shop: Shop, told: Path) -> Iterator[subprocess.Popen[bytes]]:
    with told.open("wb") as output:
        doctor = subprocess.Popen(
            command("bodka-terminal", "doctor", "--watch"),
            env=surroundings(shop) | {"PYTHONFAULTHANDLER": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=told.parent,
        )
        try:
            yield doctor
        finally:
            doctor.kill()
            doctor.wait()


def stopped(doctor: subprocess.Popen[bytes], told: Path) -> int:
    """Its exit code after SIGINT. One that does not end is made to say where its threads are."""
    doctor.send_signal(signal.SIGINT)
    try:
        return doctor.wait(20)
    except subprocess.TimeoutExpired:
        doctor.send_signal(signal.SIGABRT)
        doctor.wait(20)
        raise AssertionError(f"the doctor does not stop:\n{told.read_text()}") from None


def test_the_doctor_shows_what_each_device_does_and_never_a_number(new_shop: Shop, tmp_path: Path) -> None:
    shop = new_shop
    assert shop.daemon is not None
    shop.daemon.terminate()
    told = tmp_path / "told"
    with watching(shop, told) as doctor:

        def says(text: str) -> None:
            until(lambda: text in told.read_text(), lambda: f"'{text}' was not told in:\n{told.read_text()}")

        for device in ("scanner", "pad", "nfc", "chip", "buttons", "signals"):
            says(f"{device} works\n")
        shop.scan(JANA)
        says("scanner: card, token ")
        shop.tap(Type2Tag("04A1B2C3D4E5F6"))
        says("nfc: card, token ")
        shop.insert(JANA)
        says("chip: card, token ")
        says(f"…, ATR {ATR_T0.hex(' ').upper()}\n")
        shop.type("7")
        says("pad: a digit\n")
        shop.press("award")
        says("buttons: award\n")
        shop.hardware.scanner.unplug()
        says("scanner lost: DeviceUnplugged")
        shop.hardware.scanner.plug()
        until(lambda: told.read_text().count("scanner works") == 2, told.read_text)
        assert JANA not in told.read_text()
        assert "04a1b2c3d4e5f6" not in told.read_text().lower()
        assert stopped(doctor, told) == 0


def test_the_list_of_what_is_plugged_in_is_a_terminal_toml(shop: Shop) -> None:
    done = subprocess.run(command("bodka-terminal", "devices"), env=surroundings(shop), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    listed, _, lines = done.stdout.partition("# For terminal.toml:")
    assert "ACME Scanner (usb:0c2e:0b61)" in listed
    assert "pinctrl-bcm2711" in listed
    settings = read('[cloud]\nurl = "https://cloud.example"\n' + lines)
    assert [one.match for one in settings.scanner] == ["usb:0c2e:0b61"]
    assert [one.match for one in settings.pad] == ["usb:1a2c:2124"]
    assert len(settings.chip) >= 1
    assert settings.panel is not None


def test_the_devices_are_tested_on_the_panel_itself(new_shop: Shop) -> None:
    shop = new_shop
    items = [item for item in MenuItem if item is not MenuItem.RENEW]
    shop.hold("next")
    for number in range(1, items.index(MenuItem.TEST) + 1):
        shop.shows(MenuScreen(items[number - 1], number, len(items)))
        shop.press("next")
    shop.shows(MenuScreen(MenuItem.TEST, items.index(MenuItem.TEST) + 1, len(items)))
    shop.press("award")
    for number, (sign, button) in enumerate({"+": "award", "−": "redeem", "▸": "next", "×": "cancel"}.items(), 1):
        shop.shows(DeviceTest(Task.PRESS, number, 10, sign))
        shop.press(button)
    shop.shows(DeviceTest(Task.TYPE, 5, 10, "pad"))
    shop.type("7")
    shop.shows(DeviceTest(Task.SCAN, 6, 10, "scanner"))
    shop.scan(JANA)
    shop.shows(DeviceTest(Task.TAP, 7, 10, "nfc"))
    shop.hardware.nfc.unplug()
    shop.shows(DeviceTest(Task.TAP, 7, 10, "nfc", Hint.SWITCHES))
    shop.press("next")
    shop.hardware.nfc.plug()
    shop.shows(DeviceTest(Task.INSERT, 8, 10, "chip"))
    shop.insert(JANA)
    shop.shows(DeviceTest(Task.BORDER, 9, 10, "panel"))
    glass = shop.glass()
    assert all(line[0] == line[-1] == "#" for line in glass)
    assert glass[0] == glass[-1] == "#" * 128
    shop.press("award")
    shop.shows(DeviceTest(Task.BEEP, 10, 10, "signals"))
    shop.press("award")
    shop.shows(DeviceTestDone(1, "nfc", Hint.SWITCHES))
    shop.press("cancel")
    shop.pull()
    shop.shows_idle()
