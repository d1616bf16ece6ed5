"""Days in the life of a merchant's terminals and one cloud, decided by a seed."""

from __future__ import annotations

import random as pseudo
import sys
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from simulation import raw_numbers, rules
from simulation.agenda import Agenda, run
from simulation.cloud import TERMINALS, temporary_folder, the_cloud
from simulation.counter import IDLE_SECONDS, Counter
from simulation.faults import DAY, FAULTS, HOUR, MINUTE, SECOND
from simulation.fleet import Fleet
from simulation.history import History
from simulation.network import Network, Weather
from simulation.people import People
from simulation.rules import Rule, Violation, demand, violated
from simulation.world import World
from sync import history as journal_history
from sync import mirror
from sync.messages import Standing

DRAIN_MS = 4 * HOUR
"""How long after the last closing time everything must have arrived, with a network without faults."""
STANDSTILL = 5_000
"""So many steps in one millisecond lead nowhere."""
NIGHTS = (12 * HOUR, 12 * HOUR, 3 * DAY, 24 * DAY, 100 * DAY)
"""How long nobody comes after a day; the last is longer than the terminals keep what the cloud has."""


FAULTS_LOGGED: list[str] = []
"""What terminals caught and logged as a fault of ours since the last step."""


def _listen(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    raw_numbers.look_at_log(event)
    if method in ("error", "exception", "critical"):
        FAULTS_LOGGED.append(f"{event.get('event')} {sys.exc_info()[1]!r}")
    raise structlog.DropEvent


structlog.configure(processors=[_listen])


@dataclass(frozen=True)
class Plan:
    """How many days the shop is open and how long, and how long a counter waits for its next customer, about."""

    days: int
    open_ms: int
    gap_ms: int
    faults: int
    """How many at most, for each terminal."""


WHOLE_DAYS = Plan(3, 3 * HOUR, 5 * MINUTE, 6)
RUSH = Plan(2, 100 * SECOND, 20_000, 4)
"""The short form, for a test: as many faults, fewer customers."""


@dataclass(frozen=True)
class Lived:
    """What the days were like."""

    seed: int
    terminals: int
    taps: int
    faults: int
    recorded: int
    checks: int
    steps: int


def live(seed: int, plan: Plan = WHOLE_DAYS, without: Collection[str] = ()) -> Lived:
    """Lives the days of a seed, without what is named; raises `Broken`."""

    async def all_of_it(folder: Path) -> Lived:
        return await Day(seed, plan, folder, without).live()

    with temporary_folder() as folder:
        return run(all_of_it(Path(folder)))


class Broken(AssertionError):
    """An invariant does not hold: with the seed, and what happened. `rule` is None where something else went wrong."""

    def __init__(self, error: Exception, seed: int, history: History, steps: int) -> None:
        self.rule: Rule | None = error.rule if isinstance(error, Violation) else None
        self.seed, self.steps, self.taps, self.faults = seed, steps, history.taps, history.faults
        self.words = str(error) or type(error).__name__
        self.happened, self.events = history.happened, history.events
        where = f"seed {seed}, step {steps}, {history.taps} taps, {history.faults} faults"
        super().__init__(f"{self.words}\n{where}, the last events:\n{history.tail()}")

    @property
    def invariant(self) -> int:
        """The number of the invariant; 0 for anything else that went wrong."""
        return self.rule.number if self.rule is not None else 0


class Day:
    """`live()`, or step by step for a story: `begin`, `until`, `close`. Faults are done to it from outside."""

    def __init__(self, seed: int, plan: Plan, folder: Path, without: Collection[str] = (), terminals: int = 0) -> None:
        self.plan, self.chance = plan, pseudo.Random(seed)
        self.agenda = Agenda()
        self.history = History(lambda: self.agenda.now, without)
        FAULTS_LOGGED.clear()
        raw_numbers.FOUND.clear()
        self.cloud = the_cloud()
        self.network = Network(self.agenda, self.cloud, self._own_chance(), Weather(), self.history)
        self.world = World(seed, self.agenda, self.network, self.history)
        size = terminals or self.chance.choice([1, 2, 2, 3, TERMINALS])
        self.cloud.begin(lambda: self.agenda.wall_ms, self._own_chance().randbytes, size)
        self.fleet = Fleet(folder, self.world, self.cloud, size)
        self.hours: list[tuple[int, int]] = []
        self._people: dict[str, People] = {}
        self._moved = (0, 0)
        """When time last went on, and after how many steps."""
        self._off: set[str] = set()
        self._called: set[str] = set()
        self._things: list[Callable[[], Awaitable[None]]] = []

    @property
    def counters(self) -> list[Counter]:
        return self.fleet.counters

    async def live(self) -> Lived:
        """All days, and until everything has arrived."""
        try:
            self._plan()
            for begin, end in self.hours:
                self.agenda.leap(begin)
                await self.until(end)
                await self.night(end)
            await self.close()
        except Exception as error:
            raise Broken(error, self.world.seed, self.history, self.agenda.steps) from error
        finally:
            for counter in self.counters:
                await counter.stop()
        h = self.history
        checks = self.fleet.invariants.checks
        return Lived(self.world.seed, len(self.counters), h.taps, h.faults, h.recorded, checks, self.agenda.steps)

    def _own_chance(self) -> pseudo.Random:
        """Chance for one part of the day, so that another part's draws do not change it."""
        return pseudo.Random(self.chance.getrandbits(64))

    def _plan(self) -> None:
        chance, begin = self._own_chance(), 0
        for _ in range(self.plan.days):
            self.hours.append((begin, begin + self.plan.open_ms))
            begin += self.plan.open_ms + chance.choice(NIGHTS)
        self.network.weather = Weather(
            lost=chance.choice([0, 0.02, 0.1]),
            doubled=chance.choice([0, 0.05, 0.2]),
            late=chance.choice([0, 0.05, 0.3]),
            crash=chance.choice([0, 0.02, 0.05]),
        )
        for counter in self.counters:
            self.staff(counter)
            self._plan_faults(counter)

    def staff(self, counter: Counter) -> None:
        """A terminal has people from now on."""
        chance = self.world.chance("disk", counter.name)
        counter.disk_ms = chance.choice([5, 50, 1_500])
        self._people[counter.name] = People(counter, self.world, self.hours, self.plan.gap_ms)

    def _plan_faults(self, counter: Counter) -> None:
        chance = self._own_chance()
        for number in range(chance.randrange(self.plan.faults + 1)):
            begin, end = chance.choice(self.hours)
            fault = chance.choices(list(FAULTS), list(FAULTS.values()))[0]
            own = pseudo.Random(chance.getrandbits(64))
            name = f"{counter.name}: {fault.__name__.replace('_', ' ')} ({number + 1})"
            self.agenda.after(chance.randrange(begin, end), self._fault(name, lambda f=fault, c=counter, o=own: f(self, c, o)))

    def _fault(self, name: str, do: Callable[[], None]) -> Callable[[], None]:
        def happens() -> None:
            if self.history.happens(name):
                self.history.fault(name)
                do()

        return happens

    # what faults are made of

    def later(self, milliseconds: int, action: Callable[[], None]) -> None:
        """Plans the end of a fault."""
        self.agenda.after(milliseconds, action)

    def do(self, thing: Callable[[], Awaitable[None]]) -> None:
        """Something that takes a while by the loop's clock: done after this step."""
        self._things.append(thing)

    def cut_off(self, counter: Counter) -> None:
        self.network.down.add(counter.name)

    def reconnect(self, counter: Counter) -> None:
        if counter.name in self.network.down:
            self.history.note(f"{counter.name}: the network is back")
            self.network.down.discard(counter.name)
            counter.courier.hurry()

    def switch_off(self, counter: Counter) -> None:
        self._off.add(counter.name)
        self.do(counter.stop)

    def switch_on(self, counter: Counter) -> None:
        if counter.name in self._off:
            self.history.note(f"{counter.name}: it is switched on")
            self._off.discard(counter.name)
            if not counter.running:
                counter.start()

    def update_cloud(self) -> None:
        """A newer version, which can read everything."""
        self.cloud.unreadable = 0.0
        self.cloud.post_stored(self.agenda.wall_ms)
        self.network.ring()

    def void_lines(self) -> None:
        """A person gives up what cannot be read; then the cloud is updated."""
        self.fleet.invariants.cloud.may_be_void = True
        self.cloud.post_stored(self.agenda.wall_ms, void=True)
        self.network.ring()
        self.update_cloud()

    # time goes by

    async def until(self, end: int) -> None:
        """Everything that is due by then."""
        await self.agenda.settle()
        while self.agenda.next_due < end:
            await self.step()
        self.agenda.leap(end)

    async def night(self, closed: int) -> None:
        """The last ones close, and then the cloud settles who holds what; before the terminals rest, or long after."""
        await self.until(closed + self.chance.choice([0, 5 * MINUTE]))
        self.cloud.over_night(self.agenda.wall_ms)
        self.network.ring()
        await self.until(self.agenda.now + self.chance.choice([0, 5 * MINUTE]))

    async def step(self) -> None:
        """The next thing, and then the invariants."""
        await self.agenda.step()
        if self.agenda.now > self._moved[0]:
            self._moved = (self.agenda.now, self.agenda.steps)
        elif self.agenda.steps > self._moved[1] + STANDSTILL:
            violated(rules.GOES_ON, "terminals and cloud keep each other busy and get nowhere")
        things, self._things = self._things, []
        for thing in things:
            await thing()
            await self.agenda.settle()
        for counter in self.counters:
            if counter.died:
                self.history.fault(f"{counter.name}: the power fails")
                await counter.restart()
        if FAULTS_LOGGED:
            faults, FAULTS_LOGGED[:] = list(FAULTS_LOGGED), []
            if not any(counter.disk.fails for counter in self.counters):
                violated(rules.GOES_ON, "a terminal logs a fault of its own:", faults[0])
        demand(not raw_numbers.FOUND, rules.RAW, *raw_numbers.FOUND[:1])
        touched, self.network.cloud_touched = self.network.cloud_touched, False
        self.fleet.invariants.check(cloud_touched=touched)
        self._call_staff()

    def _call_staff(self) -> None:
        """A terminal that says it is stopped is renewed by staff, sooner or later."""
        for counter in self.counters:
            if counter.running and counter.state.desk.cloud.stopped and counter.name not in self._called:
                self._called.add(counter.name)
                self.agenda.after(
                    self.world.chance("staff", counter.name, self.agenda.now).randrange(MINUTE), self._renewal(counter)
                )

    def _renewal(self, counter: Counter) -> Callable[[], None]:
        def renew() -> None:
            self._called.discard(counter.name)
            if counter.running and counter.standing is not Standing.GOOD:
                counter.renew()

        return renew

    async def close(self) -> None:
        """Nobody comes any more, nothing goes wrong any more: everything arrives, and both sides have the same."""
        self.network.weather = Weather()
        self.cloud.unreadable = 0.0
        await self.until(self.agenda.now + 5 * MINUTE)
        for counter in self.counters:
            counter.disk.refuse(0, 0)
            self.switch_on(counter)
            self.network.down.add(counter.name)
            self.reconnect(counter)
        await self.agenda.settle()  # what starts up has something to do before anything else is due
        self.update_cloud()
        self.fleet.invariants.check(cloud_touched=True)
        deadline = self.agenda.now + DRAIN_MS
        while not self._quiet():
            if self.agenda.now > deadline:
                violated(rules.GOES_ON, "there are entries that do not arrive")
            await self.step()
        if not all(book.has_forgotten for book in self.fleet.invariants.books.values()):
            await self.until(self.agenda.now + 2 * int(IDLE_SECONDS * SECOND))
        self.fleet.invariants.check_end()

    def _quiet(self) -> bool:
        return all(
            counter.running
            and counter.standing is Standing.GOOD
            and journal_history.waiting(counter.store.reader.journal).count == 0
            and mirror.cursor(counter.store.reader.mirror) == self.fleet.invariants.cloud.change
            for counter in self.counters
        )
