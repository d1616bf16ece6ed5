"""Tables of cards and of whose they are: members, accounts that were merged or forgotten, and staff."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, LargeBinary, Table, Text, UniqueConstraint, Uuid

from backend.merchant_tables import metadata

card = Table(
    "card",
    metadata,
    Column("network", Uuid, ForeignKey("network.id"), primary_key=True),
    Column("token", LargeBinary, primary_key=True),
    Column("account", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False, server_default="card"),
    Column("status", Text, nullable=False),
    Column("change", BigInteger, nullable=False),
    Index(None, "network", "change"),
    Index(None, "network", "account"),
)

# Accounts that lead to another one for ever.
merged = Table(
    "merged",
    metadata,
    Column("network", Uuid, ForeignKey("network.id"), primary_key=True),
    Column("account", LargeBinary, primary_key=True),
    Column("into", LargeBinary, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index(None, "network", "into"),
)

member = Table(
    "member",
    metadata,
    Column("network", Uuid, ForeignKey("network.id"), primary_key=True),
    Column("account", LargeBinary, primary_key=True),
    Column("name", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("change", BigInteger, nullable=False),
    Index(None, "network", "change"),
)

# Accounts of people who were forgotten: their sums go on under the id `opaque`, and lines that still come are put there too.
forgotten = Table(
    "forgotten",
    metadata,
    Column("network", Uuid, ForeignKey("network.id"), primary_key=True),
    Column("account", LargeBinary, primary_key=True),
    Column("opaque", LargeBinary, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False),
    Index(None, "network", "change"),
)

staff = Table(
    "staff",
    metadata,
    Column("merchant", Uuid, ForeignKey("merchant.id"), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("token", LargeBinary, nullable=False),
    Column("account", LargeBinary),
    Column("active", Boolean, nullable=False),
    Column("change", BigInteger, nullable=False),
    UniqueConstraint("merchant", "token"),
    Index(None, "merchant", "change"),
)
