"""A day in the life of two terminals and one cloud, decided by a seed."""

from __future__ import annotations

import random as pseudo
import tempfile
from dataclasses import dataclass
from pathlib import Path

from simulation.agenda import Agenda, run
from simulation.cloud import founded, the_cloud
from simulation.counter import Counter
from simulation.history import History, Violation
from simulation.invariants import Invariants
from simulation.network import Network, Weather
from simulation.people import People
from sync import history as journal_history
from sync import mirror
from terminal.store import JOURNAL, MIRROR

MINUTE = 60_000
HOUR = 60 * MINUTE
DRAIN_MS = 2 * HOUR
"""How long after closing time everything must have arrived, with a network without faults."""


@dataclass(frozen=True)
class Plan:
    """How long the shop is open, and how long a counter waits for its next customer, about."""

    open_ms: int
    gap_ms: int


WHOLE_DAY = Plan(8 * HOUR, 5 * MINUTE)
RUSH = Plan(5 * MINUTE, 25_000)
"""The short form, for a test: as many faults, fewer customers."""


@dataclass(frozen=True)
class Lived:
    """What a day was like."""

    seed: int
    taps: int
    faults: int
    recorded: int
    checks: int


def live(seed: int, plan: Plan = WHOLE_DAY) -> Lived:
    """Lives one day; raises `Violation` with the seed and what happened last."""
    with tempfile.TemporaryDirectory() as folder:
        return run(_Day(seed, plan, Path(folder)).live())


class _Day:
    def __init__(self, seed: int, plan: Plan, folder: Path) -> None:
        self.seed, self.plan, self.folder, self.chance = seed, plan, folder, pseudo.Random(seed)
        self.agenda = Agenda()
        self.history = History(lambda: self.agenda.now)

    async def live(self) -> Lived:
        self._open()
        try:
            await self._until(self.plan.open_ms)
            await self._close()
        except Exception as error:
            told = f"{error}\nseed {self.seed}, {self.history.taps} taps, the last events:\n{self.history.tail()}"
            raise Violation(told) from error
        finally:
            for counter in self.counters:
                await counter.stop()
        return Lived(self.seed, self.history.taps, self.history.faults, self.history.recorded, self.invariants.checks)

    def _own_chance(self) -> pseudo.Random:
        """Chance for one part of the day, so that another part's draws do not change it."""
        return pseudo.Random(self.chance.getrandbits(64))

    def _open(self) -> None:
        chance, agenda = self.chance, self.agenda
        self.cloud = the_cloud()
        self.cloud.begin(lambda: agenda.wall_ms, self._own_chance().randbytes)
        weather = Weather(
            lost=chance.choice([0, 0.02, 0.1]),
            doubled=chance.choice([0, 0.05, 0.2]),
            late=chance.choice([0, 0.05, 0.3]),
            crash=chance.choice([0, 0.02, 0.05]),
        )
        self.network = Network(agenda, self.cloud, self._own_chance(), weather, self.history)
        self.counters, self.people = [], []
        for place, (paired, key) in enumerate(zip(founded().paired, founded().keys, strict=True), 1):
            folder = self.folder / f"terminal-{place}"
            folder.mkdir()
            (folder / JOURNAL).write_bytes(founded().journal)
            (folder / MIRROR).write_bytes(founded().mirror)
            counter = Counter(f"terminal {place}", folder, paired, key, agenda, self.network, self._own_chance(), self.history)
            counter.disk_ms = chance.choice([5, 50, 1_500])
            self.counters.append(counter)
            self.people.append(People(counter, agenda, self._own_chance(), self.history, self.plan.gap_ms))
            self._plan_faults(counter)
        self.invariants = Invariants(self.cloud, self.counters)

    def _plan_faults(self, counter: Counter) -> None:
        """Hours without network, and power cuts in the middle of whatever is under way then."""
        chance, agenda, day = self._own_chance(), self.agenda, self.plan.open_ms
        for _ in range(chance.randrange(3)):
            start = chance.randrange(day)
            agenda.after(start, lambda: self._cut_off(counter))
            agenda.after(start + chance.randrange(day // 100, day // 3), lambda: self._reconnect(counter))
        for _ in range(chance.randrange(6)):
            agenda.after(chance.randrange(day), lambda: counter.power.cut_after(chance.randrange(60)))

    def _cut_off(self, counter: Counter) -> None:
        self.history.fault(f"{counter.name}: no network")
        self.network.down.add(counter.name)

    def _reconnect(self, counter: Counter) -> None:
        self.history.note(f"{counter.name}: the network is back")
        self.network.down.discard(counter.name)
        counter.courier.hurry()

    async def _until(self, end: int) -> None:
        while self.agenda.now < end:
            await self._step()

    async def _step(self) -> None:
        await self.agenda.step()
        for counter in self.counters:
            if counter.died:
                self.history.fault(f"{counter.name}: the power fails")
                await counter.restart(without_mirror=self.chance.random() < 0.25)
        touched, self.network.cloud_touched = self.network.cloud_touched, False
        self.invariants.check(cloud_touched=touched)

    async def _close(self) -> None:
        """Nobody comes any more, nothing goes wrong any more: everything arrives, and both sides have the same."""
        for people in self.people:
            people.open = False
        self.network.weather = Weather()
        await self._until(self.agenda.now + 5 * MINUTE)
        for counter in self.counters:
            self._reconnect(counter)
        deadline = self.agenda.now + DRAIN_MS
        while not self._quiet():
            if self.agenda.now > deadline:
                raise Violation("2: there are entries that do not arrive")
            await self._step()
        self.invariants.check_end()

    def _quiet(self) -> bool:
        return all(
            journal_history.waiting(counter.store.reader.journal).count == 0
            and mirror.cursor(counter.store.reader.mirror) == self.invariants.cloud.change
            for counter in self.counters
        )
