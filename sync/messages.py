"""Everything that crosses the wire between a terminal and the cloud, as msgspec structs in JSON (bytes as base64).

Each message is made so that losing it, doubling it or receiving it late does no harm: lines are placed by sequence and hash,
leases are totals, rows carry the sequence they include and the change they come from. `docs/protocol.md` tells the protocol.

Here is what is said of lines, purses and cards, day by day, and what all messages share. How a terminal becomes a merchant's is
in `sync.pairing_messages`, the rows that answers carry in `sync.mirror_rows`, newer versions in `sync.update_messages`.

All requests but those of a terminal that has no identity yet are signed (RFC 9421) over `SIGNED_COMPONENTS`; the key id is the
terminal's identity.
"""

from __future__ import annotations

from enum import Enum
from uuid import UUID

import msgspec

from loyalty.chain import Head, Line
from sync.mirror_rows import CardRow, ForgottenRow, MemberRow, ProgressRow, PurseRow, StaffRow

PUSH_PATH = "/v1/push"
PULL_PATH = "/v1/pull"
SNAPSHOT_PATH = "/v1/snapshot"
ASK_PATH = "/v1/ask"
PRESENT_PATH = "/v1/present"
WAIT_PATH = "/v1/wait"
PROGRAMME_PATH = "/v1/programme"

COUNTER_HEADER = "Bodka-Counter"
"""A durable number of the terminal's, one higher for each new request. The same number again gets the stored answer."""

SIGNED_COMPONENTS = ("@method", "@target-uri", "content-digest", "bodka-counter")
SIGNATURE_LABEL = "bodka"

MAX_LINES = 500
"""Lines in one push."""
MAX_ROWS = 1_000
"""Changes in one pull answer."""
MAX_KEYS = 4_000
"""Cards, members or purses in one piece of a snapshot: a few hundred kilobytes, a tenth of a second of the cloud's time."""
MAX_RECALLS = 200
"""Recalls in one answer, the newest first."""
MAX_WAIT_SECONDS = 25.0
"""How long a `Wait` is held open: below what home routers and proxies take for a dead connection."""


class Standing(Enum):
    """What the cloud thinks of the terminal that asked."""

    GOOD = "good"
    OFF_HEAD = "off head"
    """The terminal's lines are not those that the cloud has: a copy, or a restored backup. It must renew."""
    WRITTEN_OFF = "written off"
    """The merchant gave it up: it stops spending, drains its lines, and pairs anew."""


class Health(msgspec.Struct, frozen=True):
    """How the machine does. What could not be measured is None."""

    version: str = ""
    trial: bool = False
    """The version has still to show that it is well."""
    celsius: int | None = None
    weak: bool | None = None
    """The power supply is too weak now (under-voltage)."""
    free_mb: int | None = None
    size_mb: int | None = None
    """The disk that the journal is on."""
    working: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Devices by their names."""


class Told(msgspec.Struct, frozen=True, array_like=True):
    """How the terminal does, for the merchant's page; and its clocks, by which the cloud dates its entries (invariant 9)."""

    boot: UUID
    up_ms: int
    """Milliseconds of the monotonic clock of that boot, when this was written."""
    waiting: int = 0
    """Lines that the cloud is not known to have."""
    oldest_ms: int = 0
    """Age of the oldest of them."""
    programme: int = 0
    """Version of the programme that is served; 0: none yet."""
    health: Health | None = None


class Push(msgspec.Struct, frozen=True):
    """Lines in order, from the one after the cloud's last known head; `head` is the terminal's own."""

    identity: UUID
    head: Head
    lines: tuple[Line, ...] = ()
    told: Told | None = None


class Recall(msgspec.Struct, frozen=True, array_like=True):
    """The cloud asks a terminal to give back what it may spend of one purse beyond `keep`: the customer stands elsewhere.

    Repeated with every answer until it is fulfilled or too old, and harmless however often: `change` names it.
    """

    change: int
    account: bytes
    purse: str
    instance: str
    keep: int


class Pushed(msgspec.Struct, frozen=True):
    """What the cloud has stored of this identity (`head`), and how far it has posted."""

    standing: Standing
    head: Head
    posted: int
    now_ms: int
    trouble: str = ""
    """Why posting stopped behind `posted`, in English, where it did."""
    recalls: tuple[Recall, ...] = ()


class Pull(msgspec.Struct, frozen=True):
    """Asks for what changed after `cursor`, a change number of the network (0: everything).

    `epoch` is the count that the cursor belongs to; None where the asker knows of none.
    """

    identity: UUID
    head: Head
    cursor: int
    limit: int = MAX_ROWS
    told: Told | None = None
    epoch: UUID | None = None


class Pulled(msgspec.Struct, frozen=True):
    """Changes in order of their number, up to `cursor`. Applied only if the terminal's own line at `through` has `hash`.

    A row replaces a stored one only if its `change` is not lower. The cursor moves on only if the terminal still stands at
    `since`, and in the transaction that writes the last row. Where the cursor is none of this cloud's (another `epoch`, or
    `cursor` below `since`: it was restored from a backup) there are no rows, and the terminal takes a snapshot.
    """

    standing: Standing
    through: int
    hash: bytes
    since: int
    cursor: int
    more: bool
    programme: int
    now_ms: int
    purses: tuple[PurseRow, ...] = ()
    cards: tuple[CardRow, ...] = ()
    members: tuple[MemberRow, ...] = ()
    staff: tuple[StaffRow, ...] = ()
    recalls: tuple[Recall, ...] = ()
    progress: tuple[ProgressRow, ...] = ()
    forgotten: tuple[ForgottenRow, ...] = ()
    epoch: UUID | None = None


class Snapshot(msgspec.Struct, frozen=True):
    """Asks for a piece of everything: the first (`after` empty), or the one that follows `after`, the `next` of a piece."""

    identity: UUID
    head: Head
    after: bytes = b""
    limit: int = MAX_KEYS


class Piece(msgspec.Struct, frozen=True):
    """All rows between two keys, each as it was when the piece was made; applied like rows of `Pulled`.

    What changes meanwhile comes again by change number: from the first piece's `cursor` on, once there is no `next`. `after`
    is what was asked for. Pieces of another `epoch` than the first one's do not belong together.
    """

    standing: Standing
    through: int
    hash: bytes
    epoch: UUID
    cursor: int
    after: bytes
    next: bytes | None
    programme: int
    now_ms: int
    purses: tuple[PurseRow, ...] = ()
    cards: tuple[CardRow, ...] = ()
    members: tuple[MemberRow, ...] = ()
    staff: tuple[StaffRow, ...] = ()
    progress: tuple[ProgressRow, ...] = ()
    forgotten: tuple[ForgottenRow, ...] = ()


class Ask(msgspec.Struct, frozen=True):
    """Asks that the lease on one purse be raised to `wanted` in all; asking twice grants once."""

    identity: UUID
    head: Head
    account: bytes
    purse: str
    instance: str
    wanted: int


class Answered(msgspec.Struct, frozen=True):
    """The row of the purse that was asked for, applied like a row of `Pulled` but without moving the cursor."""

    standing: Standing
    through: int
    hash: bytes
    now_ms: int
    row: PurseRow | None = None
    coming: int = 0
    """What was called back, just now, from other terminals that are online."""
    epoch: UUID | None = None


class Present(msgspec.Struct, frozen=True):
    """A member's card is shown: asks for all that is free of every purse of the account, and for what lies leased elsewhere."""

    identity: UUID
    head: Head
    account: bytes


class Presented(msgspec.Struct, frozen=True):
    """The account's rows, applied like those of `Pulled` but without moving the cursor."""

    standing: Standing
    through: int
    hash: bytes
    now_ms: int
    rows: tuple[PurseRow, ...] = ()
    epoch: UUID | None = None


class Wait(msgspec.Struct, frozen=True):
    """Asks to be answered when something changed after `cursor`, or after `seconds`.

    Signed, but its counter is not looked at and may be any number: it changes nothing, and its answer gives nothing away.
    """

    identity: UUID
    cursor: int
    seconds: float = MAX_WAIT_SECONDS


class Waited(msgspec.Struct, frozen=True):
    """Whether there is something to pull."""

    news: bool
    epoch: UUID | None = None


class Programme(msgspec.Struct, frozen=True):
    """Asks for the text of one version of the merchant's programme."""

    identity: UUID
    version: int


class ProgrammeText(msgspec.Struct, frozen=True):
    """A programme as TOML, for `loyalty.programme.read`."""

    version: int
    text: str


class Problem(msgspec.Struct, frozen=True):
    """Any answer with a status of 400 and above (after RFC 9457): what went wrong, in words, and what to do."""

    title: str
    detail: str = ""
    counter: int | None = None
    """With status 409: the counter the cloud holds; the next request must carry a higher one."""
