"""What terminals are asked to give back, and which change each is told of at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("identity", sa.Column("called", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "recall",
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("identity", sa.Uuid(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("purse", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("keep", sa.BigInteger(), nullable=False),
        sa.Column("wisher", sa.Uuid(), nullable=True),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant", "identity"], ["identity.merchant", "identity.id"], name=op.f("fk_recall_merchant_identity")
        ),
        sa.PrimaryKeyConstraint("merchant", "identity", "account", "purse", "instance", name=op.f("pk_recall")),
    )
