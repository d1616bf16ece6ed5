"""What is a press: properties of the pure machine."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.debounce import CONTACT_MS, OPEN_MS, Change, Debounce, Said
from drivers.events import HOLD_MS

PRESSED, HELD, RELEASED = Change.PRESSED, Change.HELD, Change.RELEASED

lengths = st.lists(st.integers(0, 80) | st.integers(1990, 2100), max_size=40)
"""How long the contact stays closed, open, closed, ... in milliseconds."""


def edges_of(times: list[int], start: int = 1000) -> list[tuple[int, bool]]:
    """(when, closed) for a contact that is open at the start and changes after each of the times."""
    edges, at, closed = [], start, False
    for time in times:
        at, closed = at + time, not closed
        edges.append((at, closed))
    return edges


def play(edges: list[tuple[int, bool]], end: int = 10_000) -> list[Said]:
    """Every edge as it comes; then time passes."""
    button, said, closed = Debounce(closed=False), [], False
    for at, closed in edges:
        said += button.edge(closed, at)
    last = edges[-1][0] if edges else 0
    return said + button.passed(last + end, closed)


@st.composite
def presses(draw: st.DrawFn) -> list[tuple[int, int, list[int]]]:
    """(when closed for good, when opened for good, all times of change) of presses by a finger on a bad contact."""
    found, at = [], 1000
    for _ in range(draw(st.integers(0, 6))):
        times = [at]
        for _ in range(2 * draw(st.integers(0, 4))):  # bounce while closing
            times.append(times[-1] + draw(st.integers(0, CONTACT_MS - 1)))
        closed = times[-1]
        times.append(closed + draw(st.integers(10, 3000)))
        for _ in range(2 * draw(st.integers(0, 4))):  # bounce while opening
            times.append(times[-1] + draw(st.integers(0, OPEN_MS - 1)))
        found.append((closed, times[-1], times))
        at = times[-1] + draw(st.integers(OPEN_MS, 500))
    return found


@settings(deadline=None)
@given(presses())
def test_each_press_of_a_finger_is_one_press_and_one_release(fingers: list[tuple[int, int, list[int]]]) -> None:
    times = [time for _, _, changes in fingers for time in changes]
    said = play([(time, index % 2 == 0) for index, time in enumerate(times)])
    assert [news.at for news in said if news.change is PRESSED] == [closed for closed, _, _ in fingers]
    assert [news.at for news in said if news.change is RELEASED] == [opened for _, opened, _ in fingers]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, CONTACT_MS - 1)), max_size=30))
def test_disturbances_are_never_a_press(pulses: list[tuple[int, int]]) -> None:
    assert play(edges_of([time for gap_and_pulse in pulses for time in gap_and_pulse])) == []


@settings(deadline=None)
@given(lengths, st.lists(st.integers(0, 5000), max_size=30))
def test_how_often_one_looks_changes_nothing(times: list[int], looks: list[int]) -> None:
    edges = edges_of(times)
    button, said, closed, waiting = Debounce(closed=False), [], False, list(edges)
    for look in sorted(1000 + look for look in looks):
        while waiting and waiting[0][0] <= look:
            at, closed = waiting.pop(0)
            said += button.edge(closed, at)
        said += button.passed(look, closed)
    for at, closed in waiting:
        said += button.edge(closed, at)
    said += button.passed(1_000_000, closed)
    assert said == play(edges, end=1_000_000)


@settings(deadline=None)
@given(lengths)
def test_looking_when_it_is_due_says_everything_in_time(times: list[int]) -> None:
    button, closed = Debounce(closed=False), False
    for (at, level), (following, _) in pairwise([*edges_of(times), (1_000_000, False)]):
        for news in button.edge(level, at):
            assert news.change is RELEASED or news.at + CONTACT_MS >= at  # only what was not due before this edge
        closed = level
        for _ in range(4):
            due = button.due()
            if due is None or due >= following:
                break
            said = button.passed(max(due, at), closed)
            assert said, "called when due, and nothing to say"


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["edge", "passed"]), st.booleans(), st.integers(0, 3000)),
        max_size=60,
    ),
    st.booleans(),
)
def test_whatever_comes_the_words_are_in_order(calls: list[tuple[str, bool, int]], closed: bool) -> None:
    """Also with lost edges and readings that contradict them: pressed, perhaps held, released, pressed again."""
    button, now, said = Debounce(closed=closed), 0, []
    for call, level, later in calls:
        now += later
        said += button.edge(level, now) if call == "edge" else button.passed(now, level)
        assert button.down == (bool(said) and said[-1].change is not RELEASED)
    following = {None: {PRESSED}, PRESSED: {HELD, RELEASED}, HELD: {RELEASED}, RELEASED: {PRESSED}}
    before = None
    for news in said:
        assert news.change in following[before]
        before = news.change
    assert all(first.at <= second.at for first, second in pairwise(said))


def test_a_press_is_believed_after_three_milliseconds_and_dated_from_the_contact() -> None:
    button = Debounce(closed=False)
    assert button.edge(True, 1000) == []
    assert button.due() == 1003
    assert button.passed(1002, True) == []
    assert button.passed(1003, True) == [Said(PRESSED, 1000)]
    assert button.due() == 1000 + HOLD_MS


def test_hold_is_said_at_two_seconds_not_before_and_once() -> None:
    button = Debounce(closed=False)
    button.edge(True, 1000)
    assert button.passed(2999, True) == [Said(PRESSED, 1000)]
    assert button.passed(3000, True) == [Said(HELD, 3000)]
    assert button.passed(9000, True) == []
    assert button.edge(False, 9001) == []
    assert button.passed(9026, False) == [Said(RELEASED, 9001)]


def test_a_press_seen_only_after_it_was_over_is_not_lost() -> None:
    button = Debounce(closed=False)
    assert button.edge(True, 1000) == []
    assert button.edge(False, 1060) == [Said(PRESSED, 1000)]
    assert button.edge(True, 1120) == [Said(RELEASED, 1060)]


def test_a_bounce_during_a_hold_does_not_begin_it_anew() -> None:
    assert [news.change for news in play([(1000, True), (2000, False), (2010, True)])] == [PRESSED, HELD]


def test_a_reading_waits_for_its_edge_and_then_does_without() -> None:
    button = Debounce(closed=False)
    assert button.passed(1000, True) == []  # the closing edge was lost
    assert button.due() == 1000 + OPEN_MS
    assert button.passed(1010, True) == []
    assert button.passed(1025, True) == [Said(PRESSED, 1000)]
    assert button.passed(1100, False) == []  # and the opening one
    assert button.passed(1125, False) == [Said(RELEASED, 1100)]


def test_an_edge_on_its_way_knows_better_than_a_reading() -> None:
    button = Debounce(closed=False)
    button.edge(True, 1000)
    assert button.passed(1050, False) == []  # a pulse that ended long ago: its second edge has not come yet
    assert button.edge(False, 1001) == []
    assert button.passed(1051, False) == []


def test_a_bounce_of_which_half_is_late_is_no_second_press() -> None:
    """A machine with other work: the press is believed by readings alone, and the edges of 40 ms come in two pieces."""
    button, said = Debounce(closed=False), []
    said += button.passed(1007, True) + button.passed(1033, True)
    for at in range(1000, 1004):
        said += button.edge(True, at, 1041) + button.edge(False, at, 1041)
    said += button.passed(1041, False)
    said += button.edge(True, 1006, 1042)
    for at in range(1034, 1040):
        said += button.edge(False, at, 1042) + button.edge(True, at, 1042)
    said += button.edge(False, 1040, 1042)
    assert button.due() == 1065
    said += button.passed(1065, False)
    assert [news.change for news in said] == [PRESSED, RELEASED]
