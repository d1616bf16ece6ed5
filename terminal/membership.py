"""How a terminal joins a merchant, joins it again, and leaves: what `bodka-terminal pair`, `export` and `unpair` do.

Whoever calls these holds the state folder (`state_lock.hold`).
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import httpx

from sync import departure, history, journal, mirror, renewal
from sync import pairing as pairings
from sync.connection import cloud_client
from sync.counter import RequestCounter
from sync.courier import Courier
from sync.keys import DEVICE_KEY, NEXT_KEY, DeviceKey, load_or_make
from sync.pairing import Pairing
from sync.pairing_messages import LEAVE_PATH, Authorization, Leave, Left
from sync.refusals import NotRecorded
from sync.requests import Requests
from sync.signing import RequestSigner
from sync.troubles import Trouble
from terminal.clocks import Clocks
from terminal.cloud_report import REPORT_FILE
from terminal.settings import Cloud, SettingsError
from terminal.store import JOURNAL, MIRROR, Connections

T = TypeVar("T")


class Joined(NamedTuple):
    """A pairing, and whether what was leased to the identity before it is free."""

    pairing: Pairing
    freed: bool


class Refused(Exception):
    """It was not done; the text says what to do first."""


class EntriesWait(Refused):
    """Entries would be lost."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count} entries are not in the cloud yet. Let the terminal send them, or take them along on a stick:"
            " bodka-terminal unpair --export FILE, and on the cloud bodka-cloud import FILE."
        )


class SavedEntriesWait(Refused):
    """Entries of a damaged journal are in no chain yet, so no parcel could hold them."""

    def __init__(self) -> None:
        super().__init__(
            "entries that were saved from a damaged journal wait for a new identity: pair again with a code of the same"
            " merchant and let the terminal send them, then un-pair"
        )


class NothingHere(Refused):
    """There is no journal in the state folder."""

    def __init__(self) -> None:
        super().__init__("this terminal is not paired and holds no entries")


class NoKey(Refused):
    """The entries cannot be sealed."""

    def __init__(self) -> None:
        super().__init__(
            f"{DEVICE_KEY} is missing in the state folder, so the entries cannot be sealed: restore it from a backup"
        )


async def join(
    cloud: Cloud, folder: Path, code: str, device: str, transport: httpx.AsyncBaseTransport | None = None
) -> Pairing:
    """Pairs a terminal that is nobody's yet. Raises `EntriesWait`, a `PairingFailed`, or what `cloud_client` raises."""
    pairing = await _trade(cloud, _authority(cloud), code, prepare(folder), device, transport=transport)
    pairings.save(folder, pairing)
    return pairing


def prepare(folder: Path) -> DeviceKey:
    """The key of a terminal that is nobody's, made where there is none; raises `EntriesWait`."""
    _leave_nothing(folder)
    return load_or_make(folder, os.urandom)


async def ask_for_code(
    cloud: Cloud, key: DeviceKey, device: str, transport: httpx.AsyncBaseTransport | None = None
) -> Authorization:
    """A code for this terminal to show; raises as `pairings.authorize` and `cloud_client`. Needs no hold of the folder."""
    trusted = Clocks.of_this_boot().trusted
    async with cloud_client(cloud.url, authority=_authority(cloud), clock_trusted=trusted, transport=transport) as client:
        return await pairings.authorize(client, key, device)


async def collect(cloud: Cloud, authorization: Authorization, transport: httpx.AsyncBaseTransport | None = None) -> Pairing:
    """Asks whether the code that is shown was typed; raises as `pairings.collect` and `cloud_client`. Saves nothing."""
    authority, trusted = _authority(cloud), Clocks.of_this_boot().trusted
    async with cloud_client(cloud.url, authority=authority, clock_trusted=trusted, transport=transport) as client:
        pairing = await pairings.collect(client, authorization)
    return await _prove(cloud, authority, pairing, transport)


async def join_again(
    cloud: Cloud, folder: Path, old: Pairing, code: str, device: str, transport: httpx.AsyncBaseTransport | None = None
) -> Joined:
    """Gives a paired terminal a new identity with the same merchant; its entries and their order stay.

    What the cloud still takes under the old identity is sent under it first; the rest is wrapped and waits to be sent again:
    all that is still here, where the cloud does not know the old identity any more, or did not say how far it has its lines.
    What was leased to the old identity is free at once where the cloud has and has posted all that was written under it: what
    is said so late that nothing can be spent under it any more, so that a crash leaves a lease to be written off, no overdraft.

    A crash anywhere leaves the old pairing or the new one, whole. Raises a `PairingFailed` (`CodeOfAnother` for another
    merchant's code) or what `cloud_client` raises; nothing is changed then.
    """
    books = Connections.open(folder, old.identity)
    try:
        old = pairings.settle(folder, old, journal.current(books.journal).identity)
        # The pinned authority stays, unless the installer names another.
        authority = _authority(cloud) or (old.authority if cloud.url.rstrip("/") == old.cloud else "")
        key = load_or_make(folder, os.urandom, NEXT_KEY)
        new = await _trade(cloud, authority, code, key, device, old, transport)
        end = journal.head(books.journal)
        told = await drain(books, folder, old, transport)
        pairings.prepare(folder, new)
        # The mirror first: after a power cut between the two, too much is pulled anew, never too little.
        mirror.pull_anew(books.mirror)
        renewal.renew(books.journal, new.identity, journal.current(books.journal).accepted if told else None)
        freed = told and await _leave(books, folder, old, Leave(old.identity, end, new.identity), transport)
        pairings.settle(folder, old, new.identity)
    finally:
        books.close()
    return Joined(new, freed)


def export(folder: Path, file: Path) -> int:
    """Writes what waits into a parcel; says how many entries. Raises `Refused`, and what `departure.export` raises."""
    if not (folder / JOURNAL).exists():
        raise NothingHere
    connection = journal.open_journal(folder / JOURNAL)
    try:
        identity = journal.current(connection).identity
        pairing = pairings.load(folder)
        if pairing is not None:
            pairing = pairings.settle(folder, pairing, identity)
        if not (folder / DEVICE_KEY).exists():
            raise NoKey
        key = load_or_make(folder, os.urandom)
        merchant = pairing.merchant if pairing is not None else None
        return departure.export(connection, key, file, merchant=merchant, now_ms=time.time_ns() // 1_000_000)
    finally:
        connection.close()


def leave(folder: Path, file: Path | None) -> int:
    """Un-pairs the terminal, with the entries that wait in a parcel where `file` is given; says how many went there.

    Raises `EntriesWait` or `SavedEntriesWait` where they would be lost, and what `export` raises; nothing is changed then.
    """
    if any(folder.glob(f"{JOURNAL}.later-*")):
        raise SavedEntriesWait
    count = 0
    if file is not None:
        count = export(folder, file)
    elif waiting := _waiting(folder):
        raise EntriesWait(waiting)
    departure.unpair(folder, JOURNAL, MIRROR)
    (folder / REPORT_FILE).unlink(missing_ok=True)
    return count


def only_here(folder: Path) -> int:
    """How many entries no cloud has, those that were saved from a damaged journal among them."""
    return _waiting(folder)


def _leave_nothing(folder: Path) -> None:
    """What an un-pairing that a crash cut short left, or a pairing that was lost, goes; raises `EntriesWait`."""
    if (folder / JOURNAL).exists():
        if count := _waiting(folder):
            raise EntriesWait(count)
        departure.unpair(folder, JOURNAL, MIRROR)


def _waiting(folder: Path) -> int:
    if not (folder / JOURNAL).exists():
        return 0
    connection = journal.open_journal(folder / JOURNAL)
    try:
        return history.waiting(connection).count
    except journal.NotPaired:
        return 0
    finally:
        connection.close()


def _authority(cloud: Cloud) -> str:
    if not cloud.authority:
        return ""
    try:
        return Path(cloud.authority).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cloud.authority: {cloud.authority} cannot be read ({error}): name a PEM file there") from error


async def _trade(
    cloud: Cloud,
    authority: str,
    code: str,
    key: DeviceKey,
    device: str,
    old: Pairing | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Pairing:
    """Trades the code, and makes sure that the cloud can be reached by the authority that it names, or that was named here."""
    trusted = Clocks.of_this_boot().trusted
    async with cloud_client(cloud.url, authority=authority, clock_trusted=trusted, transport=transport) as client:
        pairing = await pairings.pair(client, code, key, device, old.merchant if old is not None else None)
    return await _prove(cloud, authority, pairing, transport)


async def _prove(cloud: Cloud, authority: str, pairing: Pairing, transport: httpx.AsyncBaseTransport | None) -> Pairing:
    if not pairing.authority:
        return pairings.with_authority(pairing, authority)
    trusted = Clocks.of_this_boot().trusted
    async with cloud_client(cloud.url, authority=pairing.authority, clock_trusted=trusted, transport=transport) as client:
        await pairings.prove_authority(client)
    return pairing


async def drain(books: Connections, folder: Path, old: Pairing, transport: httpx.AsyncBaseTransport | None) -> bool:
    """One exchange under the old identity; whether the cloud has said how far it has its lines.

    Whatever it does not take is wrapped afterwards.
    """
    clocks = Clocks.of_this_boot()
    async with _speaking_as(old, folder, clocks, transport) as client:
        courier = Courier(
            client,
            books.journal,
            books.mirror,
            RequestCounter(books.journal),
            run_blocking=_here,
            moment=clocks.moment,
            sleep=asyncio.sleep,
            random=random.random,
            on_cloud=lambda state: None,
            on_changed=lambda accounts: None,
        )
        return await courier.exchange(asking=True) is None


async def _leave(
    books: Connections, folder: Path, old: Pairing, message: Leave, transport: httpx.AsyncBaseTransport | None
) -> bool:
    """Says under the old identity that it is left; whether its leases are free. Whatever goes wrong, they stay as they were."""
    clocks = Clocks.of_this_boot()
    async with _speaking_as(old, folder, clocks, transport) as client:
        requests = Requests(client, RequestCounter(books.journal), _here, lambda: clocks.moment().wall_ms / 1000)
        try:
            return (await requests.post(LEAVE_PATH, lambda: message, Left)).freed
        except (Trouble, NotRecorded):
            return False


def _speaking_as(old: Pairing, folder: Path, clocks: Clocks, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    signer = RequestSigner(old.identity, load_or_make(folder, os.urandom), lambda: clocks.moment().wall_ms / 1000)
    return cloud_client(old.cloud, auth=signer, authority=old.authority, clock_trusted=clocks.trusted, transport=transport)


async def _here(work: Callable[[], T], /) -> T:
    return work()
