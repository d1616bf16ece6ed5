"""Signing every request of a paired terminal: HTTP Message Signatures (RFC 9421) over a content digest (RFC 9530).

Example::

    signer = RequestSigner(pairing.identity, key, clock=known_seconds)
    client = httpx.AsyncClient(base_url=url, auth=signer)
    await client.post(PUSH_PATH, content=body, headers={COUNTER_HEADER: str(counter.take())})
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx

from sync.keys import DeviceKey
from sync.messages import COUNTER_HEADER, SIGNATURE_LABEL, SIGNED_COMPONENTS


class UnnumberedRequest(ValueError):
    """A request without its counter: the cloud would refuse it."""

    def __init__(self) -> None:
        super().__init__(f"set the {COUNTER_HEADER} header before a request is signed")


class RequestSigner(httpx.Auth):
    """Signs a request over `SIGNED_COMPONENTS`; the key id is the terminal's identity.

    `clock` gives seconds since 1970 for the signature's `created`. Give it known time (a lower bound), not the wall clock: a
    verifier refuses what was signed in its future, and replays are kept off by the counter, not by the time.
    """

    requires_request_body = True

    def __init__(self, identity: UUID, key: DeviceKey, clock: Callable[[], float]) -> None:
        self._identity, self._key, self._clock = identity, key, clock
        self._signer: Any = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """httpx calls this with the body read; raises `UnnumberedRequest`."""
        if COUNTER_HEADER not in request.headers:
            raise UnnumberedRequest
        if self._signer is None:
            self._signer = _signer(self._key)
        self._signer.sign(
            _Message(request.method, str(request.url), request.headers),
            key_id=str(self._identity),
            created=datetime.fromtimestamp(max(0, int(self._clock())), UTC),
            label=SIGNATURE_LABEL,
            covered_component_ids=SIGNED_COMPONENTS,
            body=request.content,
        )
        yield request


@dataclass(frozen=True, slots=True)
class _Message:
    """What http-message-signatures reads of a request; it writes into `headers`."""

    method: str
    url: str
    headers: httpx.Headers


def _signer(key: DeviceKey) -> Any:
    from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms

    private = key.private()

    class OneKey(HTTPSignatureKeyResolver):
        def resolve_private_key(self, key_id: str) -> Any:
            return private

    return HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=OneKey())
