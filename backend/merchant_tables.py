"""Tables of whose it all is: networks and their token keys, merchants, programmes and shops, and who may see the portal."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, MetaData, Table, Text, Uuid, false

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

network = Table(
    "network",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("change", BigInteger, nullable=False),
    # Which count `change` is: a new one begins where a backup was restored (`epochs.py`).
    Column("epoch", Uuid),
)

token_key = Table(
    "token_key",
    metadata,
    Column("network", Uuid, ForeignKey("network.id"), primary_key=True),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("secret", LargeBinary, nullable=False),
)

merchant = Table(
    "merchant",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("network", Uuid, ForeignKey("network.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("programme", Integer, nullable=False),
    # Nothing of it is real: its terminals say so on every picture, and may be played on the counter page.
    Column("training", Boolean, nullable=False, server_default=false()),
)

programme = Table(
    "programme",
    metadata,
    Column("merchant", Uuid, ForeignKey("merchant.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)

shop = Table(
    "shop",
    metadata,
    Column("merchant", Uuid, ForeignKey("merchant.id"), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    # When it is open (`opening.py`); NULL: nobody has said.
    Column("hours", Text),
    Column("zone", Text),
)

portal_user = Table(
    "portal_user",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("merchant", Uuid, ForeignKey("merchant.id"), nullable=False),
    Column("email", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    # None until the person has chosen one by the one-time link.
    Column("password", Text),
    Column("link_hash", LargeBinary, unique=True),
    Column("link_expires_ms", BigInteger),
)

session = Table(
    "session",
    metadata,
    Column("id_hash", LargeBinary, primary_key=True),
    Column("user", Uuid, ForeignKey("portal_user.id"), nullable=False),
    Column("form_token", Text, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)
