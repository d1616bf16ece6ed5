"""Four push buttons between a GPIO pin and ground.

    gpio = Gpio(clock)
    buttons = Buttons("buttons", {Button.AWARD: 5, Button.CANCEL: 26}, clock, panel.picture, gpio)
    await supervise(buttons, emit, clock=clock)

Wiring, parts and what fails how: docs/devices/buttons-and-signals.md.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping

from drivers.debounce import Change, Debounce, Said
from drivers.events import Button, ButtonHeld, ButtonPressed, ButtonReleased, Emit, Picture
from drivers.gpio import Gpio, GpioLost, OnEdge, Pins
from drivers.worker import in_thread

LOOK_MS = 500
"""How often the levels are read although nothing happens: a dead chip does not say so by itself."""


class Buttons:
    """A `supervise.Device`. Presses carry the number of the picture that was on the panel when the contact closed."""

    def __init__(self, name: str, pins: Mapping[Button, int], clock: Callable[[], int], picture: Picture, gpio: Gpio) -> None:
        """`pins` are BCM numbers; `clock` gives monotonic milliseconds."""
        self.name = name
        self._pins, self._clock, self._picture, self._gpio = dict(pins), clock, picture, gpio
        self._borrowed: Pins | None = None
        self._edges: deque[tuple[Button, bool, int, int]] = deque()
        self._news = asyncio.Event()
        self._contacts: dict[Button, Debounce] = {}
        self._pictures: dict[Button, int] = {}

    async def open(self) -> None:
        """Raises `GpioMissing`, `PinBusy` or `GpioLost`."""
        await in_thread(f"{self.name} open", lambda stop: self._gpio.load())
        self._edges, self._news = deque(), asyncio.Event()
        self._borrowed = pins = self._gpio.borrow()
        loop = asyncio.get_running_loop()
        for button, pin in self._pins.items():
            pins.input(pin, self._teller(button, loop))
        self._contacts = {button: Debounce(closed=not pins.level(pin)) for button, pin in self._pins.items()}
        self._pictures = dict.fromkeys(self._pins, self._picture())

    async def run(self, emit: Emit) -> None:
        """Until cancelled; raises `GpioLost`."""
        try:
            while True:
                self._serve(emit)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._wait() / 1000):
                        await self._news.wait()
        finally:
            for button, contact in self._contacts.items():
                if contact.down:  # the session must not believe in a button that is held for ever
                    emit(ButtonReleased(self.name, button, self._clock()))

    async def close(self) -> None:
        """Frees the pins."""
        if self._borrowed is not None:
            self._borrowed.give_back()
        self._borrowed, self._contacts = None, {}

    def _teller(self, button: Button, loop: asyncio.AbstractEventLoop) -> OnEdge:
        edges, news = self._edges, self._news

        def tell(high: bool, at: int) -> None:
            edges.append((button, not high, at, self._picture()))
            with contextlib.suppress(RuntimeError):  # the loop may have closed meanwhile
                loop.call_soon_threadsafe(news.set)

        return tell

    def _serve(self, emit: Emit) -> None:
        if self._borrowed is None:
            raise GpioLost("The buttons are not open.")
        self._take_edges(emit)
        for button, pin in self._pins.items():
            closed = not self._borrowed.level(pin)
            self._say(button, self._contacts[button].passed(self._clock(), closed), emit)

    def _take_edges(self, emit: Emit) -> None:
        self._news.clear()
        while self._edges:
            button, closed, at, picture = self._edges.popleft()
            self._say(button, self._contacts[button].edge(closed, at, self._clock()), emit)
            if closed and not self._contacts[button].down:
                self._pictures[button] = picture

    def _say(self, button: Button, said: list[Said], emit: Emit) -> None:
        for news in said:
            if news.change is Change.PRESSED:
                emit(ButtonPressed(self.name, button, self._pictures[button], news.at))
            elif news.change is Change.HELD:
                emit(ButtonHeld(self.name, button, self._picture(), news.at))
            else:
                emit(ButtonReleased(self.name, button, news.at))

    def _wait(self) -> int:
        """Milliseconds until something is due."""
        now = self._clock()
        dues = [due - now for contact in self._contacts.values() if (due := contact.due()) is not None]
        return max(1, min([LOOK_MS, *dues]))
