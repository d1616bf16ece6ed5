"""A cloud in memory with one merchant, and time that stands still until a test moves it: what the cloud's tests begin with."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from backend import identities, merchants, pairing, tables
from backend.database import Database, open_engine
from backend.migrate import upgrade
from emulators.terminal_peer import Chain
from loyalty.ids import uuid7

NOW = 1_800_000_000_000


@dataclass
class Time:
    """A clock that a test moves."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass
class House:
    """A cloud with one network, one merchant and one shop."""

    engine: sa.Engine
    network: UUID
    merchant: UUID
    time: Time
    chance: random.Random

    @property
    def database(self) -> Database:
        return Database(self.engine)

    def terminal(self, connection: sa.Connection, merchant: UUID | None = None) -> Chain:
        """A paired terminal, by its chain."""
        identity = uuid7(NOW, self.chance.randbytes(10))
        identities.add(
            connection,
            id=identity,
            network=self.network,
            merchant=merchant or self.merchant,
            shop="main",
            device="test",
            public_key=self.chance.randbytes(32),
            now_ms=NOW,
        )
        return Chain(identity)

    def code(self, lasts_ms: int = pairing.CODE_LASTS_MS) -> str:
        with self.engine.begin() as connection:
            return pairing.make_code(connection, self.merchant, "main", self.time(), self.chance.randbytes, lasts_ms)


@cache
def empty_image() -> bytes:
    """An empty database as it is after all migrations: running them for every example would take most of the time."""
    engine = open_engine("sqlite://")
    upgrade(engine)
    with engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        connection.rollback()
        image: bytes = raw.serialize()
    engine.dispose()
    return image


@cache
def _template(server: str) -> str:
    """The name of an empty database on a server, after all migrations, that others are made from."""
    name = f"empty_{os.getpid()}"
    _create(server, name, "template0")
    engine = open_engine(_database(server, name))
    upgrade(engine)
    engine.dispose()
    return name


def _create(server: str, name: str, template: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()


def _database(server: str, name: str) -> str:
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


_numbers = count()


def new_engine() -> sa.Engine:
    """A new database in memory, up to date; or one on the server of BODKA_TEST_DATABASE (`scripts/test-postgresql`)."""
    server = os.environ.get("BODKA_TEST_DATABASE")
    if server:
        name = f"house_{os.getpid()}_{next(_numbers)}"
        _create(server, name, _template(server))
        # Without a pool: psycopg complains of connections that a pool still holds when a test forgets its engine.
        return sa.create_engine(_database(server, name), poolclass=NullPool)
    engine = open_engine("sqlite://")
    empty(engine)
    return engine


def bare_engine() -> sa.Engine:
    """As `new_engine`, before any migration: without a table."""
    server = os.environ.get("BODKA_TEST_DATABASE")
    if not server:
        return open_engine("sqlite://")
    name = f"bare_{os.getpid()}_{next(_numbers)}"
    _create(server, name, "template0")
    return sa.create_engine(_database(server, name), poolclass=NullPool)


def new_file_engine(path: Path) -> sa.Engine:
    """As `new_engine`, in a file: for tests in which a request goes on in the cloud after its terminal has lost power."""
    path.write_bytes(empty_image())
    return open_engine(f"sqlite:///{path}")


def empty(engine: sa.Engine) -> None:
    """Forgets everything in a database in memory, or of a server; the engine keeps its compiled statements."""
    if engine.dialect.name != "sqlite":
        names = ", ".join(tables.metadata.tables)
        with engine.begin() as connection:
            connection.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        return
    raw: Any = engine.raw_connection().dbapi_connection
    raw.deserialize(empty_image())


def build_house(engine: sa.Engine) -> House:
    """One network, one merchant, one shop in an empty cloud."""
    chance = random.Random(1)
    with engine.begin() as connection:
        network = merchants.found_network(connection, "net", NOW, chance.randbytes)
        own = merchants.open_merchant(connection, network, "Shop", "main", "Main", NOW, chance.randbytes)
    return House(engine, network, own.merchant, Time(), chance)
