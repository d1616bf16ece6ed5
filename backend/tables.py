"""What the cloud keeps. `migrations/` builds the same tables step by step; a test compares the two.

Cards and members belong to a network; accounts, purses, entries and leases to a merchant, whose id is the first part of every
key, so that merchants can later live on machines of their own. Times are milliseconds since 1970. Amounts are whole units.

`change` numbers come from one counter in each network (`changes.py`): every row that a terminal mirrors carries the number
of its last change.
"""

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
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    false,
)

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
