"""A terminal's virtual rig: the virtual devices, the network's switch, and the counter page beside the daemon."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import click
import httpx
from babel.numbers import format_decimal

from display.layout import lay_out
from display.lines import whole
from display.notices import notice_words
from display.screens import Notice, Typing
from display.words import msgid, speak
from drivers.events import DeviceBack, DeviceLost, Picture
from drivers.virtual import VirtualDevices
from loyalty.entry import Cause, Posting, Unreadable, decode_entry
from loyalty.outline import outline
from loyalty.programme import Programme
from sync import history, journal
from terminal import session
from terminal.counter import power
from terminal.counter.network import NetworkSwitch
from terminal.counter.power import Standing
from terminal.counter.server import admit, check, listen, serve_counter
from terminal.counter.watch import JournalRow, Voice, Watch
from terminal.counter.words import PageWords, page_words
from terminal.devices import Equipment
from terminal.effects import Effect, Identify, Show
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
    fresh = Standing(network=settings.virtual is None or settings.virtual.network, language=settings.terminal.language)
    listener, standing = left or (listen(settings), fresh)
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
        return newest(store, books)

    books = Books(page_words(standing.language), lambda: daemon.state.desk.programme)
    reporter = Reporter(daemon, store, Watch(rows), books)
    end = network.watch(lambda on: link.hurry() if on else link.wake())
    daemon.on_step = reporter.heard
    reporter.begin()
    try:
        async with serve_counter(listener, devices, reporter.watch, network, standing=standing) as address:
            click.echo(f"counter page: {address}" if address else "the counter page goes on in the browser that has it")
            await asyncio.Event().wait()  # until cancelled
    finally:
        end()


CAUSES = {
    Cause.AWARD.value: msgid("Awarded"),
    Cause.REDEEM.value: msgid("Reward"),
    Cause.UNDO.value: msgid("Undone"),
    Cause.RETURN.value: msgid("Goods back"),
    Cause.ISSUE.value: msgid("New card"),
    Cause.GIVE_BACK.value: msgid("Given back"),
}
"""What a terminal writes; the others are the cloud's own."""


@dataclass(frozen=True, slots=True)
class Books:
    """Entries in the page's words."""

    words: PageWords
    programme: Callable[[], Programme | None]

    def what(self, cause: str, reward: str) -> str:
        """As in "Awarded", or "Reward: cake"; a cause that only a newer version knows keeps its name."""
        what = self.words.say(CAUSES[cause]) if cause in CAUSES else cause
        return f"{what}: {reward}" if reward else what

    def changes(self, postings: Iterable[Posting]) -> tuple[str, ...]:
        """As in "+12.5 p" and "−1 coffee"; a purse of stamps is called as the programme calls it."""
        return tuple(map(self._change, postings))

    def _change(self, posting: Posting) -> str:
        programme, sign = self.programme(), "−" if posting.delta < 0 else "+"
        if programme is None or programme.points is None or posting.purse != programme.points.purse:
            return f"{sign}{abs(posting.delta)} {posting.purse}"
        size = format_decimal(Decimal(abs(posting.delta)).scaleb(-3), format="#,##0.###", locale=self.words.language)
        return f"{sign}{size} {speak(self.words.language).word('p')}"


def newest(store: Store, books: Books) -> list[JournalRow]:
    """The newest entries of the journal, newest first."""
    kept = store.reader.journal
    accepted, last = journal.current(kept).accepted, journal.head(kept).sequence
    lines = journal.lines_after(kept, max(0, last - NEWEST), NEWEST)
    return [_row(line.sequence, line.body, books, waiting=line.sequence > accepted) for line in reversed(lines)]


def _row(sequence: int, body: bytes, books: Books, *, waiting: bool) -> JournalRow:
    entry = outline(body)
    try:
        reward = decode_entry(body).reward
    except Unreadable:  # written by a newer version before a step back
        reward = ""
    return JournalRow(sequence, books.what(entry.cause, reward), books.changes(entry.postings), waiting)


@dataclass(frozen=True, slots=True)
class Reporter:
    """Turns the daemon's steps into the watch's words."""

    daemon: Daemon
    store: Store
    watch: Watch
    books: Books

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
        if any(isinstance(effect, Identify) for effect in effects):
            self.watch.said(self.books.words.say("a number was typed"), Voice.PERSON)
        shown = [effect for effect in effects if isinstance(effect, Show)]
        if shown:
            self.screen(shown[-1])
        self._customers()

    def _customers(self) -> None:
        """What the customer's panel is given, where there are two."""
        customers = self.daemon.customers
        if customers is not None and customers.page is not None:
            self.watch.customer_sees(customers.page.aloud(), customers.language)

    def screen(self, shown: Show) -> None:
        """What the panel is given. A number that is being typed is nobody else's business: it may be a phone's."""
        private = isinstance(shown.screen, Typing) and shown.screen.card
        words, kind = lay_out(shown.screen, shown.language, self.daemon.glass).aloud(), type(shown.screen).__name__
        self.watch.showed(shown.number, words, shown.language, kind, private=private)

    def _say(self, event: Input) -> None:
        words = self.books.words
        match event:
            case Recorded(entry=entry):
                text = ", ".join((self.books.what(entry.cause.value, entry.reward), *self.books.changes(entry.postings)))
                self.watch.said(words.say("written down: {entry}", entry=text))
                self._cloud()
                self.watch.recorded()
            case NotRecorded(message=message):
                why = whole(notice_words(Notice(message), speak(words.language)).title)
                self.watch.said(words.say("not written: {why}", why=why))
            case CloudNews():
                self._cloud()
            case ProgrammeNews(programme=programme):
                self.watch.said(words.say("programme version {n} came", n=programme.version))
            case DeviceLost(device=device):
                self.watch.said(words.say("{device}: gone", device=words.device(device)))
            case DeviceBack(device=device):
                self.watch.said(words.say("{device}: works", device=words.device(device)))
            case _:
                pass

    def _cloud(self) -> None:
        online, say = self.daemon.state.desk.cloud.online, self.books.words.say
        if online != self.watch.cloud_state.online:
            self.watch.said(say("Cloud reached") if online else say("Cloud not reached"))
        self.watch.cloud(online=online, waiting=history.waiting(self.store.reader.journal).count)
