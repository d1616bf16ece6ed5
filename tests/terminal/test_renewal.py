"""Staff renew a terminal: the real link, journal, keys and cloud, with the power cut before every single line of the way.

What staff do is in `docs/conversation.md`; the steps are those of `terminal/renewal.py`.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from damaged_file import spoil_where

import sync.courier
import sync.keys
import sync.pairing
import sync.renewal
import terminal.renewal
from backend import fleet_tables, ledger_tables
from backend.app import create_app
from backend.database import open_engine
from backend.leases import write_off_terminal
from display.screens import Message
from emulators.cloud_house import House, build_house, new_file_engine
from emulators.drafts import account, award, spend
from loyalty.entry import Draft, Entry, Moment
from sync import history, journal, mirror, pairing, salvage
from sync.connection import cloud_client
from sync.keys import DEVICE_KEY, NEXT_KEY, load_or_make
from sync.messages import Standing
from sync.pairing_messages import RENEW_PATH
from terminal import rescue
from terminal.clocks import Clocks
from terminal.inputs import CloudNews, Input
from terminal.link import Link
from terminal.store import JOURNAL, Store

URL = "http://127.0.0.1"
PATIENCE = 20.0


class PowerCut(BaseException):
    """The terminal is off."""


class Here(Executor):
    """Works at once, in the thread that asks."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """The network between a terminal and the cloud: `lose` says what is lost of a renewal, its question or its answer."""

    cloud: httpx.ASGITransport
    up: bool = True
    lose: str = ""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        renewal = request.url.path == RENEW_PATH
        if not self.up or (renewal and self.lose == "question"):
            raise httpx.ConnectError("no network")
        answer = await self.cloud.handle_async_request(request)
        if renewal and self.lose == "answer":
            raise httpx.ReadError("the answer is lost")
        return answer


@dataclass
class Device:
    """A terminal without its counter: `start` is what `terminal.startup` does, `stop` a power cut."""

    folder: Path
    wire: Wire
    news: list[Input] = field(default_factory=list)
    made: list[UUID] = field(default_factory=list)
    starts: int = 0

    def pair(self, code: str) -> None:
        self.folder.mkdir()

        async def trade() -> pairing.Pairing:
            async with cloud_client(URL, transport=self.wire) as client:
                return await pairing.pair(client, code, load_or_make(self.folder, os.urandom))

        pairing.save(self.folder, asyncio.run(trade()))

    def start(self) -> None:
        kept = pairing.load(self.folder)
        assert kept is not None
        self.starts += 1
        self.store = Store(self.folder, kept.identity, kept.shop, thread=Here())
        self.pairing = pairing.settle(self.folder, kept, journal.current(self.store.reader.journal).identity)

    def new_link(self) -> Link:
        return Link(
            pairing=self.pairing,
            folder=self.folder,
            store=self.store,
            clocks=Clocks(UUID(int=self.starts)),
            emit=self.news.append,
            on_changed=lambda accounts: None,
            idle_seconds=1_000,
            transport=self.wire,
        )

    def stop(self) -> None:
        self.store.close()

    def record(self, draft: Draft) -> Message | None:
        moment = Moment(UUID(int=self.starts), 1, 1_800_000_000_000, trusted=True)
        done = asyncio.run(self.store.record(draft, f"{self.folder.name}:{self.starts}:{len(self.made)}", 1, moment))
        if isinstance(done, Entry):
            self.made.append(done.id)
            return None
        return done

    def run(self, renew: bool = False) -> Message | None:
        """Serves until nothing is left to say to the cloud; before that, staff renew it where it is asked for."""

        async def life() -> Message | None:
            self.pairing = pairing.load(self.folder) or self.pairing
            self.link = self.new_link()
            self.news.clear()
            serving = asyncio.ensure_future(self.link.run())
            try:
                async with asyncio.timeout(PATIENCE):
                    refused = await self.wait(serving, self.rested) if not renew else await self.renewed(serving)
            finally:
                serving.cancel()
                await asyncio.gather(serving, return_exceptions=True)
            return refused

        return asyncio.run(life())

    async def renewed(self, serving: asyncio.Future[None]) -> Message | None:
        await self.wait(serving, self.rested)
        asked = asyncio.ensure_future(self.link.renew())
        try:
            await asyncio.wait((serving, asked), return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
            if asked.result() is None:
                self.news.clear()
                await self.wait(serving, self.rested)
            return asked.result()
        finally:
            asked.cancel()

    async def wait(self, serving: asyncio.Future[None], condition: Callable[[], bool]) -> None:
        while not condition():
            if serving.done():
                serving.result()
            await asyncio.sleep(0.001)

    def rested(self) -> bool:
        """The courier has said how one exchange ended, well or not."""
        last = self.news[-1] if self.news else None
        if not isinstance(last, CloudNews):
            return False
        return bool(last.trouble) or (last.online and (last.stands is Standing.OFF_HEAD or last.waiting == 0))

    def serve(self) -> None:
        """One exchange of a terminal that was just switched on."""
        self.news.clear()
        self.start()
        self.run()

    @property
    def standing(self) -> Standing:
        return journal.current(self.store.reader.journal).standing

    @property
    def identity(self) -> UUID:
        return journal.current(self.store.reader.journal).identity

    def spendable(self) -> int:
        row = mirror.rows(self.store.reader.mirror, self.store.reader.journal)(account(), "points", "")
        return row.granted + journal.own(self.store.reader.journal, account(), "points", "", row.through).earned_after


@dataclass
class Shop:
    """One cloud, and devices that somebody copies."""

    house: House
    folder: Path

    def __post_init__(self) -> None:
        app = create_app(self.house.engine, self.house.time, self.house.chance.randbytes)
        self.wire = Wire(httpx.ASGITransport(app))

    def device(self, name: str = "one") -> Device:
        device = Device(self.folder / name, self.wire)
        device.pair(self.house.code())
        device.start()
        return device

    def clone(self, device: Device, name: str) -> Device:
        """The SD card, copied while the device is off."""
        folder = self.folder / name
        folder.mkdir()
        for file in (DEVICE_KEY, NEXT_KEY, pairing.PAIRING_FILE):
            if (device.folder / file).exists():
                (folder / file).write_bytes((device.folder / file).read_bytes())
        for file in ("journal.db", "mirror.db"):
            with closing(sqlite3.connect(device.folder / file)) as source, closing(sqlite3.connect(folder / file)) as copy:
                source.backup(copy)
        return Device(folder, device.wire, starts=device.starts + 100)

    def entries(self) -> list[UUID]:
        with self.house.engine.begin() as connection:
            return list(connection.execute(sa.select(ledger_tables.entry.c.id)).scalars())

    def balance(self) -> int:
        with self.house.engine.begin() as connection:
            p = ledger_tables.purse.c
            row = connection.execute(sa.select(p.earned, p.spent, p.overdraft, p.leased)).one()
            assert row.earned - row.spent + row.overdraft >= row.leased
            return int(row.earned - row.spent)

    def write_off(self, device: Device) -> None:
        with self.house.engine.begin() as connection:
            write_off_terminal(connection, device.identity, self.house.time())


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    engine = new_file_engine(tmp_path / "cloud.sqlite")
    yield Shop(build_house(engine), tmp_path)
    engine.dispose()


def restored_backup(shop: Shop) -> Device:
    """A terminal that was put back to an old backup, spent from it meanwhile, and was found out."""
    one = shop.device()
    assert one.record(award(10)) is None
    one.run()
    one.stop()
    backup = shop.clone(one, "backup")
    one.start()
    assert one.record(award(1)) is None
    one.run()
    one.stop()
    backup.made = [*one.made[:1]]
    backup.start()
    assert backup.record(award(5)) is None
    backup.run()
    assert backup.standing is Standing.OFF_HEAD
    assert backup.record(spend(1)) is Message.STOPPED
    assert backup.record(award(2)) is None
    backup.made = [*one.made, *backup.made[1:]]
    return backup


def works_again(shop: Shop, device: Device, balance: int) -> None:
    """Everything arrived once, the keys fit, and the terminal may spend what it is leased, as before."""
    assert (device.standing, history.waiting(device.store.reader.journal).count) == (Standing.GOOD, 0)
    kept = pairing.load(device.folder)
    assert kept is not None
    assert kept.identity == device.identity
    assert not (device.folder / NEXT_KEY).exists()
    assert sorted(shop.entries()) == sorted(device.made)
    assert shop.balance() == balance
    device.stop()
    device.serve()
    assert device.news[-1] == CloudNews(True, 0, since=device.news[-1].since, known=device.news[-1].known)  # type: ignore[union-attr]


def test_a_restored_backup_is_renewed_in_place_and_loses_nothing(shop: Shop) -> None:
    backup = restored_backup(shop)
    old = backup.identity
    assert backup.run(renew=True) is None
    assert backup.identity != old
    works_again(shop, backup, 18)
    with shop.house.engine.begin() as connection:
        held = {
            row.identity: row.granted - row.used - row.written_off for row in connection.execute(sa.select(ledger_tables.lease))
        }
    # What the old identity held stays out: its other copy may be in use. The owner writes it off once it is not.
    assert held[old] == 11
    shop.house.time.now += 1
    with shop.house.engine.begin() as connection:
        write_off_terminal(connection, old, shop.house.time())
    backup.stop()
    backup.serve()
    assert backup.record(spend(7)) is None
    backup.stop()


def test_a_written_off_terminal_sends_everything_under_its_old_identity_before_it_takes_a_new_one(shop: Shop) -> None:
    one = shop.device()
    assert one.record(award(10)) is None
    one.run()
    shop.write_off(one)
    one.stop()
    one.serve()
    assert one.standing is Standing.WRITTEN_OFF
    assert one.record(award(5)) is None
    old = one.identity
    assert one.run(renew=True) is None
    with shop.house.engine.begin() as connection:
        under = connection.execute(sa.select(ledger_tables.line.c.identity)).scalars().all()
    assert under == [old, old]
    works_again(shop, one, 15)
    assert one.record(spend(15)) is None
    one.stop()


def test_what_was_saved_from_a_damaged_journal_is_sent_as_soon_as_the_terminal_is_renewed(shop: Shop) -> None:
    """In the same process, without a start: and until then it counts among what waits."""
    one = shop.device()
    for number in range(60):
        assert one.record(award(1 + number)) is None
    with closing(sqlite3.connect(one.folder / JOURNAL)) as file:
        body = file.execute("SELECT body FROM lines WHERE place = 30").fetchone()[0]
    one.stop()
    spoil_where(one.folder / JOURNAL, body)
    found = rescue.rescue(one.folder) or salvage.salvage(one.folder / JOURNAL, "now", [one.pairing.identity])
    assert found.later > 10
    del one.made[found.kept : 60 - found.later]
    one.serve()
    assert one.standing is Standing.OFF_HEAD
    waiting = history.waiting(one.store.reader.journal)
    assert waiting.aside == found.later
    assert waiting.count == found.later + (journal.head(one.store.reader.journal).sequence - found.kept)
    assert one.run(renew=True) is None
    assert history.waiting(one.store.reader.journal).aside == 0
    works_again(shop, one, sum(range(1, found.kept + 1)) + sum(range(61 - found.later, 61)))
    one.stop()


@pytest.mark.parametrize("lost", ["question", "answer"])
def test_without_network_it_says_so_and_the_second_try_gets_the_same_identity(shop: Shop, lost: str) -> None:
    backup = restored_backup(shop)
    shop.wire.lose = lost
    assert backup.run(renew=True) is Message.NOT_RENEWED
    shop.wire.up = False
    assert backup.run(renew=True) is Message.RENEW_LATER
    shop.wire.up, shop.wire.lose = True, ""
    assert backup.run(renew=True) is None
    with shop.house.engine.begin() as connection:
        renewed = connection.execute(
            sa.select(fleet_tables.identity.c.id).where(fleet_tables.identity.c.renews.is_not(None))
        ).scalars()
        assert list(renewed) == [backup.identity]
    works_again(shop, backup, 18)
    backup.stop()


def test_a_terminal_in_good_standing_is_not_renewed_by_mistake(shop: Shop) -> None:
    one = shop.device()
    assert one.record(award(10)) is None
    old = one.identity
    assert one.run(renew=True) is Message.NOT_RENEWED
    assert one.identity == old
    one.stop()


def test_asking_twice_makes_one_new_identity(shop: Shop) -> None:
    backup = restored_backup(shop)

    async def impatient() -> list[Message | None]:
        backup.link = backup.new_link()
        backup.news.clear()
        serving = asyncio.ensure_future(backup.link.run())
        await backup.wait(serving, backup.rested)
        answers = await asyncio.gather(backup.link.renew(), backup.link.renew())
        backup.news.clear()
        await backup.wait(serving, backup.rested)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        return answers

    assert asyncio.run(impatient()) == [None, None]
    works_again(shop, backup, 18)
    backup.stop()


def test_nobody_is_asked_before_there_is_a_way_to_the_cloud(shop: Shop) -> None:
    one = shop.device()
    assert asyncio.run(one.new_link().renew()) is Message.RENEW_LATER
    one.stop()


def test_a_disk_that_refuses_or_a_damaged_key_is_told_in_words(shop: Shop) -> None:
    backup = restored_backup(shop)
    (backup.folder / NEXT_KEY).write_bytes(b"short")
    assert backup.run(renew=True) is Message.NOT_RENEWED
    (backup.folder / NEXT_KEY).unlink()
    backup.store.writer.mirror.execute("PRAGMA query_only = ON")
    assert backup.run(renew=True) is Message.NOT_SAVED
    backup.store.writer.mirror.execute("PRAGMA query_only = OFF")
    assert backup.run(renew=True) is None
    works_again(shop, backup, 18)
    backup.stop()


def test_both_copies_of_a_cloned_card_get_an_identity_of_their_own(shop: Shop) -> None:
    """The card is copied; both serve. The copy is found out and renewed; then the old identity is written off, and the first is
    renewed too. Every entry of both arrives once, and neither is taken for the other any more."""
    one = shop.device()
    assert one.record(award(10)) is None
    one.run()
    one.stop()
    two = shop.clone(one, "two")
    one.start()
    two.start()
    for device, points in ((one, 1), (two, 2)):
        assert device.record(award(points)) is None
        device.run()
    assert (one.standing, two.standing) == (Standing.GOOD, Standing.OFF_HEAD)
    assert two.run(renew=True) is None
    shop.write_off(one)
    assert one.record(award(4)) is None
    assert one.run(renew=True) is None
    assert len({one.identity, two.identity, one.pairing.identity}) == 3
    assert (one.standing, two.standing) == (Standing.GOOD, Standing.GOOD)
    assert sorted(shop.entries()) == sorted([*one.made, *two.made])
    assert shop.balance() == 17
    for device in (one, two, one):
        device.stop()
        device.serve()
        assert device.record(award(1)) is None
        device.run()
        assert device.standing is Standing.GOOD
    assert shop.balance() == 20
    one.stop()
    two.stop()


# --- the power

FILES = {module.__file__ for module in (sync.courier, sync.keys, sync.pairing, sync.renewal, terminal.renewal)}
COURIER = {"renew", "pull_anew"}


STEP = 7


class Cutter:
    """Cuts the power before the `at`th line of what a renewal runs; counts them."""

    def __init__(self, at: int) -> None:
        self.at, self.seen, self.armed = at, 0, False

    def trace(self, frame: FrameType, event: str, argument: object) -> Any:
        code = frame.f_code
        if code.co_filename not in FILES or (code.co_filename == sync.courier.__file__ and code.co_name not in COURIER):
            return None
        return self.line

    def line(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "line" and self.armed:
            self.seen += 1
            if self.seen == self.at:
                self.armed = False
                raise PowerCut
        return self.line

    def during(self, work: Callable[[], object]) -> bool:
        """Whether the power failed."""
        before, self.armed = sys.gettrace(), True
        sys.settrace(self.trace)
        try:
            work()
        except PowerCut:
            return True
        finally:
            sys.settrace(before)
            self.armed = False
        return False


@dataclass(frozen=True)
class Photograph:
    """A backup that was found out, and its cloud, as files: put back as often as the power is to fail."""

    folder: Path
    house: House
    made: list[UUID]

    def put_back(self, to: Path) -> tuple[Shop, Device]:
        shutil.copytree(self.folder, to)
        engine = open_engine(f"sqlite:///{to / 'cloud.sqlite'}")
        shop = Shop(replace(self.house, engine=engine, chance=random.Random(2)), to)
        return shop, Device(to / "backup", shop.wire, made=list(self.made), starts=200)


@pytest.fixture
def photograph(tmp_path: Path) -> Photograph:
    folder = tmp_path / "before"
    folder.mkdir()
    engine = new_file_engine(folder / "cloud.sqlite")
    shop = Shop(build_house(engine), folder)
    backup = restored_backup(shop)
    backup.stop()
    engine.dispose()
    return Photograph(folder, shop.house, backup.made)


def cut(photograph: Photograph, folder: Path, at: int) -> tuple[bool, bool]:
    """One renewal with the power cut before its `at`th line, and what follows: (it was cut, the next start had finished it)."""
    shop, backup = photograph.put_back(folder)
    backup.start()
    old = backup.identity
    failed = Cutter(at).during(lambda: backup.run(renew=True))
    backup.stop()
    backup.serve()
    finished = backup.identity != old
    if not finished:
        assert backup.standing is Standing.OFF_HEAD
        assert backup.record(spend(1)) is Message.STOPPED
        assert backup.run(renew=True) is None
    with shop.house.engine.begin() as connection:
        renewed = connection.execute(sa.select(fleet_tables.identity.c.id).where(fleet_tables.identity.c.renews.is_not(None)))
        assert list(renewed.scalars()) == [backup.identity], at
    works_again(shop, backup, 18)
    backup.stop()
    shop.house.engine.dispose()
    return failed, finished


# A power cut closes no file; the interpreter, which goes on, says so.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_power_may_fail_anywhere_in_a_renewal(photograph: Photograph, tmp_path: Path) -> None:
    """Whatever was reached, the next start finishes it or staff repeat it; nothing is lost and nobody gets two identities.

    Every `STEP`th line of the way; BODKA_EVERY_LINE=1 cuts before each.
    """
    step = 1 if os.environ.get("BODKA_EVERY_LINE") else STEP
    at, outcomes = 1, list[tuple[bool, bool]]()
    while not outcomes or outcomes[-1][0]:
        outcomes.append(cut(photograph, tmp_path / str(at), at))
        at += step
    cuts = [finished for failed, finished in outcomes if failed]
    assert len(cuts) * step > 50
    assert {True, False} <= set(cuts)
    gc.collect()  # here, where what it says is expected, and not in the test that comes next
