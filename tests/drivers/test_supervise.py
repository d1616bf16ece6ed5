"""`supervise` in simulated time: whatever a device does, its loss and its return are said once each."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.events import DeviceBack, DeviceLost, Emit, Event
from drivers.supervise import FIRST_WAIT, LONGEST_WAIT, STEADY_SECONDS, describe, supervise


class OddError(Exception):
    """What no driver has a word for."""


@dataclass(frozen=True, slots=True)
class Life:
    """One life of a device: whether it opens, how many seconds it runs, and how it ends."""

    opens: bool = True
    seconds: float = 0.0
    error: type[Exception] | None = OSError
    closes: bool = True


class Over(Exception):
    """The script has ended."""


@dataclass
class World:
    """Simulated time, a device that lives through a script, and what was seen of it."""

    lives: list[Life]
    now: float = 0.0
    events: list[Event] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    name: str = "device"
    lived: int = 0

    def clock(self) -> int:
        return round(self.now * 1000)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        if self.lived == len(self.lives):
            raise asyncio.CancelledError
        await asyncio.sleep(0)

    @property
    def life(self) -> Life:
        return self.lives[self.lived]

    async def open(self) -> None:
        self.calls.append("open")
        if not self.life.opens:
            raise (self.life.error or OddError)("will not open")

    async def run(self, emit: Emit) -> None:
        self.calls.append("run")
        self.now += self.life.seconds
        if self.life.error:
            raise self.life.error("gone")

    async def close(self) -> None:
        self.calls.append("close")
        life = self.life
        self.lived += 1
        if not life.closes:
            raise OddError("will not close")

    def play(self) -> World:
        async def main() -> None:
            await supervise(self, self.events.append, clock=self.clock, sleep=self.sleep)

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(main())
        return self


LIVES = st.lists(
    st.builds(
        Life,
        st.booleans(),
        st.sampled_from([0.0, 1.0, STEADY_SECONDS, 100.0]),
        st.sampled_from([None, OSError, ValueError, OddError, TimeoutError, StopAsyncIteration]),
        st.booleans(),
    ),
    min_size=1,
    max_size=25,
)


@given(LIVES)
def test_lost_and_back_take_turns(lives: list[Life]) -> None:
    world = World(lives).play()
    kinds = [type(event) for event in world.events]
    assert all(a is not b for a, b in itertools.pairwise(kinds))
    assert kinds.count(DeviceBack) == sum(life.opens for life in lives)
    assert kinds[-1] is DeviceLost
    times = [event.at for event in world.events]
    assert times == sorted(times)


@given(LIVES)
def test_every_try_is_closed_and_followed_by_one_wait(lives: list[Life]) -> None:
    world = World(lives).play()
    assert world.calls.count("open") == world.calls.count("close") == len(world.waits) == len(lives)
    assert world.calls.count("run") == sum(life.opens for life in lives)


@given(LIVES)
def test_waits_double_until_the_longest_and_start_again_after_a_steady_life(lives: list[Life]) -> None:
    wait = FIRST_WAIT
    for life, waited in zip(lives, World(lives).play().waits, strict=True):
        if life.opens and life.seconds >= STEADY_SECONDS:
            wait = FIRST_WAIT
        assert waited == wait
        wait = min(wait * 2, LONGEST_WAIT)


def test_a_device_that_never_opens_is_lost_once() -> None:
    world = World([Life(opens=False)] * 10).play()
    assert world.events == [DeviceLost("device", "OSError: will not open", 0)]
    assert world.waits == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0, 2.0, 2.0]


def test_a_device_that_just_ends_is_lost_too() -> None:
    lost = World([Life(error=None)]).play().events[-1]
    assert isinstance(lost, DeviceLost)
    assert lost.why == "it stopped by itself"


def test_the_loss_is_said_before_closing_which_may_take_long() -> None:
    order: list[str] = []
    world = World([Life()])
    close = world.close

    async def slow_close() -> None:
        order.append("close")
        await close()

    world.close = slow_close  # type: ignore[method-assign]
    world.events = Noted(order)
    world.play()
    assert order == ["DeviceBack", "DeviceLost", "close"]


class Noted(list[Event]):
    """Notes each event's kind in a common order."""

    def __init__(self, order: list[str]) -> None:
        super().__init__()
        self.order = order

    def append(self, event: Event) -> None:
        self.order.append(type(event).__name__)


def test_cancelling_closes() -> None:
    async def main() -> list[str]:
        world = World([Life()])
        running = asyncio.Event()

        async def run(emit: Emit) -> None:
            running.set()
            await asyncio.Event().wait()

        world.run = run  # type: ignore[method-assign]
        task = asyncio.create_task(supervise(world, world.events.append, clock=world.clock))
        await running.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert [type(event) for event in world.events] == [DeviceBack]
        return world.calls

    assert asyncio.run(main()) == ["open", "close"]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (lambda: OSError(5, "Input/output error"), "OSError: [Errno 5] Input/output error"),
        (lambda: ValueError("two\n  lines"), "ValueError: two lines"),
        (lambda: OddError(), "OddError"),
    ],
)
def test_errors_in_one_line(error: Callable[[], Exception], text: str) -> None:
    assert describe(error()) == text
