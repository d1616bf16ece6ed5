"""A terminal as the cloud meets it: a chain of lines, an Ed25519 key, a counter and signed requests (RFC 9421, RFC 9530).

It writes whatever it is told to, honest or not, so that tests can be rude. The wire format is typed here from the RFCs, not
taken from `sync/`, so that the cloud is tested against the standard and not only against our own client.
"""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from loyalty.chain import Head, Line, Was, extend, personal_digest
from loyalty.entry import Cause, Entry, Moment, Personal, Posting, Purchase, TokenKind, encode
from sync import messages
from sync.pairing_messages import PAIR_PATH, Pair, Paired

BOOT = UUID(int=7)
COVERED = messages.SIGNED_COMPONENTS


@dataclass
class Chain:
    """What a terminal wrote, under one identity."""

    identity: UUID
    lines: list[Line] = field(default_factory=list)
    heads: list[Head] = field(default_factory=lambda: [Head()])

    @property
    def head(self) -> Head:
        return self.heads[-1]

    def copy(self) -> Chain:
        """A cloned SD card."""
        return Chain(self.identity, list(self.lines), list(self.heads))

    def write(
        self,
        cause: Cause,
        account: bytes,
        *postings: Posting,
        refers: UUID | None = None,
        token: bytes | None = None,
        id: UUID | None = None,
        purchase: Purchase | None = None,
        at_ms: int | None = None,
        trusted: bool = True,
        kind: TokenKind = TokenKind.CARD,
    ) -> Entry:
        """Records an entry at the end of the chain."""
        # A boot of its own where the time is told: so it is placed by nothing but its own clock.
        moment = Moment(BOOT if at_ms is None else uuid4(), 1, 1_800_000_000_000 if at_ms is None else at_ms, trusted)
        entry = Entry(id or uuid4(), cause, moment, "s", 1, postings, purchase, refers)
        self.append(encode(entry), encode(Personal(account, account if token is None else token, kind)))
        return entry

    def append(self, body: bytes, personal: bytes, was: Was | None = None) -> Line:
        """Records any bytes at all."""
        salt = os.urandom(16)
        line = Line(self.head.sequence + 1, self.head.hash, body, personal_digest(salt, personal), personal, salt, was)
        self.lines.append(line)
        self.heads.append(extend(self.identity, self.head, line))
        return line

    def wrap(self, identity: UUID, after: int) -> Chain:
        """The lines after `after` again, under a new identity."""
        renewed = Chain(identity)
        for line in self.lines[after:]:
            assert line.personal is not None
            renewed.append(line.body, line.personal, Was(self.identity, line.sequence, self.heads[line.sequence].hash))
        return renewed

    def push(self, first: int = 1, last: int | None = None) -> messages.Push:
        """A push of the lines from `first` to `last`."""
        return messages.Push(self.identity, self.head, tuple(self.lines[first - 1 : last]))

    def pull(self, cursor: int = 0, limit: int = messages.MAX_ROWS) -> messages.Pull:
        return messages.Pull(self.identity, self.head, cursor, limit)

    def ask(self, account: bytes, purse: str, wanted: int, instance: str = "") -> messages.Ask:
        return messages.Ask(self.identity, self.head, account, purse, instance, wanted)


@dataclass
class Peer:
    """A terminal on the wire: `client` is any httpx-like client with `post`, `base` the address it calls."""

    client: Any
    base: str
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    counter: int = 0
    chain: Chain = field(default_factory=lambda: Chain(UUID(int=0)))

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def pair(self, code: str) -> Any:
        """Pairs by a code; the response."""
        body = msgspec.json.encode(Pair(code, self.public_key, "test"))
        response = self.client.post(self.base + PAIR_PATH, content=body)
        if response.status_code == 200:
            self.chain = Chain(msgspec.json.decode(response.content, type=Paired).identity)
        return response

    def send(self, path: str, message: msgspec.Struct) -> Any:
        """Sends a signed message under the next counter; the response."""
        self.counter += 1
        body = msgspec.json.encode(message)
        return self.client.post(self.base + path, content=body, headers=self.sign(path, body, self.counter))

    def sign(self, path: str, body: bytes, counter: int, **params: object) -> dict[str, str]:
        """The headers of a signed POST. Signature base: RFC 9421 section 2.5; digest: RFC 9530 section 2."""
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        values = {
            "@method": "POST",
            "@target-uri": self.base + path,
            "content-digest": f"sha-256=:{digest}:",
            "bodka-counter": str(counter),
        }
        covered = " ".join(f'"{name}"' for name in COVERED)
        keyid = params.get("keyid", self.chain.identity)
        signed = f'({covered});created={params.get("created", 1_800_000_000)};keyid="{keyid}";alg="ed25519"'
        base = "\n".join(f'"{name}": {values[name]}' for name in COVERED)
        base += f'\n"@signature-params": {signed}'
        signature = base64.b64encode(self.key.sign(base.encode())).decode()
        label = messages.SIGNATURE_LABEL
        return {
            "Content-Digest": values["content-digest"],
            messages.COUNTER_HEADER: str(counter),
            "Signature-Input": f"{label}={signed}",
            "Signature": f"{label}=:{signature}:",
        }
