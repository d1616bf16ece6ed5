"""The cloud as one ASGI application: the terminals' addresses, the portal, and the description of both."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.concurrency import run_in_threadpool

from backend import api
from backend.database import Database
from backend.nightly import every_night, post_waiting, until_hour
from backend.portal import routes as portal
from backend.problems import add_problems
from backend.surroundings import Clock, Random, system_clock

_QUIET: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}


def create_app(
    engine: sa.Engine,
    clock: Clock = system_clock,
    random: Random = secrets.token_bytes,
    public_url: str | None = None,
    authority: str = "",
    overnight_hour: int | None = None,
) -> FastAPI:
    """The cloud on a database that is up to date (`migrate.upgrade`).

    `public_url` is the address that terminals call, like `https://loyalty.example`, where a proxy in front of the cloud makes
    requests look different; signatures cover it. `authority` is the PEM that terminals pin. At `overnight_hour` of each day the
    leases are settled for tomorrow.

    Example, without a server, for tests::

        app = create_app(engine, clock=lambda: 1_800_000_000_000)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://cloud") as http: ...
    """
    cloud = api.Cloud(Database(engine), clock, random, public_url, authority)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Before anybody is answered: this version may read what an earlier one could not.
        await run_in_threadpool(post_waiting, cloud.database, clock)
        if overnight_hour is None:
            yield
            return
        async with every_night(cloud.database, clock, cloud.doorbell, partial(until_hour, overnight_hour)):
            yield

    app = FastAPI(
        title="Bodka cloud",
        version="1",
        docs_url=None,
        redoc_url=None,
        max_body_size=2 * api.MAX_BODY,
        telemetry=_QUIET,
        lifespan=lifespan,
    )
    app.state.doorbell = cloud.doorbell
    app.include_router(api.router(cloud))
    app.include_router(portal.router(cloud))
    app.include_router(portal.short_addresses())
    add_problems(app)
    plain = app.openapi

    def described() -> dict[str, Any]:
        description = plain()
        description.setdefault("components", {}).setdefault("schemas", {}).update(api.schemas())
        return description

    app.openapi = described  # type: ignore[method-assign]
    return app
