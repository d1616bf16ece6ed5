"""The models of SH1106, SSD1309 and SSD1322 against values typed from their data sheets, not from what luma sends."""

from __future__ import annotations

from collections.abc import Set

from PIL import Image

from emulators.sh1106 import Sh1106
from emulators.ssd1306 import Ssd1306, Ssd1309
from emulators.ssd1322 import Ssd1322


def lit(image: Image.Image) -> Set[tuple[int, int]]:
    width, height = image.size
    return {(x, y) for y in range(height) for x in range(width) if image.getpixel((x, y))}


def sh1106() -> Sh1106:
    """Awake, upright, and dark."""
    model = Sh1106()
    model.write(bytes.fromhex("00 A1 C8 AF"))
    for page in range(8):
        model.write(bytes([0x00, 0xB0 | page, 0x00, 0x10]))
        model.write(b"\x40" + bytes(132))
    return model


def test_an_sh1106_has_its_glass_on_columns_2_to_129() -> None:
    model = sh1106()
    model.write(bytes.fromhex("00 B2 02 10"))
    model.write(bytes.fromhex("40 81"))
    assert lit(model.image()) == {(0, 16), (0, 23)}
    model.write(bytes.fromhex("00 B0 01 18"))  # column 81h = 129, the last
    model.write(bytes.fromhex("40 01"))
    assert (127, 0) in lit(model.image())
    model.write(bytes.fromhex("00 B1 00 10"))  # columns 0 and 1 are behind the edge
    model.write(bytes.fromhex("40 FF FF"))
    assert len(lit(model.image())) == 3
    assert model.mistakes == []


def test_an_sh1106_stays_in_its_page_and_at_its_last_column() -> None:
    model = sh1106()
    model.write(bytes.fromhex("00 B3 02 18"))  # column 82h = 130
    model.write(b"\x40" + b"\xff" * 300)
    assert lit(model.image()) == set()
    assert model.memory[3 * 132 + 130 : 4 * 132] == b"\xff\xff"
    assert not any(model.memory[4 * 132 :])


def test_an_sh1106_knows_no_windows() -> None:
    """What an SSD1306 takes for a window is read as columns, start line and unknown commands."""
    model = sh1106()
    model.write(bytes.fromhex("00 00 10"))
    model.write(bytes.fromhex("00 21 00 7F 22 00 07"))
    assert model.mistakes == ["command 21h", "command 22h"]
    assert (model.start_line, model.column) == (0x3F, 0x07)


def test_an_sh1106_turns_and_says_whether_it_is_on() -> None:
    model = sh1106()
    model.write(bytes.fromhex("00 B0 02 10"))
    model.write(bytes.fromhex("40 01"))
    model.write(bytes.fromhex("00 A0 C0"))
    assert lit(model.image()) == {(127, 63)}
    assert model.read(1) == b"\x00"
    model.write(bytes.fromhex("00 AE"))
    assert (model.read(1), lit(model.image())) == (b"\x40", set())


def test_32_rows_are_wired_one_after_the_other() -> None:
    """DAh 02h for 32 rows (SSD1306 section 10.1.18); with 12h, for 64, the rows are shuffled."""
    model = Ssd1306(32)
    model.write(bytes.fromhex("00 8D14 A81F DA02 A1 C8 AF 2000 21007F 220003"))
    model.write(b"\x40" + b"\x01" + bytes(511))
    assert lit(model.image()) == {(0, 0)}
    model.write(b"\x40" + b"\x02" + bytes(511))
    assert lit(model.image()) == {(0, 1)}
    model.write(bytes.fromhex("00 DA12"))
    assert lit(model.image()) == {(0, 16)}


def test_an_ssd1309_needs_no_pump_and_can_be_locked() -> None:
    model = Ssd1309()
    model.write(bytes.fromhex("00 A1 C8 AF 2000 21007F 220007"))
    model.write(b"\x40" + b"\x01" + bytes(1023))
    assert lit(model.image()) == {(0, 0)}
    model.write(bytes.fromhex("00 FD16 AE"))
    assert model.read(1) == b"\x00"
    model.write(bytes.fromhex("00 FD12 AE"))
    assert model.read(1) == b"\x40"
    assert model.mistakes == []


def say(model: Ssd1322, command: int, *arguments: int) -> None:
    model.spi(bytes([command]), data=False)
    model.spi(bytes(arguments), data=True)


def ssd1322() -> Ssd1322:
    """Awake, mounted upright, and dark."""
    model = Ssd1322()
    for words in ((0xFD, 0x12), (0xA0, 0x14, 0x11), (0xCA, 0x3F), (0xA6,), (0xAF,), (0x15, 0, 119), (0x75, 0, 127)):
        say(model, *words)
    say(model, 0x5C, *bytes(120 * 128 * 2))
    return model


def test_an_ssd1322_column_is_four_pixels_in_two_bytes() -> None:
    model = ssd1322()
    say(model, 0x15, 28, 29)
    say(model, 0x75, 0, 1)
    say(model, 0x5C, 0xF0, 0x0F, 0x00, 0x00, 0x00, 0x8F)
    assert lit(model.image()) == {(0, 0), (3, 0), (2, 1), (3, 1)}
    assert model.greys()[1][2] == 8
    assert model.mistakes == []


def test_an_ssd1322_writes_along_and_down_within_its_window() -> None:
    model = ssd1322()
    say(model, 0x15, 91, 91)
    say(model, 0x75, 62, 63)
    say(model, 0x5C, *b"\xff" * 4, 0x00)
    assert lit(model.image()) == {(x, y) for x in range(254, 256) for y in (62, 63)} | {(252, 63), (253, 63)}


def test_what_an_ssd1322_does_not_allow_is_a_mistake() -> None:
    model = ssd1322()
    say(model, 0x15, 0, 120)
    say(model, 0x15, 5)
    say(model, 0x75, 0, 1, 2)
    say(model, 0xE3)
    assert model.mistakes == [
        "command 15h from 0 to 120",
        "command 75h inside command 15h",
        "data 02h after command 75h",
        "command E3h",
    ]


def test_an_ssd1322_that_is_off_inverse_or_asleep() -> None:
    model = ssd1322()
    say(model, 0xA7)
    assert len(lit(model.image())) == 256 * 64
    say(model, 0xA4)
    assert lit(model.image()) == set()
    say(model, 0xA5)
    say(model, 0xAE)
    assert lit(model.image()) == set()
    say(model, 0xFD, 0x16)
    say(model, 0xAF)
    assert not model.on
