"""The virtual devices, one by one: each is driven by the calls of a front end, and tells what it does as `News`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from drivers.events import (
    HOLD_MS,
    PAD_KEYS,
    Button,
    ButtonHeld,
    ButtonPressed,
    ButtonReleased,
    CardGone,
    CardSeen,
    CardTrouble,
    Emit,
    Event,
    Form,
    Medium,
    PadKey,
    Picture,
    Trouble,
)

Step: TypeAlias = tuple[bool, bool, int, int, int]
"""Green, red, tone in hertz (0: silence), milliseconds, the tone's duty in per cent."""

Card: TypeAlias = tuple[Form, str] | Trouble
"""What a reader makes of a card."""


class Unplugged(OSError):
    """The virtual device is unplugged."""

    def __init__(self, device: str) -> None:
        super().__init__(f"the virtual {device} is unplugged: plug it in again on the counter page")


class NoSuchKey(ValueError):
    """The number pad has no such key."""


@dataclass(frozen=True, slots=True)
class PanelShows:
    """The panel's glass changed. `bits`: rows from the top, 8 pixels a byte, the leftmost in the highest bit; empty: dark."""

    bits: bytes
    width: int
    height: int
    panel: str = "panel"
    """Which one's, where there are two."""


@dataclass(frozen=True, slots=True)
class SignalsPlay:
    """A pattern of lights and tones begins, in place of what played before."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class PlugMoved:
    """A cable was pulled or put back."""

    device: str
    on: bool


@dataclass(frozen=True, slots=True)
class CardMoved:
    """A card was put on or into a reader, or taken away."""

    device: str
    there: bool


@dataclass(frozen=True, slots=True)
class ButtonMoved:
    """A button went down or came up."""

    button: Button
    down: bool


News: TypeAlias = PanelShows | SignalsPlay | PlugMoved | CardMoved | ButtonMoved
Tell: TypeAlias = Callable[[News], None]

DARK = PanelShows(b"", 0, 0)


class Image(Protocol):
    """What the panel's glass needs of a picture: Pillow's `Image` of mode "1" has it."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""

    def tobytes(self) -> bytes:
        """The packed bits, as in `PanelShows`."""


class Alarm(Protocol):
    """A call that was put off."""

    def cancel(self) -> None:
        """Forgets it."""


Later: TypeAlias = Callable[[float, Callable[[], None]], Alarm]
"""Calls something after so many seconds."""


def loop_later(seconds: float, call: Callable[[], None]) -> Alarm:
    """The running event loop's own timer."""
    return asyncio.get_running_loop().call_later(seconds, call)


class VirtualDevice:
    """A `supervise.Device` whose cable can be pulled: `open` and `run` then raise `Unplugged`."""

    def __init__(self, name: str, clock: Callable[[], int], tell: Tell) -> None:
        self.name = name
        self._clock, self._tell = clock, tell
        self._out = asyncio.Event()
        self._emit: Emit | None = None

    @property
    def plugged(self) -> bool:
        """Whether its cable is in."""
        return not self._out.is_set()

    @property
    def working(self) -> bool:
        """Whether somebody listens to it."""
        return self._emit is not None and self.plugged

    def plug(self, *, on: bool) -> None:
        """Pulls the cable or puts it back."""
        if on:
            self._out.clear()
        else:
            self._out.set()
        self._tell(PlugMoved(self.name, on))

    async def open(self) -> None:
        """Raises `Unplugged`."""
        if not self.plugged:
            raise Unplugged(self.name)

    async def run(self, emit: Emit) -> None:
        """Until cancelled; raises `Unplugged`."""
        self._emit = emit
        try:
            self._begin()
            await self._out.wait()
            raise Unplugged(self.name)
        finally:
            self._end()
            self._emit = None

    async def close(self) -> None:
        """Nothing is held."""

    def _say(self, event: Event) -> None:
        if self._emit is not None:
            self._emit(event)

    def _begin(self) -> None:
        """What a device of its kind says when it is opened."""

    def _end(self) -> None:
        """What a device of its kind still says when it goes."""


class VirtualReader(VirtualDevice):
    """Any card reader. A card that lies on it while it is opened is seen then."""

    def __init__(self, name: str, medium: Medium, clock: Callable[[], int], tell: Tell) -> None:
        super().__init__(name, clock, tell)
        self._medium = medium
        self._card: Card | None = None

    @property
    def occupied(self) -> bool:
        """Whether a card lies on it or sticks in it."""
        return self._card is not None

    def flash(self, card: Card) -> None:
        """A card that is seen and gone again at once, as a barcode is."""
        if self.plugged:
            self._see(card)

    def put(self, card: Card) -> None:
        """A card comes, and stays; one that lay there already makes them two."""
        self._card = Trouble.TWO_CARDS if self._card is not None else card
        self._tell(CardMoved(self.name, there=True))
        if self.plugged:
            self._see(self._card)

    def take(self) -> None:
        """Everything that lies there is taken away."""
        if self._card is None:
            return
        self._card = None
        self._tell(CardMoved(self.name, there=False))
        if self.plugged:
            self._say(CardGone(self.name, self._medium, self._clock()))

    def _begin(self) -> None:
        if self._card is not None:
            self._see(self._card)

    def _see(self, card: Card) -> None:
        if isinstance(card, Trouble):
            self._say(CardTrouble(self.name, self._medium, card, self._clock()))
        else:
            self._say(CardSeen(self.name, self._medium, *card, self._clock()))


class VirtualButtons(VirtualDevice):
    """The four buttons."""

    def __init__(self, name: str, clock: Callable[[], int], picture: Picture, tell: Tell, later: Later) -> None:
        super().__init__(name, clock, tell)
        self._picture, self._later = picture, later
        self._down: dict[Button, Alarm] = {}

    @property
    def down(self) -> frozenset[Button]:
        """Those that are held down now."""
        return frozenset(self._down)

    def press(self, button: Button) -> None:
        """Down; one that is down already stays so."""
        if not self.working or button in self._down:
            return
        self._down[button] = self._later(HOLD_MS / 1000, lambda: self._hold(button))
        self._tell(ButtonMoved(button, down=True))
        self._say(ButtonPressed(self.name, button, self._picture(), self._clock()))

    def release(self, button: Button) -> None:
        """Up again."""
        alarm = self._down.pop(button, None)
        if alarm is None:
            return
        alarm.cancel()
        self._tell(ButtonMoved(button, down=False))
        self._say(ButtonReleased(self.name, button, self._clock()))

    def _hold(self, button: Button) -> None:
        self._say(ButtonHeld(self.name, button, self._picture(), self._clock()))

    def _end(self) -> None:
        for button in tuple(self._down):  # nobody must believe in a button that is held for ever
            self.release(button)


class VirtualPad(VirtualDevice):
    """The number pad."""

    def __init__(self, name: str, clock: Callable[[], int], picture: Picture, tell: Tell) -> None:
        super().__init__(name, clock, tell)
        self._picture = picture

    def key(self, key: str) -> None:
        """One of `PAD_KEYS`; raises `NoSuchKey`."""
        if key not in PAD_KEYS:
            raise NoSuchKey(f"the number pad has the keys {' '.join(sorted(PAD_KEYS))}")
        if self.plugged:
            self._say(PadKey(self.name, key, self._picture(), self._clock()))


class VirtualSignals(VirtualDevice):
    """Lights and beeper: a pattern is told to whoever watches."""

    def play(self, steps: tuple[Step, ...]) -> None:
        """Begins a pattern; forgotten while unplugged. From any thread, returns at once."""
        if self.plugged:
            self._tell(SignalsPlay(steps))


class VirtualGlass:
    """The panel's glass, served by the panel's own thread instead of `supervise`; it keeps the last picture."""

    def __init__(self, name: str, tell: Tell) -> None:
        self.name = name
        self._tell = tell
        self._dark = replace(DARK, panel=name)
        self.shows = self._dark
        self.plugged = True

    def plug(self, *, on: bool) -> None:
        """Pulls the cable, which makes the glass dark, or puts it back."""
        self.plugged = on
        self._tell(PlugMoved(self.name, on))
        if not on:
            self._darken()

    def open(self) -> None:
        """Ready and dark; raises `Unplugged`."""
        self.check()
        self._darken()

    def write(self, image: Image) -> None:
        """Shows a picture of mode "1", and tells it even where it is the same again; raises `Unplugged`."""
        self.check()
        self.shows = PanelShows(image.tobytes(), *image.size, self.name)
        self._tell(self.shows)

    def dim(self, contrast: int | None) -> None:
        """A picture in a browser does not burn in: nothing."""

    def check(self) -> None:
        """Raises `Unplugged`."""
        if not self.plugged:
            raise Unplugged(self.name)

    def close(self) -> None:
        """Dark."""
        self._darken()

    def _darken(self) -> None:
        if self.shows != self._dark:
            self.shows = self._dark
            self._tell(self._dark)
