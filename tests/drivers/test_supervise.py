"""`supervise` in simulated time: whatever a device does, its loss and its return are said once each."""

from __future__ import annotations

import asyncio
import itertools
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.events import DeviceBack, DeviceLost, Emit, Event
from drivers.supervise import (
    CLOSE_SECONDS,
    FIRST_WAIT,
    LONGEST_WAIT,
    OPEN_SECONDS,
    SHORT_LIVES,
    STEADY_SECONDS,
    describe,
    supervise,
)


class OddError(Exception):
    """What no driver has a word for."""


@dataclass(frozen=True, slots=True)
class Life:
    """One life of a device: whether it opens and how long that takes, how many seconds it runs, and how it ends."""

    opens: bool = True
    seconds: float = 0.0
    error: type[Exception] | None = OSError
    closes: bool = True
    opening: float = 0.0
    closing: float = 0.0


class Skipping(selectors.DefaultSelector):
    """Instead of waiting it lets the world's time go on."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.world.now += timeout or 0.0
        return super().select(0)


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
        await asyncio.sleep(seconds)
        if self.lived == len(self.lives):
            raise asyncio.CancelledError

    @property
    def life(self) -> Life:
        return self.lives[self.lived]

    async def open(self) -> None:
        self.calls.append("open")
        await asyncio.sleep(self.life.opening)
        if not self.life.opens:
            raise (self.life.error or OddError)("will not open")

    async def run(self, emit: Emit) -> None:
        self.calls.append("run")
        await asyncio.sleep(self.life.seconds)
        if self.life.error:
            raise self.life.error("gone")

    async def close(self) -> None:
        self.calls.append("close")
        life = self.life
        self.lived += 1
        await asyncio.sleep(life.closing)
        if not life.closes:
            raise OddError("will not close")

    def run_loop(self, main: Coroutine[None, None, None]) -> None:
        def loop() -> asyncio.SelectorEventLoop:
            made = asyncio.SelectorEventLoop(Skipping(self))
            made.time = lambda: self.now  # type: ignore[method-assign]
            return made

        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(main)

    def play(self) -> World:
        async def main() -> None:
            await supervise(self, self.events.append, clock=self.clock, sleep=self.sleep)

        with pytest.raises(asyncio.CancelledError):
            self.run_loop(main())
        return self

    @property
    def kinds(self) -> list[type[Event]]:
        return [type(event) for event in self.events]


LIVES = st.lists(
    st.builds(
        Life,
        st.booleans(),
        st.sampled_from([0.0, 1.0, STEADY_SECONDS, 100.0]),
        st.sampled_from([None, OSError, ValueError, OddError, TimeoutError, StopAsyncIteration]),
        st.booleans(),
        st.sampled_from([0.0, 0.3, OPEN_SECONDS + 1]),
        st.sampled_from([0.0, CLOSE_SECONDS + 100]),
    ),
    min_size=1,
    max_size=25,
)


@given(LIVES)
def test_lost_and_back_take_turns(lives: list[Life]) -> None:
    world = World(lives).play()
    assert all(a is not b for a, b in itertools.pairwise(world.kinds))
    assert world.kinds[-1] is DeviceLost
    times = [event.at for event in world.events]
    assert times == sorted(times)


@given(st.lists(st.sampled_from([0.0, 1.0, STEADY_SECONDS + 1]), max_size=30))
def test_every_return_is_said_but_of_a_device_that_keeps_coming_and_going(seconds: list[float]) -> None:
    world = World([Life(seconds=life) for life in seconds] or [Life()]).play()
    short, said = 0, 0
    for life in seconds or [0.0]:
        said += life >= STEADY_SECONDS or short < SHORT_LIVES
        short = 0 if life >= STEADY_SECONDS else short + 1
    assert world.kinds.count(DeviceBack) == said


def test_a_loose_plug_is_named_once_and_forgiven_once_it_holds() -> None:
    loose, steady = [Life(seconds=1)] * 50, [Life(seconds=STEADY_SECONDS + 1), Life(seconds=1)]
    world = World(loose + steady).play()
    assert world.kinds == [DeviceBack, DeviceLost] * (SHORT_LIVES + 2)
    whys = [event.why for event in world.events if isinstance(event, DeviceLost)]
    assert ["coming and going" in why for why in whys] == [False] * (SHORT_LIVES - 1) + [True, False, False]


def test_one_that_does_not_answer_while_it_is_opened_is_lost_meanwhile() -> None:
    slow = Life(opening=OPEN_SECONDS + 10, seconds=100)
    world = World([slow]).play()
    assert world.kinds == [DeviceLost, DeviceBack, DeviceLost]
    assert [event.at for event in world.events] == [
        OPEN_SECONDS * 1000,
        (OPEN_SECONDS + 10) * 1000,
        (OPEN_SECONDS + 110) * 1000,
    ]


def test_a_close_that_hangs_is_left_behind() -> None:
    world = World([Life(closing=1e6), Life(seconds=100)]).play()
    assert world.kinds == [DeviceBack, DeviceLost] * 2
    assert world.events[2].at == round((CLOSE_SECONDS + FIRST_WAIT) * 1000)


@given(st.integers(0, 40), st.sampled_from([0.0, 0.2, 0.5]))
def test_whenever_it_is_put_back_it_works_within_two_seconds(tries: int, opening: float) -> None:
    world = World([Life(opens=False, opening=opening)] * tries + [Life(opening=opening, seconds=9)]).play()
    starts = [0.0]
    for wait in world.waits[:tries]:
        starts.append(starts[-1] + opening + wait)
    back = next(event.at for event in world.events if isinstance(event, DeviceBack))
    # At worst it came back just after the last try in vain began.
    assert back / 1000 - starts[max(0, tries - 1)] <= 2.001


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
        tried = 0.0 if life.opens else life.opening + min(life.closing, CLOSE_SECONDS)
        assert waited == pytest.approx(max(FIRST_WAIT, wait - tried), abs=0.002)
        wait = min(wait * 2, LONGEST_WAIT)


def test_a_device_that_never_opens_is_lost_once() -> None:
    world = World([Life(opens=False)] * 10).play()
    assert world.events == [DeviceLost("device", "OSError: will not open", 0)]
    assert world.waits == [0.1, 0.2, 0.4, 0.8, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5]


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
