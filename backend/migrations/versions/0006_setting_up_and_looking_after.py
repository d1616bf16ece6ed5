"""Codes that terminals show, versions offered in stages, what terminals say of their machines, and when shops are open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pairing_code", sa.Column("device", sa.Text(), nullable=True))
    op.add_column("identity", sa.Column("told_health", sa.LargeBinary(), nullable=True))
    op.add_column("identity", sa.Column("told_up_ms", sa.BigInteger(), nullable=True))
    op.add_column("shop", sa.Column("hours", sa.Text(), nullable=True))
    op.add_column("shop", sa.Column("zone", sa.Text(), nullable=True))
    op.create_table(
        "device_request",
        sa.Column("device_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_hash", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("merchant", sa.Uuid(), nullable=True),
        sa.Column("shop", sa.Text(), nullable=True),
        sa.Column("identity", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.id"], name=op.f("fk_device_request_merchant")),
        sa.PrimaryKeyConstraint("device_hash", name=op.f("pk_device_request")),
        sa.UniqueConstraint("user_hash", name=op.f("uq_device_request_user_hash")),
    )
    op.create_table(
        "release",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("architecture", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version", "architecture", name=op.f("pk_release")),
    )
    op.create_table(
        "release_piece",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("architecture", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version", "architecture"],
            ["release.version", "release.architecture"],
            name=op.f("fk_release_piece_version_architecture"),
        ),
        sa.PrimaryKeyConstraint("version", "architecture", "number", name=op.f("pk_release_piece")),
    )
