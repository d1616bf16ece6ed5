"""The panel's model against values typed from the data sheet (SSD1306 revision 1.1), not from what luma sends."""

from __future__ import annotations

import pytest

from emulators.ssd1306 import Ssd1306

AWAKE = bytes.fromhex("00 8D14 A1 C8 AF")
"""Charge pump on, upright on a usual module, display on; the first byte is the control byte for commands."""


def panel(mode: str = "00") -> Ssd1306:
    model = Ssd1306()
    model.write(AWAKE)
    model.write(bytes.fromhex(f"00 20{mode}"))
    return model


def lit(model: Ssd1306) -> set[tuple[int, int]]:
    return {(x, y) for y, row in enumerate(model.rows()) for x, sign in enumerate(row) if sign == "#"}


def clear(model: Ssd1306) -> None:
    model.write(bytes.fromhex("00 2000 21007F 220007"))
    model.write(b"\x40" + bytes(1024))


def test_after_reset_it_is_off_and_says_so() -> None:
    model = Ssd1306()
    assert model.read(1) == b"\x40"
    assert lit(model) == set()
    model.write(b"\x00\xaf")
    assert model.read(1) == b"\x00"
    assert lit(model) == set()  # without the charge pump there is no voltage for the pixels
    model.write(bytes.fromhex("00 8D14"))
    assert lit(model) != set()  # and then the noise of the memory
    model.write(b"\x00\xae")
    assert (lit(model), model.read(2)) == (set(), b"\x40\x40")


def test_the_lowest_bit_is_the_upper_row_of_a_page() -> None:
    """Section 8.7, figure 8-14: D0 is the top row."""
    model = panel()
    clear(model)
    model.write(bytes.fromhex("00 210505 220202"))
    model.write(bytes.fromhex("40 81"))
    assert lit(model) == {(5, 16), (5, 23)}


def test_horizontal_addressing_goes_along_and_then_down() -> None:
    """Section 10.1.3, figure 10-3: after the last column the next page, after the last page the first again."""
    model = panel()
    clear(model)
    model.write(bytes.fromhex("00 210A0B 220304"))
    model.write(bytes.fromhex("40 01 02 04 08 10"))
    assert lit(model) == {(10, 24 + 4), (11, 25), (10, 34), (11, 35)}


def test_vertical_addressing_goes_down_and_then_along() -> None:
    """Section 10.1.3, figure 10-5."""
    model = panel()
    clear(model)
    model.write(bytes.fromhex("00 2001 210A0B 220304"))
    model.write(bytes.fromhex("40 01 02 04 08"))
    assert lit(model) == {(10, 24), (10, 33), (11, 26), (11, 35)}


def test_page_addressing_stays_on_its_page() -> None:
    """Section 10.1.3, figure 10-1, and 10.1.1 and 10.1.2 for the column's two halves."""
    model = panel()
    clear(model)
    model.write(bytes.fromhex("00 2002 B3 0E 17"))  # page 3, column 7Eh
    model.write(bytes.fromhex("40 01 02 04"))
    assert lit(model) == {(126, 24), (127, 25), (0, 26)}


def test_control_bytes_may_alternate_in_one_transfer() -> None:
    """Section 8.1.5.2: Co set means that one byte follows and then another control byte."""
    model = panel()
    clear(model)
    model.write(bytes.fromhex("80 21 80 03 80 03 80 22 80 00 80 00 40 01"))
    assert lit(model) == {(3, 0)}
    assert model.mistakes == []


def test_a_command_may_be_split_between_transfers() -> None:
    model = panel()
    clear(model)
    for value in (0x21, 0x09, 0x09, 0x22, 0x00, 0x00):
        model.write(bytes([0x00, value]))
    model.write(bytes.fromhex("40 01"))
    assert lit(model) == {(9, 0)}


def test_inverse_all_on_start_line_and_turning() -> None:
    model = panel()
    clear(model)
    model.write(bytes.fromhex("00 210000 220000"))
    model.write(bytes.fromhex("40 01"))
    model.write(b"\x00\xa7")
    assert len(lit(model)) == 128 * 64 - 1
    model.write(b"\x00\xa6\xa5")
    assert len(lit(model)) == 128 * 64
    model.write(b"\x00\xa4\x7f")  # start line 63: the picture moves down by one
    assert lit(model) == {(0, 1)}
    model.write(b"\x00\x40\xc0")  # rows from the other end
    assert lit(model) == {(0, 63)}
    model.write(b"\x00\xc8\xa0")  # columns: what is there stays, what comes is mirrored
    assert lit(model) == {(0, 0)}
    model.write(bytes.fromhex("00 210000 220000"))
    model.write(bytes.fromhex("40 01"))
    assert lit(model) == {(0, 0), (127, 0)}


@pytest.mark.parametrize(
    ("message", "mistake"),
    [
        ("00 F1", "command F1h"),
        ("00 2003", "addressing mode 03h"),
        ("00 210A05", "command 21h from 10 to 5"),
        ("00 210080", "command 21h from 0 to 128"),
        ("00 220008", "command 22h from 0 to 8"),
        ("00 A80E", "multiplex ratio 14"),
        ("00 B0", "command B0h outside page addressing mode"),
        ("01 E3", "control byte 01h"),
        ("00 2002 210001", "command 21h in page addressing mode"),
    ],
)
def test_what_the_sheet_does_not_allow_is_recorded(message: str, mistake: str) -> None:
    model = panel()
    model.write(bytes.fromhex(message))
    assert model.mistakes == [mistake]


def test_data_in_the_middle_of_a_command_is_recorded() -> None:
    model = panel()
    model.write(bytes.fromhex("00 21"))
    model.write(bytes.fromhex("40 00"))
    assert model.mistakes == ["data inside command 21h"]


def test_bytes_are_counted_with_their_control_bytes() -> None:
    model = Ssd1306()
    model.write(bytes.fromhex("00 E3"))
    model.write(bytes.fromhex("40 00 00"))
    assert model.bytes == 5


def test_rows_and_image_agree() -> None:
    model = panel()
    image = model.image()
    assert image.size == (128, 64)
    assert [["#" if image.getpixel((x, y)) else "." for x in range(128)] for y in range(64)] == [
        list(row) for row in model.rows()
    ]
