"""No device is called on the panel as the settings or the code call it, unless the shop gave it that name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display.device_names import device
from display.layout import lay_out
from display.letters import columns
from display.screens import Devices, DeviceTest, DeviceTestDone, Screen, Task
from display.words import LANGUAGES, speak
from terminal.panel_news import PANEL, STAFF_PANEL
from terminal.settings import Settings, read

DEFAULTS = Path(__file__).parents[2] / "config" / "terminal.toml"


def own_names() -> tuple[str, ...]:
    """All that a terminal with the settings as they come calls its devices, every table switched on."""
    text = DEFAULTS.read_text(encoding="utf-8")
    settings: Settings = read(text)
    named = [one.name for tables in (settings.scanner, settings.pad, settings.nfc, settings.chip) for one in tables]
    written = [
        line.partition('"')[2].partition('"')[0] for line in text.splitlines() if line.lstrip("# ").startswith("name = ")
    ]
    return tuple(dict.fromkeys([*named, *written, "buttons", "signals", PANEL, STAFF_PANEL]))


OWN = own_names()


def test_the_settings_name_what_is_expected() -> None:
    assert set(OWN) >= {"scanner", "pad", "nfc", "chip", "buttons", "signals", "panel", "staff panel"}


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
@pytest.mark.parametrize("name", OWN)
def test_each_has_words_in_every_language(name: str, language: str) -> None:
    said = device(name, speak(language))
    assert said != name
    assert said != device(name, speak("en"))
    assert len(said) <= columns(16)
    assert device(f"{name} 2", speak(language)) == f"{said} 2"


SHOWN: dict[str, Screen] = {
    "missing": Devices((), ("staff panel",)),
    "working": Devices(("staff panel",), ()),
    "tested": DeviceTest(Task.TAP, 6, 9, "staff panel"),
    "failed": DeviceTestDone(1, "staff panel"),
}


@pytest.mark.parametrize("screen", SHOWN.values(), ids=SHOWN)
def test_every_page_that_names_one_says_it_so(screen: Screen) -> None:
    text = lay_out(screen, "sk").text()
    assert "displej obsluhy" in text
    assert "panel" not in text


def test_a_button_of_the_test_keeps_its_sign() -> None:
    assert "[+]" in lay_out(DeviceTestDone(1, "+"), "sk").text()


@given(st.text(), st.sampled_from(LANGUAGES))
def test_a_name_that_the_shop_gave_stays(name: str, language: str) -> None:
    own = name in OWN or name.rpartition(" ")[0] in OWN
    assert own or device(name, speak(language)) == name
