"""Bringing a database up to date, by the steps in `migrations/` (Alembic)."""

from __future__ import annotations

import sqlalchemy as sa

from backend.database import Database


def upgrade(engine: sa.Engine, to: str = "head") -> None:
    """Runs the steps that this database has not seen, each at most once; as far as the step `to`."""
    # Alembic is only needed here, at start.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "backend:migrations")
    with Database(engine).writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)
