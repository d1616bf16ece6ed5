"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "network",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network")),
    )
    op.create_table(
        "taking",
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("entry", sa.Uuid(), nullable=False),
        sa.Column("purse", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("award", sa.BigInteger(), nullable=True),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("excess", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("merchant", "entry", "purse", "instance", name=op.f("pk_taking")),
    )
    op.create_table(
        "card",
        sa.Column("network", sa.Uuid(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["network"], ["network.id"], name=op.f("fk_card_network")),
        sa.PrimaryKeyConstraint("network", "token", name=op.f("pk_card")),
    )
    op.create_index(op.f("ix_card_network_change"), "card", ["network", "change"], unique=False)
    op.create_table(
        "member",
        sa.Column("network", sa.Uuid(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["network"], ["network.id"], name=op.f("fk_member_network")),
        sa.PrimaryKeyConstraint("network", "account", name=op.f("pk_member")),
    )
    op.create_index(op.f("ix_member_network_change"), "member", ["network", "change"], unique=False)
    op.create_table(
        "merchant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("programme", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["network"], ["network.id"], name=op.f("fk_merchant_network")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merchant")),
    )
    op.create_table(
        "token_key",
        sa.Column("network", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["network"], ["network.id"], name=op.f("fk_token_key_network")),
        sa.PrimaryKeyConstraint("network", "id", name=op.f("pk_token_key")),
    )
    op.create_table(
        "account",
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.id"], name=op.f("fk_account_merchant")),
        sa.PrimaryKeyConstraint("merchant", "id", name=op.f("pk_account")),
    )
    op.create_table(
        "alarm",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("identity", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.id"], name=op.f("fk_alarm_merchant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
    )
    op.create_index(op.f("ix_alarm_identity_sequence_kind"), "alarm", ["identity", "sequence", "kind"], unique=False)
    op.create_index(op.f("ix_alarm_merchant_at_ms"), "alarm", ["merchant", "at_ms"], unique=False)
    op.create_table(
        "identity",
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network", sa.Uuid(), nullable=False),
        sa.Column("shop", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("head_sequence", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.LargeBinary(), nullable=False),
        sa.Column("posted", sa.BigInteger(), nullable=False),
        sa.Column("posted_hash", sa.LargeBinary(), nullable=False),
        sa.Column("renews", sa.Uuid(), nullable=True),
        sa.Column("accepted", sa.BigInteger(), nullable=True),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=True),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.id"], name=op.f("fk_identity_merchant")),
        sa.ForeignKeyConstraint(["network"], ["network.id"], name=op.f("fk_identity_network")),
        sa.PrimaryKeyConstraint("merchant", "id", name=op.f("pk_identity")),
        sa.UniqueConstraint("id", name=op.f("uq_identity_id")),
        sa.UniqueConstraint("merchant", "renews", "public_key", name=op.f("uq_identity_merchant_renews_public_key")),
    )
    op.create_table(
        "pairing_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("shop", sa.Text(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("identity", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.id"], name=op.f("fk_pairing_code_merchant")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_pairing_code")),
    )
    op.create_table(
        "portal_user",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("link_hash", sa.LargeBinary(), nullable=True),
        sa.Column("link_expires_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.id"], name=op.f("fk_portal_user_merchant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_user")),
        sa.UniqueConstraint("email", name=op.f("uq_portal_user_email")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_portal_user_link_hash")),
    )
    op.create_table(
        "programme",
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.id"], name=op.f("fk_programme_merchant")),
        sa.PrimaryKeyConstraint("merchant", "version", name=op.f("pk_programme")),
    )
    op.create_table(
        "shop",
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.id"], name=op.f("fk_shop_merchant")),
        sa.PrimaryKeyConstraint("merchant", "id", name=op.f("pk_shop")),
    )
    op.create_table(
        "staff",
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.id"], name=op.f("fk_staff_merchant")),
        sa.PrimaryKeyConstraint("merchant", "id", name=op.f("pk_staff")),
        sa.UniqueConstraint("merchant", "token", name=op.f("uq_staff_merchant_token")),
    )
    op.create_index(op.f("ix_staff_merchant_change"), "staff", ["merchant", "change"], unique=False)
    op.create_table(
        "lease",
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("identity", sa.Uuid(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("purse", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("written_off", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant", "identity"], ["identity.merchant", "identity.id"], name=op.f("fk_lease_merchant_identity")
        ),
        sa.PrimaryKeyConstraint("merchant", "identity", "account", "purse", "instance", name=op.f("pk_lease")),
    )
    op.create_table(
        "line",
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("identity", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("personal", sa.LargeBinary(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("was_identity", sa.Uuid(), nullable=True),
        sa.Column("was_sequence", sa.BigInteger(), nullable=True),
        sa.Column("was_hash", sa.LargeBinary(), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant", "identity"], ["identity.merchant", "identity.id"], name=op.f("fk_line_merchant_identity")
        ),
        sa.PrimaryKeyConstraint("merchant", "identity", "sequence", name=op.f("pk_line")),
    )
    op.create_table(
        "purse",
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("purse", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("earned", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("leased", sa.BigInteger(), nullable=False),
        sa.Column("overdraft", sa.BigInteger(), nullable=False),
        sa.Column("debt", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant", "account"], ["account.merchant", "account.id"], name=op.f("fk_purse_merchant_account")
        ),
        sa.PrimaryKeyConstraint("merchant", "account", "purse", "instance", name=op.f("pk_purse")),
    )
    op.create_index(op.f("ix_purse_merchant_change"), "purse", ["merchant", "change"], unique=False)
    op.create_table(
        "session",
        sa.Column("id_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user", sa.Uuid(), nullable=False),
        sa.Column("form_token", sa.Text(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["portal_user.id"], name=op.f("fk_session_user")),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_session")),
    )
    op.create_table(
        "entry",
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identity", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("wall_ms", sa.BigInteger(), nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.Column("shop", sa.Text(), nullable=False),
        sa.Column("programme", sa.Integer(), nullable=False),
        sa.Column("refers", sa.Uuid(), nullable=True),
        sa.Column("reward", sa.Text(), nullable=False),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("typed", sa.Boolean(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("posted_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant", "identity", "sequence"],
            ["line.merchant", "line.identity", "line.sequence"],
            name=op.f("fk_entry_merchant_identity_sequence"),
        ),
        sa.PrimaryKeyConstraint("merchant", "id", name=op.f("pk_entry")),
        sa.UniqueConstraint("merchant", "identity", "sequence", name=op.f("uq_entry_merchant_identity_sequence")),
    )
    op.create_index(op.f("ix_entry_merchant_account_posted_ms"), "entry", ["merchant", "account", "posted_ms"], unique=False)
    op.create_index(op.f("ix_entry_merchant_refers"), "entry", ["merchant", "refers"], unique=False)
    op.create_table(
        "posting",
        sa.Column("merchant", sa.Uuid(), nullable=False),
        sa.Column("entry", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("purse", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("delta", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("posted", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["merchant", "entry"], ["entry.merchant", "entry.id"], name=op.f("fk_posting_merchant_entry")),
        sa.PrimaryKeyConstraint("merchant", "entry", "place", name=op.f("pk_posting")),
    )
    op.create_index(
        op.f("ix_posting_merchant_account_purse_instance"),
        "posting",
        ["merchant", "account", "purse", "instance"],
        unique=False,
    )
