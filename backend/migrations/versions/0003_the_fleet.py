"""What terminals say of themselves, chains read again, alarms seen, and entries on the true time line."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, kind in (
        ("told_head", sa.BigInteger()),
        ("told_waiting", sa.BigInteger()),
        ("told_since_ms", sa.BigInteger()),
        ("told_programme", sa.Integer()),
        ("told_standing", sa.Text()),
        ("verified", sa.BigInteger()),
        ("verified_hash", sa.LargeBinary()),
        ("verified_ms", sa.BigInteger()),
    ):
        op.add_column("identity", sa.Column(name, kind, nullable=True))
    op.add_column("alarm", sa.Column("seen_ms", sa.BigInteger(), nullable=True))
    op.add_column("alarm", sa.Column("seen_by", sa.Text(), nullable=True))
    # Entries that are posted already keep the time that their terminal gave.
    op.add_column("entry", sa.Column("made_ms", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("entry", sa.Column("sure", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE entry SET made_ms = wall_ms, sure = trusted")
    op.create_table(
        "boot",
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("began_ms", sa.BigInteger(), nullable=False),
        sa.Column("measured", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.id"], name=op.f("fk_boot_merchant")),
        sa.PrimaryKeyConstraint("merchant", "id", name=op.f("pk_boot")),
    )
