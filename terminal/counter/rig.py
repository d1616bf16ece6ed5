"""A terminal's virtual rig: the virtual devices, the network's switch, and the counter page beside the daemon."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
import httpx

from display.layout import lay_out
from display.screens import Typing
from drivers.events import DeviceBack, DeviceLost, Picture
from drivers.virtual import VirtualDevices
from loyalty.entry import Entry, Posting, Unreadable, decode_entry
from loyalty.outline import outline
from sync import history, journal
from terminal import session
from terminal.counter import power
from terminal.counter.network import NetworkSwitch
from terminal.counter.power import Standing
from terminal.counter.server import admit, check, listen, serve_counter
from terminal.counter.watch import Change, JournalRow, Watch, called
from terminal.devices import Equipment
from terminal.effects import Effect, Show
from terminal.inputs import CloudNews, Input, NotRecorded, ProgrammeNews, Recorded
from terminal.loudness import Loudness, TimeOfDay
from terminal.panel_news import PANEL, STAFF_PANEL
from terminal.players import Softly
from terminal.settings import Settings, Signals

if TYPE_CHECKING:
    from terminal.daemon import Daemon
    from terminal.link import Link
    from terminal.startup import Rig
    from terminal.store import Store

NEWEST = 50
"""How many entries the page shows."""


def virtual_rig(settings: Settings, clock: Callable[[], int], picture: Picture, time_of_day: TimeOfDay) -> Rig:
    """In place of the real devices; raises `NotADemo`, `PortTaken`."""
    from terminal.startup import Rig

    check(settings)
    left = power.left()
    listener, standing = left or (listen(settings), Standing(network=settings.virtual is None or settings.virtual.network))
    panels = (PANEL, STAFF_PANEL) if settings.staff_panel else (PANEL,)
    devices = VirtualDevices(clock, picture, panels=panels)
    network = NetworkSwitch(httpx.AsyncHTTPTransport(trust_env=False), on=standing.network)
    player = Softly(devices.signals, Loudness(settings.signals or Signals(), time_of_day))

    async def beside(daemon: Daemon, store: Store, link: Link) -> None:
        await _serve(listener, standing, devices, network, daemon, store, link)

    glass, *second = devices.glasses
    return Rig(Equipment(devices.supervised, player, glass, second[0] if second else None), network, beside, admit)


async def _serve(
    listener: socket.socket,
    standing: Standing,
    devices: VirtualDevices,
    network: NetworkSwitch,
    daemon: Daemon,
    store: Store,
    link: Link,
) -> None:
    async def rows() -> Sequence[JournalRow]:
        return newest(store)

    reporter = Reporter(daemon, store, Watch(rows))
    end = network.watch(lambda on: link.hurry() if on else link.wake())
    daemon.on_step = reporter.heard
    reporter.begin()
    try:
        async with serve_counter(listener, devices, reporter.watch, network, standing=standing) as address:
            click.echo(f"counter page: {address}" if address else "the counter page goes on in the browser that has it")
            await asyncio.Event().wait()  # until cancelled
    finally:
        end()


def newest(store: Store) -> list[JournalRow]:
    """The newest entries of the journal, newest first."""
    books = store.reader.journal
    accepted, last = journal.current(books).accepted, journal.head(books).sequence
    lines = journal.lines_after(books, max(0, last - NEWEST), NEWEST)
    return [_row(line.sequence, line.body, waiting=line.sequence > accepted) for line in reversed(lines)]


def _in_words(entry: Entry, points: str) -> str:
    """As in "award, +1 coffee"; `points` is the purse that is counted in thousandths."""
    return ", ".join((entry.cause.value, *(_change(posting, points) for posting in entry.postings)))


def _change(posting: Posting, points: str) -> str:
    size = f"{abs(posting.delta) / 1000:g}" if posting.purse == points else abs(posting.delta)
    return f"{'−' if posting.delta < 0 else '+'}{size} {posting.purse}"


def _row(sequence: int, body: bytes, *, waiting: bool) -> JournalRow:
    entry = outline(body)
    try:
        reward = decode_entry(body).reward
    except Unreadable:  # written by a newer version before a step back
        reward = ""
    changes = tuple(Change(posting.purse, posting.delta) for posting in entry.postings)
    return JournalRow(sequence, entry.cause, changes, waiting, reward)


@dataclass(frozen=True, slots=True)
class Reporter:
    """Turns the daemon's steps into the watch's words."""

    daemon: Daemon
    store: Store
    watch: Watch

    def begin(self) -> None:
        """How all stands before anything happens."""
        for effect in session.show(self.daemon.state)[1]:
            if isinstance(effect, Show):
                self.screen(effect)
        self._customers()
        self._cloud()

    def heard(self, event: Input, effects: tuple[Effect, ...]) -> None:
        """One step of the conversation."""
        self._say(event)
        shown = [effect for effect in effects if isinstance(effect, Show)]
        if shown:
            self.screen(shown[-1])
        self._customers()

    def _customers(self) -> None:
        """What the customer's panel is given, where there are two."""
        customers = self.daemon.customers
        if customers is not None and customers.page is not None:
            self.watch.customer_sees(customers.page.text(), customers.language)

    def screen(self, shown: Show) -> None:
        """What the panel is given. A number that is being typed is nobody else's business: it may be a phone's."""
        private = isinstance(shown.screen, Typing) and shown.screen.card
        text, kind = lay_out(shown.screen, shown.language, self.daemon.glass).text(), type(shown.screen).__name__
        self.watch.showed(shown.number, text, shown.language, kind, private=private)

    def _say(self, event: Input) -> None:
        match event:
            case Recorded(entry=entry):
                programme = self.daemon.state.desk.programme
                points = programme.points.purse if programme and programme.points else ""
                self.watch.said(f"written down: {_in_words(entry, points)}")
                self._cloud()
                self.watch.recorded()
            case NotRecorded(message=message):
                self.watch.said(f"not written: {message.value}")
            case CloudNews():
                self._cloud()
            case ProgrammeNews(programme=programme):
                self.watch.said(f"programme version {programme.version} came")
            case DeviceLost(device=device):
                self.watch.said(f"{called(device)} is gone")
            case DeviceBack(device=device):
                self.watch.said(f"{called(device)} works")
            case _:
                pass

    def _cloud(self) -> None:
        online = self.daemon.state.desk.cloud.online
        if online != self.watch.cloud_state.online:
            self.watch.said("cloud reached" if online else "cloud not reached")
        self.watch.cloud(online=online, waiting=history.waiting(self.store.reader.journal).count)
