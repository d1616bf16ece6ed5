"""How a terminal becomes a merchant's, and how it gets a new identity later: messages like those of `sync.messages`.

Only `Renew` and `Leave` are signed: before it was paired, a terminal has nothing to sign with.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from loyalty.chain import Head

PAIR_PATH = "/v1/pair"
DEVICE_PATH = "/v1/device"
TOKEN_PATH = "/v1/device/token"  # noqa: S105  an address
RENEW_PATH = "/v1/renew"
LEAVE_PATH = "/v1/leave"


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


class Renew(msgspec.Struct, frozen=True):
    """A terminal that is off the head, damaged, or was written off and is drained, asks for a new identity with a new key.

    Signed with the old key. The same new key again gets the same identity, and how far the old one's lines have come by now.
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


class Leave(msgspec.Struct, frozen=True):
    """A terminal that was paired again says that nobody writes under this identity any more, and which one it has now.

    Signed with the old key, and sent only once its journal is under the new identity: nothing can be spent under the old one
    after it, so late or doubled it does no harm.
    """

    identity: UUID
    head: Head
    heir: UUID


class Left(msgspec.Struct, frozen=True):
    """Whether the old identity's leases are free now: only where the cloud has all of its lines, and has posted them."""

    freed: bool
