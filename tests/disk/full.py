"""A terminal's starts on a disk that is full; what it showed and said, as JSON lines. A part of test_full_disk.py.

Run with a watched disk: it sets its own room.
"""

from __future__ import annotations

import asyncio
import errno
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from display.screens import Message
from emulators.disk import Disk
from emulators.drafts import IDENTITY, award, moment, person
from loyalty.entry import Entry
from sync import reserve
from terminal import opening
from terminal.store import Store
from terminal.versions import Versions

PLENTY = 1 << 30
STARTS = 4


class Shop:
    """A terminal that is started again and again."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.folder, self.disk, self.said = folder, disk, list[str]()
        self.bills = 0

    @asynccontextmanager
    async def open(self, after_a_while: Callable[[], None] = lambda: None) -> AsyncIterator[Store]:
        """From a start to a clean stop; `after_a_while` happens when it has said three times that it cannot start."""

        async def sleep(_: float) -> None:
            if len(self.said) == 3:
                after_a_while()
            assert len(self.said) < 5, self.said

        def say(message: Message) -> None:
            self.said.append(message.value)

        self.said = []
        async with AsyncExitStack() as stack:
            versions = Versions(self.folder / "versions")
            yield await opening.books(self.folder, IDENTITY, "main", stack, say=say, versions=versions, sleep=sleep)

    async def serve(self, store: Store) -> dict[str, object]:
        """A card is shown, and a bill of one point is recorded."""
        self.bills += 1
        holding = store.account(person()).holding("points")
        outcome = await store.record(award(1), f"bill {self.bills}", 1, moment(self.bills))
        return {
            "said": self.said,
            "balance": holding.balance,
            "outcome": "recorded" if isinstance(outcome, Entry) else outcome.value,
        }


async def live(shop: Shop, tell: Callable[..., None]) -> None:
    disk = shop.disk
    async with shop.open() as store:
        tell("an empty disk", await shop.serve(store))
    for _ in range(STARTS):
        disk.leave(0)  # whatever was given free at the stop is somebody else's now
        async with shop.open() as store:
            disk.leave(0)
            tell("a full disk", await shop.serve(store))
            tell("still full", await shop.serve(store))
            disk.leave(PLENTY)
            tell("room again", await shop.serve(store))
            disk.leave(0)
    reserve.give_up(shop.folder)
    disk.leave(0)
    async with shop.open(lambda: disk.leave(PLENTY)) as store:
        tell("no reserve", await shop.serve(store))
    for error in (errno.EROFS, errno.EIO):
        disk.fail(disk.calls + 1, error)
        async with shop.open(disk.heal) as store:
            tell("a disk that refuses", await shop.serve(store))


def main(folder: Path, control: Path) -> None:
    def tell(what: str, found: dict[str, object]) -> None:
        print(json.dumps({"what": what, **found}), flush=True)

    asyncio.run(live(Shop(folder, Disk.watched(control)), tell))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
