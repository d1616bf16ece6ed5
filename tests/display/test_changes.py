"""What is sent so that one picture becomes another."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from display.changes import HEIGHT, WHOLE, WIDTH, WINDOW_BYTES, Window, pages_of, windows


@st.composite
def pictures(draw: st.DrawFn) -> bytes:
    """A picture made of a few runs of bytes on a dark ground."""
    picture = bytearray(WHOLE)
    for _ in range(draw(st.integers(0, 8))):
        at = draw(st.integers(0, WHOLE - 1))
        run = draw(st.binary(min_size=1, max_size=40))
        picture[at : at + len(run)] = run[: WHOLE - at]
    return bytes(picture)


def apply(shown: bytes, wanted: bytes) -> bytes:
    """What the panel shows after its windows were written in horizontal addressing."""
    panel = bytearray(shown)
    for window in windows(shown, wanted):
        data = iter(window.cut(wanted))
        for page in range(window.top, window.bottom + 1):
            for column in range(window.left, window.right + 1):
                panel[page * WIDTH + column] = next(data)
        assert next(data, None) is None
    return bytes(panel)


@settings(deadline=None)
@given(pictures(), pictures())
def test_the_windows_make_one_picture_the_other(shown: bytes, wanted: bytes) -> None:
    assert apply(shown, wanted) == wanted


@settings(deadline=None)
@given(pictures(), pictures())
def test_they_never_cost_more_than_the_whole_picture(shown: bytes, wanted: bytes) -> None:
    assert sum(window.cost() for window in windows(shown, wanted)) <= WHOLE + WINDOW_BYTES


@settings(deadline=None)
@given(pictures())
def test_nothing_changed_nothing_sent(picture: bytes) -> None:
    assert windows(picture, picture) == []


def test_everything_changed_is_one_window() -> None:
    assert windows(bytes(WHOLE), b"\xff" * WHOLE) == [Window(0, 127, 0, 7)]


def test_a_tall_digit_is_one_window() -> None:
    """32 rows of 16 columns: 64 bytes in one window of 10 more, instead of four windows."""
    wanted = bytearray(WHOLE)
    for page in range(2, 6):
        wanted[page * WIDTH + 50 : page * WIDTH + 66] = b"\xff" * 16
    assert windows(bytes(WHOLE), bytes(wanted)) == [Window(50, 65, 2, 5)]


def test_far_changes_have_windows_of_their_own() -> None:
    wanted = bytearray(WHOLE)
    wanted[0] = wanted[127] = 1
    assert windows(bytes(WHOLE), bytes(wanted)) == [Window(0, 0, 0, 0), Window(127, 127, 0, 0)]


@pytest.mark.parametrize(("x", "y"), [(0, 0), (127, 0), (0, 63), (5, 16), (100, 23), (64, 31)])
def test_a_pixel_is_a_bit_of_its_page(x: int, y: int) -> None:
    """The lowest bit is the upper row of a page (SSD1306 data sheet, figure 8-14)."""
    image = Image.new("1", (WIDTH, HEIGHT))
    image.putpixel((x, y), 1)
    pages = pages_of(image)
    assert {at: byte for at, byte in enumerate(pages) if byte} == {y // 8 * WIDTH + x: 1 << y % 8}
    assert pages_of(image, upside_down=True) == pages_of(image.rotate(180))


@pytest.mark.parametrize("image", [Image.new("L", (WIDTH, HEIGHT)), Image.new("1", (WIDTH, 32))])
def test_only_the_panel_s_own_kind_of_image(image: Image.Image) -> None:
    with pytest.raises(ValueError, match="1-bit images of 128 x 64"):
        pages_of(image)


def test_a_drawing_comes_out_as_drawn() -> None:
    image = Image.new("1", (WIDTH, HEIGHT))
    ImageDraw.Draw(image).ellipse((10, 5, 90, 60), outline=1)
    pages = pages_of(image)
    for x in range(WIDTH):
        for y in range(HEIGHT):
            assert bool(pages[y // 8 * WIDTH + x] >> y % 8 & 1) == bool(image.getpixel((x, y)))
