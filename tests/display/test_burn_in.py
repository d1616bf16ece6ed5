"""The rule that spares the panel: when it is dimmed and where the picture stands, and that nothing of it is ever cut."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from display.burn_in import HOME, NO_CARE, PLACES, REACH, Care, Look, Offset, look, moved
from display.draw import draw
from display.gallery import samples
from display.glass import Glass
from display.layout import lay_out
from emulators.glasses import GLASSES, called
from emulators.pictures import pictures

OFFSETS = st.sampled_from(PLACES)
CARES = st.builds(Care, st.integers(0, 3_600), st.integers(0, 255), st.integers(0, 3_600))


def lit(picture: Image.Image) -> set[Offset]:
    dots = picture.convert("L").tobytes()
    return {(n % picture.width, n // picture.width) for n, dot in enumerate(dots) if dot}


@given(pictures(), OFFSETS)
def test_a_picture_is_moved_whole_and_no_farther_than_asked(picture: Image.Image, offset: Offset) -> None:
    before = picture.copy()
    after = moved(picture, offset)
    assert picture == before
    assert (after.mode, after.size) == (before.mode, before.size)
    old, new = lit(before), lit(after)
    moves = [
        (a, b) for a in range(-REACH, REACH + 1) for b in range(-REACH, REACH + 1) if {(x + a, y + b) for x, y in old} == new
    ]
    across, down = offset
    assert any(min(0, across) <= a <= max(0, across) and min(0, down) <= b <= max(0, down) for a, b in moves)


@given(OFFSETS)
def test_with_room_around_it_a_picture_goes_all_the_way(offset: Offset) -> None:
    picture = Image.new("1", (128, 64))
    picture.paste(1, (REACH, REACH, 128 - REACH, 64 - REACH))
    assert lit(moved(picture, offset)) == {(x + offset[0], y + offset[1]) for x, y in lit(picture)}


def test_a_border_stays_where_it_is() -> None:
    border = Image.new("1", (128, 64), 1)
    assert moved(border, (2, -2)) == border


@given(CARES, st.floats(0, 1e6), st.floats(0, 1e6))
def test_while_somebody_is_there_nothing_is_spared(care: Care, now: float, idle: float) -> None:
    touched = max(now - idle, 0)
    seen = look(care, now, touched)
    assert seen.moves == (0 < care.shift_seconds <= now - touched)
    assert (seen.contrast is None) == (not 0 < care.dim_seconds <= now - touched)
    assert look(NO_CARE, now, touched) == Look(None, HOME, moves=False)


@given(CARES, st.floats(0, 1e6), st.floats(0, 3_600))
@example(Care(), 290.0, 20.0)
def test_pictures_stand_still_around_somebody_who_is_there(care: Care, touched: float, later: float) -> None:
    """And what moved before is not moved back by a hand that comes: that would cost as much again."""
    there = look(care, touched, touched)
    after = look(care, touched + later, touched)
    assert after.moves or after.offset == there.offset
    before = look(care, touched, max(touched - later, 0))
    assert not before.moves or before.offset == there.offset


@given(st.integers(0, 10_000))
def test_a_night_is_shared_among_all_places_alike(begin: int) -> None:
    care = Care()
    steps = range(10 * len(PLACES))
    seen = [look(care, begin + care.shift_seconds * (step + 1), begin).offset for step in steps]
    assert set(Counter(seen).values()) == {10}


def test_each_place_is_near_home_and_comes_once() -> None:
    assert PLACES[0] == HOME
    assert len(set(PLACES)) == len(PLACES) == (2 * REACH + 1) ** 2
    assert all(max(map(abs, place)) <= REACH for place in PLACES)


@pytest.mark.parametrize("glass", GLASSES, ids=called)
@pytest.mark.parametrize("language", ["sk", "hu"])
def test_the_idle_screens_have_room_to_move(language: str, glass: Glass) -> None:
    """They stand there for hours: a pixel at least to each side."""
    for screen in samples(language)[:2]:
        picture = draw(lay_out(screen, language, glass))
        places = {moved(picture, offset).tobytes() for offset in PLACES}
        assert len(places) >= 9
