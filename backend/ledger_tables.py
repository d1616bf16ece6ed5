"""Tables of the ledger: lines as they came, entries and postings, purses and leases, and what rules look at."""

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

line = Table(
    "line",
    metadata,
    Column("merchant", Uuid, primary_key=True),
    Column("identity", Uuid, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("before", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("personal", LargeBinary),
    Column("salt", LargeBinary),
    Column("was_identity", Uuid),
    Column("was_sequence", BigInteger),
    Column("was_hash", LargeBinary),
    Column("received_ms", BigInteger, nullable=False),
    ForeignKeyConstraint(["merchant", "identity"], ["identity.merchant", "identity.id"]),
)

entry = Table(
    "entry",
    metadata,
    Column("merchant", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("identity", Uuid, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("body_hash", LargeBinary, nullable=False),
    Column("cause", Text, nullable=False),
    Column("account", LargeBinary, nullable=False),
    Column("token", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    Column("wall_ms", BigInteger, nullable=False),
    Column("trusted", Boolean, nullable=False),
    # When it was really made, as far as can be known (`loyalty.timeline`); `sure` where a proved clock tells.
    Column("made_ms", BigInteger, nullable=False),
    Column("sure", Boolean, nullable=False),
    Column("shop", Text, nullable=False),
    Column("programme", Integer, nullable=False),
    Column("refers", Uuid),
    Column("reward", Text, nullable=False),
    Column("staff", Text, nullable=False),
    Column("typed", Boolean, nullable=False),
    Column("amount", BigInteger),
    Column("currency", Text),
    # What points paid of the bill: amount - discount was paid.
    Column("discount", BigInteger, nullable=False, server_default="0"),
    Column("posted_ms", BigInteger, nullable=False),
    UniqueConstraint("merchant", "identity", "sequence"),
    ForeignKeyConstraint(["merchant", "identity", "sequence"], ["line.merchant", "line.identity", "line.sequence"]),
    Index(None, "merchant", "account", "posted_ms"),
    Index(None, "merchant", "refers"),
)

posting = Table(
    "posting",
    metadata,
    Column("merchant", Uuid, primary_key=True),
    Column("entry", Uuid, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("account", LargeBinary, nullable=False),
    Column("purse", Text, nullable=False),
    Column("instance", Text, nullable=False),
    Column("delta", BigInteger, nullable=False),
    Column("used", BigInteger, nullable=False),
    # What it changed: `delta`, or 0 where the posting was void. These are what sums to the balance.
    Column("posted", BigInteger, nullable=False),
    ForeignKeyConstraint(["merchant", "entry"], ["entry.merchant", "entry.id"]),
    Index(None, "merchant", "account", "purse", "instance"),
)

account = Table(
    "account",
    metadata,
    Column("merchant", Uuid, ForeignKey("merchant.id"), primary_key=True),
    Column("id", LargeBinary, primary_key=True),
    Column("opened_ms", BigInteger, nullable=False),
)

purse = Table(
    "purse",
    metadata,
    Column("merchant", Uuid, primary_key=True),
    Column("account", LargeBinary, primary_key=True),
    Column("purse", Text, primary_key=True),
    Column("instance", Text, primary_key=True),
    Column("earned", BigInteger, nullable=False),
    Column("spent", BigInteger, nullable=False),
    Column("leased", BigInteger, nullable=False),
    Column("overdraft", BigInteger, nullable=False),
    Column("debt", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False),
    ForeignKeyConstraint(["merchant", "account"], ["account.merchant", "account.id"]),
    Index(None, "merchant", "change"),
)

lease = Table(
    "lease",
    metadata,
    Column("merchant", Uuid, primary_key=True),
    Column("identity", Uuid, primary_key=True),
    Column("account", LargeBinary, primary_key=True),
    Column("purse", Text, primary_key=True),
    Column("instance", Text, primary_key=True),
    Column("granted", BigInteger, nullable=False),
    Column("used", BigInteger, nullable=False),
    Column("written_off", BigInteger, nullable=False),
    ForeignKeyConstraint(["merchant", "identity"], ["identity.merchant", "identity.id"]),
)

# What one terminal is asked to give back of a purse, and for whom: gone when it did, or was written off, or it is too old.
recall = Table(
    "recall",
    metadata,
    Column("merchant", Uuid, primary_key=True),
    Column("identity", Uuid, primary_key=True),
    Column("account", LargeBinary, primary_key=True),
    Column("purse", Text, primary_key=True),
    Column("instance", Text, primary_key=True),
    # Its number among the network's changes: the terminal gives back once for each.
    Column("change", BigInteger, nullable=False),
    Column("keep", BigInteger, nullable=False),
    # To whom what comes back is granted, and up to which total.
    Column("wisher", Uuid),
    Column("wanted", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    ForeignKeyConstraint(["merchant", "identity"], ["identity.merchant", "identity.id"]),
)

taking = Table(
    "taking",
    metadata,
    Column("merchant", Uuid, primary_key=True),
    Column("entry", Uuid, primary_key=True),
    Column("purse", Text, primary_key=True),
    Column("instance", Text, primary_key=True),
    Column("award", BigInteger),
    Column("taken", BigInteger, nullable=False),
    Column("excess", BigInteger, nullable=False),
)

# What followed from an entry by a rule (`backend.derived`): `of` is what the rule looked at, `whole` what it then gave, `given`
# what of that is not taken back.
derived = Table(
    "derived",
    metadata,
    Column("merchant", Uuid, primary_key=True),
    Column("entry", Uuid, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("of", BigInteger, nullable=False),
    Column("whole", BigInteger, nullable=False),
    Column("given", BigInteger, nullable=False),
)

# An account's past as far as rules look at it. Days are UTC days since 1970.
progress = Table(
    "progress",
    metadata,
    Column("merchant", Uuid, ForeignKey("merchant.id"), primary_key=True),
    Column("account", LargeBinary, primary_key=True),
    Column("level", Text, nullable=False),
    Column("spent", BigInteger, nullable=False),
    Column("owing", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False),
    Index(None, "merchant", "change"),
)

spend_day = Table(
    "spend_day",
    metadata,
    Column("merchant", Uuid, primary_key=True),
    Column("account", LargeBinary, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("amount", BigInteger, nullable=False),
)

card_day = Table(
    "card_day",
    metadata,
    Column("merchant", Uuid, primary_key=True),
    Column("token", LargeBinary, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("awards", Integer, nullable=False),
    Column("points", BigInteger, nullable=False),
)
