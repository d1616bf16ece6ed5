"""The real daemon with an untiring hand in place of the devices. A part of run.py, which kills it at any moment.

Everything between the hand and the disk, and between the disk and the cloud, is as in a shop: `terminal.startup.run`. What a
person saw as done is said on a pipe, the entry's id in hexadecimal, once the screen was shown.

    python -m kills.hand terminal.toml SEED PIPE        # PIPE: a file descriptor
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from dataclasses import replace
from pathlib import Path

from display import screens
from drivers.events import Button, ButtonHeld, ButtonPressed, CardSeen, Event, Form, Medium, PadKey
from sync import journal, mirror
from terminal import logs, startup, states
from terminal.clocks import Clocks, monotonic_ms
from terminal.daemon import Daemon
from terminal.devices import Equipment
from terminal.effects import Effect, Show
from terminal.inputs import Input, Recorded
from terminal.link import Link
from terminal.settings import Settings, load
from terminal.signs import Step
from terminal.startup import Pictures, Rig
from terminal.store import Store

MEMBERS = ("2100000000012", "2100000000029", "2100000000036", "2100000000043")
STAFF = CardSeen("nfc", Medium.NFC, Form.UID, "04e7a0b1c2d380", 0)
DONE = (screens.Done, screens.DoneStamps, screens.DonePaid, screens.Undone)
SENT = b"sent\n"
"""Everything has arrived, and what the cloud says of it is in every row here."""


class Silence:
    """Nobody listens to the beeper."""

    def play(self, steps: tuple[Step, ...]) -> None:
        pass


class Hand:
    """Shows cards, types sums and presses buttons as fast as the counter allows, as the seed says."""

    def __init__(self, daemon: Daemon, chance: random.Random, pipe: int) -> None:
        self._daemon, self._chance, self._pipe = daemon, chance, pipe
        self._picture, self._at = 0, monotonic_ms()
        self._moved = asyncio.Event()
        daemon.on_step = self.heard

    def heard(self, event: Input, effects: tuple[Effect, ...]) -> None:
        """One step of the conversation, after its pictures were shown."""
        shown = [effect for effect in effects if isinstance(effect, Show)]
        if shown:
            self._picture = shown[-1].number
        if isinstance(event, Recorded) and any(isinstance(show.screen, DONE) for show in shown):
            os.write(self._pipe, event.entry.id.hex.encode() + b"\n")
        self._moved.set()

    async def work(self) -> None:
        """Until killed."""
        await self._do(STAFF)
        while True:
            kind = self._chance.randrange(10)
            if kind < 5:
                await self._do(*self._card(self._chance.choice(MEMBERS)), *self._press(Button.AWARD))
            elif kind < 8:
                keys = [PadKey("pad", key, self._picture, 0) for key in (str(self._chance.randint(1, 9)), "enter")]
                await self._do(*keys, *self._card(self._chance.choice(MEMBERS)), *self._press(Button.AWARD))
            elif kind < 9:
                await self._do(*self._press(Button.AWARD))
            else:
                await self._do(*self._press(Button.CANCEL, held=True))

    @staticmethod
    def _card(number: str) -> tuple[Event, ...]:
        return (CardSeen("scanner", Medium.BARCODE, Form.NUMBER, number, 0),)

    @staticmethod
    def _press(button: Button, *, held: bool = False) -> tuple[Event, ...]:
        pressed = ButtonPressed("buttons", button, 0, 0)
        return (pressed, ButtonHeld("buttons", button, 0, 0)) if held else (pressed,)

    async def _do(self, *events: Event) -> None:
        """One after the other, each when the one before has been served and nothing is being saved.

        A person takes a second for each; this hand only says so.
        """
        for event in events:
            self._at = max(self._at + 1_000, monotonic_ms())
            more = {"picture": self._picture} if isinstance(event, ButtonPressed | ButtonHeld | PadKey) else {}
            self._moved.clear()
            self._daemon.emit(replace(event, at=self._at, **more))  # type: ignore[arg-type]
            await self._moved.wait()
            while isinstance(self._daemon.state.mode, states.Saving | states.Asking):
                self._moved.clear()
                await self._moved.wait()


async def run(settings: Settings, seed: int, pipe: int, *, presses: bool = True) -> None:
    """The daemon, until killed; with `presses` false it only sends what waits, and says when the books can be compared."""

    async def beside(daemon: Daemon, store: Store, link: Link) -> None:
        hand = Hand(daemon, random.Random(seed), pipe)
        if presses:
            await hand.work()
        link.hurry()
        while mirror.complete_through(store.reader.mirror, store.reader.journal) < journal.head(store.reader.journal).sequence:
            await asyncio.sleep(0.02)
        os.write(pipe, SENT)
        await asyncio.Event().wait()

    def rig(settings: Settings, pictures: Pictures, clocks: Clocks) -> Rig:
        del settings, pictures, clocks
        return Rig(Equipment((), Silence(), None), None, beside)

    startup._rig = rig  # the devices' place, as the counter page takes it
    await startup.run(settings)


def main(settings: Path, seed: int, pipe: int, *, presses: bool = True) -> None:
    logs.configure("error")
    asyncio.run(run(load(settings), seed, pipe, presses=presses))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
