"""The migrations build exactly the tables that the code uses."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from backend import merchant_tables, tables
from backend.database import Database, UnsafeDatabase, open_engine
from backend.migrate import upgrade


def test_migrations_build_the_tables_that_the_code_uses() -> None:
    engine = open_engine("sqlite://")
    upgrade(engine)
    upgrade(engine)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_the_tables_can_be_built_on_postgresql() -> None:
    for table in tables.metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))
        for index in table.indexes:
            assert "CREATE INDEX" in str(CreateIndex(index).compile(dialect=postgresql.dialect()))


def test_sqlite_keeps_what_it_is_told_to_keep(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'cloud.sqlite'}")
    with engine.begin() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    engine.dispose()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_database_that_cannot_be_durable_is_refused(tmp_path: Path) -> None:
    # Without locks SQLite has no write-ahead log, as on many network shares.
    engine = open_engine(f"sqlite:///file:{tmp_path / 'cloud.sqlite'}?nolock=1&uri=true")
    with pytest.raises(UnsafeDatabase, match="local disk"), engine.connect():
        pass
    engine.dispose()


def test_a_reader_neither_waits_for_the_writer_nor_writes(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'cloud.sqlite'}")
    upgrade(engine)
    database = Database(engine)
    with database.writing() as writer:
        writer.execute(sa.insert(merchant_tables.network).values(id=UUID(int=1), name="n", change=0))
        with database.reading() as reader:
            assert reader.execute(sa.select(merchant_tables.network)).all() == []
    with database.reading() as reader:
        assert len(reader.execute(sa.select(merchant_tables.network)).all()) == 1
        reader.execute(sa.update(merchant_tables.network).values(name="changed"))
    with database.reading() as reader:
        assert reader.execute(sa.select(merchant_tables.network.c.name)).scalar_one() == "n"
    engine.dispose()
