"""Terminals' files and couriers, paired with the real cloud: its application through httpx's ASGI transport, all signed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import httpx
import sqlalchemy as sa

from backend import merchants
from backend import pairing as cloud_pairing
from backend.app import create_app
from backend.database import open_engine
from backend.leases import write_off_terminal
from emulators.cloud_house import empty_image
from emulators.drafts import Till, account, moment
from loyalty.account import Account
from loyalty.entry import Draft, TokenKind
from sync import journal, mirror, pairing
from sync.connection import cloud_client
from sync.counter import RequestCounter
from sync.courier import CloudState, Courier
from sync.keys import load_or_make
from sync.signing import RequestSigner
from sync.view import look

T = TypeVar("T")
NOW = 1_790_000_000_000
URL = "http://127.0.0.1"


class Cloud:
    """The real cloud with one merchant, on a clock that a test moves."""

    def __init__(self, file: Path) -> None:
        self.now = NOW
        file.write_bytes(empty_image())
        self.engine = open_engine(f"sqlite:///{file}")
        self.chance = random.Random(1)
        with self.engine.begin() as connection:
            network = merchants.found_network(connection, "net", NOW, self.chance.randbytes)
            self.merchant = merchants.open_merchant(
                connection, network, "Shop", "main", "Main", NOW, self.chance.randbytes
            ).merchant
        self.transport = httpx.ASGITransport(create_app(self.engine, lambda: self.now, self.chance.randbytes))

    def code(self) -> str:
        with self.engine.begin() as connection:
            return cloud_pairing.make_code(connection, self.merchant, "main", self.now, self.chance.randbytes)

    def write_off(self, identity: UUID) -> None:
        with self.engine.begin() as connection:
            write_off_terminal(connection, identity, NOW)

    def recalls(self) -> int:
        with self.engine.begin() as connection:
            return int(connection.execute(sa.text("SELECT count(*) FROM recall")).scalar_one())

    def entries(self) -> int:
        with self.engine.begin() as connection:
            return int(connection.execute(sa.text("SELECT count(*) FROM entry")).scalar_one())


class Terminal:
    """A paired terminal with its files, keys and courier."""

    def __init__(self, cloud: Cloud, folder: Path, code: str | None = None) -> None:
        self.cloud, self.folder = cloud, folder
        folder.mkdir(exist_ok=True)
        self.chance = random.Random(str(folder))
        if code is not None:
            key = load_or_make(folder, self.chance.randbytes)
            pairing.save(folder, asyncio.run(self._pair(code, key)))
        kept = pairing.load(folder)
        assert kept is not None
        self.journal = journal.open_journal(folder / "journal.db")
        journal.begin(self.journal, kept.identity)
        self.states: list[CloudState] = []
        self.changed: list[set[bytes]] = []
        self.reopen()

    async def _pair(self, code: str, key: pairing.DeviceKey) -> pairing.Pairing:
        async with cloud_client(URL, transport=self.cloud.transport) as client:
            first = await pairing.pair(client, code, key, "test")
            assert await pairing.pair(client, code, key, "test") == first
            return first

    def reopen(self) -> None:
        kept = pairing.load(self.folder)
        assert kept is not None
        self.pairing = pairing.settle(self.folder, kept, journal.current(self.journal).identity)
        self.mirror = mirror.open_mirror(self.folder / "mirror.db", self.journal)
        self.till = Till(self.journal, seed=self.chance.getrandbits(60), rows=mirror.rows(self.mirror, self.journal))
        signer = RequestSigner(self.pairing.identity, load_or_make(self.folder, self.chance.randbytes), lambda: 5.0)
        self.courier = Courier(
            cloud_client(URL, auth=signer, transport=self.cloud.transport),
            self.journal,
            self.mirror,
            RequestCounter(self.journal),
            run_blocking=run_here,
            moment=lambda: moment(50),
            sleep=asyncio.sleep,
            random=random.random,
            on_cloud=self.states.append,
            on_changed=self.changed.append,
            write=self.write,
        )

    def write(self, draft: Draft, key: str) -> journal.Recorded:
        return self.till.record(draft, key)

    def exchange(self) -> CloudState:
        asyncio.run(self.courier.exchange())
        return self.courier.state

    def look(self, who: int = 1) -> Account:
        found = look(self.journal, self.mirror, account(who), TokenKind.CARD)
        assert found is not None
        return found

    def points(self, who: int = 1) -> tuple[int, int]:
        holding = self.look(who).holding("points")
        return holding.balance, holding.spendable

    def close(self) -> None:
        self.mirror.close()
        self.journal.close()


async def run_here(work: Callable[[], T], /) -> T:
    return work()
