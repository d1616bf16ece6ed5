"""From one keyboard's keystrokes to events: what `Scanner`, `NumberPad` and `EveryKeyboard` share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from drivers.calibration import Taught
from drivers.events import CardSeen, CardTrouble, Emit, Form, PadKey, Picture, ScannerTaught, Trouble
from drivers.keyboard_decoding import Decoder, Pressed, Typed
from drivers.keyboard_layouts import US, Layout
from drivers.keyboard_node import KeyboardNode
from drivers.keyboard_typist import KeysLost, Keystroke
from drivers.scan_text import Framing, unframe

SAME_SCAN_MS = 1_000
"""The same code again within this time is the same event: a trigger held down, a card held before the scanner."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a reader types: the layout that it is set to, and what it puts around a code."""

    layout: Layout = US
    capitals: bool = False
    """It is set for a computer with Caps Lock on."""
    framing: Framing = field(default_factory=Framing)


class Lessons(Protocol):
    """Where the layouts that scanners were found to have are kept, by their vendor and product ("1234:abcd")."""

    def recall(self, usb: str) -> Taught | None:
        """What a scanner of this kind taught, if it did."""

    def remember(self, usb: str, taught: Taught) -> None:
        """Keeps it, also over a restart; does not raise."""


class NoLessons:
    """Where nothing is kept: a scanner teaches until it is unplugged."""

    def recall(self, usb: str) -> Taught | None:
        """Nothing."""

    def remember(self, usb: str, taught: Taught) -> None:
        """Keeps nothing."""


class Voice:
    """Says in events what one keyboard typed.

    Args:
        name: the device's name in events.
        usb: its vendor and product.
        manner: how it types.
    """

    def __init__(
        self,
        name: str,
        usb: str,
        manner: Manner,
        emit: Emit,
        *,
        clock: Callable[[], int],
        picture: Picture,
        lessons: Lessons,
    ) -> None:
        self._name, self._usb, self._framing = name, usb, manner.framing
        self._emit, self._clock, self._picture, self._lessons = emit, clock, picture, lessons
        self._before: tuple[str | Trouble, int] | None = None

    def say(self, typed: Typed) -> None:
        """Emits the event of it, unless it is the same code again."""
        now = self._clock()
        if isinstance(typed, Pressed):
            self._emit(PadKey(self._name, typed.key, self._picture(), now))
            return
        if isinstance(typed, Taught):
            self._lessons.remember(self._usb, typed)
            self._emit(ScannerTaught(self._name, typed.layout.name, now))
            return
        scan = unframe(typed, self._framing) if isinstance(typed, str) else typed
        again = self._before is not None and scan == self._before[0] and now - self._before[1] < SAME_SCAN_MS
        self._before = (scan, now)
        if again and scan is not Trouble.UNREADABLE:
            return
        if isinstance(scan, Trouble):
            self._emit(CardTrouble(self._name, self._framing.medium, scan, now))
        else:
            self._emit(CardSeen(self._name, self._framing.medium, Form.NUMBER, scan, now))


async def listen(node: KeyboardNode, decoder: Decoder, voice: Voice) -> None:
    """Reads a keyboard until cancelled; raises DeviceUnplugged."""
    loop = asyncio.get_running_loop()
    silence: asyncio.TimerHandle | None = None

    def say(typed: list[Typed]) -> None:
        for one in typed:
            voice.say(one)

    def wait() -> None:
        nonlocal silence
        silence = None if decoder.wait is None else loop.call_later(decoder.wait / 1000, fell_silent)

    def fell_silent() -> None:
        say(decoder.pause())
        wait()

    def take(strokes: list[Keystroke | KeysLost]) -> None:
        if silence:
            silence.cancel()
        for stroke in strokes:
            if isinstance(stroke, Keystroke):
                say(decoder.key(stroke))
            else:
                decoder.lost(stroke)
        wait()

    try:
        await node.read(take)
    finally:
        if silence:
            silence.cancel()
