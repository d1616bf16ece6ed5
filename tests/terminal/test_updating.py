"""A newer version comes from the real cloud, is taken when nobody is served, and stays or goes by how it does."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from backend import releases
from emulators.paired import Cloud, Terminal, run_here
from emulators.vendor import Vendor
from sync.connection import cloud_client
from sync.counter import RequestCounter
from sync.keys import load_or_make
from sync.requests import Requests
from sync.signing import RequestSigner
from sync.troubles import Trouble
from sync.update_messages import UPDATE_PATH, UPDATE_PIECE_BYTES, UPDATE_PIECE_PATH, Offer, Piecemeal, Update, UpdatePiece
from terminal import update_unit, updates
from terminal.updates import BUNDLE, What
from terminal.updating import Pace, Updating
from terminal.versions import Versions

VENDOR = Vendor()
QUICK = Pace(well=0.05, trial=0.4, look=0.005, ask=60, again=0.05, idle=0.05, early=3600, long_idle=1e9)
EVERY = frozenset({"scanner", "nfc", "panel"})
NOISE = random.Random(1).randbytes(3 * UPDATE_PIECE_BYTES)


class Counter:
    """The counter, as a test sets it."""

    def __init__(self) -> None:
        self.idle, self.working = True, EVERY


class Way:
    """The way to the real cloud; `open` False is a network that is down, and each piece is counted."""

    def __init__(self, terminal: Terminal) -> None:
        self.identity = terminal.pairing.identity
        signer = RequestSigner(self.identity, load_or_make(terminal.folder, terminal.chance.randbytes), lambda: 5.0)
        client = cloud_client("http://127.0.0.1", auth=signer, transport=terminal.cloud.transport)
        self.requests = Requests(client, RequestCounter(terminal.journal), run_here, lambda: 5.0)
        self.open, self.pieces = True, list[int]()
        self.least_pieces, self.breaks = 99, 0

    async def update(self, version: str, architecture: str, refused: tuple[str, ...]) -> Offer:
        self._check()
        asked = Update(self.identity, version, architecture, refused)
        return await self.requests.post(UPDATE_PATH, lambda: asked, Offer)

    async def update_piece(self, offer: Offer, number: int) -> Piecemeal:
        self._check()
        if len(self.pieces) >= self.least_pieces:
            self.open = False
        self.pieces.append(number)
        asked = UpdatePiece(self.identity, offer.version, offer.architecture, number)
        return await self.requests.post(UPDATE_PIECE_PATH, lambda: asked, Piecemeal)

    def _check(self) -> None:
        if not self.open:
            self.breaks += 1
            raise Trouble("no network")


class House:
    """A terminal with its versions, root's part, and the cloud."""

    def __init__(self, folder: Path) -> None:
        self.cloud = Cloud(folder / "cloud.sqlite")
        self.terminal = Terminal(self.cloud, folder / "state", self.cloud.code())
        self.state, self.requests = folder / "state", folder / "run"
        self.versions = Versions(folder / "versions", folder / "package")
        for place in (self.requests, self.versions.folder, self.versions.package):
            place.mkdir()
        (self.versions.package / "VERSION").write_text("1.3\n")
        keys = "".join(f'{name} = "{key.hex()}"\n' for name, key in VENDOR.keys.items())
        (folder / "update-keys.toml").write_text(f"[keys]\n{keys}")
        self.places = update_unit.Places(self.requests, self.state, folder / "update-keys.toml", self.versions)
        self.counter, self.way = Counter(), Way(self.terminal)
        self.up, self.restarts, self.told = 60.0, 0, list[str]()

    def publish(self, path: Path, share: int = 100) -> None:
        with self.cloud.engine.begin() as connection:
            releases.publish(connection, path, share, self.cloud.now)

    def make(self, version: str = "1.4.2", signers: str = "ab") -> Path:
        path = self.state.with_name(f"bundle-{version}")
        return VENDOR.make(path, version, architecture=updates.architecture(), signers=signers, files={"noise": NOISE})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Updating]:
        """One life of the daemon, with root's units beside it."""
        updating = Updating(
            self.state, self.requests, self.counter, self.way, lambda: self.up, versions=self.versions, pace=QUICK
        )
        tasks = [asyncio.create_task(updating.run()), asyncio.create_task(self._root())]
        try:
            yield updating
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            assert task.cancelled(), task.exception()

    async def _root(self) -> None:
        def restart() -> None:
            self.restarts += 1

        while True:
            if (self.requests / "update").exists():
                self.told.append(update_unit.serve(self.places, restart))
            await asyncio.sleep(0.005)

    async def until(self, condition: Callable[[], object]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                while not condition():
                    await asyncio.sleep(0.005)
        assert condition(), (self.told, self.versions.state())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.terminal.close()
    house.cloud.engine.dispose()


def test_from_the_clouds_offer_to_a_version_that_is_kept(house: House) -> None:
    house.publish(house.make())

    async def before() -> None:
        async with house.running():
            await house.until(lambda: house.restarts)

    async def after() -> None:
        async with house.running():
            await house.until(lambda: not house.versions.on_trial())
            await house.until(lambda: not (house.state / BUNDLE).exists())

    asyncio.run(before())
    assert house.versions.running() == "1.4.2"
    assert house.versions.on_trial()
    house.way.open = False  # whether it does well is never asked of the network
    asyncio.run(after())
    assert house.versions.state().good == "1.4.2"
    assert house.told == ["version 1.4.2 is on trial", "it is well"]


def test_it_goes_on_where_it_was_broken_off(house: House) -> None:
    path = house.make()
    house.publish(path)
    house.counter.idle = False
    house.way.least_pieces = 2

    async def fetch() -> None:
        async with house.running() as updating:
            await house.until(lambda: house.way.breaks)
            house.way.open, house.way.least_pieces = True, 99
            await house.until(lambda: updating.ready)

    asyncio.run(fetch())
    assert (house.state / BUNDLE).read_bytes() == path.read_bytes()
    assert house.way.pieces == list(range(4))
    assert house.way.breaks == 1
    assert house.told == []  # somebody is served: nothing is taken


def test_a_beginning_of_something_else_is_thrown_away(house: House) -> None:
    path = house.make()
    house.publish(path)
    house.counter.idle = False
    (house.state / f"{BUNDLE}.part").write_bytes(b"x" * (UPDATE_PIECE_BYTES + 5))

    async def fetch() -> None:
        async with house.running() as updating:
            await house.until(lambda: updating.ready)

    asyncio.run(fetch())
    assert (house.state / BUNDLE).read_bytes() == path.read_bytes()


def test_it_waits_for_idle_minutes_or_for_the_shop_to_close(house: House) -> None:
    (house.state / BUNDLE).write_bytes(house.make().read_bytes())
    house.up = 7200.0  # long after the machine was switched on

    async def work() -> None:
        async with house.running() as updating:
            await asyncio.sleep(3 * QUICK.idle)
            assert house.restarts == 0
            house.counter.idle = False
            house.up = 60.0
            updating.close_shop()
            await asyncio.sleep(3 * QUICK.idle)
            assert house.restarts == 0  # somebody is served all the same
            house.counter.idle = True
            await house.until(lambda: house.restarts)

    asyncio.run(work())
    assert house.versions.running() == "1.4.2"


def test_a_version_without_a_device_that_worked_before_is_left(house: House) -> None:
    house.publish(house.make())

    async def life(*, works: frozenset[str], until: Callable[[], object]) -> None:
        house.counter.working = works
        async with house.running():
            await house.until(until)

    asyncio.run(life(works=EVERY, until=lambda: house.restarts == 1))
    assert house.versions.running() == "1.4.2"
    asyncio.run(life(works=EVERY - {"nfc"}, until=lambda: house.restarts == 2))
    assert (house.versions.running(), house.versions.state().refused) == ("1.3", ("1.4.2",))

    async def afterwards() -> None:  # the same version is offered still, and not fetched again
        asked = len(house.way.pieces)
        async with house.running():
            await house.until(lambda: not (house.state / BUNDLE).exists())
            await asyncio.sleep(3 * QUICK.again)
        assert len(house.way.pieces) == asked

    asyncio.run(afterwards())
    assert house.restarts == 2


def test_a_device_that_was_gone_before_is_not_missed(house: House) -> None:
    house.publish(house.make())
    house.counter.working = EVERY - {"nfc"}

    async def life(until: Callable[[], object]) -> None:
        async with house.running():
            await house.until(until)

    asyncio.run(life(lambda: house.restarts == 1))
    asyncio.run(life(lambda: not house.versions.on_trial()))
    assert house.versions.state().good == "1.4.2"


def test_what_is_not_trusted_is_thrown_away_and_the_terminal_goes_on(house: House) -> None:
    (house.state / BUNDLE).write_bytes(house.make(signers="ac").read_bytes())

    async def work() -> None:
        async with house.running() as updating:
            await house.until(lambda: not updating.ready)

    asyncio.run(work())
    assert house.restarts == 0
    assert "signed by 1 of the keys" in house.told[0]


def test_from_a_stick_and_by_root_alone(house: House) -> None:
    with house.make().open("rb") as file:
        assert updates.put(file, house.state) == "1.4.2"

    async def ask() -> updates.Answer:
        async with asyncio.TaskGroup() as group:
            root = group.create_task(house._root())
            answer = await updates.ask(What.INSTALL, house.requests, house.versions.folder, seconds=10)
            root.cancel()
        return answer

    answer = asyncio.run(ask())
    assert (answer.done, answer.words) == (True, "version 1.4.2 is on trial")
    assert len(answer.nonce) == 32
    assert asyncio.run(ask()).words == "version 1.4.2 is not newer than 1.4.2, which runs here"
    with pytest.raises(updates.NobodyAnswers):
        asyncio.run(updates.ask(What.INSTALL, house.requests, house.versions.folder, seconds=0.1))
    assert not (house.requests / "update").exists()


def test_without_the_vendors_keys_nothing_is_ever_installed(house: House) -> None:
    (house.state / BUNDLE).write_bytes(house.make().read_bytes())
    for text in ("", "[keys]\n", '[keys]\na = "00"\n', "nonsense"):
        house.places.keys.write_text(text)
        (house.requests / "update").write_bytes(b'{"what": "install"}')
        update_unit.serve(house.places, lambda: None)
        assert house.versions.current() == ""
    (house.requests / "update").write_bytes(b'{"what": "install", "from": "/etc/shadow"}')
    assert "cannot be read" in update_unit.serve(house.places, lambda: None)
