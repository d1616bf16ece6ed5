"""Tables of the terminals: their identities, how they become a merchant's, what they run, and what is to be looked at."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from backend.merchant_tables import metadata

identity = Table(
    "identity",
    metadata,
    Column("merchant", Uuid, ForeignKey("merchant.id"), primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("network", Uuid, ForeignKey("network.id"), nullable=False),
    Column("shop", Text, nullable=False),
    Column("device", Text, nullable=False),
    # None: the merchant's own identity in the cloud, which no terminal can use.
    Column("public_key", LargeBinary),
    Column("standing", Text, nullable=False),
    Column("head_sequence", BigInteger, nullable=False),
    Column("head_hash", LargeBinary, nullable=False),
    Column("posted", BigInteger, nullable=False),
    Column("posted_hash", LargeBinary, nullable=False),
    # The identity that this one follows (`Renew`), and how far that one's lines were known to be here.
    Column("renews", Uuid),
    Column("accepted", BigInteger),
    Column("made_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger),
    # What it last said of itself: its head, how many lines waited, since when the oldest, its programme; and what it was told.
    Column("told_head", BigInteger),
    Column("told_waiting", BigInteger),
    Column("told_since_ms", BigInteger),
    Column("told_programme", Integer),
    Column("told_standing", Text),
    # And how the machine does: `sync.messages.Health` as JSON.
    Column("told_health", LargeBinary),
    Column("told_up_ms", BigInteger),
    # How far its stored lines were read again and found whole, and when.
    Column("verified", BigInteger),
    Column("verified_hash", LargeBinary),
    Column("verified_ms", BigInteger),
    # The last signed request: its counter, the digest of its path and body, and the answer it got.
    Column("counter", BigInteger, nullable=False),
    Column("request", LargeBinary),
    Column("answer", LargeBinary),
    # The last change that this terminal is told of at once: something was asked of it, or granted for its asking.
    Column("called", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("id"),
    UniqueConstraint("merchant", "renews", "public_key"),
)

# When a boot of a device began, on the cloud's clock: by it entries of that boot are put on the true time line. `measured` by
# an exchange; else a trusted entry says so.
boot = Table(
    "boot",
    metadata,
    Column("merchant", Uuid, ForeignKey("merchant.id"), primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("began_ms", BigInteger, nullable=False),
    Column("measured", Boolean, nullable=False),
)

pairing_code = Table(
    "pairing_code",
    metadata,
    Column("code_hash", LargeBinary, primary_key=True),
    Column("merchant", Uuid, ForeignKey("merchant.id"), nullable=False),
    Column("shop", Text, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("identity", Uuid),
    # What the terminal will be called where it does not say so itself.
    Column("device", Text),
)

# A terminal that shows a short code (RFC 8628): whose it is once a merchant has typed that, and then its identity.
device_request = Table(
    "device_request",
    metadata,
    Column("device_hash", LargeBinary, primary_key=True),
    Column("user_hash", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("device", Text, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("merchant", Uuid, ForeignKey("merchant.id")),
    Column("shop", Text),
    Column("identity", Uuid),
    UniqueConstraint("user_hash"),
)

# Versions of the terminal, in stages: a bundle is offered to `share` of a hundred terminals. Its bytes lie in pieces.
release = Table(
    "release",
    metadata,
    Column("version", Text, primary_key=True),
    Column("architecture", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("share", Integer, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)

release_piece = Table(
    "release_piece",
    metadata,
    Column("version", Text, primary_key=True),
    Column("architecture", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
    ForeignKeyConstraint(["version", "architecture"], ["release.version", "release.architecture"]),
)

alarm = Table(
    "alarm",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("merchant", Uuid, ForeignKey("merchant.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("identity", Uuid, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("account", LargeBinary),
    Column("detail", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    # Who has looked at it, and when.
    Column("seen_ms", BigInteger),
    Column("seen_by", Text),
    Index(None, "merchant", "at_ms"),
    Index(None, "identity", "sequence", "kind"),
)
