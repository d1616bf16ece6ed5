"""terminal.toml: the default is good, and a mistake is named with its place."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display.glass import Glass
from drivers.chip_profiles import FileProfile, MemoryProfile, Place, RecordProfile
from drivers.nfc import NfcReader
from terminal.chips import profiles
from terminal.devices import equip, fitted
from terminal.settings import SettingsError, load, read

DEFAULT = Path(__file__).parents[2] / "config" / "terminal.toml"
CLOUD = '[cloud]\nurl = "http://127.0.0.1:1"\n'
SCANNER = '[[scanner]]\nname = "s"\n{}'
PINS = "award = 17\nredeem = 22\nnext = 23\n"


def test_the_default_is_good() -> None:
    settings = load(DEFAULT)
    assert settings.buttons is not None
    assert settings.buttons.award == 17
    assert [device.name for device in (*settings.scanner, *settings.pad, *settings.nfc, *settings.chip)] == [
        "scanner",
        "pad",
        "nfc",
        "chip",
    ]
    assert settings.virtual is None


def test_a_phones_application_reaches_the_reader() -> None:
    settings = read(CLOUD + '[[nfc]]\nname = "n"\npath = "/dev/ttyUSB0"\naid = "F0424F444B41"')
    reader = next(device for device in equip(settings, lambda: 0, lambda: 0).devices if device.name == "n")
    assert isinstance(reader, NfcReader)
    assert reader.aid == bytes.fromhex("F0424F444B41")


def test_a_device_that_is_not_named_is_not_there() -> None:
    settings = read(CLOUD)
    assert (settings.scanner, settings.nfc, settings.buttons, settings.panel) == ((), (), None, None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", 'lacks "cloud" in the file: add it'),
        (CLOUD + f"[buttons]\n{PINS}", r'lacks "cancel" in \[buttons\]: add it'),
        (CLOUD + f"[buttons]\n{PINS}cancel = 28", r"buttons.cancel = 28 is no pin: use a BCM number from 0 to 27"),
        (
            CLOUD + f"[buttons]\n{PINS}cancel = 17",
            r"line 7: buttons.cancel and buttons.award both use pin 17: .* 16 for example",
        ),
        (CLOUD + f"[buttons]\n{PINS}cancel = 3\n[panel]", r"line 7: buttons.cancel and the panel's I2C both use pin 3"),
        (CLOUD + f'[buttons]\n{PINS}cancel = 15\n[[nfc]]\nname = "n"\npath = "tty:S0:pn532"', "serial port both use pin 15"),
        (CLOUD + f"[buttons]\n{PINS}cancel = 24\n[signals]\ngreen = 24", r"signals.green and buttons.cancel both use pin 24"),
        (CLOUD + "[signals]\nvolume = 4", r"signals.volume = 4: it goes from 0 \(silent\) to 3"),
        (CLOUD + "[signals]\nvolume = -1", r"signals.volume = -1: it goes from 0"),
        (CLOUD + '[signals]\nquiet_from = "21:00"', r'signals.quiet_until = "" is no time of day: write it like "21:00"'),
        (CLOUD + '[signals]\nquiet_from = "21"\nquiet_until = "07:00"', r'signals.quiet_from = "21" is no time of day'),
        (CLOUD + '[signals]\nquiet_from = "24:00"\nquiet_until = "07:00"', r'signals.quiet_from = "24:00" is no time of day'),
        (CLOUD + '[signals]\nquiet_from = "07:00"\nquiet_until = "07:00"', r"are the same: for no sound at all, volume = 0"),
        (CLOUD + '[buttons]\naward = "17"', "Expected `int`"),
        (CLOUD + "[pannel]\nport = 1", r'unknown key "pannel" \(line 3, in the file\): did you mean "panel"'),
        (CLOUD + "[panel]\nadress = 0x3C", r'unknown key "adress" \(line 4, in panel\): did you mean "address"'),
        (
            CLOUD + '[panel]\ncontroller = "ssd1036"',
            r'line 4: panel.controller = "ssd1036" is not known: did you mean "ssd1306"\?',
        ),
        (CLOUD + '[panel]\ncontroller = "lcd"', r"use ssd1309, ssd1306, sh1106 or ssd1322"),
        (CLOUD + '[panel]\nsize = "64x128"', r'panel.size = "64x128": an SSD1309 has 128x64'),
        (CLOUD + '[panel]\ncontroller = "ssd1306"\nsize = "big"', r"line 5: .*an SSD1306 has 128x64 or 128x32"),
        (CLOUD + '[panel]\nbus = "I2C"', r'panel.bus = "I2C" is not known: did you mean "i2c"\?'),
        (CLOUD + '[panel]\ncontroller = "ssd1322"', r'panel.bus = "i2c": an SSD1322 has only spi'),
        (CLOUD + '[panel]\ncontroller = "ssd1322"\nsize = "128x64"', r'panel.size = "128x64": an SSD1322 has 256x64'),
        (CLOUD + "[panel]\nrotation = 90", r"panel.rotation = 90: it is 0 or 180 degrees"),
        (CLOUD + "[panel]\ncontrast = 256", r"panel.contrast = 256: it goes from 0 to 255"),
        (CLOUD + "[panel]\ninches = -1.0", r"panel.inches = -1.0: the diagonal of the glass"),
        (CLOUD + "[panel]\ninches = 0.66", r"panel.inches = 0.66: on so small a glass nobody could read a number"),
        (CLOUD + "[panel]\naddress = 0x27", r"line 4: panel.address = 0x27: panels answer at 0x3C or 0x3D"),
        (CLOUD + "[panel]\n[staff_panel]\naddress = 0x3E", r"staff_panel.address = 0x3E: panels answer at 0x3C or 0x3D"),
        (CLOUD + "[panel]\naddress = 0x3CC", r"panel.address = 0x3CC: panels answer at 0x3C or 0x3D"),
        (CLOUD + '[panel]\nbus = "spi"\ndevice = "spidev0.0"', r'panel.device = "spidev0.0": bus and chip select, as in "0.0"'),
        (CLOUD + '[panel]\nbus = "spi"\ndc = 0', r"panel.dc = 0: .*use another"),
        (CLOUD + '[panel]\nbus = "spi"\ndc = 10', r"panel.dc and the panel's SPI both use pin 10"),
        (CLOUD + '[panel]\nbus = "spi"\nreset = 5', r"panel.reset and panel.dc both use pin 5"),
        (CLOUD + f'[buttons]\n{PINS}cancel = 5\n[panel]\nbus = "spi"', r"panel.dc and buttons.cancel both use pin 5"),
        (
            CLOUD + "[panel]\n[staff_panel]\naddress = 0x3C",
            r"line 5: staff_panel.address = 0x3C: \[panel\] has it already on bus 1: change .* jumper, and write 0x3D",
        ),
        (CLOUD + "[panel]\naddress = 0x3D\n[staff_panel]", r"staff_panel.address = 0x3D: .* and write 0x3C"),
        (
            CLOUD + '[panel]\nbus = "spi"\n[staff_panel]\nbus = "spi"\ndc = 6',
            r'staff_panel.device = "0.0": .*the other chip select, "0.1"',
        ),
        (
            CLOUD + '[panel]\nbus = "spi"\n[staff_panel]\nbus = "spi"\ndevice = "0.1"',
            r"staff_panel.dc and panel.dc both use pin 5",
        ),
        (CLOUD + "[staff_panel]", r"\[staff_panel\] is for a second panel: call the only one \[panel\]"),
        (CLOUD + "[panel]\n[staff_panel]\nrotation = 90", r"line 5: staff_panel.rotation = 90: it is 0 or 180 degrees"),
        (CLOUD + f'[buttons]\n{PINS}cancel = 3\n[panel]\nbus = "spi"\n[staff_panel]', r"the panel's I2C both use pin 3"),
        (CLOUD + '[[nfc]]\nname = "a"\npath = "x"\n[[scanner]]\nname = "a"\nmatch = "name:x"', 'two devices are called "a"'),
        (CLOUD + '[[nfc]]\nname = "n"\npath = "x"\naid = "F0"', 'nfc "n": aid is 5 to 16 bytes'),
        (CLOUD + '[[nfc]]\nname = "n"\npath = "x"\naid = "zz"', 'nfc "n": aid is 5 to 16 bytes'),
        (CLOUD + '[[chip]]\nname = "c"\naid = "F0"', "aid is 5 to 16 bytes"),
        (CLOUD + '[[chip]]\nname = "c"\naid = "zz"', "aid is 5 to 16 bytes"),
        (CLOUD + '[[chip]]\nname = "c"\naid = "F04C4F5941"\nsfi = 31', "sfi is 1 to 30"),
        (CLOUD + '[[chip]]\nname = "c"\naid = "F04C4F5941"\nrecord = 0', 'chip "c": record is 1 to 254'),
        (CLOUD + '[[chip]]\nname = "c"\naid = "F04C4F5941"\nfile = "EF01"', 'goes with kind = "file"'),
        (CLOUD + '[[chip]]\nname = "c"\nkind = "file"\naid = "F04C4F5941"', "file is one to four identifiers"),
        (CLOUD + '[[chip]]\nname = "c"\nkind = "file"\nfile = "EF0"', "file is one to four identifiers"),
        (CLOUD + '[[chip]]\nname = "c"\nkind = "sle4442"\noffset = 300', "256 bytes"),
        (CLOUD + '[[chip]]\nname = "c"\nkind = "sle4442"\naid = "F04C4F5941"', "has no applications"),
        (CLOUD + '[[chip]]\nname = "c"\nkind = "sle4442"\natr = "3B04A213"', "memory cards are known by themselves"),
        (CLOUD + '[[chip]]\nname = "c"\naid = "F04C4F5941"\natr = "65 00"', "atr is a card's ATR or how it begins"),
        (CLOUD + '[[chip]]\nname = "c"\naid = "F04C4F5941"\natr = "3Bx"', "atr is a card's ATR or how it begins"),
        (CLOUD + '[[chip]]\nname = "c"\nkind = "sle"', "Invalid enum value"),
        (CLOUD + '[[chip]]\nname = "c"\n[[chip.profile]]\naid = "F0"', 'chip "c": aid is 5 to 16 bytes'),
        (CLOUD + '[[chip]]\nname = "c"\n[[chip.profile]]\nfil = "EF01"', 'did you mean "file"'),
        (CLOUD + '[[chip]]\nname = "c"\n[[chip]]\nname = "d"\nreader = "ACS"', 'chip "c": .*each needs `reader`'),
        (CLOUD + SCANNER.format('match = "Honeywell"'), r'"s": "Honeywell" does not say which keyboard it is: write "name:"'),
        (
            CLOUD + SCANNER.format('match = "every"\nlayout = "fr"'),
            'layout = "fr" is not known: use one of us, de, cz, sk, hu, pl',
        ),
        (CLOUD + SCANNER.format('match = "every"\nreads = "nfc"'), "use one of barcode, fob, stripe"),
        (CLOUD + SCANNER.format('match = "every"\nfob = "octal"'), "use one of auto, hex, decimal"),
        (CLOUD + '[[pad]]\nname = "p"\nmatch = "every"\nlayout = "xx"', '"p": layout = "xx" is not known'),
        (CLOUD + '[[pad]]\nname = "p"\nmatch = "every"\nreads = "fob"', 'unknown key "reads"'),
        (CLOUD + "[burn_in]\ndim_minutes = -1", r"line 4: burn_in.dim_minutes = -1: it goes from 0 to 1440"),
        (CLOUD + "[burn_in]\ndim_contrast = 256", r"burn_in.dim_contrast = 256: it goes from 0 to 255"),
        (CLOUD + "[burn_in]\nshift_minutes = 1441", r"burn_in.shift_minutes = 1441: it goes from 0 to 1440"),
        ("[cloud", "not valid TOML"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        read(text)


def test_on_spi_the_pins_of_i2c_are_free() -> None:
    panel = read(CLOUD + f'[buttons]\n{PINS}cancel = 2\n[panel]\ncontroller = "sh1106"\nbus = "spi"\ndc = 3').panel
    assert panel is not None
    assert panel.glass == Glass(128, 64, 1.3)


@pytest.mark.parametrize(
    ("panel", "glass"),
    [
        ("", Glass(128, 64, 2.42)),
        ('controller = "ssd1306"', Glass(128, 64, 0.96)),
        ('controller = "ssd1306"\nsize = "128x32"', Glass(128, 32, 0.91)),
        ('controller = "ssd1306"\nsize = "128x32"\ninches = 2.23', Glass(128, 32, 2.23)),
        ('controller = "ssd1322"\nbus = "spi"', Glass(256, 64, 3.12)),
        ('controller = "ssd1322"\nbus = "spi"\ninches = 5.5', Glass(256, 64, 5.5)),
    ],
)
def test_the_glass_is_that_of_the_usual_module_or_as_it_is_told(panel: str, glass: Glass) -> None:
    assert read(f"{CLOUD}[panel]\n{panel}").glass == glass


def test_a_browser_has_the_usual_glass() -> None:
    assert read(CLOUD + "[virtual]").glass == Glass()


@pytest.mark.parametrize(
    "both",
    [
        "[panel]\n[staff_panel]",
        "[panel]\n[staff_panel]\naddress = 0x3C\nport = 3",
        '[panel]\nbus = "spi"\n[staff_panel]\naddress = 0x3C',
        '[panel]\nbus = "spi"\n[staff_panel]\nbus = "spi"\ndevice = "0.1"\ndc = 6',
        "[virtual]\n[staff_panel]",
        '[staff_panel]\ncontroller = "sh1106"\n[panel]\ncontroller = "ssd1306"',
    ],
)
def test_two_panels_at_two_places(both: str) -> None:
    settings = read(CLOUD + both)
    assert settings.staff_panel is not None
    last = [step.device for step in fitted(settings)][-2:]
    assert last == ["panel", "staff panel"]
    if settings.virtual is None:
        equipment = equip(settings, lambda: 0, lambda: 0)
        assert equipment.glass is not None
        assert equipment.staffs_glass is not None


SPI_TWO = '[panel]\nbus = "spi"\n[staff_panel]\nbus = "spi"\ndc = 6\ndevice = '


@pytest.mark.parametrize(
    ("both", "shared"),
    [
        ("[panel]\n[staff_panel]", True),
        ("[panel]\n[staff_panel]\nport = 3", False),
        ('[panel]\nbus = "spi"\n[staff_panel]', False),
        (SPI_TWO + '"0.1"', True),
        (SPI_TWO + '"1.0"', False),
        ("[panel]", False),
        ("[virtual]\n[staff_panel]", False),
    ],
)
def test_two_panels_on_one_bus_hold_each_other_up(both: str, shared: bool) -> None:
    assert read(CLOUD + both).panels_share_a_bus == shared


def test_every_screen_is_for_the_staffs_glass_and_the_customers_part_for_theirs() -> None:
    one = read(CLOUD + '[panel]\ncontroller = "sh1106"')
    assert one.glass == one.customers_glass == Glass(128, 64, 1.3)
    two = read(CLOUD + '[panel]\ncontroller = "sh1106"\n[staff_panel]\ncontroller = "ssd1306"\nsize = "128x32"')
    assert (two.glass, two.customers_glass) == (Glass(128, 32, 0.91), Glass(128, 64, 1.3))


def test_profiles_of_chip_cards_in_their_order() -> None:
    settings = read(
        CLOUD
        + """
[[chip]]
name = "counter"
reader = "ACS ACR39U"
aid = "F04C4F5941"
sfi = 2
record = 3

[[chip.profile]]
kind = "file"
file = "3F002F05"
length = 10
encoding = "bcd"
atr = "3B 65 00 00"

[[chip.profile]]
kind = "sle4442"
offset = 32

[[chip]]
name = "antenna"
reader = "ACR122"
"""
    )
    counter, antenna = settings.chip
    assert profiles(counter) == (
        RecordProfile(bytes.fromhex("F04C4F5941"), 2, 3),
        FileProfile(None, bytes.fromhex("3F002F05"), Place(0, 10, "bcd"), bytes.fromhex("3B650000")),
        MemoryProfile(Place(32)),
    )
    assert profiles(antenna) == (), "UIDs and NDEF only"


def test_a_file_that_is_not_there_says_where_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"copy config/terminal\.toml"):
        load(tmp_path / "nothing.toml")


@given(st.text(max_size=100))
def test_any_text_is_settings_or_a_named_error(text: str) -> None:
    with pytest.raises(SettingsError):
        read(text)


def test_to_read_settings_no_library_of_pictures_is_loaded() -> None:
    """Each command reads them, and most draw nothing."""
    words = "import sys, terminal.settings; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", words]).returncode == 0
