"""Whatever is plugged in, the lines that are written for it are a terminal.toml that the terminal takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from terminal.plugged_toml import Input, Plugged, Serial, listed, toml_lines
from terminal.settings import Settings, read

NAMES = st.text(max_size=20) | st.sampled_from(["ACME Barcode Scanner", "USB Keypad", 'a "quoted"\nname = 1', "\x7f\x00"])
USB = st.from_regex(r"\A[0-9a-f]{4}:[0-9a-f]{4}\Z") | st.sampled_from(["10c4:ea60", "1a86:7523"])
PLUGGED = st.builds(
    Plugged,
    inputs=st.lists(st.builds(Input, NAMES, USB, st.booleans(), st.booleans()), max_size=5).map(tuple),
    serials=st.lists(
        st.builds(Serial, st.sampled_from(["/dev/ttyUSB0", "/dev/ttyUSB1", "/dev/serial0"]), USB | st.just(""), NAMES),
        max_size=3,
    ).map(tuple),
    readers=st.lists(NAMES, max_size=3).map(tuple),
    i2c=st.lists(st.tuples(st.integers(0, 20), st.sampled_from([0x3C, 0x3D, 0x24])), max_size=3).map(tuple),
    gpiochips=st.lists(st.tuples(st.just("/dev/gpiochip0"), st.sampled_from(["pinctrl-rp1", "other"])), max_size=2).map(tuple),
)


def settings(plugged: Plugged) -> Settings:
    return read('[cloud]\nurl = "https://cloud.example"\n' + toml_lines(plugged))


@given(PLUGGED)
def test_any_lines_can_be_pasted(plugged: Plugged) -> None:
    made = settings(plugged)
    assert len(made.chip) == len(plugged.readers)
    assert len(made.nfc) == sum(one.usb in ("10c4:ea60", "1a86:7523") for one in plugged.serials)
    panels = {(port, address) for port, address in plugged.i2c if address in (0x3C, 0x3D)}
    assert (made.panel is not None, made.staff_panel is not None) == (bool(panels), len(panels) > 1)
    assert {one.match for one in (*made.scanner, *made.pad)} <= {f"usb:{one.usb}" for one in plugged.inputs if one.numbers}
    assert listed(plugged)


def test_a_counter_with_one_of_each() -> None:
    made = settings(
        Plugged(
            inputs=(
                Input("ACME Barcode Scanner", "0c2e:0b61"),
                Input("ACME Barcode Scanner", "0c2e:0b61", numbers=False),
                Input("Generic USB Keypad", "1a2c:2124", letters=False),
                Input("Power Button", "0000:0001", numbers=False),
                Input("Dell Keyboard", "413c:2113"),
            ),
            serials=(Serial("/dev/ttyUSB0", "1a86:7523", "USB Serial"),),
            readers=("ACS ACR39U ICC Reader (ABC123) 00 00",),
            i2c=((1, 0x3C),),
        )
    )
    assert [(one.name, one.match) for one in made.scanner] == [("scanner", "usb:0c2e:0b61")]
    assert [(one.name, one.match) for one in made.pad] == [("pad", "usb:1a2c:2124")]
    assert [one.path for one in made.nfc] == ["/dev/ttyUSB0"]
    assert [one.reader for one in made.chip] == ["ACS ACR39U ICC Reader"]
    assert made.panel is not None
    assert (made.panel.port, made.panel.address) == (1, 0x3C)


def test_two_panels_are_the_customers_and_the_staffs() -> None:
    made = settings(Plugged(i2c=((1, 0x3C), (1, 0x3D))))
    assert made.panel is not None
    assert made.staff_panel is not None
    assert (made.panel.place, made.staff_panel.place) == (("i2c", 1, 0x3C), ("i2c", 1, 0x3D))


def test_what_is_set_wrong_is_said_in_a_comment() -> None:
    lines = toml_lines(Plugged(serials=(Serial("/dev/ttyACM0", "0c2e:0b6a", "Scanner"),), i2c=((1, 0x24),)))
    assert "Set it to HID keyboard" in lines
    assert "Set its switches to HSU" in lines
    assert settings(Plugged()).panel is None
