"""The real cloud in this process: the ASGI app with its signatures, on SQLite in memory, and a crash between two statements."""

from __future__ import annotations

import random as pseudo
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa

from backend import (
    accept,
    api,
    doorbell,
    fleet_tables,
    identities,
    ledger_tables,
    levels,
    lines,
    merchant_tables,
    merging,
    migrate,
    own_entries,
    pairing,
    sample,
)
from backend.app import create_app
from backend.book import Book
from backend.database import Database, open_engine
from backend.overnight import overnight
from loyalty.chain import Line
from loyalty.entry import Entry, Personal, Posting, Unreadable
from simulation.agenda import DAWN_MS
from sync import journal, mirror
from sync.keys import DeviceKey
from sync.messages import Wait
from sync.pairing_messages import Pair, Paired
from terminal.store import JOURNAL, MIRROR

TERMINALS = 5
"""How many a fleet may have: the first of them are used."""
GIFT, MONEY, VISITS = ("gift", "7001"), ("money", ""), ("visits", "pass 2026")
"""Purses that no button of today's counter moves: a gift card among others and an account of money, in cents; a pass."""
BOUGHT = {GIFT: 5_000, MONEY: 2_500, VISITS: 10}
"""What every member holds of them on the first morning."""
SHOPS = (sample.SHOP, sample.SHOP, "rynok-2", sample.SHOP, "rynok-2")
"""Where each of them stands."""
MEMORY = Path("/dev/shm")
"""Files that need not outlive the machine: what a disk does with them is another test's matter."""


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
        connection.execute(sa.insert(merchant_tables.shop).values(merchant=merchant, id="rynok-2", name="Rynok 2"))
        members = connection.execute(sa.select(ledger_tables.account.c.id)).scalars().all()
        load(connection, merchant, members, DAWN_MS, chance.randbytes)
        codes = [pairing.make_code(connection, merchant, shop, DAWN_MS, chance.randbytes) for shop in SHOPS]
        paired = [
            pairing.pair(connection, Pair(code, key.public), DAWN_MS, chance.randbytes)
            for code, key in zip(codes, keys, strict=True)
        ]
    database = _raw(engine).serialize()
    engine.dispose()
    return Founded(database, *_empty_files(), keys, tuple(paired))


def load(
    connection: sa.Connection, merchant: UUID, accounts: Sequence[bytes], now_ms: int, random: Callable[[int], bytes]
) -> None:
    """The merchant sells to each of these accounts what is `BOUGHT`, in the portal: nobody holds any of it by that."""
    book = Book(connection, identities.own_of(connection, merchant), now_ms)
    book.load_accounts(accounts)
    for account in accounts:
        for (purse, instance), amount in BOUGHT.items():
            own_entries.award(book, Personal(account, account), Posting(purse, amount, instance=instance), random)
    book.write()


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """Where the terminals' files are: in memory where that can be, for a flush to the disk takes longer than a customer."""
    return tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)


def _empty_files() -> tuple[bytes, bytes]:
    """A journal and a mirror as a terminal makes them when it first starts."""
    with temporary_folder() as folder:
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
        self.engine = engine
        self.database = _raw(engine)
        self._wall_ms: Callable[[], int] = lambda: DAWN_MS
        self.random = pseudo.Random().randbytes
        self._left: int | None = None
        self.unreadable = 0.0
        """The share of all lines that this version cannot read."""
        sa.event.listen(engine, "after_cursor_execute", self._count)
        self._read, lines.read = lines.read, self._read_line  # an older version, which does not know some causes yet
        app = create_app(engine, clock=lambda: self._wall_ms(), random=lambda count: self.random(count))
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def begin(self, wall_ms: Callable[[], int], random: Callable[[int], bytes], terminals: int) -> None:
        """A new day with so many terminals: nothing of an earlier one is left."""
        self.database.deserialize(founded().database)
        for spare in founded().paired[terminals:]:
            self.database.execute("DELETE FROM pairing_code WHERE identity = ?", (spare.identity.hex,))
            self.database.execute("DELETE FROM identity WHERE id = ?", (spare.identity.hex,))
        self._wall_ms, self.random, self._left = wall_ms, random, None
        self.unreadable = 0.0

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction, as the portal makes it."""
        with Database(self.engine).writing() as connection:
            yield connection

    def news(self, wait: Wait) -> doorbell.News:
        """What the held-open request of a terminal would be answered with now."""
        with Database(self.engine).reading() as connection:
            caller = identities.find(connection, wait.identity)
            return doorbell.look(connection, doorbell.Caller(caller.network, caller.merchant, caller.id), wait.cursor)

    def over_night(self, now_ms: int) -> None:
        """What the cloud does while nobody is in the shop."""
        with self.writing() as connection:
            merchant = connection.execute(sa.select(merchant_tables.merchant.c.id)).scalar_one()
        overnight(self.writing, merchant, now_ms)
        with self.writing() as connection:
            merging.call_back_all(connection, merchant, now_ms)
        levels.review(self.writing, merchant, now_ms)

    def post_stored(self, now_ms: int, *, void: bool = False) -> None:
        """Posts what waits and can be read; `void`: a person first gives up each line at which posting stopped."""
        with self.writing() as connection:
            behind = sa.select(fleet_tables.identity.c.id).where(
                fleet_tables.identity.c.posted < fleet_tables.identity.c.head_sequence
            )
            for identity in connection.execute(behind).scalars().all():
                while void and accept.void_next(connection, identity, now_ms, self.random, by="Eva"):
                    pass
                accept.post_stored(connection, identities.lock(connection, identity), now_ms, self.random)

    def _read_line(self, line: Line) -> tuple[Entry, Personal]:
        if self.unreadable and sha256(line.body).digest()[0] < 256 * self.unreadable:
            raise Unreadable("this version does not know such an entry")
        return self._read(line)

    def crash_after(self, statements: int) -> None:
        self._left = statements

    async def answer(self, request: httpx.Request) -> httpx.Response | None:
        """What the cloud answers; None where it crashed before it committed."""
        threads, api.run_in_threadpool = api.run_in_threadpool, _at_once  # type: ignore[assignment]
        try:
            response = await self._transport.handle_async_request(request)
        finally:
            api.run_in_threadpool = threads
        content = b"".join([part async for part in response.stream])  # type: ignore[union-attr]  # as it was sent, packed
        crashed, self._left = self._left is not None and self._left < 0, None
        return None if crashed else httpx.Response(response.status_code, headers=response.headers, content=content)

    def _count(self, *_: Any) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise Crash


async def _at_once(work: Callable[..., Any], *args: Any) -> Any:
    """Nothing in a simulated day may depend on which thread is quicker."""
    return work(*args)


@cache
def the_cloud() -> Cloud:
    """The one of this process."""
    return Cloud()


def _raw(engine: sa.Engine) -> sqlite3.Connection:
    raw = engine.raw_connection().driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw
