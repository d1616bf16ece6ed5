"""What the running cloud does by itself once a day, at an hour when the shops are closed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool

from backend import fleet_tables, identities, levels, merchants, merging
from backend.accept import post_stored
from backend.database import Database
from backend.doorbell import Doorbell
from backend.overnight import overnight
from backend.surroundings import Clock, system_random

log = logging.getLogger("bodka.nightly")


def seconds_until(hour: int, now: datetime) -> float:
    """From `now` to the next full hour of that number, by the clock on the wall."""
    following = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    if following <= now:
        following += timedelta(days=1)
    return (following - now).total_seconds()


def post_waiting(database: Database, clock: Clock, doorbell: Doorbell | None = None) -> None:
    """Posts what an older version of this cloud stored and could not read: when the cloud starts, and by night.

    The terminal that sent it may have nothing to send for weeks. What cannot be read now either goes on waiting.
    """
    i = fleet_tables.identity.c
    with database.reading() as connection:
        behind = connection.execute(sa.select(i.id, i.network).where(i.posted < i.head_sequence)).all()
    for identity, network in behind:
        with database.writing() as connection:
            post_stored(connection, identities.lock(connection, identity), clock(), system_random)
        if doorbell is not None:
            doorbell.ring(network)


def settle_all(database: Database, clock: Clock, doorbell: Doorbell | None = None) -> list[str]:
    """Settles leases and levels of every merchant for tomorrow; one sentence for each. Terminals that wait here are called."""
    said = []
    post_waiting(database, clock, doorbell)
    with database.reading() as connection:
        every = merchants.every(connection)
    for merchant in every:
        done = overnight(database.writing, merchant.id, clock())
        with database.writing() as connection:
            merging.call_back_all(connection, merchant.id, clock())
        levelled = levels.review(database.writing, merchant.id, clock())
        if doorbell is not None:
            doorbell.ring(merchant.network)
        said.append(f"{merchant.name}: {done.granted} leases raised, {done.recalled} asked back, {levelled} levels changed")
    return said


async def until_hour(hour: int) -> None:
    """Sleeps until the next full hour of that number."""
    await asyncio.sleep(seconds_until(hour, datetime.now().astimezone()))


@asynccontextmanager
async def every_night(
    database: Database, clock: Clock, doorbell: Doorbell, until_night: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    """Runs `settle_all` whenever `until_night` returns, while the context lasts. What fails is logged, and done later."""

    async def nights() -> None:
        while True:
            await until_night()
            try:
                for sentence in await run_in_threadpool(settle_all, database, clock, doorbell):
                    log.info(sentence)
            except Exception:
                log.exception("the leases were not settled for tomorrow; run bodka-cloud overnight")

    task: asyncio.Task[None] = asyncio.create_task(nights())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
