"""Who sent a request: HTTP Message Signatures (RFC 9421, Ed25519) over the components that `sync.messages` names.

A signature's times are not looked at: a device without a clock must be heard. What stops replays is the signed counter
(`exchange.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)

from backend import identities
from backend.identities import Identity
from sync.messages import COUNTER_HEADER, SIGNATURE_LABEL, SIGNED_COMPONENTS

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
    keys = _Keys(connection)
    verifier = _Verifier(signature_algorithm=algorithms.ED25519, key_resolver=keys)
    try:
        results = verifier.verify(request, max_age=None, require_components=SIGNED_COMPONENTS, body=request.body)
    except (HTTPMessageSignaturesException, ValueError) as error:
        raise BadSignature("the signature does not fit: check that the terminal calls the cloud by its own address") from error
    if len(results) != 1 or results[0].label != SIGNATURE_LABEL or results[0].body is None:
        raise BadSignature(f'exactly one signature is wanted, labelled "{SIGNATURE_LABEL}", over the body\'s digest')
    counter = request.headers.get(COUNTER_HEADER.lower(), "")
    if not (counter.isascii() and counter.isdigit() and 0 < len(counter) <= 19 and 0 < int(counter) <= LARGEST_COUNTER):
        raise BadSignature(f"{COUNTER_HEADER} must be a whole number above 0")
    return Signer(keys.owners[str(results[0].parameters["keyid"])], int(counter))


class _Keys(HTTPSignatureKeyResolver):
    """Public keys by identity."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self.owners: dict[str, Identity] = {}
        """Whose keys were asked for."""

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
        try:
            owner = identities.find(self._connection, UUID(key_id))
        except (ValueError, identities.UnknownIdentity):
            return None
        self.owners[key_id] = owner
        return None if owner.public_key is None else Ed25519PublicKey.from_public_bytes(owner.public_key)


class _Verifier(HTTPMessageVerifier):
    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        """Nothing: see above."""
