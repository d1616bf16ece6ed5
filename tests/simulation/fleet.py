"""The terminals of a merchant, and what may be done with their SD cards."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import msgspec

from simulation.cloud import Cloud, founded
from simulation.copies import HeadStart
from simulation.counter import CLOUD, Counter
from simulation.invariants import Invariants
from simulation.world import World
from sync import pairing
from sync.keys import DEVICE_KEY
from terminal.store import JOURNAL, MIRROR


@dataclass(frozen=True)
class SdCard:
    """All files of a terminal at one moment, and what people had been told there by then."""

    files: dict[str, bytes]
    promised: dict[str, UUID] = field(default_factory=dict)
    keys: dict[str, UUID | None] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    start: HeadStart | None = None
    clock_lied: bool = False


class Fleet:
    """`counters` are those that run or may run again; the first ones were paired before the day began."""

    def __init__(self, folder: Path, world: World, cloud: Cloud, size: int) -> None:
        self._folder, self._world = folder, world
        self.counters: list[Counter] = []
        for place in range(size):
            self._insert(f"terminal {place + 1}", _fresh(place))
        self.invariants = Invariants(cloud, self.counters, world.network.boots)

    def copy(self, counter: Counter) -> SdCard:
        """The card as it is now. Work that is under way is not on it: each step of the writer is a whole transaction."""
        files = {path.name: path.read_bytes() for path in counter.folder.iterdir() if not path.name.endswith("-shm")}
        start = self.invariants.copied(counter)
        return SdCard(files, dict(counter.promised), dict(counter.keys), frozenset(counter.refused), start, counter.clock.lied)

    @property
    def next_copy(self) -> str:
        """The name of the next machine that runs from a copy."""
        return f"copy {len(self.counters) + 1}"

    def clone(self, card: SdCard) -> Counter:
        """Another machine starts with a copy of a card."""
        counter = self._insert(self.next_copy, card)
        self.invariants.add(counter, card.start and card.start.again())
        return counter

    async def restore(self, counter: Counter, card: SdCard) -> None:
        """A terminal starts again with an old copy of its card."""
        await counter.stop()
        for path in counter.folder.iterdir():
            path.unlink()
        _write(counter.folder, card)
        _recall(counter, card)
        counter.start()
        self.invariants.add(counter, card.start and card.start.again())

    def _insert(self, name: str, card: SdCard) -> Counter:
        folder = self._folder / name.replace(" ", "-")
        folder.mkdir()
        _write(folder, card)
        counter = Counter(name, folder, self._world)
        _recall(counter, card)
        self.counters.append(counter)
        return counter


def _fresh(place: int) -> SdCard:
    """A terminal that has just been paired."""
    paired, key = founded().paired[place], founded().keys[place]
    kept = pairing.Pairing(
        CLOUD,
        paired.identity,
        paired.network,
        paired.merchant,
        paired.merchant_name,
        paired.shop,
        paired.shop_name,
        paired.keys,
    )
    files = {JOURNAL: founded().journal, MIRROR: founded().mirror, DEVICE_KEY: key.seed}
    return SdCard({**files, pairing.PAIRING_FILE: msgspec.json.encode(kept)})


def _write(folder: Path, card: SdCard) -> None:
    for name, content in card.files.items():
        (folder / name).write_bytes(content)


def _recall(counter: Counter, card: SdCard) -> None:
    counter.promised, counter.keys, counter.refused = dict(card.promised), dict(card.keys), set(card.refused)
    counter.clock.lied = counter.clock.lied or card.clock_lied
