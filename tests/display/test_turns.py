"""The rule by which a page's faces take turns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from display.turns import SECONDS, face, left

times = st.floats(0, 1e6)


@given(times, times, st.integers(1, 3))
def test_the_first_comes_first_and_each_stays_as_long(since: float, later: float, faces: int) -> None:
    now = since + later
    assert face(since, since, faces) == 0
    assert face(now, since, faces) == 0  # a clock that was read before the picture came
    shown = [face(since, since + (turn + 0.5) * SECONDS, faces) for turn in range(2 * faces)]
    assert shown == [*range(faces), *range(faces)]
    assert face(since, now, faces) in range(faces)


@given(times, st.floats(0, 1e4))
def test_after_what_is_left_it_is_the_others_turn(since: float, later: float) -> None:
    now = since + later
    wait = left(since, now, 2)
    assert 0 < wait <= SECONDS
    assert face(since, now + wait + 0.001, 2) != face(since, now, 2)
    assert left(since, now, 1) == float("inf")
