"""Cards that change, forgetting, and what is derived."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("entry") as entry:
        entry.add_column(sa.Column("discount", sa.BigInteger(), server_default="0", nullable=False))
    with op.batch_alter_table("card") as card:
        card.add_column(sa.Column("kind", sa.Text(), server_default="card", nullable=False))
        card.create_index(op.f("ix_card_network_account"), ["network", "account"])
    op.create_table(
        "derived",
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("entry", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("of", sa.BigInteger(), nullable=False),
        sa.Column("whole", sa.BigInteger(), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("merchant", "entry", "rule", name=op.f("pk_derived")),
    )
    op.create_table(
        "progress",
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("owing", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.id"], name=op.f("fk_progress_merchant")),
        sa.PrimaryKeyConstraint("merchant", "account", name=op.f("pk_progress")),
    )
    op.create_index(op.f("ix_progress_merchant_change"), "progress", ["merchant", "change"], unique=False)
    op.create_table(
        "spend_day",
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("merchant", "account", "day", name=op.f("pk_spend_day")),
    )
    op.create_table(
        "card_day",
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("awards", sa.Integer(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("merchant", "token", "day", name=op.f("pk_card_day")),
    )
    op.create_table(
        "merged",
        sa.Column("network", sa.Uuid(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("into", sa.LargeBinary(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["network"], ["network.id"], name=op.f("fk_merged_network")),
        sa.PrimaryKeyConstraint("network", "account", name=op.f("pk_merged")),
    )
    op.create_index(op.f("ix_merged_network_into"), "merged", ["network", "into"], unique=False)
    op.create_table(
        "forgotten",
        sa.Column("network", sa.Uuid(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("opaque", sa.LargeBinary(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["network"], ["network.id"], name=op.f("fk_forgotten_network")),
        sa.PrimaryKeyConstraint("network", "account", name=op.f("pk_forgotten")),
    )
    op.create_index(op.f("ix_forgotten_network_change"), "forgotten", ["network", "change"], unique=False)
