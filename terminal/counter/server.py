"""The counter page's server, in the daemon's own event loop: on 127.0.0.1 only, and only for a demo.

devices, network = VirtualDevices(monotonic_ms, panel.picture), NetworkSwitch(httpx.AsyncHTTPTransport())
async with serve_counter(settings, devices, watch, network) as address:
    print(f"counter page: {address}", flush=True)
    await daemon.run()
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from importlib.resources import files
from pathlib import PurePath
from urllib.parse import urlsplit

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from drivers.virtual import VirtualDevices
from sync.pairing import Pairing
from terminal.counter.actions import BadAction, Hands, decode
from terminal.counter.gate import HEADERS, Gate
from terminal.counter.grip import Grip
from terminal.counter.hub import Hub
from terminal.counter.hub import Message as Told
from terminal.counter.network import NetworkSwitch
from terminal.counter.power import Power, Standing, cut
from terminal.counter.tray import Tray
from terminal.counter.watch import Voice, Watch
from terminal.counter.words import PageWords, page_words
from terminal.settings import Settings, SettingsError, Virtual

KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
"""What is served of `page/` as it is, by the end of its name, and its media type."""

POWER = Power(on=True, flip=cut)


class NotADemo(SettingsError):
    """The counter page hands out cards and presses buttons: it is for a demo's cloud on this very machine."""


class RealMerchant(SettingsError):
    """The terminal is paired with a merchant whose points are real."""


class PortTaken(SettingsError):
    """Another program uses the counter page's port."""


def check(settings: Settings) -> Virtual:
    """The page's own settings; raises `NotADemo` where the rest of them are not those of a demo."""
    if settings.virtual is None:
        raise NotADemo("the counter page is for demos: add a [virtual] section to terminal.toml, or use real devices")
    if not is_loopback(settings.cloud.url):
        raise NotADemo(
            f"virtual devices work only with a demo cloud on this machine, and {settings.cloud.url} is not: "
            'remove [virtual], or set cloud.url to "http://127.0.0.1:8400"'
        )
    return settings.virtual


def listen(settings: Settings) -> socket.socket:
    """The page's socket, on 127.0.0.1; raises `NotADemo`, `PortTaken`."""
    port = check(settings).port
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise PortTaken(f"port {port} is taken: choose another under [virtual] in terminal.toml, or 0 for any") from error
    listener.listen()  # so that the address is good before the server's first turn
    return listener


def admit(pairing: Pairing) -> None:
    """Raises `RealMerchant` unless nothing of the pairing is real, whatever the settings say."""
    if not pairing.training or not is_loopback(pairing.cloud):
        raise RealMerchant(
            f"this terminal is paired with {pairing.merchant_name}, whose points are real: remove [virtual] from"
            " terminal.toml, or pair another state folder with a training merchant (bodka-cloud sample --training)"
        )


def is_loopback(url: str) -> bool:
    """Whether an address is on this very machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextlib.asynccontextmanager
async def serve_counter(
    listener: socket.socket,
    devices: VirtualDevices,
    watch: Watch,
    network: NetworkSwitch,
    *,
    tray: Tray | None = None,
    random: Callable[[], str] = lambda: secrets.token_urlsafe(24),
    standing: Standing | None = None,
    power: Power = POWER,
) -> AsyncIterator[str]:
    """Serves the page on `listener`, which it closes, while the context is open; gives the page's one-time address.

    With what a power cut has left `standing`, the page goes on in the browser that has it, and the address is "".
    """
    tray, standing = tray or Tray.sample(), standing or Standing(network=network.on)
    words = page_words(standing.language)
    watch.log.extendleft(reversed(standing.log))
    for device in standing.unplugged:
        devices.plug(device, on=False)

    def flip() -> None:
        panels = tuple(glass.name for glass in devices.glasses)
        unplugged = tuple(name for name, plugged in devices.plugs.items() if not plugged)
        power.flip(listener, Standing(gate.session, network.on, unplugged, tuple(watch.log), panels, words.language))

    hub = Hub(devices, watch, network, tray, words, power=power.on)
    hands = Hands(devices, network, tray, words, lambda text: watch.said(text, Voice.PERSON), power.on, flip)
    gate = Gate(_app(hub, hands, words), listener.getsockname()[1], random, standing.session)
    config = uvicorn.Config(
        gate, log_config=None, access_log=False, lifespan="off", ws="websockets-sansio", timeout_graceful_shutdown=1
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listener]), name="counter page")
    following = asyncio.create_task(hub.follow_journal(), name="counter page: journal")
    try:
        yield gate.address
    finally:
        following.cancel()
        hub.close()
        server.should_exit = True
        await asyncio.gather(serving, following, return_exceptions=True)
        listener.close()


class _Server(uvicorn.Server):
    """Signals are the daemon's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _app(hub: Hub, hands: Hands, words: PageWords) -> Starlette:
    folder = files("terminal.counter").joinpath("page")
    routes: list[Route | WebSocketRoute] = []
    for file in folder.iterdir():
        kind = KINDS.get(PurePath(file.name).suffix)
        if kind is not None:
            routes.append(Route(f"/{file.name}", _file(file.read_bytes(), kind)))
    page = words.fill(folder.joinpath("index.html").read_text(encoding="utf-8"))
    routes.append(Route("/", _file(page.encode(), "text/html")))
    routes.append(WebSocketRoute("/talk", _talk(hub, hands)))
    return Starlette(routes=routes)


def _file(body: bytes, kind: str) -> Callable[[Request], Response]:
    return lambda request: Response(body, media_type=kind, headers=HEADERS)


def _talk(hub: Hub, hands: Hands) -> Callable[[WebSocket], object]:
    async def talk(page: WebSocket) -> None:
        await page.accept()
        told, grip = await hub.join(), Grip(hands)
        sending = asyncio.create_task(_send(page, told))
        try:
            while True:
                _do(await page.receive_text(), grip, told)
        except (WebSocketDisconnect, KeyError):  # KeyError: it sent bytes, which no page of ours does
            pass
        finally:
            grip.let_go()
            hub.leave(told)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    return talk


def _do(message: str, grip: Grip, told: asyncio.Queue[Told | None]) -> None:
    try:
        grip.do(decode(message))
    except BadAction as error:
        with contextlib.suppress(asyncio.QueueFull):
            told.put_nowait({"say": "wrong", "text": str(error)})


async def _send(page: WebSocket, told: asyncio.Queue[Told | None]) -> None:
    while (message := await told.get()) is not None:
        await page.send_text(msgspec.json.encode(message).decode())
    await page.close(1001)
