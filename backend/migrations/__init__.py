"""The steps that bring a cloud database to the present tables (Alembic)."""
