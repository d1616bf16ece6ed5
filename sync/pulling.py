"""What comes from the cloud: a snapshot in pieces where the mirror has none, then changes, then the programme they name.

Each step leaves a mirror that the next exchange goes on from, so that a power cut or a lost network costs one piece at most.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TypeVar
from uuid import UUID

from loyalty.chain import Head
from sync import applying, journal, messages, mirror, snapshot
from sync.database import checkpoint
from sync.messages import Piece, ProgrammeText, Pull, Pulled, Recall, Snapshot, Standing, Told
from sync.requests import Requests, RunBlocking
from sync.troubles import Trouble

T = TypeVar("T")
Heed = Callable[[UUID, Standing, Head], Awaitable[bool]]


class Pulling:
    """One courier's pulls. `mirror_connection` gives the mirror as it is now; both files are touched only in `run_blocking`.

    `up_ms` is the monotonic time: a turn of `run_blocking` is kept short by it. `heed` hears under which identity was asked,
    and what the cloud says of it and of its lines; it answers whether rows may be taken. `prove_time` hears the cloud's time.
    `between` runs between two pieces, so that entries need not wait for a long snapshot. `told` is what a pull says of this
    terminal, `give_back` hears what is called back, `on_applied` of the accounts that a slice touched, `on_programme` of a new
    programme's text.
    """

    def __init__(
        self,
        requests: Requests,
        run_blocking: RunBlocking,
        journal_connection: sqlite3.Connection,
        mirror_connection: Callable[[], sqlite3.Connection],
        *,
        up_ms: Callable[[], int],
        told: Callable[[], Told],
        heed: Heed,
        prove_time: Callable[[int], Awaitable[None]],
        between: Callable[[], Awaitable[None]],
        give_back: Callable[[tuple[Recall, ...]], Awaitable[None]],
        on_applied: Callable[[set[bytes]], object],
        on_programme: Callable[[ProgrammeText], None],
    ) -> None:
        self._requests, self._run_blocking = requests, run_blocking
        self._journal, self._mirror = journal_connection, mirror_connection
        self._up_ms = up_ms
        self._heed, self._prove_time, self._between = heed, prove_time, between
        self._told, self._give_back = told, give_back
        self._on_applied, self._on_programme = on_applied, on_programme

    async def pull(self) -> None:
        """Takes all that the cloud has; raises `Trouble`, `DamagedMirror` or what a full disk raises."""
        whole = False
        while not whole:
            after = await self._of_mirror(snapshot.due)
            if after is not None and not await self._take_snapshot(after):
                return
            await self._work_off(snapshot.sweep(self._mirror()))
            whole = await self._take_changes()
        await self._fetch_programme()

    async def _take_snapshot(self, after: bytes) -> bool:
        """Takes the pieces after `after`, the next one on its way while one is written; False where none may be taken."""
        identity = await self._identity()
        piece: Piece | None = await self._ask_piece(identity, after)
        while piece is not None:
            if not await self._heed(identity, piece.standing, Head(piece.through, piece.hash)):
                return False
            if piece.next == piece.after:
                raise Trouble("The cloud's snapshot does not move on; it is tried again.")
            await self._prove_time(piece.now_ms)
            on_its_way = asyncio.ensure_future(self._ask_piece(identity, piece.next)) if piece.next is not None else None
            try:
                await self._apply(snapshot.take(self._mirror(), self._journal, identity, piece, up_ms=self._up_ms))
                # Piece by piece, or the log would grow until a commit that somebody waits for has to move it.
                await self._of_mirror(checkpoint)
                await self._fetch_programme()
                await self._between()
                piece = await on_its_way if on_its_way is not None else None
            finally:
                if on_its_way is not None:
                    on_its_way.cancel()
                    await asyncio.gather(on_its_way, return_exceptions=True)
        return True

    async def _ask_piece(self, identity: UUID, after: bytes) -> Piece:
        ask = partial(_ask_piece, self._journal, identity, after)
        return await self._requests.post(messages.SNAPSHOT_PATH, ask, Piece)

    async def _take_changes(self) -> bool:
        """Whether the mirror is whole; False where its cursor is none of this cloud's, and a snapshot is due."""
        more = True
        while more:
            identity = await self._identity()
            ask = partial(_pull, self._journal, self._mirror(), identity, self._told)
            pulled = await self._requests.post(messages.PULL_PATH, ask, Pulled)
            if not await self._heed(identity, pulled.standing, Head(pulled.through, pulled.hash)):
                return True
            await self._prove_time(pulled.now_ms)
            if pulled.cursor < pulled.since or pulled.epoch != await self._of_mirror(snapshot.epoch):
                await self._of_mirror(mirror.pull_anew)
                return False
            await self._apply(applying.apply(self._mirror(), self._journal, identity, pulled, up_ms=self._up_ms))
            await self._give_back(pulled.recalls)
            more = pulled.more
            if more and pulled.cursor <= pulled.since:
                raise Trouble("The cloud's changes do not move on; it is tried again.")
        return True

    async def _apply(self, slices: Iterator[set[bytes]]) -> None:
        try:
            await self._work_off(slices, self._on_applied)
        except applying.Misplaced as error:
            raise Trouble(str(error)) from error

    async def _work_off(self, slices: Iterator[T], done: Callable[[T], object] = lambda slice: None) -> None:
        """One slice, one turn of the writer thread: a tap in between is recorded at once."""
        while (slice := await self._run_blocking(lambda: next(slices, None))) is not None:
            if slice:
                done(slice)

    async def _fetch_programme(self) -> None:
        wanted, here = await self._of_mirror(mirror.programme_version), await self._of_mirror(mirror.programme)
        if wanted > (here.version if here is not None else 0):
            question = messages.Programme(await self._identity(), wanted)
            text = await self._requests.post(messages.PROGRAMME_PATH, lambda: question, ProgrammeText)
            if text.version != wanted:
                raise Trouble(
                    f"The cloud sent version {text.version} of the programme in place of {wanted}; it is tried again."
                )
            await self._of_mirror(partial(mirror.keep_programme, text=text))
            self._on_programme(text)

    async def _identity(self) -> UUID:
        return (await self._run_blocking(lambda: journal.current(self._journal))).identity

    async def _of_mirror(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._run_blocking(lambda: work(self._mirror()))


def _ask_piece(connection: sqlite3.Connection, identity: UUID, after: bytes) -> Snapshot:
    return Snapshot(identity, journal.head(connection), after)


def _pull(
    connection: sqlite3.Connection, mirror_connection: sqlite3.Connection, identity: UUID, told: Callable[[], Told]
) -> Pull:
    cursor, epoch = mirror.cursor(mirror_connection), snapshot.epoch(mirror_connection)
    return Pull(identity, journal.head(connection), cursor, epoch=epoch, told=told())
