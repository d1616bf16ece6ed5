"""Puts a terminal together from its settings and runs it: panel first, then (once it is paired) everything else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import structlog

from display.burn_in import NO_CARE, Care
from display.draw import draw
from display.layout import lay_out
from display.page import Page
from display.panel import Panel, PanelGlass
from display.screens import Message, Notice, Screen
from display.watermark import watermark
from sync import journal
from sync import pairing as pairings
from sync.database import DamagedFile
from sync.pairing import Pairing
from terminal import board, device_test, heartbeat, network, opening, rescue, root_requests, sd_card
from terminal.clocks import Clocks, monotonic_ms
from terminal.daemon import Daemon
from terminal.devices import Equipment, equip, fitted
from terminal.first_picture import Begun
from terminal.health import Health
from terminal.inputs import UpdateNews
from terminal.link import Link
from terminal.panel_news import PANEL, STAFF_PANEL, PanelNews
from terminal.settings import Settings, SettingsError
from terminal.states import Desk
from terminal.stopping import until_told_to_stop
from terminal.store import Store
from terminal.updating import Updating

log = structlog.get_logger("startup")


@dataclass
class Pictures:
    """The panels, or their absence: which picture is on them, and where the next one goes."""

    panel: Panel | None = None
    """The only one, or the customer's where staff have one of their own."""
    staffs: Panel | None = None
    last: int = field(default=0)
    training: bool = field(default=False)
    """Nothing here is real: each picture says so."""

    def picture(self) -> int:
        """The number of the picture that people see; without a panel the last that was meant for them.

        Buttons mean what is on the staff's panel. While that is dark, what the customer's shows counts.
        """
        seen = next((panel for panel in self._panels if not panel.dark), None) or self._first
        return seen.picture() if seen else self.last

    def touch(self) -> None:
        """Somebody is there: each panel is as bright as ever."""
        for panel in self._panels:
            panel.touch()

    def show(self, number: int, page: Page) -> None:
        """Draws a page and hands it to the thread of the panel that has every screen."""
        self.last = number
        self._hand(self._first, number, page)

    def show_customers(self, number: int, page: Page) -> None:
        """Draws the customer's part, where staff have a panel of their own."""
        if self.staffs:
            self._hand(self.panel, number, page)

    @property
    def _panels(self) -> tuple[Panel, ...]:
        """The one that counts comes first."""
        return tuple(panel for panel in (self.staffs, self.panel) if panel is not None)

    @property
    def _first(self) -> Panel | None:
        return self.staffs or self.panel

    def _hand(self, panel: Panel | None, number: int, page: Page) -> None:
        if panel:
            faces = [watermark(draw(face)) if self.training else draw(face) for face in page.faces]
            panel.show(number, *faces, ticks=page.ticks)


@dataclass(frozen=True, slots=True)
class Rig:
    """What stands around the daemon: its devices, and where they are virtual, the network's switch and the page."""

    equipment: Equipment
    transport: httpx.AsyncBaseTransport | None = None
    beside: Callable[[Daemon, Store, Link], Coroutine[None, None, None]] | None = None
    """Runs beside the daemon until cancelled."""
    admit: Callable[[Pairing], None] | None = None
    """Raises a `SettingsError` where a terminal that is so paired must not have such devices."""


async def run(settings: Settings, begun: Begun | None = None) -> None:
    """Runs the terminal until it is told to stop (SIGTERM, SIGINT); `begun` is its panel, where that is served already."""
    try:
        if await until_told_to_stop(_serve(settings, begun)):
            log.info("stopped")
    finally:
        heartbeat.tell("STOPPING=1")


async def _serve(settings: Settings, begun: Begun | None) -> None:
    async with AsyncExitStack() as stack:
        await _run(settings, begun, stack)


async def _run(settings: Settings, begun: Begun | None, stack: AsyncExitStack) -> None:
    folder = Path(settings.terminal.state)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    pictures, clocks = Pictures(), Clocks.of_this_boot()
    rig = _rig(settings, pictures, clocks)
    equipment = rig.equipment
    customers_news, staffs_news = begun.news if begun else PanelNews(PANEL), PanelNews(STAFF_PANEL)
    care = _care(settings)
    if equipment.staffs_glass is not None:
        pictures.staffs = await stack.enter_async_context(_served(_started(equipment.staffs_glass, staffs_news), care))
    if equipment.glass is not None:
        panel = begun.panel if begun else _started(equipment.glass, customers_news)
        pictures.panel = await stack.enter_async_context(_served(panel, care))
        if pictures.staffs is not None and settings.panels_share_a_bus:
            panel.give_way_to(pictures.staffs)
    card = sd_card.look()
    known = pairings.load(folder)
    pairing = known or await _join(settings, folder, pictures, rig, card)
    if rig.admit is not None:
        rig.admit(pairing)
    pictures.training = pairing.training
    sd_card.done(card, pairing, root_requests.folder_here())
    store = await opening.books(folder, pairing.identity, pairing.shop, stack, say=partial(_say, settings, pictures))
    pairing = pairings.settle(folder, pairing, journal.current(store.reader.journal).identity)
    daemon = Daemon(
        store=store,
        keys=pairing.token_keys(),
        desk=_desk(settings, pairing, store),
        equipment=equipment,
        show_page=pictures.show,
        clocks=clocks,
        glass=settings.glass,
    )
    if known is None and daemon.state.desk.fitted:  # whoever set it up stands before it: all devices are tested
        daemon.state, _ = device_test.begin(daemon.state)
    if pictures.staffs is not None:
        from terminal.customers_panel import CustomersPanel

        daemon.customers = CustomersPanel(pictures.show_customers, settings.customers_glass)
    for news in (customers_news, staffs_news):
        news.tell(daemon.emit)
    link = Link(
        pairing=pairing,
        folder=folder,
        store=store,
        clocks=clocks,
        emit=daemon.emit,
        on_changed=daemon.refresh,
        idle_seconds=settings.cloud.poll_seconds,
        transport=rig.transport,
        health=Health(folder, daemon).look,
    )
    updating = Updating(folder, root_requests.folder_here(), daemon, link, lambda: monotonic_ms() / 1000)
    daemon.on_touch = pictures.touch
    daemon.lender, daemon.on_close = link, updating.close_shop
    updating.on_take = lambda version: daemon.emit(UpdateNews(version))
    log.info("ready", shop=pairing.shop_name, devices=[device.name for device in equipment.devices])
    heartbeat.tell("READY=1", f"STATUS=serves {pairing.shop_name}")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(heartbeat.beat(store.prove), name="heartbeat")
            group.create_task(daemon.run(), name="daemon")
            group.create_task(link.run(), name="link")
            group.create_task(link.keep_time(), name="time")
            group.create_task(updating.run(), name="updates")
            group.create_task(network.watch(link.network_back), name="network")
            group.create_task(rescue.watch(store, folder, clocks.moment), name="journal's watch")
            if rig.beside is not None:
                group.create_task(rig.beside(daemon, store, link), name="counter page")
    except BaseExceptionGroup as ended:
        if (damage := ended.subgroup(DamagedFile)) is not None:
            raise damage.exceptions[0] from ended
        raise


def _rig(settings: Settings, pictures: Pictures, clocks: Clocks) -> Rig:
    """The real devices, or, with a [virtual] table, the counter page in their place."""
    if settings.virtual is None:
        return Rig(equip(settings, monotonic_ms, pictures.picture, clocks.time_of_day))
    try:
        from terminal.counter.rig import virtual_rig
    except ModuleNotFoundError as error:  # the package for shops has none
        raise SettingsError(
            "terminal.toml: [virtual] is for the demo: this installation has no counter page, remove it"
        ) from error

    return virtual_rig(settings, monotonic_ms, pictures.picture, clocks.time_of_day)


def _desk(settings: Settings, pairing: Pairing, store: Store) -> Desk:
    return Desk(
        shop=pairing.merchant_name,
        language=settings.terminal.language,
        programme=store.programme(),
        implied_decimals=settings.terminal.implied_decimals,
        fitted=fitted(settings),
        board=board.judge(board.look(), [one.path for one in settings.nfc]),
    )


def _care(settings: Settings) -> Care:
    """A virtual panel is a picture in a browser: it does not burn in."""
    if settings.virtual is not None:
        return NO_CARE
    burn_in = settings.burn_in
    return Care(burn_in.dim_minutes * 60.0, burn_in.dim_contrast, burn_in.shift_minutes * 60.0)


def _started(glass: PanelGlass, news: PanelNews) -> Panel:
    panel = Panel(glass, on_lost=news.lost, on_back=news.back, name=news.name)
    panel.start()
    return panel


@asynccontextmanager
async def _served(panel: Panel, care: Care) -> AsyncIterator[Panel]:
    panel.spare(care)
    try:
        yield panel
    finally:
        await asyncio.to_thread(panel.stop)


def _show_everywhere(settings: Settings, pictures: Pictures, screen: Screen) -> None:
    """Nobody can be served yet, and whichever panel works must say why."""
    language = settings.terminal.language
    pictures.show(0, lay_out(screen, language, settings.glass))
    pictures.show_customers(0, lay_out(screen, language, settings.customers_glass))


def _say(settings: Settings, pictures: Pictures, message: Message) -> None:
    _show_everywhere(settings, pictures, Notice(message))


async def _join(settings: Settings, folder: Path, pictures: Pictures, rig: Rig, card: sd_card.Card) -> Pairing:
    """Waits until the terminal is somebody's."""
    from terminal.joining import Joining, Surroundings  # late: seen once in a terminal's life

    heartbeat.tell("READY=1", "STATUS=not paired: the screen says how to pair")
    requests = root_requests.folder_here()
    show = partial(_show_everywhere, settings, pictures)
    here = Surroundings(settings, folder, rig.equipment, show, rig.transport, card, requests, touch=pictures.touch)
    async with heartbeat.beating():
        return await Joining(here).run()
