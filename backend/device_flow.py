"""The device flow (RFC 8628): a terminal that is nobody's shows a short code, and the merchant types it in the portal.

The terminal asks (`begin`), shows what it got, and asks again every few seconds (`collect`) until the merchant has said whose
it is (`approve`). It is paired when it asks the next time; the same answer comes again where that one was lost.
"""

from __future__ import annotations

import base64
import hashlib
from uuid import UUID

import sqlalchemy as sa

from backend import fleet_tables
from backend.pairing import ExpiredCode, UsedCode, WrongCode, admit, check_key, slow_hash, welcome
from backend.surroundings import Random
from sync.pairing_messages import Authorization, Authorize, Collect, Paired

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""RFC 8628 section 6.1: no vowels, so that no word comes out, and nothing that looks like something else."""
USER_CODE_LENGTH = 8
DEVICE_CODE_BYTES = 32
LASTS_MS = 15 * 60 * 1000
KEPT_MS = 24 * 60 * 60 * 1000
"""How long a request that nobody approved is known, so that its code is told to be too old and not to be wrong."""
INTERVAL_SECONDS = 5
PAGE, SHORT_PAGE = "/portal/pair", "/P"
"""Where a person types the code, and where a QR code leads, with the code behind it."""

_TRIES = 5


class AuthorizationPending(Exception):
    """Nobody has typed the code yet (RFC 8628 section 3.5)."""


class ExpiredToken(Exception):
    """The code is too old: the terminal asks for a new one (RFC 8628 section 3.5)."""


def begin(connection: sa.Connection, message: Authorize, url: str, now_ms: int, random: Random) -> Authorization:
    """A new code for a terminal; `url` is the cloud's own address. Raises `BadPublicKey`."""
    check_key(message.public_key)
    d = fleet_tables.device_request.c
    connection.execute(sa.delete(fleet_tables.device_request).where(d.expires_ms < now_ms - KEPT_MS, d.identity.is_(None)))
    device_code = base64.urlsafe_b64encode(random(DEVICE_CODE_BYTES)).decode().rstrip("=")
    user_code = _new_user_code(connection, random)
    connection.execute(
        sa.insert(fleet_tables.device_request).values(
            device_hash=_fast_hash(device_code),
            user_hash=slow_hash(user_code),
            public_key=message.public_key,
            device=message.device.replace("\0", "")[:200],
            expires_ms=now_ms + LASTS_MS,
        )
    )
    shown, home = f"{user_code[:4]}-{user_code[4:]}", url.rstrip("/")
    return Authorization(device_code, shown, home + PAGE, _short(home, shown), LASTS_MS // 1000, INTERVAL_SECONDS)


def approve(connection: sa.Connection, merchant: UUID, shop: str, typed: str, device: str, now_ms: int) -> None:
    """The merchant says that the terminal which shows `typed` is theirs. Raises `WrongCode`, `UsedCode` or `ExpiredCode`."""
    user_code = read(typed)
    d = fleet_tables.device_request.c
    found = None
    if user_code:
        known = sa.select(fleet_tables.device_request).where(d.user_hash == slow_hash(user_code)).with_for_update()
        found = connection.execute(known).one_or_none()
    if found is None:
        raise WrongCode("no terminal shows this code: compare each letter")
    if found.merchant is not None:
        raise UsedCode("this code was typed already: the terminal shows a new one if it is not paired")
    if now_ms >= found.expires_ms:
        raise ExpiredCode("this code is too old: type the one that the terminal shows now")
    named = device.replace("\0", "")[:200] or found.device
    chosen = sa.update(fleet_tables.device_request).where(d.device_hash == found.device_hash)
    connection.execute(chosen.values(merchant=merchant, shop=shop, device=named))


def collect(connection: sa.Connection, message: Collect, now_ms: int, random: Random) -> Paired:
    """What became of a terminal's request. Raises `AuthorizationPending`, `ExpiredToken` or `WrongCode`."""
    d = fleet_tables.device_request.c
    known = sa.select(fleet_tables.device_request).where(d.device_hash == _fast_hash(message.device_code)).with_for_update()
    found = connection.execute(known).one_or_none()
    if found is None:
        raise WrongCode("this request is not known: ask for a new code")
    if found.identity is not None:
        return welcome(connection, found.identity)
    if found.merchant is None:
        if now_ms >= found.expires_ms:
            raise ExpiredToken("nobody has typed the code in time: ask for a new one")
        raise AuthorizationPending("nobody has typed the code yet: ask again")
    paired = admit(connection, found.merchant, found.shop, found.device, found.public_key, now_ms, random)
    ours = sa.update(fleet_tables.device_request).where(d.device_hash == found.device_hash)
    connection.execute(ours.values(identity=paired.identity))
    return paired


def read(typed: str) -> str:
    """The letters of a code as a person types it, with dashes or spaces and in small letters; "" where it cannot be one."""
    letters = "".join(character for character in typed.upper() if character not in "- ")
    return letters if len(letters) == USER_CODE_LENGTH and set(letters) <= set(LETTERS) else ""


def _short(home: str, code: str) -> str:
    """The address with the code in it. In capitals a QR code is smaller (ISO/IEC 18004, alphanumeric mode), and no name
    minds."""
    has_path = "/" in home.partition("://")[2]
    return f"{home if has_path else home.upper()}{SHORT_PAGE}/{code}"


def _new_user_code(connection: sa.Connection, random: Random) -> str:
    for _ in range(_TRIES):
        number = int.from_bytes(random(16), "big")
        code = ""
        for _ in range(USER_CODE_LENGTH):
            number, place = divmod(number, len(LETTERS))
            code += LETTERS[place]
        taken = sa.select(fleet_tables.device_request.c.device_hash).where(
            fleet_tables.device_request.c.user_hash == slow_hash(code)
        )
        if connection.execute(taken).first() is None:
            return code
    raise RuntimeError("every code that was drawn is taken")


def _fast_hash(device_code: str) -> bytes:
    """32 random bytes cannot be guessed: they need no slow hash, and a terminal asks every few seconds."""
    return hashlib.sha256(device_code.encode()).digest()
