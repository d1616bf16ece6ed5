"""When an edge was, however the clocks behave."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.edge_times import LONGEST_MS, STEP_MS, TRIES, EdgeTimes

MS = 1_000_000


class Clocks:
    """Two clocks that run on by `held` milliseconds at each reading of the wall clock, as for a thread that has to wait."""

    def __init__(self, difference: int = 1_700_000_000_000) -> None:
        self.now, self.difference = 5_000, difference
        self.held: list[int] = []

    def clock(self) -> int:
        return self.now

    def wall(self) -> int:
        self.now += self.held.pop(0) if self.held else 0
        return (self.now + self.difference) * MS

    def stamp(self, ago: int = 0) -> int:
        return (self.now - ago + self.difference) * MS


def test_an_edge_is_dated_by_its_stamp() -> None:
    clocks = Clocks()
    times = EdgeTimes(clocks.clock, clocks.wall)
    assert times.at(clocks.stamp()) == 5_000
    assert times.at(clocks.stamp(ago=60)) == 4_940


@settings(deadline=None)
@given(st.lists(st.integers(0, 200), max_size=2 * TRIES), st.integers(0, 100))
def test_two_edges_stay_as_far_apart_as_they_were(held: list[int], apart: int) -> None:
    """However the thread is held up, as long as one try to read both clocks together is not."""
    clocks = Clocks()
    times = EdgeTimes(clocks.clock, clocks.wall)
    first, second = clocks.stamp(ago=200), clocks.stamp(ago=200 - apart)
    clocks.held = held
    before, after = times.at(first), times.at(second)
    assert after - before == apart


def test_the_difference_is_taken_from_the_quickest_try() -> None:
    clocks = Clocks()
    clocks.held = [0, 9, 0, 9, 0, 0, 0, 9, 0, 9]
    times = EdgeTimes(clocks.clock, clocks.wall)
    assert times.at(clocks.stamp()) == clocks.now


def test_a_wall_clock_that_was_set_is_followed() -> None:
    clocks = Clocks()
    times = EdgeTimes(clocks.clock, clocks.wall)
    for step in (3_600_000, -7_200_000, STEP_MS + 1):
        clocks.difference += step
        assert times.at(clocks.stamp(ago=7)) == 4_993


def test_a_stamp_of_another_clock_is_not_believed() -> None:
    clocks = Clocks()
    times = EdgeTimes(clocks.clock, clocks.wall)
    assert times.at(clocks.now * MS) == clocks.now
    assert times.at(clocks.stamp(ago=LONGEST_MS)) == clocks.now
    assert times.at(clocks.stamp(ago=-5)) == clocks.now
