"""What is sent so that one picture becomes another."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from display.changes import Memory, Window, greys_of, pages_of
from display.controllers import CONTROLLERS

MEMORIES = [(one.name, size, one.memory(size)) for one in CONTROLLERS.values() for size in one.sizes]
memories = st.sampled_from([memory for _, _, memory in MEMORIES])
SSD1306 = CONTROLLERS["ssd1306"].memory((128, 64))
SH1106 = CONTROLLERS["sh1106"].memory((128, 64))
SSD1322 = CONTROLLERS["ssd1322"].memory((256, 64))


@st.composite
def pictures(draw: st.DrawFn, memory: Memory) -> bytes:
    """A picture made of a few runs of bytes on a dark ground."""
    picture = bytearray(memory.size)
    for _ in range(draw(st.integers(0, 8))):
        at = draw(st.integers(0, memory.size - 1))
        run = draw(st.binary(min_size=1, max_size=40))
        picture[at : at + len(run)] = run[: memory.size - at]
    return bytes(picture)


def apply(memory: Memory, shown: bytes, wanted: bytes) -> bytes:
    """What the panel shows after its windows were written."""
    panel = bytearray(shown)
    for window in memory.windows(shown, wanted):
        for line, row in enumerate(memory.rows(window, wanted), window.top):
            assert len(row) == (window.right - window.left + 1) * memory.cell
            at = (line * memory.across + window.left) * memory.cell
            panel[at : at + len(row)] = row
        assert line == window.bottom
    return bytes(panel)


@settings(deadline=None)
@given(st.data(), memories)
def test_the_windows_make_one_picture_the_other_and_cost_no_more_than_all_of_it(data: st.DataObject, memory: Memory) -> None:
    shown, wanted = data.draw(pictures(memory)), data.draw(pictures(memory))
    assert apply(memory, shown, wanted) == wanted
    assert sum(map(memory.cost, memory.windows(shown, wanted))) <= memory.cost(memory.whole)
    assert memory.windows(wanted, wanted) == []


@pytest.mark.parametrize(
    ("memory", "whole", "cost"),
    [(SSD1306, Window(0, 127, 0, 7), 1034), (SH1106, Window(0, 127, 0, 7), 1080), (SSD1322, Window(0, 63, 0, 63), 8199)],
)
def test_everything_changed_is_one_window(memory: Memory, whole: Window, cost: int) -> None:
    assert memory.windows(bytes(memory.size), b"\xff" * memory.size) == [whole]
    assert memory.cost(whole) == cost


def test_a_tall_digit_is_one_window() -> None:
    """32 rows of 16 columns: 64 bytes in one window of 10 more, instead of four windows."""
    wanted = bytearray(SSD1306.size)
    for page in range(2, 6):
        wanted[page * 128 + 50 : page * 128 + 66] = b"\xff" * 16
    assert SSD1306.windows(bytes(SSD1306.size), bytes(wanted)) == [Window(50, 65, 2, 5)]


def test_on_an_ssd1322_it_is_one_window_of_groups_of_four_pixels() -> None:
    image = Image.new("1", (256, 64))
    ImageDraw.Draw(image).rectangle((50, 16, 65, 47), fill=1)
    assert SSD1322.windows(bytes(SSD1322.size), greys_of(image)) == [Window(12, 16, 16, 47)]


def test_far_changes_have_windows_of_their_own() -> None:
    wanted = bytearray(SSD1306.size)
    wanted[0] = wanted[127] = 1
    assert SSD1306.windows(bytes(SSD1306.size), bytes(wanted)) == [Window(0, 0, 0, 0), Window(127, 127, 0, 0)]


@pytest.mark.parametrize(("x", "y"), [(0, 0), (127, 0), (0, 63), (5, 16), (100, 23), (64, 31)])
def test_a_pixel_is_a_bit_of_its_page(x: int, y: int) -> None:
    """The lowest bit is the upper row of a page (SSD1306 data sheet, figure 8-14)."""
    image = Image.new("1", (128, 64))
    image.putpixel((x, y), 1)
    assert {at: byte for at, byte in enumerate(pages_of(image)) if byte} == {y // 8 * 128 + x: 1 << y % 8}


@pytest.mark.parametrize(("x", "y"), [(0, 0), (255, 0), (1, 63), (6, 16), (103, 23)])
def test_a_pixel_is_a_nibble_of_its_row(x: int, y: int) -> None:
    """Two pixels a byte, the left one above, as A0h 14h has it."""
    image = Image.new("1", (256, 64))
    image.putpixel((x, y), 1)
    assert {at: byte for at, byte in enumerate(greys_of(image)) if byte} == {(y * 256 + x) // 2: 0x0F if x % 2 else 0xF0}


def test_a_drawing_comes_out_as_drawn() -> None:
    image = Image.new("1", (128, 64))
    ImageDraw.Draw(image).ellipse((10, 5, 90, 60), outline=1)
    pages = pages_of(image)
    for x in range(128):
        for y in range(64):
            assert bool(pages[y // 8 * 128 + x] >> y % 8 & 1) == bool(image.getpixel((x, y)))
