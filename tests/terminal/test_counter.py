"""The counter page's server as it runs in the daemon: real sockets, a real client, the real devices under `supervise`."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from PIL import Image
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from drivers.events import (
    Button,
    ButtonPressed,
    ButtonReleased,
    CardGone,
    CardSeen,
    CardTrouble,
    DeviceBack,
    Event,
    Form,
    Medium,
    PadKey,
    Trouble,
)
from drivers.supervise import supervise
from drivers.virtual import VirtualDevices
from sync.pairing import Pairing, load, save
from terminal.counter.network import NetworkSwitch
from terminal.counter.power import Power, Standing
from terminal.counter.server import NotADemo, PortTaken, RealMerchant, admit, listen, serve_counter
from terminal.counter.watch import JournalRow, LogLine, Voice, Watch
from terminal.settings import Cloud, Settings, Virtual

NOW, PICTURE = 1_000, 7
LOCAL = Cloud("http://127.0.0.1:8400")
ROW = JournalRow(1, "Awarded", ("+2.5 p",), waiting=True)


@dataclass
class Counter:
    """A served page, and all that stands behind it."""

    devices: VirtualDevices
    watch: Watch
    network: NetworkSwitch
    rows: list[JournalRow]
    events: list[Event]
    flips: list[Standing]
    address: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc

    async def cookie(self) -> str:
        async with httpx.AsyncClient() as browser:
            answer = await browser.get(self.address)
        return "; ".join(f"{name}={value}" for name, value in answer.cookies.items())


@dataclass
class Page:
    """A page's end of the WebSocket: what it has heard."""

    link: ClientConnection
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def do(self, action: str, **what: object) -> None:
        await self.link.send(json.dumps({"do": action, **what}))

    async def hears(self, say: str, **what: object) -> dict[str, Any]:
        """The next message of the kind, with these facts in it."""
        async with asyncio.timeout(10):
            while True:
                message: dict[str, Any] = json.loads(await self.link.recv())
                self.heard.append(message)
                if message["say"] == say and all(message[name] == value for name, value in what.items()):
                    return message

    async def settled(self) -> None:
        """Until everything that was sent so far has been done: the answer to nonsense comes after it."""
        await self.do("settle")
        await self.hears("wrong")


@asynccontextmanager
async def counter(standing: Standing | None = None, *, power: bool = True) -> AsyncIterator[Counter]:
    rows: list[JournalRow] = []

    async def read() -> Sequence[JournalRow]:
        return tuple(rows)

    answers = httpx.MockTransport(lambda request: httpx.Response(200, text="the cloud"))
    devices = VirtualDevices(lambda: NOW, lambda: PICTURE)
    it = Counter(devices, Watch(read, clock=lambda: 12.5), NetworkSwitch(answers), rows, [], [])
    tasks = [asyncio.create_task(supervise(one, it.events.append, clock=lambda: NOW)) for one in devices.supervised]
    try:
        listener = listen(Settings(LOCAL, virtual=Virtual()))
        plug = Power(on=power, flip=lambda socket, standing: it.flips.append(standing))
        async with serve_counter(listener, devices, it.watch, it.network, standing=standing, power=plug) as address:
            it.address = address or f"http://127.0.0.1:{listener.getsockname()[1]}/"
            yield it
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def page(it: Counter, cookie: str | None = None) -> AsyncIterator[Page]:
    headers = {"Cookie": cookie or await it.cookie()}
    talk, origin = f"ws://{it.host}/talk", f"http://{it.host}"
    # Unread messages must not keep the closing handshake from being read: the queue has no end.
    async with connect(talk, origin=origin, additional_headers=headers, proxy=None, max_queue=None) as link:  # type: ignore[arg-type]
        yield Page(link)


Scene = Callable[[], Awaitable[None]]
SCENES: list[Scene] = []
"""What is played, each in an event loop of its own."""


def scene(play: Scene) -> Scene:
    SCENES.append(play)
    return play


@scene
async def the_address_lets_one_browser_in_once() -> None:
    async with counter() as it, httpx.AsyncClient() as first, httpx.AsyncClient() as second:
        answer = await first.get(it.address)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        setting = answer.headers["set-cookie"].lower()
        assert "httponly" in setting
        assert "samesite=strict" in setting
        assert "token" not in answer.text
        assert (await first.get(f"http://{it.host}/")).status_code == 200
        late = await second.get(it.address)
        assert late.status_code == 403
        assert "start the demo again" in late.text
        assert (await second.get(f"http://{it.host}/")).status_code == 403


@scene
async def a_wrong_token_lets_nobody_in_and_does_not_use_up_the_right_one() -> None:
    async with counter() as it, httpx.AsyncClient() as browser:
        for wrong in ("?token=wrong", "?token=", "?token=%FF", "", "counter.js"):
            assert (await browser.get(f"http://{it.host}/{wrong}")).status_code == 403
        forged = {"Cookie": f"bodka-counter-{it.host.split(':')[1]}=wrong"}
        assert (await browser.get(f"http://{it.host}/", headers=forged)).status_code == 403
        assert (await browser.get(f"http://{it.host}/", headers={"Cookie": 'a="\\'})).status_code == 403
        assert (await browser.get(it.address)).status_code == 303


@scene
async def the_files_of_the_page_come_with_strict_rules() -> None:
    async with counter() as it, httpx.AsyncClient(headers={"Cookie": await it.cookie()}) as browser:
        for name, kind in (("", "text/html"), ("counter.css", "text/css"), ("counter.js", "text/javascript")):
            answer = await browser.get(f"http://{it.host}/{name}")
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(kind)
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["cache-control"] == "no-store"
        assert (await browser.get(f"http://{it.host}/cards.json")).status_code == 404


@scene
async def another_host_is_refused_whatever_it_holds() -> None:
    async with counter() as it:
        cookie = await it.cookie()
        async with httpx.AsyncClient(headers={"Cookie": cookie}) as browser:
            evil = await browser.get(f"http://{it.host}/", headers={"Host": f"evil.example:{it.host.split(':')[1]}"})
            assert evil.status_code == 403
            local = await browser.get(f"http://{it.host}/", headers={"Host": f"localhost:{it.host.split(':')[1]}"})
            assert local.status_code == 200


@scene
async def a_websocket_needs_our_page_as_its_origin_and_the_cookie() -> None:
    async with counter() as it:
        cookie = await it.cookie()
        good = f"http://{it.host}"
        for origin, given in (
            (None, cookie),
            ("http://evil.example", cookie),
            ("null", cookie),
            (good.replace("http", "https"), cookie),
            (f"http://127.0.0.1:{int(it.host.split(':')[1]) ^ 1}", cookie),
            (good, ""),
            (good, cookie + "x"),
        ):
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"ws://{it.host}/talk", origin=origin, additional_headers={"Cookie": given}, proxy=None)  # type: ignore[arg-type]
            assert refused.value.response.status_code == 403
        async with page(it, cookie):
            pass


@scene
async def every_action_reaches_its_device() -> None:
    async with counter() as it, page(it) as own:
        await own.settled()
        assert [type(event) for event in it.events] == [DeviceBack] * 6
        it.events.clear()
        await own.do("scan", text="2100000000012")
        await own.do("tap", uid="04a1b2c3d4e5f6")
        await own.do("untap")
        await own.do("tap", uid="04a1b2c3d4e5f6", text="https://bodka.example/c/1")
        await own.do("untap")
        await own.do("insert", text="2100000000043")
        await own.do("withdraw")
        await own.do("trouble", device="chip", trouble="foreign chip")
        await own.do("press", button="redeem")
        await own.do("release", button="redeem")
        await own.do("key", key="enter")
        await own.settled()
        assert it.events == [
            CardSeen("scanner", Medium.BARCODE, Form.NUMBER, "2100000000012", NOW),
            CardSeen("nfc", Medium.NFC, Form.UID, "04a1b2c3d4e5f6", NOW),
            CardGone("nfc", Medium.NFC, NOW),
            CardSeen("nfc", Medium.NFC, Form.NUMBER, "https://bodka.example/c/1", NOW),
            CardGone("nfc", Medium.NFC, NOW),
            CardSeen("chip", Medium.CHIP, Form.NUMBER, "2100000000043", NOW),
            CardGone("chip", Medium.CHIP, NOW),
            CardTrouble("chip", Medium.CHIP, Trouble.FOREIGN_CHIP, NOW),
            ButtonPressed("buttons", Button.REDEEM, PICTURE, NOW),
            ButtonReleased("buttons", Button.REDEEM, NOW),
            PadKey("pad", "enter", PICTURE, NOW),
        ]


@scene
async def cards_of_the_tray_are_shown_and_taken_by_their_keys() -> None:
    async with counter() as it, page(it) as own:
        cards = (await own.hears("cards"))["cards"]
        assert not any({"text", "uid"} & set(card) for card in cards)
        await own.settled()
        it.events.clear()
        for card in cards:
            await own.do("show", card=card["key"])
            await own.do("take", card=card["key"])
        await own.settled()
        seen = [event for event in it.events if isinstance(event, CardSeen | CardTrouble)]
        assert [event.device for event in seen] == [card["reader"] for card in cards]
        gone = [event for event in it.events if isinstance(event, CardGone)]
        assert len(gone) == sum(card["stays"] for card in cards)
        assert Trouble.RANDOM_UID in [event.trouble for event in seen if isinstance(event, CardTrouble)]


@scene
async def cables_and_network_are_told_to_every_page() -> None:
    async with counter() as it:
        cookie = await it.cookie()
        async with page(it, cookie) as one, page(it, cookie) as other:
            await one.settled()
            await other.settled()
            await one.do("plug", device="nfc", on=False)
            await other.hears("plug", device="nfc", on=False)
            await one.do("network", on=False)
            await other.hears("network", on=False)
            assert not it.devices.nfc.plugged
            assert not it.network.on
            assert [line.text for line in it.watch.log] == ["NFC reader: unplugged", "network off"]
        async with page(it, cookie) as late:
            await late.hears("plug", device="nfc", on=False)
            await late.hears("network", on=False)


@scene
async def the_panels_picture_arrives_bit_for_bit() -> None:
    bits = random.Random(5).randbytes(1024)
    async with counter() as it, page(it) as own:
        await own.hears("picture", width=0)
        await asyncio.to_thread(it.devices.glass.open)
        await asyncio.to_thread(it.devices.glass.write, Image.frombytes("1", (128, 64), bits))
        heard = await own.hears("picture", width=128, height=64)
        assert base64.b64decode(heard["bits"]) == bits
        await own.do("plug", device="panel", on=False)
        await own.hears("picture", width=0)


@scene
async def lights_tones_buttons_and_cards_are_told_as_they_move() -> None:
    async with counter() as it, page(it) as own:
        await own.settled()
        await asyncio.to_thread(it.devices.signals.play, ((True, False, 1_319, 90, 16), (False, True, 0, 400, 50)))
        assert (await own.hears("signals"))["steps"] == [[True, False, 1_319, 90, 16], [False, True, 0, 400, 50]]
        await own.do("press", button="next")
        await own.hears("button", button="next", down=True)
        await own.do("insert", text="1")
        await own.hears("card", device="chip", there=True)


@scene
async def the_watch_is_told_and_a_late_page_hears_how_all_stands() -> None:
    async with counter() as it:
        cookie = await it.cookie()
        async with page(it, cookie) as own:
            await own.settled()
            it.watch.showed(4, "Tap your card\nor code", "en", "Idle")
            await own.hears("screen", number=4, text="Tap your card\nor code", language="en", again=False)
            await own.hears("log", voice="screen", text="Tap your card · or code", at=12_500)
            it.watch.showed(4, "Tap your card\nor code", "en", "Idle")
            await own.hears("screen", number=4, again=True)
            it.rows.append(ROW)
            it.watch.recorded()
            row = {"sequence": 1, "what": "Awarded", "changes": ["+2.5 p"], "waiting": True}
            await own.hears("journal", rows=[row])
            it.watch.cloud(online=False, waiting=1)
            await own.hears("cloud", online=False, waiting=1, text="Cloud not reached · 1 entry waits")
            await own.hears("journal")
        async with page(it, cookie) as late:
            await late.hears("cloud", online=False, waiting=1)
            await late.hears("log", text="Tap your card · or code")
            await late.hears("screen", number=4)
            assert len((await late.hears("journal"))["rows"]) == 1


@scene
async def in_slovak_every_word_is_slovak() -> None:
    async with counter(Standing(language="sk")) as it:
        cookie = await it.cookie()
        async with httpx.AsyncClient(headers={"Cookie": cookie}) as browser:
            html = (await browser.get(f"http://{it.host}/")).text
        assert '<html lang="sk">' in html
        assert "Cvičenie: nič tu nie je naozaj" in html
        async with page(it, cookie) as own:
            tray = await own.hears("cards")
            assert {"reader": "nfc", "name": "NFC čítačka", "hint": "kliknúť, alebo držať"} in tray["readers"]
            assert "Škatuľa mlieka" in [card["name"] for card in tray["cards"]]
            await own.hears("plug", device="pad", name="Číselník")
            await own.hears("cloud", text="Cloud nedostupný")
            await own.do("show", card="milk")
            await own.hears("log", text="Škatuľa mlieka: naskenované", language="")
            await own.do("plug", device="nfc", on=False)
            await own.hears("log", text="NFC čítačka: kábel vytiahnutý")
            it.watch.showed(1, "[Tap your card]", "en", "Idle")
            await own.hears("log", text="[Tap your card]", language="en")
            await own.do("power", on=False)
            await own.settled()
        assert [left.language for left in it.flips] == ["sk"]


@scene
async def the_plug_is_pulled_once_and_what_stands_on_the_counter_is_handed_on() -> None:
    async with counter() as it, page(it) as own:
        await own.hears("power", on=True)
        await own.do("power", on=True)
        await own.do("plug", device="chip", on=False)
        await own.do("network", on=False)
        await own.settled()
        assert it.flips == []
        await own.do("power", on=False)
        await own.settled()
        (left,) = it.flips
        assert (left.network, left.unplugged) == (False, ("chip",))
        assert [line.text for line in left.log] == ["Chip reader: unplugged", "network off", "the plug is pulled"]
        assert left.session not in repr(left)


@scene
async def after_a_power_cut_the_same_browser_comes_in_and_no_other() -> None:
    line = LogLine(5, Voice.PERSON, "the plug is pulled")
    async with counter(Standing("secret", False, ("nfc",), (line,)), power=False) as it, httpx.AsyncClient() as other:
        for way in ("", "?token=", "?token=None", "?token=secret"):
            assert (await other.get(f"{it.address}{way}")).status_code == 403
        cookie = f"bodka-counter-{it.host.split(':')[1]}=secret"
        async with page(it, cookie) as own:
            await own.hears("power", on=False)
            await own.hears("plug", device="nfc", on=False)
            await own.hears("log", text="the plug is pulled", at=5)
            await own.do("power", on=True)
            await own.settled()
            assert [standing.session for standing in it.flips] == ["secret"]


@scene
async def nonsense_is_answered_and_nothing_stops() -> None:
    async with counter() as it, page(it) as own:
        for message, why in (
            ("{", "truncated"),
            ("[]", "object"),
            ('{"do": "dance"}', "dance"),
            ('{"do": "press", "button": "coffee"}', "coffee"),
            ('{"do": "press", "button": "award", "more": 1}', "more"),
            ('{"do": "key", "key": "F1"}', "keys"),
            ('{"do": "plug", "device": "till", "on": true}', "till"),
            ('{"do": "show", "card": "gold"}', "gold"),
            ('{"do": "tap", "uid": "04"}', "bytes"),
            (json.dumps({"do": "scan", "text": "x" * 20_000}), "at most"),
        ):
            await own.link.send(message)
            assert why in (await own.hears("wrong"))["text"]
        it.events.clear()
        await own.do("scan", text="7" * 4_000)
        await own.settled()
        assert it.events == [CardTrouble("scanner", Medium.BARCODE, Trouble.TOO_LONG, NOW)]


@scene
async def a_page_that_sends_bytes_is_let_go_and_the_others_stay() -> None:
    async with counter() as it:
        cookie = await it.cookie()
        async with page(it, cookie) as odd, page(it, cookie) as own:
            await odd.link.send(b"\x00")
            with pytest.raises(ConnectionClosed):
                await odd.hears("never")
            await own.settled()


@scene
async def a_page_that_is_closed_lets_go_of_what_it_holds() -> None:
    """Else × would stay down with nobody there, and two seconds later the last entry would be undone."""
    async with counter() as it:
        cookie = await it.cookie()
        async with page(it, cookie) as other:
            async with page(it, cookie) as gone:
                await gone.settled()
                it.events.clear()
                await gone.do("press", button="cancel")
                await gone.do("tap", uid="04a1b2c3d4e5f6")
                await gone.do("insert", text="2100000000043")
                await gone.settled()
            await other.hears("button", button="cancel", down=True)
            for _ in range(2):
                await other.hears("card", there=False)
            assert it.devices.buttons.down == frozenset()
            assert not it.devices.nfc.occupied
            assert not it.devices.chip.occupied
        assert ButtonReleased("buttons", Button.CANCEL, NOW) in it.events
        assert CardGone("nfc", Medium.NFC, NOW) in it.events


@scene
async def a_page_that_is_closed_lets_alone_what_others_hold() -> None:
    async with counter() as it:
        cookie = await it.cookie()
        async with page(it, cookie) as other:
            await other.do("press", button="cancel")
            await other.do("tap", uid="04a1b2c3d4e5f6")
            await other.settled()
            async with page(it, cookie) as gone:
                await gone.do("press", button="cancel")
                await gone.do("press", button="next")
                await gone.settled()
            await other.hears("button", button="next", down=False)
            assert it.devices.buttons.down == {Button.CANCEL}
            assert it.devices.nfc.occupied


@scene
async def open_pages_hear_the_end() -> None:
    async with counter() as it:
        opened = page(it)
        own = await opened.__aenter__()
        await own.settled()
    with pytest.raises(ConnectionClosed):
        await own.hears("never")
    await opened.__aexit__(None, None, None)
    with pytest.raises(httpx.ConnectError):
        async with httpx.AsyncClient() as browser:
            await browser.get(it.address)


@scene
async def the_network_switch_cuts_what_is_under_way_too() -> None:
    arrived, answer = asyncio.Event(), asyncio.Event()

    async def slowly(request: httpx.Request) -> httpx.Response:
        arrived.set()
        await answer.wait()
        return httpx.Response(200, text="stored")

    network, changes = NetworkSwitch(httpx.MockTransport(slowly)), list[bool]()
    end = network.watch(changes.append)
    async with httpx.AsyncClient(transport=network) as client:
        asked = asyncio.create_task(client.get("http://cloud.example/"))
        await arrived.wait()
        network.turn(on=False)
        network.turn(on=True)
        answer.set()
        with pytest.raises(httpx.ReadError, match="network switch"):
            await asked
        assert (await client.get("http://cloud.example/")).text == "stored"
        network.turn(on=False)
        network.turn(on=False)
        with pytest.raises(httpx.ConnectError, match="network switch"):
            await client.get("http://cloud.example/")
        end()
        network.turn(on=True)
    assert changes == [False, True, False]


@scene
async def the_log_keeps_one_line_for_a_screen_that_changes_by_itself_and_none_for_a_typed_number() -> None:
    async with counter() as it:
        for number in range(3):
            it.watch.showed(number, f"[{20 - number} s]", "en", "Armed")
        it.watch.said("+ pressed", Voice.PERSON)
        it.watch.showed(3, "[17 s]", "en", "Armed")
        it.watch.showed(4, "/905123456", "en", "Typing", private=True)
        it.watch.showed(5, "Tap your card", "en", "Idle")
        assert [line.text for line in it.watch.log] == ["[18 s]", "+ pressed", "[17 s]", "Tap your card"]


@pytest.mark.parametrize("play", SCENES, ids=lambda play: play.__name__)
def test_scene(play: Scene) -> None:
    asyncio.run(play())  # type: ignore[arg-type]  # each is a coroutine function


@pytest.mark.parametrize(
    "url", ["https://cloud.example", "http://192.168.1.5:8400", "http://10.0.0.1", "http://localhost.example"]
)
def test_a_cloud_elsewhere_refuses_virtual_devices(url: str) -> None:
    with pytest.raises(NotADemo, match="demo cloud on this machine"):
        listen(Settings(Cloud(url), virtual=Virtual()))


def test_real_devices_have_no_counter_page() -> None:
    with pytest.raises(NotADemo, match=r"add a \[virtual\] section"):
        listen(Settings(LOCAL))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8400", "http://localhost:8400", "http://[::1]:8400", "http://127.1.2.3"])
def test_the_page_is_on_loopback_only(url: str) -> None:
    with listen(Settings(Cloud(url), virtual=Virtual())) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_a_taken_port_is_named() -> None:
    with listen(Settings(LOCAL, virtual=Virtual())) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} is taken: choose another"):
            listen(Settings(LOCAL, virtual=Virtual(port=port)))


def test_the_daemon_says_why_it_does_not_start(tmp_path: Path) -> None:
    settings = tmp_path / "terminal.toml"
    settings.write_text(
        f'[cloud]\nurl = "https://cloud.example"\n[terminal]\nstate = "{tmp_path}"\n[virtual]\n', encoding="utf-8"
    )
    command = [sys.executable, "-m", "terminal", "run", "--settings", str(settings)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "virtual devices work only with a demo cloud on this machine" in ended.stderr
    assert "Traceback" not in ended.stderr


def paired(*, training: bool, cloud: str = LOCAL.url) -> Pairing:
    return Pairing(cloud, UUID(int=1), UUID(int=2), UUID(int=3), "Kaviareň Bodka", "main", "Hlavná 1", (), training=training)


def test_only_a_training_merchant_of_a_cloud_on_this_machine_is_played_with() -> None:
    admit(paired(training=True))
    for real in (paired(training=False), paired(training=True, cloud="https://cloud.example")):
        with pytest.raises(RealMerchant, match="paired with Kaviareň Bodka, whose points are real: remove"):
            admit(real)


def test_a_pairing_of_before_is_a_real_one(tmp_path: Path) -> None:
    save(tmp_path, paired(training=True))
    file = tmp_path / "pairing.json"
    file.write_text(file.read_text().replace(',"training":true', ""))
    kept = load(tmp_path)
    assert kept is not None
    assert not kept.training


def test_a_paired_production_terminal_does_not_start_with_virtual_devices(tmp_path: Path) -> None:
    """Although its settings name virtual devices and a cloud on this machine."""
    state = tmp_path / "state"
    state.mkdir()
    save(state, paired(training=False))
    settings = tmp_path / "terminal.toml"
    settings.write_text(f'[cloud]\nurl = "{LOCAL.url}"\n[terminal]\nstate = "{state}"\n[virtual]\n', encoding="utf-8")
    command = [sys.executable, "-m", "terminal", "run", "--settings", str(settings)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "whose points are real: remove [virtual] from terminal.toml" in ended.stderr
    assert "counter page" not in ended.stdout
    assert "Traceback" not in ended.stderr
    assert not (state / "journal.db").exists()
