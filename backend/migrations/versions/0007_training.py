"""Merchants to train with: the counter page serves no others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("merchant", sa.Column("training", sa.Boolean(), nullable=False, server_default=sa.false()))
