"""Who may look: portal users, their passwords (argon2id), the one-time link for a merchant's first owner, and sessions.

Only hashes of links and session ids are kept: a stolen database opens no door.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from backend import merchant_tables
from backend.surroundings import Random
from loyalty.ids import uuid7

LINK_LASTS_MS = 24 * 60 * 60 * 1000
SESSION_LASTS_MS = 12 * 60 * 60 * 1000
SHORTEST_PASSWORD = 10
OWNER = "owner"

# The OWASP Password Storage Cheat Sheet's settings for argon2id: kind to a small server.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Checked when there is no such person, so that the time an answer takes does not tell who exists.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


class UserExists(ValueError):
    """This e-mail already belongs to somebody who has chosen a password."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in."""

    user: UUID
    email: str
    merchant: UUID
    form_token: str
    role: str

    @property
    def is_owner(self) -> bool:
        """Whether they may change a ledger; others look."""
        return self.role == OWNER


def invite_owner(connection: sa.Connection, merchant: UUID, email: str, now_ms: int, random: Random) -> str:
    """Makes a merchant's owner and returns the secret of their one-time link. Again for the same e-mail: a new link.

    Raises `UserExists` where the person has a password, or belongs to another merchant.
    """
    email = email.strip().lower()
    u = merchant_tables.portal_user.c
    secret = _secret(random)
    link = {"link_hash": _hash(secret), "link_expires_ms": now_ms + LINK_LASTS_MS}
    known = connection.execute(sa.select(u.id, u.merchant, u.password).where(u.email == email)).one_or_none()
    if known is None:
        values = {"id": uuid7(now_ms, random(10)), "merchant": merchant, "email": email, "role": OWNER}
        connection.execute(sa.insert(merchant_tables.portal_user).values(values | link))
    elif known.password is None and known.merchant == merchant:
        connection.execute(sa.update(merchant_tables.portal_user).where(u.id == known.id).values(link))
    else:
        raise UserExists(f"{email} can already sign in: use another address")
    return secret


def link_is_good(connection: sa.Connection, secret: str, now_ms: int) -> bool:
    """Whether this link still waits for a password."""
    return connection.execute(sa.select(merchant_tables.portal_user.c.id).where(_linked(secret, now_ms))).first() is not None


def choose_password(connection: sa.Connection, secret: str, password: str, now_ms: int) -> bool:
    """Uses up a link; False where there is no such link, or it is too old."""
    chosen = {"password": _hasher.hash(password), "link_hash": None, "link_expires_ms": None}
    changed = connection.execute(sa.update(merchant_tables.portal_user).where(_linked(secret, now_ms)).values(chosen))
    return changed.rowcount == 1


def check_password(connection: sa.Connection, email: str, password: str) -> UUID | None:
    """The person with this e-mail and password; None for anybody else, after the same time."""
    u = merchant_tables.portal_user.c
    known = connection.execute(sa.select(u.id, u.password).where(u.email == email.strip().lower())).one_or_none()
    real = known is not None and known.password is not None
    try:
        _hasher.verify(known.password if known is not None and real else _NOBODY, password)
    except VerifyMismatchError:
        return None
    return known.id if known is not None and real else None


def open_session(connection: sa.Connection, user: UUID, now_ms: int, random: Random) -> str:
    """Signs somebody in; returns the session's secret, for the cookie."""
    s = merchant_tables.session.c
    connection.execute(sa.delete(merchant_tables.session).where(s.expires_ms <= now_ms))
    secret = _secret(random)
    connection.execute(
        sa.insert(merchant_tables.session).values(
            id_hash=_hash(secret), user=user, form_token=_secret(random), expires_ms=now_ms + SESSION_LASTS_MS
        )
    )
    return secret


def visitor(connection: sa.Connection, secret: str | None, now_ms: int) -> Visitor | None:
    """Who a session's secret belongs to; None where nobody is signed in by it."""
    if not secret:
        return None
    u, s = merchant_tables.portal_user.c, merchant_tables.session.c
    found = (
        sa.select(u.id, u.email, u.merchant, s.form_token, u.role)
        .join_from(merchant_tables.session, merchant_tables.portal_user, s.user == u.id)
        .where(s.id_hash == _hash(secret), s.expires_ms > now_ms)
    )
    row = connection.execute(found).one_or_none()
    return None if row is None else Visitor(row.id, row.email, row.merchant, row.form_token, row.role)


def close_session(connection: sa.Connection, secret: str) -> None:
    """Signs somebody out."""
    connection.execute(sa.delete(merchant_tables.session).where(merchant_tables.session.c.id_hash == _hash(secret)))


def _linked(secret: str, now_ms: int) -> sa.ColumnElement[bool]:
    u = merchant_tables.portal_user.c
    return (u.link_hash == _hash(secret)) & (u.link_expires_ms > now_ms)


def _secret(random: Random) -> str:
    return base64.urlsafe_b64encode(random(32)).decode().rstrip("=")


def _hash(secret: str) -> bytes:
    """Plain SHA-256 is enough here: secrets are 32 random bytes, not something a person thought of."""
    return hashlib.sha256(secret.encode()).digest()
