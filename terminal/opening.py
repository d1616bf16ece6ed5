"""Opens the terminal's books at the start, whatever the disk is like.

A damaged journal is saved (`terminal.rescue`). A full disk gives up its reserve, so that balances are shown and whoever wants
to record is told; nothing else of the daemon knows of it. Where the books cannot be opened at all, the panel says so, and it is
tried again for ever: a daemon that ends and starts every second tells nobody anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path
from uuid import UUID

import structlog

from display.screens import Message
from sync import reserve
from sync.database import DiskFull, UnsafeJournal, named
from sync.refusals import NotRecorded
from terminal import heartbeat, rescue, state_lock
from terminal.store import Store
from terminal.versions import Versions

log = structlog.get_logger("opening")

AGAIN_SECONDS = 10.0


async def books(
    folder: Path,
    identity: UUID,
    shop: str,
    stack: AsyncExitStack,
    *,
    say: Callable[[Message], None],
    versions: Versions | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Store:
    """The store, once it could be opened; it and the state folder are let go with `stack`. `say` shows why it takes long.

    Raises `StateTaken`; and for a version on trial whatever the trouble is: such an end counts, and the version is left.
    """
    told = ""
    async with heartbeat.beating():
        while True:
            try:
                store = _open(folder, identity, shop, stack)
                await store.run_blocking(partial(rescue.take_up, store.writer, folder, after_start=True))
                return store
            except (NotRecorded, UnsafeJournal, OSError) as error:
                trouble = named(error)
            full = isinstance(trouble, DiskFull)
            if full and reserve.give_up(folder):
                continue
            if (versions or Versions()).on_trial():
                raise trouble
            if told != str(trouble):
                told = str(trouble)
                log.critical("the terminal cannot serve", why=told)
                heartbeat.tell("READY=1", f"STATUS=cannot serve: {told}")
            say(Message.NO_ROOM if full else Message.NO_MEMORY)
            await sleep(AGAIN_SECONDS)


def _open(folder: Path, identity: UUID, shop: str, stack: AsyncExitStack) -> Store:
    with ExitStack() as here:
        here.enter_context(state_lock.hold(folder))
        rescue.rescue(folder)
        here.callback(reserve.keep, folder)  # after the store is closed: what SQLite gives free then is kept
        store = Store(folder, identity, shop)
        here.callback(store.close)
        reserve.keep(folder)
        stack.callback(here.pop_all().close)
    return store
