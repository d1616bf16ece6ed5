"""What stories are told with: the terminals of a day, and what may be done with them one thing after the other.

Faults happen when the story says so and at no other time. `tell` ends each story as a day ends: everything must arrive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

from display.screens import Message
from loyalty.account import Holding
from loyalty.entry import Draft, Entry, Personal, TokenKind
from loyalty.tokens import token
from simulation.agenda import run
from simulation.cloud import temporary_folder
from simulation.counter import Counter
from simulation.day import RUSH, Broken, Day, Lived
from simulation.faults import SECOND, write_off
from simulation.people import JANA, People

Story = Callable[["Scene"], Awaitable[None]]


class Scene:
    """The terminals, and what a story does with them. Each call returns when all that follows from it is done."""

    def __init__(self, day: Day) -> None:
        self.day = day
        self._people: dict[str, People] = {}

    def __getitem__(self, number: int) -> Counter:
        return self.day.counters[number]

    async def wait(self, milliseconds: int = 30 * SECOND) -> None:
        await self.day.until(self.day.agenda.now + milliseconds)

    async def leap(self, milliseconds: int) -> None:
        """Nobody looks for so long."""
        self.day.agenda.leap(self.day.agenda.now + milliseconds)
        await self.wait()

    async def visit(self, counter: Counter, habit: str, member: str = JANA) -> None:
        """A customer comes, and somebody of the staff who shows his card where nobody has."""
        if counter.name not in self._people:
            self._people[counter.name] = People(counter, self.day.world)
        people = self._people[counter.name]
        if counter.state.desk.staff is None:
            people.visit("staff", member)
            await self.wait(10 * SECOND)
        people.visit(habit, member)
        await self.wait()

    async def cut_off(self, *counters: Counter) -> None:
        for counter in counters:
            self.day.cut_off(counter)
        await self.wait(SECOND)

    async def reconnect(self, *counters: Counter) -> None:
        for counter in counters:
            self.day.reconnect(counter)
        await self.wait()

    async def record(self, counter: Counter, draft: Draft, then_ms: int = 30 * SECOND) -> Entry:
        """An entry that no button of today's counter makes; the journal asks as for any other."""
        entry = await self.attempt(counter, draft, then_ms)
        assert isinstance(entry, Entry), entry
        return entry

    async def attempt(self, counter: Counter, draft: Draft, then_ms: int = 30 * SECOND) -> Entry | Message:
        """As `record`; or why the journal refused it."""
        recording = asyncio.ensure_future(counter.write(draft, f"story {len(counter.keys)}"))
        await self.wait(SECOND)
        outcome = recording.result()
        await self.wait(then_ms)
        return outcome

    async def copy(self, counter: Counter) -> Counter:
        """A second machine runs from a copy of the SD card from now on, without a network until it is told otherwise."""
        card = self.day.fleet.copy(counter)
        self.day.network.down.add(self.day.fleet.next_copy)
        copy = self.day.fleet.clone(card)
        await self.wait()
        return copy

    async def write_off(self, counter: Counter, identity: UUID | None = None) -> None:
        """The merchant gives a terminal up, in the portal; or an identity that it had."""
        write_off(self.day, counter, identity)
        await self.wait(SECOND)

    async def hear(self, *counters: Counter) -> None:
        """They exchange with the cloud at once."""
        for counter in counters:
            counter.courier.hurry()
        await self.wait()

    def jana_account(self, counter: Counter) -> bytes:
        """Jana's account, by her card."""
        return token(counter.pairing.token_keys()[0], TokenKind.CARD, JANA)

    def jana(self, counter: Counter, purse: str = "points") -> Holding:
        """What Jana has, as one terminal sees it."""
        mine = self.jana_account(counter)
        return counter.store.account(Personal(mine, mine)).holding(purse)

    def spends(self, counter: Counter) -> int:
        """How many entries of a terminal spend something."""
        return sum(f" {counter.name}: redeem" in event for event in self.day.history.events)

    def overdraft(self) -> int:
        """What the cloud lists as overdrawn, of all purses."""
        return sum(purse.overdraft for purse in self.day.fleet.invariants.cloud.purses.values())


def tell(story: Story, terminals: int = 2) -> Lived:
    """Tells a story; raises `Broken`, as a seed does."""

    async def told(folder: Path) -> Lived:
        day = Day(0, RUSH, folder, terminals=terminals)
        try:
            scene = Scene(day)
            await scene.wait()
            await story(scene)
            await day.close()
        except Exception as error:
            raise Broken(error, 0, day.history, day.agenda.steps) from error
        finally:
            for counter in day.counters:
                await counter.stop()
        h = day.history
        return Lived(0, terminals, h.taps, h.faults, h.recorded, day.fleet.invariants.checks, day.agenda.steps)

    with temporary_folder() as folder:
        return run(told(Path(folder)))
