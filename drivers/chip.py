"""Chip card readers: any PC/SC reader, by pcscd, for contact cards and (where the reader has an antenna) contactless ones.

One thread serves every reader that the settings mean; it blocks in the service and costs nothing while nothing happens. Readers
may come and go; the device is lost when the last one is gone, or when another program keeps a card to itself.

    profile = RecordProfile(bytes.fromhex("F0424F444B41"), sfi=1, record=1)
    reader = ChipReader("chip", (profile,), clock)
    await supervise(reader, emit, clock=clock)
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

from drivers import pcsc
from drivers.atr import contactless
from drivers.chip_card import read_card
from drivers.chip_profiles import Profile
from drivers.events import CardGone, Emit, Event, Medium, Trouble
from drivers.pcsc import CardPulled, CardTaken, CardUnread, NoChipReader, Service, State
from drivers.presence import AGAIN_MS, CardEvent, Presence
from drivers.reading import Reading
from drivers.worker import in_thread

WAIT_MS = 1500
"""The longest wait; a cancellation ends it sooner, unless it comes in the moment between two waits."""

TAKEN_MS = 1000
"""Another program may have a card for itself so long, as those do that read each card's serial number."""

TAKEN_PAUSE_MS = 50
"""How often such a card is tried again."""

TRIES = 2
"""A contact that bounced while the card was pushed in is worth a second reading."""

CLOSE_SECONDS = 1.0


class Slot:
    """One reader: what is in it, and what was said of it."""

    def __init__(self, presence: Presence) -> None:
        self.state, self.presence = State(), presence
        self.here = False
        self.unread = False
        self.count: int | None = None
        self.taken_since: int | None = None

    def lost(self, at: int) -> None:
        """Nobody looks any more: what is in it afterwards may be another card."""
        self.presence.left(at)
        self.state, self.count, self.here, self.unread, self.taken_since = State(), None, False, False, None

    def see(self, state: State, at: int) -> list[CardEvent]:
        """Takes a new state and returns what is to be said; afterwards `unread` says whether there is a card to be read."""
        events: list[CardEvent] = []
        if self.here and not (state.present and self.count in (None, state.count)):
            events = self.presence.left(at)
            self.here = self.unread = False
            self.taken_since = None
        if state.gone:
            events = self.presence.ended(at)
        if state.present and not self.here:
            self.here = self.unread = True
        self.state, self.count = state, state.count
        return events


class ChipReader:
    """PC/SC readers under `supervise`.

    `profiles`: where our number may be, tried in the order of `chip_profiles.in_order`. `reader`: part of the name that
    `pcsc_scan -r` shows; None means every reader. `clock`: monotonic milliseconds. `again_ms`: see `drivers.presence`.
    """

    def __init__(
        self,
        name: str,
        profiles: Iterable[Profile],
        clock: Callable[[], int],
        reader: str | None = None,
        again_ms: int = AGAIN_MS,
    ) -> None:
        self.name = name
        self._profiles, self._clock, self._wanted, self._again = tuple(profiles), clock, reader, again_ms
        self._service: Service | None = None
        self._slots: dict[str, Slot] = {}

    async def open(self) -> None:
        await in_thread(f"{self.name} open", self._open)

    async def run(self, emit: Emit) -> None:
        await in_thread(self.name, lambda stop: self._serve(emit, stop), wake=self._cancel)

    async def close(self) -> None:
        # A thread that hangs in a card's answer holds the context: then it is left behind, and the next open makes a new one.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(in_thread(f"{self.name} close", self._close), CLOSE_SECONDS)

    def _open(self, stop: threading.Event) -> None:
        self._service = service = Service()
        until = self._clock() + TAKEN_MS
        while True:
            states = service.wait(dict.fromkeys(self._names(service), State()), 0).values()
            if states and all(state.gone for state in states):
                raise NoChipReader("the chip card reader was unplugged")
            if not any(state.exclusive for state in states):
                return
            if self._clock() >= until or stop.wait(TAKEN_PAUSE_MS / 1000):
                raise CardTaken("another program holds the card in the reader for itself: stop it, or name another `reader`")

    def _names(self, service: Service) -> list[str]:
        found = pcsc.names(service.readers(), self._wanted)
        if not found:
            named = f"named '{self._wanted}' " if self._wanted else ""
            raise NoChipReader(f"no chip card reader {named}is plugged in; `pcsc_scan -r` lists those that are")
        return found

    def _cancel(self) -> None:
        if self._service is not None:
            self._service.cancel()

    def _close(self, stop: threading.Event) -> None:
        service, self._service = self._service, None
        if service is not None:
            service.close()

    def _serve(self, emit: Emit, stop: threading.Event) -> None:
        service = self._service or Service()
        try:
            while not stop.is_set():
                self._plugged(emit, self._names(service))
                changes = service.wait({name: slot.state for name, slot in self._slots.items()}, self._patience())
                for name, state in changes.items():
                    _say(emit, self._slots[name].see(state, self._clock()))
                if all(slot.state.gone for slot in self._slots.values()):
                    raise NoChipReader("the chip card reader was unplugged")
                for name, slot in self._slots.items():
                    if slot.unread and not stop.is_set():
                        self._read(emit, service, name, slot)
                    _say(emit, slot.presence.passed(self._clock()))
        finally:
            for slot in self._slots.values():
                slot.lost(self._clock())

    def _plugged(self, emit: Emit, found: list[str]) -> None:
        """Readers that came and went since the last look."""
        for name in self._slots.keys() - found:
            _say(emit, self._slots.pop(name).presence.ended(self._clock()))
        for name in found:
            self._slots.setdefault(name, Slot(Presence(self.name, self._again)))

    def _patience(self) -> int:
        """How long nothing need be looked at, in milliseconds, unless the service says that something changed."""
        now = self._clock()
        dues = [slot.presence.due - now for slot in self._slots.values() if slot.presence.due is not None]
        dues += [TAKEN_PAUSE_MS for slot in self._slots.values() if slot.unread]
        return max(1, min([WAIT_MS, *dues]))

    def _read(self, emit: Emit, service: Service, name: str, slot: Slot) -> None:
        at, atr = self._clock(), slot.state.atr
        try:
            reading = self._reading(service, name, atr)
        except CardTaken:
            slot.taken_since = at if slot.taken_since is None else slot.taken_since
            if at - slot.taken_since >= TAKEN_MS:
                raise
            return
        slot.unread, slot.taken_since = False, None
        if contactless(atr):
            _say(emit, slot.presence.came(Medium.NFC, reading, at))
        else:
            _say(emit, (_of_kind(event, atr) for event in slot.presence.came(Medium.CHIP, reading, at)))

    def _reading(self, service: Service, name: str, atr: bytes) -> Reading:
        reading: Reading = Trouble.UNREADABLE
        for _ in range(TRIES):
            try:
                with service.connect(name) as card:
                    reading = read_card(card.transmit, atr, self._profiles)
            except CardPulled:
                return Trouble.UNREADABLE
            except CardUnread:
                reading = Trouble.UNREADABLE
            if reading is not Trouble.UNREADABLE:
                break
        return reading


def _of_kind(event: CardEvent, atr: bytes) -> CardEvent:
    return event if isinstance(event, CardGone) else replace(event, atr=atr)


def _say(emit: Emit, events: Iterable[Event]) -> None:
    for event in events:
        emit(event)
