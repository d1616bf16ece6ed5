"""Opening the cloud's database: SQLite in one file by default, PostgreSQL by its URL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

DEFAULT_URL = "sqlite:///bodka-cloud.sqlite"

_PRAGMAS = ("foreign_keys = ON", "synchronous = FULL", "journal_mode = WAL", "busy_timeout = 30000")


class UnsafeDatabase(RuntimeError):
    """The database does not keep what it is told to keep; the message says what to do."""


def open_engine(url: str = DEFAULT_URL) -> sa.Engine:
    """An engine whose transactions are durable and, on SQLite, take the writer's lock when they begin.

    `sqlite://` is a database in memory, for tests: it lives as long as the engine.
    """
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite":
        return sa.create_engine(address)
    in_memory = address.database in (None, "", ":memory:")
    if in_memory:
        engine = sa.create_engine(address, poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        engine = sa.create_engine(address)

    @sa.event.listens_for(engine, "connect")
    def prepare(raw: Any, record: Any) -> None:
        # The driver must not begin transactions of its own: it would begin them without the writer's lock.
        raw.isolation_level = None
        for pragma in _PRAGMAS:
            raw.execute(f"PRAGMA {pragma}")
        mode = raw.execute("PRAGMA journal_mode").fetchone()[0]
        full = raw.execute("PRAGMA synchronous").fetchone()[0]
        if full != 2 or mode != ("memory" if in_memory else "wal"):
            raise UnsafeDatabase(
                f"SQLite runs with journal_mode={mode}, synchronous={full} instead of WAL and FULL: "
                "keep the database on a local disk, not on a network share."
            )

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


class Database:
    """An engine, and the one writer that SQLite allows at a time.

    Writers wait for each other here, in order, and not in SQLite's busy handler, which sleeps and is not fair.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._writer = threading.Lock() if engine.dialect.name == "sqlite" else None

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction that may change anything: committed at the end, rolled back on any error."""
        if self._writer is None:
            with self.engine.begin() as connection:
                yield connection
            return
        with self._writer, self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One snapshot; whatever is written in it is rolled back."""
        with self.engine.connect() as connection, connection.execution_options(reading=True).begin() as transaction:
            try:
                yield connection
            finally:
                transaction.rollback()
