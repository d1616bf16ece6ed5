"""The sign of training: seen on every picture, and never over what is drawn there."""

from __future__ import annotations

from hypothesis import given
from PIL import Image, ImageChops

from display.watermark import DASH, watermark
from emulators.pictures import SIZES, pictures


@given(picture=pictures())
def test_it_adds_dashes_at_both_edges_and_takes_nothing_away(picture: Image.Image) -> None:
    before = picture.copy()
    marked = watermark(picture)
    assert picture == before
    assert ImageChops.logical_and(marked, picture) == picture
    added = ImageChops.logical_xor(marked, picture)
    middle = added.crop((1, 0, picture.width - 1, picture.height))
    assert middle.getbbox() is None
    dashes = picture.height // (2 * DASH) * 2
    lit = sum(added.convert("L").tobytes()) // 255
    assert dashes * DASH >= lit >= (dashes - 12) * DASH  # each of a dozen dots keeps at most one dash away


def test_on_a_dark_panel_it_is_all_there() -> None:
    for size in SIZES:
        marked = watermark(Image.new("1", size))
        for x in (0, size[0] - 1):
            assert [bool(marked.getpixel((x, y))) for y in range(size[1])] == [y // DASH % 2 == 0 for y in range(size[1])]
