"""Everything the open pages are told: a page that comes hears first how all stands, and then what changes."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from drivers.virtual import VirtualDevices
from drivers.virtual_devices import ButtonMoved, CardMoved, News, PanelShows, PlugMoved, SignalsPlay
from terminal.counter.network import NetworkSwitch
from terminal.counter.tray import Reader, Tray
from terminal.counter.watch import CloudState, CustomersText, JournalNews, LogLine, ScreenText, Watch, WatchNews
from terminal.counter.words import PageWords

Message: TypeAlias = dict[str, object]
"""`{"say": "plug", "device": "nfc", "on": false}`: sent as JSON."""

MOST_WAITING = 2_000
"""Messages that wait for a page; one that is further behind is let go, and comes again."""


class Hub:
    """Joins devices, watch and network to the pages."""

    def __init__(
        self, devices: VirtualDevices, watch: Watch, network: NetworkSwitch, tray: Tray, words: PageWords, *, power: bool
    ) -> None:
        self._devices, self._watch, self._network, self._tray, self._power = devices, watch, network, tray, power
        self._words = words
        self._loop = asyncio.get_running_loop()
        self._pages: set[asyncio.Queue[Message | None]] = set()
        self._journal_changed = asyncio.Event()
        self._ends: tuple[Callable[[], None], ...] = (
            devices.watch(self._from_any_thread),
            watch.watch(self._from_watch),
            network.watch(lambda on: self._tell({"say": "network", "on": on})),
        )

    def close(self) -> None:
        """Hears nothing more, and lets every page go."""
        for end in self._ends:
            end()
        for page in tuple(self._pages):
            self._let_go(page)

    async def join(self) -> asyncio.Queue[Message | None]:
        """A new page's messages, from how all stands now; None is the last."""
        rows = await self._watch.journal()
        page: asyncio.Queue[Message | None] = asyncio.Queue(MOST_WAITING)
        for message in (*self._standing(), {"say": "journal", "rows": msgspec.to_builtins(rows)}):
            page.put_nowait(message)
        self._pages.add(page)
        return page

    def leave(self, page: asyncio.Queue[Message | None]) -> None:
        """The page is closed."""
        self._pages.discard(page)

    async def follow_journal(self) -> None:
        """Reads the journal again whenever it changed, until cancelled; changes meanwhile are one."""
        while True:
            await self._journal_changed.wait()
            self._journal_changed.clear()
            if self._pages:
                rows = await self._watch.journal()
                self._tell({"say": "journal", "rows": msgspec.to_builtins(rows)})

    def _standing(self) -> list[Message]:
        devices = self._devices
        return [
            {"say": "power", "on": self._power},
            {"say": "cards", "readers": self._readers(), "cards": [self._card(key) for key in self._tray.cards]},
            *(self._told(PlugMoved(name, on)) for name, on in devices.plugs.items()),
            *(self._told(CardMoved(reader.name, reader.occupied)) for reader in (devices.nfc, devices.chip)),
            *(self._told(ButtonMoved(button, down=True)) for button in sorted(devices.buttons.down, key=lambda one: one.value)),
            {"say": "network", "on": self._network.on},
            self._watched(self._watch.cloud_state),
            *(self._watched(line) for line in self._watch.log),
            self._watched(self._watch.screen),
            *([self._watched(self._watch.customers)] if self._watch.customers else []),
            *(self._told(glass.shows) for glass in devices.glasses),
        ]

    def _from_any_thread(self, news: News) -> None:
        with contextlib.suppress(RuntimeError):  # the loop may have closed meanwhile
            self._loop.call_soon_threadsafe(self._tell, self._told(news))

    def _from_watch(self, news: WatchNews) -> None:
        if isinstance(news, JournalNews):
            self._journal_changed.set()
        else:
            self._tell(self._watched(news))

    def _tell(self, message: Message) -> None:
        for page in tuple(self._pages):
            try:
                page.put_nowait(message)
            except asyncio.QueueFull:
                self._let_go(page)

    def _let_go(self, page: asyncio.Queue[Message | None]) -> None:
        self._pages.discard(page)
        while page.full():
            page.get_nowait()
        page.put_nowait(None)

    # in the page's words

    def _readers(self) -> list[Message]:
        say = self._words.say
        hints = {
            Reader.SCANNER: say("click to scan"),
            Reader.NFC: say("click, or hold to leave it"),
            Reader.CHIP: say("click in, click out"),
        }
        return [{"reader": one.value, "name": self._words.device(one.value), "hint": hint} for one, hint in hints.items()]

    def _card(self, key: str) -> Message:
        card = self._tray.cards[key]
        return {
            "key": key,
            "name": self._words.say(card.name),
            "about": self._words.say(card.about),
            "reader": card.reader.value,
            "look": card.look.value,
            "stays": card.trouble is None and card.reader is not Reader.SCANNER,
        }

    def _told(self, news: News) -> Message:
        match news:
            case PanelShows(bits, width, height, panel):
                drawn = base64.b64encode(bits).decode()
                return {"say": "picture", "panel": panel, "bits": drawn, "width": width, "height": height}
            case SignalsPlay(steps):
                return {"say": "signals", "steps": [list(step) for step in steps]}
            case PlugMoved(device, on):
                return {"say": "plug", "device": device, "name": self._words.device(device), "on": on}
            case CardMoved(device, there):
                return {"say": "card", "device": device, "there": there}
            case ButtonMoved(button, down):
                return {"say": "button", "button": button.value, "down": down}

    def _watched(self, news: ScreenText | CustomersText | CloudState | LogLine) -> Message:
        says = {ScreenText: "screen", CustomersText: "customers screen", CloudState: "cloud", LogLine: "log"}
        fields: dict[str, object] = msgspec.to_builtins(news)
        in_words = {"text": self._cloud(news)} if isinstance(news, CloudState) else {}
        return {"say": says[type(news)], **fields, **in_words}

    def _cloud(self, state: CloudState) -> str:
        reached = self._words.say("Cloud reached") if state.online else self._words.say("Cloud not reached")
        waiting = self._words.count("{n} entry waits", "{n} entries wait", state.waiting)
        return f"{reached} · {waiting}" if state.waiting else reached
