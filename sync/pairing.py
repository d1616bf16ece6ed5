"""How a terminal joins a merchant: a one-time code and a new key become an identity (`Pair`).

Example::

    async with cloud_client(url) as client:
        pairing = await pair(client, code, load_or_make(folder, os.urandom), device="counter 1")
    save(folder, pairing)
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar
from uuid import UUID

import httpx
import msgspec

from loyalty.tokens import KEY_BYTES, TokenKey
from sync import troubles
from sync.keys import BrokenStateFile, DeviceKey, promote, write_safely
from sync.messages import Problem
from sync.pairing_messages import (
    DEVICE_PATH,
    PAIR_PATH,
    TOKEN_PATH,
    Authorization,
    Authorize,
    Collect,
    KeyMessage,
    Pair,
    Paired,
)
from sync.setup_file import fingerprint

S = TypeVar("S", bound=msgspec.Struct)

PAIRING_FILE = "pairing.json"
NEXT_PAIRING_FILE = "pairing.json.next"
"""A pairing that the journal has not taken up yet: see `settle`."""


class Pairing(msgspec.Struct, frozen=True):
    """What a paired terminal knows of its place. Its file holds the token keys; its repr does not."""

    cloud: str
    identity: UUID
    network: UUID
    merchant: UUID
    merchant_name: str
    shop: str
    shop_name: str
    keys: tuple[KeyMessage, ...]
    authority: str = ""
    """PEM of the one authority that the cloud's certificate may be from; "": any that the system trusts."""
    training: bool = False
    """Whether the merchant is one to train with. A pairing that does not say so is a real one."""
    paired_by: str = ""
    """The fingerprint of the code that did it (`sync.setup_file`), so that its file is known again and emptied."""

    def token_keys(self) -> tuple[TokenKey, ...]:
        """The keys for `loyalty.tokens.token`, the current one first."""
        return tuple(TokenKey(key.id, key.secret) for key in sorted(self.keys, key=lambda key: -key.id))


class PairingFailed(Exception):
    """Pairing did not work; the message says what to do. The same code may be tried again unless it says otherwise."""


class CodeUnknown(PairingFailed):
    """No such code."""


class CodeUsed(PairingFailed):
    """The code paired another device already."""


class CodeExpired(PairingFailed):
    """The code is too old."""


class CodeOfAnother(PairingFailed):
    """The code is another merchant's than the one whose terminal this is."""


class UnfitAuthority(PairingFailed):
    """The cloud named an authority that its own certificate is not from."""

    def __init__(self) -> None:
        super().__init__(
            "The authority that the cloud names did not make the cloud's own certificate. Correct --ca-file of bodka-cloud"
            " serve, then try the same code again."
        )


class NotYet(PairingFailed):
    """Nobody has typed the code that the terminal shows."""


class CodeForgotten(PairingFailed):
    """The code that the terminal shows is too old, or the cloud does not know it any more: a new one is asked for."""


class TooManyTries(PairingFailed):
    """Wrong codes were typed too often."""


class CloudUnreachable(PairingFailed):
    """Nothing answered."""


class AnswerUnclear(PairingFailed):
    """Something answered that is not our cloud, or is broken."""


_REFUSED: dict[int, tuple[type[PairingFailed], str]] = {
    403: (
        CodeOfAnother,
        "This code is another merchant's. Un-pair this terminal first: bodka-terminal unpair; the code stays good.",
    ),
    404: (CodeUnknown, "The cloud does not know this code. Check each character, or make a new code in the portal."),
    409: (CodeUsed, "This code was used for another device already. Make a new code in the portal."),
    410: (CodeExpired, "This code is too old. Make a new one in the portal and type it within its time."),
    429: (TooManyTries, "Too many wrong codes were tried. Wait ten minutes, then try again."),
}


async def pair(client: httpx.AsyncClient, code: str, key: DeviceKey, device: str = "", merchant: UUID | None = None) -> Pairing:
    """Trades a code for an identity. Nothing is saved here; the same code with the same key gives the same answer.

    `client` has no auth: this request is not signed. `merchant` is whose terminal it must stay. Raises a `PairingFailed`:
    `CodeUnknown`, `CodeUsed`, `CodeExpired`, `CodeOfAnother`, `TooManyTries`, `CloudUnreachable` or `AnswerUnclear`.
    """
    message = Pair(code=code, public_key=key.public, device=device, merchant=merchant)
    response = await _post(client, PAIR_PATH, message)
    if response.status_code in _REFUSED:
        kind, words = _REFUSED[response.status_code]
        raise kind(_with_detail(words, response.content))
    paired = _read(response, Paired)
    if merchant is not None and paired.merchant != merchant:
        raise CodeOfAnother(_REFUSED[403][1])
    return msgspec.structs.replace(_pairing(client, paired), paired_by=fingerprint(code))


async def authorize(client: httpx.AsyncClient, key: DeviceKey, device: str = "") -> Authorization:
    """Asks for a code to show (RFC 8628 section 3.1). Raises `TooManyTries`, `CloudUnreachable` or `AnswerUnclear`."""
    response = await _post(client, DEVICE_PATH, Authorize(key.public, device))
    if response.status_code == 429:
        raise TooManyTries(_with_detail("Too many codes were asked for. It is tried again.", response.content))
    return _read(response, Authorization)


async def collect(client: httpx.AsyncClient, authorization: Authorization) -> Pairing:
    """What became of the code that is shown (RFC 8628 section 3.4).

    Raises `NotYet` where it is to be asked again, `CodeForgotten` where a new one is wanted, and what `authorize` raises.
    """
    response = await _post(client, TOKEN_PATH, Collect(authorization.device_code))
    if response.status_code == 429:
        raise TooManyTries(_with_detail("The cloud was asked too often. It is tried again.", response.content))
    if response.status_code == 404:
        raise CodeForgotten("The cloud does not know this terminal's code.")
    if response.status_code == 400:
        title = _title(response.content)
        if title in ("authorization_pending", "slow_down"):
            raise NotYet(title)
        if title == "expired_token":
            raise CodeForgotten("Nobody has typed the code in time.")
    return _pairing(client, _read(response, Paired))


async def _post(client: httpx.AsyncClient, path: str, message: msgspec.Struct) -> httpx.Response:
    try:
        return await client.post(path, content=msgspec.json.encode(message))
    except httpx.TransportError as error:
        why = f"{type(error).__name__}: {error}".rstrip(": ")
        raise CloudUnreachable(
            f"The cloud did not answer ({why}). Check the network and the cloud's address, then try again."
        ) from error
    except httpx.HTTPError as error:
        raise AnswerUnclear(f"The cloud's answer cannot be read ({error}). Check the cloud's address.") from error


def _read(response: httpx.Response, kind: type[S]) -> S:
    try:
        if not response.is_success:
            raise ValueError(f"status {response.status_code}")
        answer = msgspec.json.decode(response.content, type=kind)
        if isinstance(answer, Paired) and (not answer.keys or any(len(key.secret) != KEY_BYTES for key in answer.keys)):
            raise ValueError("no usable token key")
    except (msgspec.MsgspecError, ValueError) as error:
        raise AnswerUnclear(
            f"This does not look like a Bodka cloud ({error}). Check its address, then try the same code again."
        ) from error
    return answer


def _pairing(client: httpx.AsyncClient, paired: Paired) -> Pairing:
    return Pairing(
        cloud=str(client.base_url).rstrip("/"),
        identity=paired.identity,
        network=paired.network,
        merchant=paired.merchant,
        merchant_name=paired.merchant_name,
        shop=paired.shop,
        shop_name=paired.shop_name,
        keys=paired.keys,
        authority=paired.authority,
        training=paired.training,
    )


async def prove_authority(client: httpx.AsyncClient) -> None:
    """Whether the cloud can be reached by a client that trusts only the authority it named; raises `UnfitAuthority`.

    A mistake there would keep the terminal away from its cloud until it is paired anew. Any other trouble proves nothing.
    """
    try:
        await client.get("/health")
    except httpx.HTTPError as error:
        if troubles.on_the_way(error).kind is troubles.Kind.STRANGER:
            raise UnfitAuthority from error


def with_authority(pairing: Pairing, authority: str) -> Pairing:
    """The pairing with the authority that the installer named, where the cloud named none."""
    return msgspec.structs.replace(pairing, authority=authority)


def save(folder: Path, pairing: Pairing) -> None:
    """Keeps the pairing in the state folder, readable by this user only, safe from power cuts."""
    write_safely(folder / PAIRING_FILE, msgspec.json.encode(pairing))


def load(folder: Path) -> Pairing | None:
    """The pairing in the state folder; None where there is none. Raises `BrokenStateFile`."""
    return _load(folder / PAIRING_FILE)


def _load(path: Path) -> Pairing | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Pairing)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise BrokenStateFile(path) from error


def prepare(folder: Path, pairing: Pairing) -> None:
    """Keeps the pairing that takes effect once the journal is renewed to its identity (`settle`)."""
    write_safely(folder / NEXT_PAIRING_FILE, msgspec.json.encode(pairing))


def prepared(folder: Path) -> Pairing | None:
    """The pairing that was prepared and is not in effect yet; None where there is none. Raises `BrokenStateFile`."""
    return _load(folder / NEXT_PAIRING_FILE)


def settle(folder: Path, pairing: Pairing, identity: UUID) -> Pairing:
    """The pairing for the journal's `identity`, and its key in place: finishes a renewal or a second pairing cut by a crash."""
    if pairing.identity == identity:
        return pairing
    promote(folder)
    taken_up = prepared(folder)
    if taken_up is None or taken_up.identity != identity:
        taken_up = msgspec.structs.replace(pairing, identity=identity)
    save(folder, taken_up)
    (folder / NEXT_PAIRING_FILE).unlink(missing_ok=True)
    return taken_up


def _title(content: bytes) -> str:
    try:
        return msgspec.json.decode(content, type=Problem).title
    except msgspec.MsgspecError:
        return ""


def _with_detail(words: str, content: bytes) -> str:
    try:
        detail = msgspec.json.decode(content, type=Problem).detail
    except msgspec.MsgspecError:
        detail = ""
    return f"{words} ({detail})" if detail else words
