"""An OLED panel, through luma.oled: any of `display.controllers`, on I2C or SPI.

luma knows how to start each controller; what is drawn goes through luma's interface to the bus, but only what changed: luma
itself sends 1,096 bytes for every picture of an SSD1306, the same picture included.

Parts, wiring and what fails how: docs/devices/oled.md.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

from display.changes import Window
from display.controllers import CONTRAST, CONTROLLERS, Controller, Size, Wire

if TYPE_CHECKING:
    from display.wire import Outputs

DISPLAY_OFF = 0x40
"""A bit of the status byte, the same of all controllers on I2C."""

REFRESH_SECONDS = 30.0
"""How often a panel that cannot say how it is is started and painted anew, unseen: one that was without power comes back so."""

START_DATA = 2
"""Most bytes that follow one command of a start; what is longer is a picture."""


class PanelMissing(Exception):
    """There is no panel to open."""


class PanelGone(Exception):
    """The panel stopped answering."""


class PanelForgot(Exception):
    """The panel had no power for a moment."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a panel is plugged in."""

    name: str
    """For messages: "0x3c of /dev/i2c-1"."""
    advice: str
    """What to check where no panel is there."""
    connect: Callable[[], Wire]
    """Opens the bus."""


def on_i2c(port: int, address: int) -> Place:
    """/dev/i2c-`port`."""

    def connect() -> Wire:
        from display.wire import I2cWire

        wire: Wire = I2cWire(port=port, address=address)
        return wire

    advice = (
        f"check its plug and its address (`i2cdetect -y {port}`), that config.txt has dtparam=i2c_arm=on, and that the "
        "service's user is in the group i2c."
    )
    return Place(f"0x{address:02x} of /dev/i2c-{port}", advice, connect)


def on_spi(device: str, megahertz: int, outputs: Callable[[], Outputs], *, dc: int, reset: int | None) -> Place:
    """/dev/spidev`device` ("0.0"), with the pins `dc` and `reset` of whoever lends them."""

    def connect() -> Wire:
        from display.wire import SpiWire

        bus, chip = device.split(".")
        wire: Wire = SpiWire(int(bus), int(chip), megahertz, outputs(), dc=dc, reset=reset)
        return wire

    advice = "check that config.txt has dtparam=spi=on, and that the service's user is in the groups spi and gpio."
    return Place(f"/dev/spidev{device}", advice, connect)


class Oled:
    """A `PanelGlass`; one thread at a time."""

    def __init__(
        self,
        place: Place,
        controller: str = "ssd1309",
        size: Size | None = None,
        *,
        upside_down: bool = False,
        contrast: int = CONTRAST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`size` is the controller's usual one where it is not given; `contrast` goes from 0 to 255."""
        self._controller: Controller = CONTROLLERS[controller]
        self._size = size or self._controller.sizes[0]
        self._memory = self._controller.memory(self._size)
        self._place, self._upside_down, self._contrast, self._clock = place, upside_down, contrast, clock
        self._level = contrast
        self._wire: Wire | None = None
        self._device: Any = None
        self._start: Any = None
        self._shown: bytes | None = None
        self._tells_status = False
        self._refreshed = 0.0

    def open(self) -> None:
        """Starts the controller and clears its memory. Raises `PanelMissing`."""
        from luma.core.error import Error

        try:
            self._wire = self._place.connect()
            # luma registers an exit handler for each device it begins, so a panel that is not there must not get so far:
            # in a month without a panel that would be a million of them.
            self._wire.present()
            self._begin(self._wire)
        except (OSError, Error) as error:
            raise PanelMissing(f"No panel answers at {self._place.name} ({error}): {self._place.advice}") from error
        except ModuleNotFoundError as error:
            raise PanelMissing(f"The library {error.name} is not here: apt install python3-{error.name}") from error
        self._shown = bytes(self._memory.size)
        self._refreshed = self._clock()
        # Some modules cannot be read. Those answer nothing or "off" even now that the display is on.
        with contextlib.suppress(OSError):
            status = self._wire.status()
            self._tells_status = status is not None and not status & DISPLAY_OFF

    def write(self, image: Image.Image) -> None:
        """Shows a 1-bit image of the panel's size; returns when the last byte went out. Raises `PanelGone`."""
        wire = self._opened()
        picture = self._encode(image)
        shown, self._shown = self._shown, None  # unknown until the last byte went out
        with self._answering():
            for window in [self._memory.whole] if shown is None else self._memory.windows(shown, picture):
                self._send(wire, window, picture)
        self._shown = picture

    def dim(self, contrast: int | None) -> None:
        """As bright as `contrast`, 0 to 255; None: as it is set. Raises `PanelGone`."""
        self._opened()
        self._level = self._contrast if contrast is None else contrast
        shown, self._shown = self._shown, None
        with self._answering():
            self._device.contrast(self._level)
        self._shown = shown

    def check(self) -> None:
        """Raises `PanelForgot` where the panel was unplugged and is back, `PanelGone` where it is not: 2 bytes on the bus.

        A panel that does not tell is started anew from time to time instead.
        """
        wire = self._opened()
        shown, self._shown = self._shown, None
        with self._answering():
            status = wire.status() if self._tells_status else None
            if status is None:
                wire.present()
                self._refresh(wire, shown)
        if status is not None and status & DISPLAY_OFF:
            raise PanelForgot("The panel lost its power for a moment: check its plug and the 3.3 V.")
        self._shown = shown

    def close(self) -> None:
        """Dark, so that nobody's name stays on the glass; never raises."""
        device, wire = self._device, self._wire
        lost = self._shown is None
        self._device = self._wire = self._shown = None
        self._tells_status = False
        with contextlib.suppress(Exception):
            if device is not None and wire is not None and not lost:
                device.hide()
                self._send(wire, self._memory.whole, bytes(self._memory.size))
        if device is not None:
            device.persist = True  # or luma's exit handler would write to a bus that is closed or dead
        with contextlib.suppress(Exception):
            if wire is not None:
                wire.cleanup()

    def _begin(self, wire: Wire) -> None:
        """Starts luma's device, dark and as bright as it is set."""
        from luma.oled import device as devices

        width, height = self._size
        self._start, self._level = _Start(wire), self._contrast
        self._device = getattr(devices, self._controller.name)(self._start, width=width, height=height, mode="1")
        self._start.over = True
        self._device.contrast(self._level)

    def _refresh(self, wire: Wire, shown: bytes | None) -> None:
        if shown is None or self._clock() - self._refreshed < REFRESH_SECONDS:
            return
        self._refreshed = self._clock()
        self._start.again()
        self._device.contrast(self._level)
        self._send(wire, self._memory.whole, shown)

    def _encode(self, image: Image.Image) -> bytes:
        if image.mode != "1" or image.size != self._size:
            width, height = self._size
            raise ValueError(f"The panel shows 1-bit images of {width} x {height}, not {image.mode} of {image.size}.")
        return self._controller.encode(image.transpose(Image.Transpose.ROTATE_180) if self._upside_down else image)

    def _send(self, wire: Wire, window: Window, picture: bytes) -> None:
        self._controller.send(wire, self._memory, window, picture)

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        from luma.core.error import Error

        try:
            yield
        except (OSError, Error) as error:  # luma has a name of its own for some of the bus's errors, not for all
            raise PanelGone(f"The panel stopped answering ({error}): check its plug and wires.") from error

    def _opened(self) -> Wire:
        if self._wire is None:
            raise PanelGone("The panel is not open.")
        return self._wire


class _Start:
    """The wire as luma has it. What luma says to start a controller is remembered, so that it can be said again."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._said: list[tuple[bool, bytes]] = []
        self.over = False
        """What comes from now on is no part of the start."""

    def command(self, *codes: int) -> None:
        if not self.over:
            self._said.append((True, bytes(codes)))
        self._wire.command(*codes)

    def data(self, data: Sequence[int]) -> None:
        if not self.over and len(data) <= START_DATA:
            self._said.append((False, bytes(data)))
        self._wire.data(data)

    def again(self) -> None:
        """Says it all once more, but for the dark picture."""
        for command, said in self._said:
            if command:
                self._wire.command(*said)
            else:
                self._wire.data(said)
