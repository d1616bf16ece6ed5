"""Who sent a request: its signature (`sync.signature`), by the key that the terminal was paired with.

A signature's times are not looked at: a device without a clock must be heard. What stops replays is the signed counter
(`exchange.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from backend import identities
from backend.identities import Identity
from sync import signature
from sync.messages import COUNTER_HEADER

LARGEST_COUNTER = 2**63 - 1


class BadSignature(PermissionError):
    """The request is not signed by a terminal that this cloud knows."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as it was received; `url` is the whole address that the terminal called."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """Its value, "" where there is none."""
        return self.headers.get(name.lower(), "")


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a request, as they stood before the network was locked for it, and the number they gave it."""

    sender: Identity
    counter: int

    @property
    def identity(self) -> UUID:
        return self.sender.id


def verify(connection: sa.Connection, request: Request) -> Signer:
    """Checks the one signature of a request; raises `BadSignature`."""
    counter, digest = request.header(COUNTER_HEADER), request.header(signature.DIGEST_HEADER)
    if not (counter.isascii() and counter.isdigit() and len(counter) <= 19 and 0 < int(counter) <= LARGEST_COUNTER):
        raise BadSignature(f"{COUNTER_HEADER} must be a whole number above 0")
    try:
        identity, parameters, signed = signature.read_headers(
            request.header(signature.INPUT_HEADER), request.header(signature.SIGNATURE_HEADER)
        )
        base = signature.signature_base(request.method, request.url, digest, counter, parameters)
    except signature.OtherForm as error:
        raise BadSignature(
            f'exactly one signature is wanted, labelled "{signature.SIGNATURE_LABEL}", in the form of docs/protocol.md'
        ) from error
    if digest != signature.content_digest(request.body):
        raise BadSignature("the body is not the one that was signed: send it again")
    sender = _paired(connection, identity)
    try:
        Ed25519PublicKey.from_public_bytes(sender.public_key or b"").verify(signed, base)
    except (InvalidSignature, ValueError) as error:
        raise BadSignature("the signature does not fit: check that the terminal calls the cloud by its own address") from error
    return Signer(sender, int(counter))


def _paired(connection: sa.Connection, identity: UUID) -> Identity:
    try:
        return identities.find(connection, identity)
    except identities.UnknownIdentity as error:
        raise BadSignature(f"no terminal is paired as {identity}: pair it anew") from error
