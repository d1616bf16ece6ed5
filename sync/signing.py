"""Signing every request of a paired terminal, in the form that `sync.signature` describes.

Example::

    signer = RequestSigner(pairing.identity, key, clock=known_seconds)
    client = httpx.AsyncClient(base_url=url, auth=signer)
    await client.post(PUSH_PATH, content=body, headers={COUNTER_HEADER: str(counter.take())})
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING
from uuid import UUID

import httpx

from sync import signature
from sync.keys import DeviceKey
from sync.messages import COUNTER_HEADER

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class UnnumberedRequest(ValueError):
    """A request without its counter: the cloud would refuse it."""

    def __init__(self) -> None:
        super().__init__(f"set the {COUNTER_HEADER} header before a request is signed")


class RequestSigner(httpx.Auth):
    """Signs each request; the key id is the terminal's identity.

    `clock` gives seconds since 1970 for the signature's `created`. Give it known time (a lower bound), not the wall clock: a
    verifier may refuse what was signed in its future, and replays are kept off by the counter, not by the time.
    """

    requires_request_body = True

    def __init__(self, identity: UUID, key: DeviceKey, clock: Callable[[], float]) -> None:
        self._identity, self._key, self._clock = identity, key, clock
        self._private: Ed25519PrivateKey | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """httpx calls this with the body read; raises `UnnumberedRequest`."""
        if COUNTER_HEADER not in request.headers:
            raise UnnumberedRequest
        if self._private is None:
            self._private = self._key.private()
        digest = signature.content_digest(request.content)
        parameters = signature.parameters(self._identity, max(0, int(self._clock())))
        base = signature.signature_base(request.method, str(request.url), digest, request.headers[COUNTER_HEADER], parameters)
        request.headers[signature.DIGEST_HEADER] = digest
        request.headers.update(signature.headers(parameters, self._private.sign(base)))
        yield request
