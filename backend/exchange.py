"""One signed request and its answer, in one transaction: counter, effects, and the answer that is kept for a repeat.

A request lost on the way is sent again with the same counter; if it had arrived after all, its stored answer is given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from urllib.parse import urlsplit

import sqlalchemy as sa

from backend import fleet_tables, identities
from backend.identities import Identity
from backend.signatures import Request, Signer


class CounterTooLow(ValueError):
    """An old request, or another one under a number that was used. `counter` is what the cloud holds."""

    def __init__(self, counter: int) -> None:
        super().__init__(f"the counter must be higher than {counter}: go on from there")
        self.counter = counter


def exchange(
    connection: sa.Connection,
    signer: Signer,
    request: Request,
    now_ms: int,
    answer: Callable[[sa.Connection, Identity], bytes],
) -> bytes:
    """The answer to a request that `signer` signed: a stored one, or what `answer` makes of it.

    Raises `CounterTooLow`, and what `answer` raises: then nothing is changed, the counter included, if the caller rolls back.
    """
    sender = identities.lock(connection, signer.identity)
    digest = _digest(request)
    if signer.counter <= sender.counter:
        stored = _stored_answer(connection, sender, digest) if signer.counter == sender.counter else None
        if stored is None:
            raise CounterTooLow(sender.counter)
        return stored
    result = answer(connection, sender)
    identities.note_request(connection, sender, signer.counter, digest, result, now_ms)
    return result


def read(
    connection: sa.Connection,
    signer: Signer,
    request: Request,
    now_ms: int,
    answer: Callable[[sa.Connection, Identity], bytes],
) -> bytes:
    """As `exchange`, for large answers that may be given again at any time: a repeat is answered anew, and nothing is kept."""
    sender = identities.lock(connection, signer.identity)
    digest = _digest(request)
    if signer.counter <= sender.counter:
        i = fleet_tables.identity.c
        mine = (i.merchant == sender.merchant) & (i.id == sender.id)
        last = connection.execute(sa.select(i.request).where(mine)).scalar_one()
        if signer.counter < sender.counter or last != digest:
            raise CounterTooLow(sender.counter)
    result = answer(connection, sender)
    identities.note_request(connection, sender, signer.counter, digest, None, now_ms)
    return result


def _digest(request: Request) -> bytes:
    return hashlib.sha256(urlsplit(request.url).path.encode() + b"\n" + request.body).digest()


def _stored_answer(connection: sa.Connection, sender: Identity, digest: bytes) -> bytes | None:
    i = fleet_tables.identity.c
    found = sa.select(i.request, i.answer).where(i.merchant == sender.merchant, i.id == sender.id)
    row = connection.execute(found).one()
    return row.answer if row.request == digest else None
