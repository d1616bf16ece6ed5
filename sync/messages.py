"""Everything that crosses the wire between a terminal and the cloud, as msgspec structs in JSON (bytes as base64).

Each message is made so that losing it, doubling it or receiving it late does no harm: lines are placed by sequence and hash,
leases are totals, rows carry the sequence they include and the change they come from. `docs/protocol.md` tells the protocol.

All requests but `Pair` are signed (RFC 9421) over `SIGNED_COMPONENTS`; the key id is the terminal's identity.
"""

from __future__ import annotations

from enum import Enum
from uuid import UUID

import msgspec

from loyalty.account import Status
from loyalty.chain import Head, Line

PAIR_PATH = "/v1/pair"
DEVICE_PATH = "/v1/device"
TOKEN_PATH = "/v1/device/token"  # noqa: S105  an address
PUSH_PATH = "/v1/push"
PULL_PATH = "/v1/pull"
SNAPSHOT_PATH = "/v1/snapshot"
ASK_PATH = "/v1/ask"
PRESENT_PATH = "/v1/present"
WAIT_PATH = "/v1/wait"
RENEW_PATH = "/v1/renew"
PROGRAMME_PATH = "/v1/programme"
UPDATE_PATH = "/v1/update"
UPDATE_PIECE_PATH = "/v1/update/piece"

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
UPDATE_PIECE_BYTES = 1 << 18
"""Of a bundle in one answer: a quarter of a megabyte."""
MAX_WAIT_SECONDS = 25.0
"""How long a `Wait` is held open: below what home routers and proxies take for a dead connection."""


class Standing(Enum):
    """What the cloud thinks of the terminal that asked."""

    GOOD = "good"
    OFF_HEAD = "off head"
    """The terminal's lines are not those that the cloud has: a copy, or a restored backup. It must renew."""
    WRITTEN_OFF = "written off"
    """The merchant gave it up: it stops spending, drains its lines, and pairs anew."""


class Pair(msgspec.Struct, frozen=True):
    """Not signed: a one-time code, and the Ed25519 public key (32 bytes) that the device made.

    The same code with the same key again gets the same answer, so that a lost answer does not burn the code.
    """

    code: str
    public_key: bytes
    device: str = ""
    merchant: UUID | None = None
    """Whose terminal it is already: then a code of another merchant is refused, and stays good."""


class Authorize(msgspec.Struct, frozen=True):
    """Not signed: a terminal that is nobody's asks for a code to show (RFC 8628 section 3.1), with the public key it made."""

    public_key: bytes
    device: str = ""


class Authorization(msgspec.Struct, frozen=True):
    """What to show, and by what to ask again (RFC 8628 section 3.2); `device_code` is the terminal's secret."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int

    def __repr__(self) -> str:
        return f"Authorization({self.user_code})"


class Collect(msgspec.Struct, frozen=True):
    """Not signed: asks whether the merchant has typed the code (RFC 8628 section 3.4). Answered by `Paired`, again and again.

    While nobody has, the answer is a `Problem` whose title is `authorization_pending`, `slow_down` or `expired_token`
    (section 3.5).
    """

    device_code: str

    def __repr__(self) -> str:
        return "Collect()"


class KeyMessage(msgspec.Struct, frozen=True):
    """A token key; the highest id is the current one."""

    id: int
    secret: bytes

    def __repr__(self) -> str:
        return f"KeyMessage(id={self.id})"


class Paired(msgspec.Struct, frozen=True):
    """The answer to `Pair`."""

    identity: UUID
    network: UUID
    merchant: UUID
    merchant_name: str
    shop: str
    shop_name: str
    keys: tuple[KeyMessage, ...]
    authority: str = ""
    """PEM of the authority that the cloud's certificates are from: the terminal trusts no other from now on."""
    training: bool = False
    """Nothing of this merchant is real: the terminal says so on every picture, and may be played on the counter page."""


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


# Rows are no work for the garbage collector: a piece of a snapshot has thousands, and none of them refers to another.
class PurseRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One purse for this terminal. With the answer's `through` it becomes one row of the mirror, in one statement."""

    account: bytes
    purse: str
    instance: str
    balance: int
    granted: int
    change: int


class CardRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A token of a card or phone, and the account it leads to."""

    token: bytes
    account: bytes
    status: Status
    change: int


class MemberRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The person behind an account, as far as the counter needs to know."""

    account: bytes
    name: str
    level: str
    language: str
    change: int


class ProgressRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An account's past with this merchant, as far as a forecast needs it (`loyalty.derived.Progress`)."""

    account: bytes
    level: str
    spent: int
    owing: int
    change: int


class ForgottenRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A tombstone: everything of this account's person is to be forgotten, here and in the journal (invariant 11)."""

    account: bytes
    change: int


class StaffRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A member of staff's card; `account` is their own customer account, `active` False once they left."""

    token: bytes
    id: str
    name: str
    account: bytes | None
    active: bool
    change: int


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


class Renew(msgspec.Struct, frozen=True):
    """A terminal that is off the head, damaged, or was written off and is drained, asks for a new identity with a new key.

    Signed with the old key. The same new key again gets the same answer.
    """

    identity: UUID
    head: Head
    public_key: bytes
    stopped: bool = False
    """The terminal has stopped for good, also where the cloud saw no reason: its journal was damaged (`sync.salvage`)."""


class Renewed(msgspec.Struct, frozen=True):
    """The new identity starts with no lines and no leases; lines of the old one after `accepted` are wrapped and sent again."""

    identity: UUID
    accepted: int


class Programme(msgspec.Struct, frozen=True):
    """Asks for the text of one version of the merchant's programme."""

    identity: UUID
    version: int


class ProgrammeText(msgspec.Struct, frozen=True):
    """A programme as TOML, for `loyalty.programme.read`."""

    version: int
    text: str


class Update(msgspec.Struct, frozen=True):
    """Asks whether there is a newer version for this terminal; `refused` are those that did not do well on it."""

    identity: UUID
    version: str
    architecture: str
    refused: tuple[str, ...] = ()


class Offer(msgspec.Struct, frozen=True):
    """A bundle (`sync.bundle`) of so many bytes, with this SHA-256; "": none. Whom to trust the terminal knows by itself."""

    version: str = ""
    architecture: str = ""
    size: int = 0
    sha256: bytes = b""


class UpdatePiece(msgspec.Struct, frozen=True):
    """Asks for a piece of a bundle: the one that begins at `number` times `UPDATE_PIECE_BYTES`."""

    identity: UUID
    version: str
    architecture: str
    number: int


class Piecemeal(msgspec.Struct, frozen=True):
    """The bytes of one piece; the last one may be shorter."""

    content: bytes


class Problem(msgspec.Struct, frozen=True):
    """Any answer with a status of 400 and above (after RFC 9457): what went wrong, in words, and what to do."""

    title: str
    detail: str = ""
    counter: int | None = None
    """With status 409: the counter the cloud holds; the next request must carry a higher one."""
