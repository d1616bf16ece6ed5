"""The sheets for people: every picture has its name below it, whole, and in its own column."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from display.gallery import ACROSS, Cell, framed, sheet

SCALE, GAP = 2, 12

letters = st.sampled_from("abc ABC:_,")
names = st.text(letters, min_size=1, max_size=9).filter(str.strip) | st.text(letters, min_size=60, max_size=120).filter(
    str.strip
)


@given(names=st.lists(names, min_size=1, max_size=ACROSS), width=st.sampled_from([128, 256]))
def test_no_name_runs_into_the_next_column(names: list[str], width: int) -> None:
    picture = Image.new("1", (width, 32))
    drawn = sheet([Cell(name, picture) for name in names], scale=SCALE)
    tile = framed(picture, SCALE)
    assert drawn.width == GAP + ACROSS * (tile.width + GAP)
    paper = drawn.getpixel((0, 0))
    for column in range(ACROSS + 1):
        left = column * (tile.width + GAP)
        between = drawn.crop((left, 0, left + GAP, drawn.height))
        assert between.getcolors() == [(between.width * between.height, paper)]
    assert drawn.crop((0, drawn.height - GAP, drawn.width, drawn.height)).getcolors() == [(drawn.width * GAP, paper)]


def test_a_long_name_takes_a_second_line() -> None:
    picture = Image.new("1", (128, 64))
    long_name = "Refused MEMBERSHIP_OVER: not yet reachable, then"
    short, long = (sheet([Cell(name, picture)], scale=SCALE) for name in ("Idle", long_name))
    assert long.height == short.height + 16
    left, top = GAP, GAP + framed(picture, SCALE).height + 16
    assert long.crop((left, top, long.width, long.height)).getcolors() != short.getcolors()
