"""Entries on the true time line: a device with an unknown clock lives a true life, and the cloud guesses it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from loyalty.entry import Moment
from loyalty.timeline import Made, Placed, place

HOUR = 3_600_000
DAY = 24 * HOUR
PAIRED = 1_790_000_000_000
A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)


def at(boot: UUID, up_ms: int, wall_ms: int = 0, *, trusted: bool = False, received: int = PAIRED + 60 * DAY) -> Made:
    return Made(Moment(boot, up_ms, wall_ms, trusted), received)


def times(lines: list[Made], began: dict[UUID, int], earliest: int = PAIRED, sending: UUID | None = None) -> list[Placed]:
    return place(lines, began, earliest=earliest, sending=sending)[0]


def test_a_month_without_ntp_is_dated_by_the_boot_that_sends() -> None:
    """The clock stands at 1970 for thirty days; then there is a network, and one push places every entry to the millisecond."""
    now = PAIRED + 30 * DAY
    lines = [at(A, day * DAY, day * DAY, received=now) for day in range(30)]
    assert times(lines, {A: now - 30 * DAY}, sending=A) == [Placed(PAIRED + day * DAY, True) for day in range(30)]


def test_a_trusted_entry_places_its_whole_boot() -> None:
    """NTP came after two hours: what was recorded before it is dated too, and lines of that boot that come later."""
    lines = [at(A, HOUR, 5), at(A, 3 * HOUR, PAIRED + 3 * HOUR, trusted=True)]
    placed, found = place(lines, {}, earliest=PAIRED)
    assert placed == [Placed(PAIRED + HOUR, True), Placed(PAIRED + 3 * HOUR, True)]
    assert found == {A: PAIRED}


def test_a_boot_that_nobody_ever_heard_of_lies_between_its_neighbours() -> None:
    """Power came and went twice without a network: only the order is left, and it bounds."""
    lines = [at(A, HOUR), at(B, HOUR, PAIRED + 400 * DAY), at(B, 2 * HOUR, 0), at(C, HOUR)]
    began = {A: PAIRED, C: PAIRED + 2 * DAY}
    first, between, still, last = times(lines, began, sending=C)
    assert (first, last) == (Placed(PAIRED + HOUR, True), Placed(PAIRED + 2 * DAY + HOUR, True))
    assert (between.sure, still.sure) == (False, False)
    assert PAIRED + HOUR <= between.made_ms <= still.made_ms <= PAIRED + 2 * DAY


def test_a_clock_that_jumped_a_day_ahead_and_calls_itself_right_dates_nothing() -> None:
    now = PAIRED + DAY
    assert times([at(A, HOUR, now + DAY, trusted=True, received=now)], {}) == [Placed(now, False)]
    assert times([at(A, HOUR, now + DAY, trusted=True, received=now)], {A: now - 2 * HOUR}) == [Placed(now - HOUR, True)]


def test_what_the_cloud_measured_counts_for_more_than_a_clock_that_jumped_a_day_back() -> None:
    lines = [at(A, HOUR, PAIRED - DAY + HOUR, trusted=True)]
    assert times(lines, {A: PAIRED}) == [Placed(PAIRED + HOUR, True)]


@dataclass
class Life:
    """A device's true life: lines with the true time of each, and when each boot really began."""

    lines: list[Made]
    truth: list[int]
    began: dict[UUID, int]


@st.composite
def lives(draw: st.DrawFn) -> Life:
    now, lines, truth, began = PAIRED, list[Moment](), list[int](), dict[UUID, int]()
    for number in range(draw(st.integers(1, 4))):
        boot = UUID(int=number + 1)
        now += draw(st.integers(0, 3 * DAY))
        began[boot] = now
        wrong = draw(st.sampled_from([-now, -DAY, DAY, 0, 365 * DAY]))
        synchronized = draw(st.booleans())
        for _ in range(draw(st.integers(0, 4))):
            now += draw(st.integers(0, DAY))
            trusted = synchronized and draw(st.booleans())
            lines.append(Moment(boot, now - began[boot], now if trusted else now + wrong, trusted))
            truth.append(now)
    received = now + draw(st.integers(0, 40 * DAY))
    return Life([Made(moment, received) for moment in lines], truth, began)


@given(lives(), st.data())
def test_sure_times_are_true_and_all_others_keep_the_order_and_the_bounds(life: Life, data: st.DataObject) -> None:
    known = {boot: ms for boot, ms in life.began.items() if data.draw(st.booleans())}
    sending = data.draw(st.sampled_from([None, max(life.began, key=lambda boot: boot.int)]))
    placed, found = place(life.lines, known, earliest=PAIRED, sending=sending)
    assert {boot: life.began[boot] for boot in found} == found
    last = PAIRED
    for one, true, line in zip(placed, life.truth, life.lines, strict=True):
        assert last <= one.made_ms <= line.received_ms
        last = one.made_ms
        if one.sure:
            assert one.made_ms == true
    sure = [(one.made_ms, true) for one, true in zip(placed, life.truth, strict=True) if one.sure]
    for one, true in zip(placed, life.truth, strict=True):
        # A guess lies on the same side of every sure entry as the truth.
        assert all((one.made_ms <= made) if true < made else (one.made_ms >= made) for made, _ in sure if made != true)


@given(
    st.lists(
        st.builds(
            Made,
            st.builds(Moment, st.sampled_from([A, B]), st.integers(), st.integers(), st.booleans()),
            st.integers(0, 2**48),
        ),
        max_size=6,
    ),
    st.dictionaries(st.sampled_from([A, B, C]), st.integers(0, 2**48)),
    st.integers(0, 2**48),
    st.sampled_from([None, A, B, C]),
)
def test_whatever_a_device_claims_time_never_goes_back(
    lines: list[Made], began: dict[UUID, int], earliest: int, sending: UUID | None
) -> None:
    """Nothing but numbers from a stranger: dates stay in order, and none lies after both its arrival and the line before it."""
    last = earliest
    for one, line in zip(times(lines, began, earliest, sending), lines, strict=True):
        assert last <= one.made_ms <= max(last, line.received_ms)
        last = one.made_ms
