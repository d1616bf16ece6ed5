"""How a device gets an identity: by a one-time code that a person types, or, later, by its old identity (`renew`)."""

from __future__ import annotations

import hashlib
from uuid import UUID

import sqlalchemy as sa

from backend import fleet_tables, identities, merchant_tables
from backend.accept import is_off_head
from backend.leases import write_off_terminal
from backend.surroundings import Random
from loyalty.ids import uuid7
from loyalty.numbers import Check, check_holds, with_check
from sync.messages import Standing
from sync.pairing_messages import KeyMessage, Leave, Left, Pair, Paired, Renew, Renewed

CODE_DIGITS = 12
CODE_LASTS_MS = 10 * 60 * 1000

_SALT = b"bodka pairing code 1"


class WrongCode(LookupError):
    """No such code; the person should look again, or make a new one."""


class UsedCode(ValueError):
    """The code was used by another device."""


class ExpiredCode(ValueError):
    """The code is too old."""


class ForeignCode(PermissionError):
    """The code is another merchant's than the one whose terminal asks."""


class BadPublicKey(ValueError):
    """A public key that is not 32 bytes of Ed25519."""


class NothingToRenew(ValueError):
    """A terminal in good standing, exactly where the cloud knows it to be, needs no new identity."""


def make_code(
    connection: sa.Connection,
    merchant: UUID,
    shop: str,
    now_ms: int,
    random: Random,
    lasts_ms: int = CODE_LASTS_MS,
    device: str = "",
) -> str:
    """A new one-time code for a terminal in `shop`, like `1234-5678-9012`. Only its hash is kept.

    `device` is what the terminal will be called where it does not say so itself.

    The last digit is a check digit (Luhn), so that a mistyped code is noticed at once.
    """
    number = int.from_bytes(random(16), "big") % 10 ** (CODE_DIGITS - 1)
    digits = with_check(f"{number:0{CODE_DIGITS - 1}}", Check.LUHN)
    connection.execute(
        sa.insert(fleet_tables.pairing_code).values(
            code_hash=slow_hash(digits), merchant=merchant, shop=shop, expires_ms=now_ms + lasts_ms, device=device
        )
    )
    return "-".join(digits[i : i + 4] for i in range(0, CODE_DIGITS, 4))


def pair(connection: sa.Connection, message: Pair, now_ms: int, random: Random) -> Paired:
    """Uses a code. The same code with the same key again gets the same answer, even late: a lost answer burns nothing.

    Raises `BadPublicKey`, `WrongCode`, `ForeignCode`, `UsedCode` or `ExpiredCode`.
    """
    check_key(message.public_key)
    digits = "".join(c for c in message.code if c not in "- ")
    wrong = WrongCode("this code is not known: compare it with the one the cloud shows, or make a new one")
    if len(digits) != CODE_DIGITS or not (digits.isascii() and digits.isdigit()) or not check_holds(digits, Check.LUHN):
        raise wrong
    c = fleet_tables.pairing_code.c
    known = sa.select(fleet_tables.pairing_code).where(c.code_hash == slow_hash(digits)).with_for_update()
    code = connection.execute(known).one_or_none()
    if code is None:
        raise wrong
    if message.merchant is not None and message.merchant != code.merchant:
        raise ForeignCode("this code is another merchant's: it stays good for a terminal of theirs")
    if code.identity is not None:
        if identities.find(connection, code.identity).public_key != message.public_key:
            raise UsedCode("this code was used by another device: make a new one in the cloud")
        return welcome(connection, code.identity)
    if now_ms >= code.expires_ms:
        raise ExpiredCode("this code is too old: make a new one in the cloud and type it within its time")
    device = message.device or code.device or ""
    paired = admit(connection, code.merchant, code.shop, device, message.public_key, now_ms, random)
    connection.execute(
        sa.update(fleet_tables.pairing_code).where(c.code_hash == code.code_hash).values(identity=paired.identity)
    )
    return paired


def admit(
    connection: sa.Connection, merchant: UUID, shop: str, device: str, public_key: bytes, now_ms: int, random: Random
) -> Paired:
    """A new terminal of a merchant, in one of its shops."""
    network = connection.execute(
        sa.select(merchant_tables.merchant.c.network).where(merchant_tables.merchant.c.id == merchant)
    ).scalar_one()
    new = identities.add(
        connection,
        id=uuid7(now_ms, random(10)),
        network=network,
        merchant=merchant,
        shop=shop,
        device=device.replace("\0", "")[:200],
        public_key=public_key,
        now_ms=now_ms,
    )
    return welcome(connection, new.id)


def renew(connection: sa.Connection, identity: UUID, message: Renew, now_ms: int, random: Random) -> Renewed:
    """A new identity for a terminal that is off the head, was written off and has sent all its lines, or has stopped itself.

    The old identity stays: of two copies, one may still be using it. `accepted` is how far both chains reach; where they
    part before that only the terminal can know, so it sends again what lies after the lower of `accepted` and the last of its
    own lines that the cloud acknowledged. Raises `BadPublicKey` or `NothingToRenew`.
    """
    check_key(message.public_key)
    old = identities.lock(connection, identity)
    i = fleet_tables.identity.c
    same = (i.merchant == old.merchant) & (i.renews == old.id) & (i.public_key == message.public_key)
    done = connection.execute(sa.select(i.id, i.accepted).where(same)).one_or_none()
    if done is not None:
        # The first answer was lost, and meanwhile more lines may have come under the old identity: those need not come twice.
        reach = max(done.accepted or 0, min(message.head.sequence, old.head.sequence))
        connection.execute(sa.update(fleet_tables.identity).where(i.id == done.id).values(accepted=reach))
        return Renewed(done.id, reach)
    if old.standing is Standing.WRITTEN_OFF:
        write_off_terminal(connection, identity, now_ms, random)
    elif not message.stopped and message.head.sequence <= old.head.sequence and not is_off_head(old, message.head):
        raise NothingToRenew("this terminal is in good standing: it goes on with the identity it has")
    accepted = max(0, min(message.head.sequence, old.head.sequence))
    new = identities.add(
        connection,
        id=uuid7(now_ms, random(10)),
        network=old.network,
        merchant=old.merchant,
        shop=old.shop,
        device=old.device,
        public_key=message.public_key,
        now_ms=now_ms,
        renews=old.id,
        accepted=accepted,
    )
    return Renewed(new.id, accepted)


def leave(connection: sa.Connection, identity: UUID, message: Leave, now_ms: int, random: Random) -> Left:
    """A terminal that was paired again has left its old identity for good: what was leased to that is free (invariant 5).

    It is the merchant's write-off, which they asked for by making the code: a copy that still uses the old identity is told to
    stop, and its lines are taken. Only where every line is here and posted: use that is still on its way would be uncovered.
    """
    old = identities.lock(connection, identity)
    if not message.head == old.head == old.posted:
        return Left(freed=False)
    write_off_terminal(connection, identity, now_ms, random)
    i = fleet_tables.identity.c
    mine = (i.merchant == old.merchant) & (i.id == message.heir) & (i.id != old.id) & i.renews.is_(None)
    paired_since = i.public_key.is_not(None) & (i.made_ms >= sa.select(i.made_ms).where(i.id == old.id).scalar_subquery())
    connection.execute(sa.update(fleet_tables.identity).where(mine & paired_since).values(renews=old.id))
    return Left(freed=True)


def welcome(connection: sa.Connection, identity: UUID) -> Paired:
    """What a terminal is told when it is paired, and again where that answer was lost."""
    found = identities.find(connection, identity)
    merchant = connection.execute(
        sa.select(merchant_tables.merchant).where(merchant_tables.merchant.c.id == found.merchant)
    ).one()
    shop_name = sa.select(merchant_tables.shop.c.name).where(
        merchant_tables.shop.c.merchant == found.merchant, merchant_tables.shop.c.id == found.shop
    )
    k = merchant_tables.token_key.c
    newest = sa.select(k.id, k.secret).where(k.network == found.network).order_by(k.id.desc()).limit(2)
    return Paired(
        identity=found.id,
        network=found.network,
        merchant=found.merchant,
        merchant_name=merchant.name,
        training=merchant.training,
        shop=found.shop,
        shop_name=connection.execute(shop_name).scalar_one(),
        keys=tuple(KeyMessage(row.id, row.secret) for row in connection.execute(newest)),
    )


def check_key(public_key: bytes) -> None:
    """Raises `BadPublicKey`."""
    if len(public_key) != identities.PUBLIC_KEY_BYTES:
        raise BadPublicKey("a public key is 32 bytes (Ed25519)")


def slow_hash(code: str) -> bytes:
    """Slow on purpose: a code that a person types would be guessed from a stolen database in seconds otherwise."""
    return hashlib.scrypt(code.encode(), salt=_SALT, n=2**14, r=8, p=1, dklen=32)
