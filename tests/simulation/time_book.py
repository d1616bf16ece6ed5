"""What must be true of time (invariant 9), and of an undo's (6): the simulator knows when everything really was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from loyalty.entry import Moment
from simulation import rules
from simulation.agenda import DAWN_MS
from simulation.clocks import Boots
from simulation.counter import Counter
from simulation.rules import demand
from sync import known_time

if TYPE_CHECKING:
    from simulation.counter_book import Written


def check_known_time(counter: Counter) -> None:
    """Known time lies between what the cloud said last and the truth."""
    known = known_time.known_ms(counter.store.reader.mirror, counter.moment())
    demand(known <= counter.world.agenda.wall_ms, rules.NOT_LATE, counter.name, "takes it for later than it is:", known)
    least = counter.heard.at_least - known_time.NEAR_MS
    demand(known >= least, rules.NOT_EARLY, counter.name, "takes it for", known, "after the cloud's answer, so it is", least)


def check_moment(counter: Counter, line: Written) -> None:
    """What a line that is new says of its time."""
    name, moment, world = counter.name, line.entry.moment, counter.world
    demand(moment.boot in counter.boots, rules.TRUSTED, name, "has an entry of a boot that never was")
    if moment.trusted and not counter.clock.was_trusted(world.network.boots.true(moment)):
        heard = counter.boots[moment.boot].anything
        demand(heard, rules.TRUSTED, name, "trusts a clock that nobody has set:", moment.wall_ms)
        late = world.agenda.wall_ms
        demand(moment.wall_ms <= late, rules.NOT_LATE, name, "says that an entry was made later than now:", moment.wall_ms)


def check_undo(counter: Counter, undo: Written, undone: Written | None) -> None:
    """An undo that is new."""
    name = counter.name
    if undone is None:
        rules.violated(rules.IN_TIME, name, "has undone what it never recorded")
    programme = counter.state.desk.programme
    limit = 60_000 * (programme.document.programme.undo_minutes if programme is not None else 0)
    then, now = undone.entry.moment, undo.entry.moment
    boots = counter.world.network.boots
    made, undone_at = boots.true(then), boots.true(now)
    age = undone_at - made
    right = then.boot == now.boot
    if not right:
        demand(
            then.trusted and now.trusted, rules.AGE, name, "has undone an entry of another boot, of an age that nobody knows"
        )
        right = counter.clock.was_trusted(made) and counter.clock.was_trusted(undone_at) and not counter.clock.lied
    demand(age <= limit or not right, rules.IN_TIME, name, "has undone an entry after", age, "ms, and may for", limit)


class Dated(NamedTuple):
    """An entry of a terminal as the cloud has dated it, and when its line came."""

    id: UUID
    identity: UUID
    made_ms: int
    sure: bool
    received_ms: int


class TimeBook:
    """How the cloud dates entries."""

    def __init__(self, boots: Boots) -> None:
        self.fooled: set[UUID] = set()
        """Identities whose dates may be wrong: a clock was trusted while it was wrong, or two machines wrote under it."""
        self.moments: dict[UUID, Moment] = {}
        """By the entry: what its line says of its time."""
        self._boots = boots
        self._made: dict[UUID, int] = {}

    def check(self, fresh: Sequence[Dated]) -> None:
        """Entries that are new, in the order in which they were posted."""
        for one in fresh:
            before = self._made.get(one.identity, DAWN_MS)
            demand(before <= one.made_ms, rules.DATED, "an entry is dated", one.made_ms, "and the one before it", before)
            late = one.made_ms <= one.received_ms
            demand(late, rules.DATED, "an entry is dated", one.made_ms, "and came at", one.received_ms)
            self._made[one.identity] = one.made_ms
            if one.sure and one.identity not in self.fooled:
                self._check_sure(one, before, [other for other in fresh if other.identity == one.identity])

    def _check_sure(self, one: Dated, before: int, together: Sequence[Dated]) -> None:
        moment = self.moments[one.id]
        true, delay = DAWN_MS + self._boots.true(moment), self._boots.late(moment.boot)
        # What was pressed first may be written second, while the disk is slow: a line is never dated behind the next one.
        behind = [self.moments[other.id] for other in together[together.index(one) :]]
        early = min(DAWN_MS + self._boots.true(other) for other in behind)
        if delay is None:
            early = min(early, moment.wall_ms)
        late = max(before, true + (delay or 0))
        demand(early <= one.made_ms <= late, rules.SURE, "an entry of", true, "is dated", one.made_ms, "for sure")
