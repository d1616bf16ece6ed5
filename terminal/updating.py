"""Updates in a running terminal: a version on trial is well or not; the next one is fetched, and taken when nobody is served.

Nothing here is in the way of a card. A version is fetched piece by piece, and goes on where it was broken off. It is taken in
the first idle minutes after a start of the machine, since in many shops the plug is pulled every evening; when staff close the
shop; or after some hours without a card. Whether a new version is well is never asked of the network: an outage would take
every update back.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from sync.bundle import NoBundle, read_head
from sync.keys import write_safely
from sync.troubles import Trouble
from sync.update_messages import UPDATE_PIECE_BYTES, Offer, Piecemeal
from terminal import updates
from terminal.updates import BUNDLE, WORKED, Answer, NobodyAnswers, What
from terminal.versions import Versions

log = structlog.get_logger("updating")

WELL_SECONDS = 60.0
"""So long all devices of before must work at once, with the journal open."""
TRIAL_SECONDS = 900.0
"""A version that is not well by then is left."""
LOOK_SECONDS = 1.0
ASK_SECONDS = 6 * 3600.0
AGAIN_SECONDS = 600.0
IDLE_SECONDS = 180.0
"""The first idle minutes after a start."""
EARLY_SECONDS = 3600.0
"""After a start of the machine: until then the first idle minutes count."""
LONG_IDLE_SECONDS = 4 * 3600.0


class Shop(Protocol):
    """What an update has to know of the counter."""

    @property
    def idle(self) -> bool:
        """Nobody is served, and nothing is under way."""

    @property
    def working(self) -> frozenset[str]:
        """The devices that work now."""


class Cloud(Protocol):
    """How the cloud is asked; raises `Trouble`, also where there is no cloud yet."""

    async def update(self, version: str, architecture: str, refused: tuple[str, ...]) -> Offer:
        """What is offered to this terminal."""

    async def update_piece(self, offer: Offer, number: int) -> Piecemeal:
        """A piece of it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things last; a test is quicker than a shop."""

    well: float = WELL_SECONDS
    trial: float = TRIAL_SECONDS
    look: float = LOOK_SECONDS
    ask: float = ASK_SECONDS
    again: float = AGAIN_SECONDS
    idle: float = IDLE_SECONDS
    early: float = EARLY_SECONDS
    long_idle: float = LONG_IDLE_SECONDS


class Updating:
    """Runs beside the daemon; every part of it gives way to the counter."""

    def __init__(
        self,
        folder: Path,
        requests: Path,
        shop: Shop,
        cloud: Cloud,
        up_seconds: Callable[[], float],
        *,
        versions: Versions | None = None,
        pace: Pace | None = None,
    ) -> None:
        """`up_seconds` is how long the machine has been up."""
        self._folder, self._requests, self._shop, self._cloud, self._up = folder, requests, shop, cloud, up_seconds
        self._versions, self._pace = versions or Versions(), pace or Pace()
        self._closing = asyncio.Event()
        self.on_take: Callable[[str], None] = lambda version: None
        """Hears which version is being installed, and of "" afterwards."""

    @property
    def ready(self) -> bool:
        """Whether a newer version lies here, to be taken."""
        return (self._folder / BUNDLE).exists()

    def close_shop(self) -> None:
        """Nobody comes any more today: what is ready is taken now."""
        self._closing.set()

    async def run(self) -> None:
        """Until cancelled."""
        if not self._versions.folder.is_dir():  # no package: nothing here could be updated
            return
        await self._trial()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fetch_now_and_then())
            group.create_task(self._take_when_idle())
            group.create_task(self._note_devices())

    async def _trial(self) -> None:
        """Says that the version on trial is well, once it is; or asks for the last good one."""
        if not self._versions.on_trial():
            return
        version, wanted = self._versions.current(), self._worked_before()
        log.info("a new version is on trial", version=version, devices=sorted(wanted))
        well = await self._does_well(wanted)
        if well:
            (self._folder / BUNDLE).unlink(missing_ok=True)
        else:
            log.error(
                "the new version does not do well: the last one is asked for", missing=sorted(wanted - self._shop.working)
            )
        await self._tell(What.WELL if well else What.RETURN)

    async def _does_well(self, wanted: frozenset[str]) -> bool:
        steady = 0.0
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.trial):
                while steady < self._pace.well:
                    await asyncio.sleep(self._pace.look)
                    steady = steady + self._pace.look if wanted <= self._shop.working else 0.0
                return True
        return False

    async def _fetch_now_and_then(self) -> None:
        while True:
            try:
                fetched = await self._fetch()
            except (Trouble, OSError) as error:
                log.info("no update could be fetched", why=str(error))
                fetched = False
            except Exception:  # a fault of ours is no reason to end the counter
                log.exception("no update could be fetched")
                fetched = False
            await asyncio.sleep(self._pace.ask if fetched else self._pace.again)

    async def _fetch(self) -> bool:
        """Fetches what is offered, if anything is; False where it is to be tried again soon."""
        if self.ready:
            return True
        state = self._versions.state()
        offer = await self._cloud.update(self._versions.running(), updates.architecture(), state.refused)
        part = self._folder / f"{BUNDLE}.part"
        if not offer.version:
            part.unlink(missing_ok=True)
            return True
        digest, place = _so_far(part, offer)
        with part.open("ab") as file:
            file.truncate(place * UPDATE_PIECE_BYTES)
            while place * UPDATE_PIECE_BYTES < offer.size:
                content = (await self._cloud.update_piece(offer, place)).content
                if not content or len(content) > UPDATE_PIECE_BYTES:
                    break
                file.write(content)
                digest.update(content)
                place += 1
            file.flush()
            os.fsync(file.fileno())
        if digest.digest() != offer.sha256:  # another bundle's beginning, or a broken answer
            part.unlink()
            return False
        part.replace(self._folder / BUNDLE)
        log.info("a newer version lies here, and is taken when nobody is served", version=offer.version)
        return True

    async def _take_when_idle(self) -> None:
        idle = 0.0
        while True:
            await asyncio.sleep(self._pace.look)
            idle = idle + self._pace.look if self._shop.idle else 0.0
            early = self._up() < self._pace.early
            enough = self._pace.idle if early else self._pace.long_idle
            if self.ready and (idle >= enough or (self._closing.is_set() and self._shop.idle)):
                await self._take()
                idle = 0.0
            if not self.ready:
                self._closing.clear()

    async def _take(self) -> None:
        """Asks root for the update. Where that is done, this process ends soon."""
        self.on_take(self._version_here())
        try:
            answer = await self._tell(What.INSTALL)
        finally:
            self.on_take("")
        if answer is None:
            return
        log.info("update", done=answer.done, words=answer.words)
        if not answer.done:
            (self._folder / BUNDLE).unlink(missing_ok=True)

    async def _tell(self, what: What) -> Answer | None:
        try:
            return await updates.ask(what, self._requests, self._versions.folder)
        except NobodyAnswers as error:
            log.warning("not updated", why=str(error))
            return None

    async def _note_devices(self) -> None:
        """Keeps the names of the devices that work, once they have for a while: the next version must do as well with them."""
        steady, before, kept = 0.0, self._shop.working, self._worked_before()
        while True:
            await asyncio.sleep(self._pace.look)
            steady = steady + self._pace.look if self._shop.working == before else 0.0
            before = self._shop.working
            if steady >= self._pace.well and before != kept:
                with suppress(OSError):
                    write_safely(self._folder / WORKED, msgspec.json.encode(sorted(before)))
                    kept = before

    def _version_here(self) -> str:
        with suppress(OSError, NoBundle), (self._folder / BUNDLE).open("rb") as file:
            return read_head(file).manifest.version
        return ""

    def _worked_before(self) -> frozenset[str]:
        with suppress(OSError, msgspec.MsgspecError):
            return frozenset(msgspec.json.decode((self._folder / WORKED).read_bytes(), type=list[str]))
        return frozenset()


def _so_far(part: Path, offer: Offer) -> tuple[hashlib._Hash, int]:
    """The hash of the whole pieces that lie here already, and how many there are."""
    digest, place = hashlib.sha256(), 0
    with suppress(OSError), part.open("rb") as file:
        while (place + 1) * UPDATE_PIECE_BYTES <= offer.size and len(
            content := file.read(UPDATE_PIECE_BYTES)
        ) == UPDATE_PIECE_BYTES:
            digest.update(content)
            place += 1
    return digest, place
