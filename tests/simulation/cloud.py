"""The real cloud in this process: the ASGI app with its signatures, on SQLite in memory, and a crash between two statements."""

from __future__ import annotations

import random as pseudo
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from backend import migrate, pairing, sample
from backend.app import create_app
from backend.database import Database, open_engine
from simulation.agenda import DAWN_MS
from sync import journal, mirror
from sync.keys import DeviceKey
from sync.messages import Pair, Paired
from terminal.store import JOURNAL, MIRROR

TERMINALS = 2


@dataclass(frozen=True)
class Founded:
    """A cloud as every day finds it: migrated, with the sample café, and its terminals paired."""

    database: bytes
    journal: bytes
    mirror: bytes
    keys: tuple[DeviceKey, ...]
    paired: tuple[Paired, ...]


@cache
def founded() -> Founded:
    """Made once: what differs from day to day does not begin before the shop opens."""
    chance = pseudo.Random(2100)
    engine = open_engine("sqlite://")
    migrate.upgrade(engine)
    keys = tuple(DeviceKey(chance.randbytes(32)) for _ in range(TERMINALS))
    with Database(engine).writing() as connection:
        merchant = sample.add_sample(connection, DAWN_MS, chance.randbytes)
        codes = [pairing.make_code(connection, merchant, sample.SHOP, DAWN_MS, chance.randbytes) for _ in keys]
        paired = [
            pairing.pair(connection, Pair(code, key.public), DAWN_MS, chance.randbytes)
            for code, key in zip(codes, keys, strict=True)
        ]
    database = _raw(engine).serialize()
    engine.dispose()
    return Founded(database, *_empty_files(), keys, tuple(paired))


def _empty_files() -> tuple[bytes, bytes]:
    """A journal and a mirror as a terminal makes them when it first starts."""
    with tempfile.TemporaryDirectory() as folder:
        own = journal.open_journal(Path(folder) / JOURNAL)
        glass = mirror.open_mirror(Path(folder) / MIRROR, own)
        glass.close()
        own.close()
        return (Path(folder) / JOURNAL).read_bytes(), (Path(folder) / MIRROR).read_bytes()


class Crash(Exception):
    """The cloud's process died here."""


class Cloud:
    """`await cloud.answer(request)`; `crash_after` makes it die in the middle of a request, after so many statements.

    Made once in a process, for that takes as long as an hour at the counter; `begin` puts it back to the first morning.
    """

    def __init__(self) -> None:
        engine = open_engine("sqlite://")
        self.database = _raw(engine)
        self._wall_ms: Callable[[], int] = lambda: DAWN_MS
        self._random = pseudo.Random().randbytes
        self._left: int | None = None
        sa.event.listen(engine, "after_cursor_execute", self._count)
        app = create_app(engine, clock=lambda: self._wall_ms(), random=lambda count: self._random(count))
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def begin(self, wall_ms: Callable[[], int], random: Callable[[int], bytes]) -> None:
        """A new day: nothing of an earlier one is left."""
        self.database.deserialize(founded().database)
        self._wall_ms, self._random, self._left = wall_ms, random, None

    def crash_after(self, statements: int) -> None:
        self._left = statements

    async def answer(self, request: httpx.Request) -> httpx.Response | None:
        """What the cloud answers; None where it crashed before it committed."""
        response = await self._transport.handle_async_request(request)
        content = await response.aread()
        crashed, self._left = self._left is not None and self._left < 0, None
        # What was unpacked here is not packed any more.
        headers = {name: value for name, value in response.headers.items() if name != "content-encoding"}
        return None if crashed else httpx.Response(response.status_code, headers=headers, content=content)

    def _count(self, *_: Any) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise Crash


@cache
def the_cloud() -> Cloud:
    """The one of this process."""
    return Cloud()


def _raw(engine: sa.Engine) -> sqlite3.Connection:
    raw = engine.raw_connection().driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw
