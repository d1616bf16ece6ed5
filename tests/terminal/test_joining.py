"""A terminal that is nobody's, with virtual devices and the real cloud: each way in, and each way that does not lead in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx
import msgspec
import pytest
import sqlalchemy as sa

from backend import device_flow, fleet_tables
from backend.pairing import pair
from display import screens
from display.screens import CodeTrouble, PairingTrouble, Screen, Unpaired, Wait, WifiJoined, WifiProblem, WifiTrouble
from drivers.virtual import VirtualDevices
from emulators.paired import NOW, Cloud
from sync import pairing as pairings
from sync import setup_codes
from sync.pairing import Pairing
from sync.pairing_messages import Pair
from sync.setup_codes import Wifi
from sync.setup_file import SetupFile, fingerprint
from terminal.counter.network import NetworkSwitch
from terminal.devices import Equipment
from terminal.joining import Joining, Surroundings
from terminal.sd_card import Card
from terminal.settings import Cloud as CloudTable
from terminal.settings import House, Settings
from terminal.wifi import Answer, Outcome

URL = "http://127.0.0.1"
MINUTE = 60_000


class Stand:
    """A terminal on a table: what is shown on it, and what hands do to it."""

    def __init__(self, folder: Path, cloud: Cloud, card: Card) -> None:
        self.cloud, self.folder = cloud, folder / "state"
        self.requests = folder / "run"
        for place in (self.folder, self.requests):
            place.mkdir()
        self.shown: list[Screen] = []
        self.devices = VirtualDevices(lambda: 0, lambda: 0)
        self.network = NetworkSwitch(cloud.transport)
        equipment = Equipment(self.devices.supervised, self.devices.signals, None)
        settings = Settings(CloudTable(URL), House(str(self.folder)))
        self.surroundings = Surroundings(
            settings, self.folder, equipment, self.shown.append, self.network, card, self.requests, quickly
        )
        self.pairing: Pairing | None = None

    async def sees(self, *wanted: Screen | type[Screen]) -> Screen:
        """Waits until one of these is shown, now or since it was looked last."""
        async with asyncio.timeout(10):
            while True:
                while self.shown:
                    screen = self.shown.pop(0)
                    if screen in wanted or type(screen) in wanted:
                        return screen
                await asyncio.sleep(0.001)

    async def is_paired(self, task: asyncio.Task[Pairing]) -> Pairing:
        async with asyncio.timeout(10):
            found = await task
        assert pairings.load(self.folder) == found
        return found

    async def answers_wifi(self, outcome: Outcome) -> None:
        while not (self.requests / "wifi").exists():
            await asyncio.sleep(0.001)
        (self.requests / "wifi.answer").write_bytes(msgspec.json.encode(Answer(outcome)))

    def approve(self, code: str) -> None:
        with self.cloud.engine.begin() as connection:
            device_flow.approve(connection, self.cloud.merchant, "main", code, "till", self.cloud.now)

    def terminals(self) -> int:
        with self.cloud.engine.begin() as connection:
            i = fleet_tables.identity
            return int(connection.execute(sa.select(sa.func.count()).where(i.c.public_key.is_not(None))).scalar_one())


async def quickly(seconds: float) -> None:
    await asyncio.sleep(seconds / 200)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    cloud = Cloud(tmp_path / "cloud.sqlite")
    yield cloud
    cloud.engine.dispose()


@asynccontextmanager
async def joining(folder: Path, cloud: Cloud, card: Card = Card()) -> AsyncIterator[tuple[Stand, asyncio.Task[Pairing]]]:  # noqa: B008
    stand = Stand(folder, cloud, card)
    task = asyncio.ensure_future(Joining(stand.surroundings).run())
    try:
        async with asyncio.timeout(10):
            while not all(device.working for device in stand.devices.supervised):
                await asyncio.sleep(0.001)
        yield stand, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def a_code(cloud: Cloud) -> str:
    return cloud.code().replace("-", "")


Deed = Callable[[Stand, str], None]
DEEDS: dict[str, Deed] = {
    "digits at the scanner": lambda stand, code: stand.devices.scan(setup_codes.in_digits(setup_codes.pairing(code))),
    "words at the scanner": lambda stand, code: stand.devices.scan(setup_codes.pairing(code, URL)),
    "a tag": lambda stand, code: stand.devices.tap("04a1b2c3d4e5f6", setup_codes.pairing(code)),
    "the number pad": lambda stand, code: [stand.devices.key(key) for key in (*"77", "back", "back", *code, "enter")] and None,
}


@pytest.mark.parametrize("way", DEEDS)
def test_each_way_leads_in(tmp_path: Path, cloud: Cloud, way: str) -> None:
    async def play() -> None:
        async with joining(tmp_path, cloud) as (stand, task):
            code = a_code(cloud)
            DEEDS[way](stand, code)
            found = await stand.is_paired(task)
            assert found.paired_by == fingerprint(code)
            assert stand.terminals() == 1

    asyncio.run(play())


def test_the_code_that_is_shown_is_a_new_one_when_its_time_is_over(tmp_path: Path, cloud: Cloud) -> None:
    async def play() -> None:
        async with joining(tmp_path, cloud) as (stand, task):
            first = await stand.sees(screens.Pairing)
            cloud.now += device_flow.LASTS_MS
            second = await stand.sees(screens.Pairing)
            assert isinstance(first, screens.Pairing)
            assert isinstance(second, screens.Pairing)
            assert first.code != second.code
            assert second.url == f"HTTP://127.0.0.1/P/{second.code}"
            stand.approve(second.code)
            await stand.is_paired(task)
            assert stand.terminals() == 1

    asyncio.run(play())


def test_a_typed_code_and_a_scanned_one_at_once_make_one_terminal(tmp_path: Path, cloud: Cloud) -> None:
    async def play() -> None:
        async with joining(tmp_path, cloud) as (stand, task):
            shown = await stand.sees(screens.Pairing)
            assert isinstance(shown, screens.Pairing)
            stand.approve(shown.code)
            stand.devices.scan(setup_codes.pairing(a_code(cloud)))
            await stand.is_paired(task)
            await asyncio.sleep(0.1)
            assert stand.terminals() == 1

    asyncio.run(play())


def test_what_is_wrong_with_a_code_is_said_and_the_next_one_is_tried(tmp_path: Path, cloud: Cloud) -> None:
    async def play() -> None:
        async with joining(tmp_path, cloud) as (stand, task):
            old, used = a_code(cloud), a_code(cloud)
            with cloud.engine.begin() as connection:
                pair(connection, Pair(used, bytes(32)), NOW, cloud.chance.randbytes)
            cloud.now = NOW + 10 * MINUTE
            for text, trouble in (
                (setup_codes.pairing(used), CodeTrouble.USED),
                (setup_codes.pairing(old), CodeTrouble.EXPIRED),
                ("BODKA:C:123456789015;;", CodeTrouble.WRONG),
                ("BODKA:C:123456789012;;", CodeTrouble.WRONG),
                (setup_codes.in_digits(setup_codes.pairing(old))[:-1], CodeTrouble.WRONG),
                (setup_codes.pairing(old, "http://not-this-machine.example"), CodeTrouble.WRONG),
            ):
                stand.devices.scan(text)
                await stand.sees(PairingTrouble(trouble))
            stand.devices.scan("2100000000012")
            await stand.sees(Unpaired)
            cloud.now = NOW
            stand.devices.scan(setup_codes.pairing(a_code(cloud)))
            await stand.is_paired(task)

    asyncio.run(play())


def test_a_code_is_kept_until_there_is_a_network(tmp_path: Path, cloud: Cloud) -> None:
    async def play() -> None:
        async with joining(tmp_path, cloud) as (stand, task):
            stand.network.turn(on=False)
            code = a_code(cloud)
            stand.devices.scan(setup_codes.pairing(code))
            await stand.sees(PairingTrouble(CodeTrouble.NO_ANSWER))
            await stand.sees(PairingTrouble(CodeTrouble.NO_ANSWER))
            stand.network.turn(on=True)
            assert (await stand.is_paired(task)).paired_by == fingerprint(code)

    asyncio.run(play())


@pytest.mark.parametrize(
    ("outcome", "screen"),
    [
        (Outcome.JOINED, WifiJoined("shop")),
        (Outcome.PASSWORD, WifiTrouble(WifiProblem.PASSWORD, "shop")),
        (Outcome.NOT_FOUND, WifiTrouble(WifiProblem.NOT_FOUND, "shop")),
        (Outcome.NOBODY, WifiTrouble(WifiProblem.NO_ADDRESS, "shop")),
    ],
)
def test_a_network_is_joined_or_it_is_said_why_not(tmp_path: Path, cloud: Cloud, outcome: Outcome, screen: Screen) -> None:
    async def play() -> None:
        async with joining(tmp_path, cloud) as (stand, _):
            stand.devices.scan(setup_codes.wifi(Wifi("shop", "a password")))
            await stand.sees(Wait)
            await stand.answers_wifi(outcome)
            await stand.sees(screen)
            stand.devices.scan("WIFI:T:WEP;S:shop;P:abcde;;")
            await stand.sees(WifiTrouble(WifiProblem.CODE))

    asyncio.run(play())


def test_a_card_that_cannot_be_read_says_so_and_the_other_ways_are_open(tmp_path: Path, cloud: Cloud) -> None:
    async def play() -> None:
        async with joining(tmp_path, cloud, Card(b"code = 1", mistake="not valid")) as (stand, task):
            await stand.sees(PairingTrouble(CodeTrouble.WRONG))
            stand.devices.scan(setup_codes.pairing(a_code(cloud)))
            await stand.is_paired(task)

    asyncio.run(play())


def test_a_cards_code_and_name_are_used(tmp_path: Path, cloud: Cloud) -> None:
    file = SetupFile(cloud.code(), URL, "till 7")

    async def play() -> None:
        async with joining(tmp_path, cloud, Card(b"there is one", file)) as (stand, task):
            await stand.is_paired(task)
            with cloud.engine.begin() as connection:
                i = fleet_tables.identity.c
                named = connection.execute(sa.select(i.device).where(i.public_key.is_not(None))).scalar_one()
            assert named == "till 7"

    asyncio.run(play())


def test_a_cloud_without_codes_to_show_leaves_the_other_ways(tmp_path: Path, cloud: Cloud) -> None:
    inner = cloud.transport

    class Older(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.startswith("/v1/device"):
                return httpx.Response(404, request=request)
            return await inner.handle_async_request(request)

    cloud.transport = Older()  # type: ignore[assignment]

    async def play() -> None:
        async with joining(tmp_path, cloud) as (stand, task):
            await stand.sees(Unpaired)
            stand.devices.scan(setup_codes.pairing(a_code(cloud)))
            await stand.is_paired(task)

    asyncio.run(play())


def test_the_command_line_is_noticed(tmp_path: Path, cloud: Cloud) -> None:
    from terminal import membership

    async def play() -> None:
        async with joining(tmp_path, cloud) as (stand, task):
            table = CloudTable(URL)
            found = await membership.join(table, stand.folder, a_code(cloud), "by hand", cloud.transport)
            assert await stand.is_paired(task) == found
            assert stand.terminals() == 1

    with closing(asyncio.Runner()) as runner:
        runner.run(play())
