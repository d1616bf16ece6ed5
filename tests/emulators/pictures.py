"""Pictures with a few dots anywhere, of the panels' sizes."""

from __future__ import annotations

from hypothesis import strategies as st
from PIL import Image

SIZES = ((128, 64), (128, 32), (256, 64))


@st.composite
def pictures(draw: st.DrawFn) -> Image.Image:
    width, height = draw(st.sampled_from(SIZES))
    picture = Image.new("1", (width, height))
    for x, y in draw(st.sets(st.tuples(st.integers(0, width - 1), st.integers(0, height - 1)), max_size=12)):
        picture.putpixel((x, y), 1)
    return picture
