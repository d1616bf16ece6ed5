"""Alembic's entry: runs the steps on the connection that `backend.migrate` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from backend import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    # SQLite cannot change a column in place: Alembic copies the table instead.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
