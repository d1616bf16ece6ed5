"""An OLED panel of 128 x 64 with an SSD1306 or SSD1309 controller on I2C, through luma.oled.

luma knows how to start the controller; what is drawn goes through luma's interface to the bus, but only what changed:
luma itself sends 1,096 bytes for every picture, the same picture included.

Parts, wiring and what fails how: docs/devices/oled.md. Source: Solomon Systech SSD1306 data sheet, revision 1.1, section 9
(commands) and 10.1.3 (horizontal addressing mode).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from PIL import Image

from display.changes import WHOLE, WHOLE_WINDOW, Window, pages_of, windows

COLUMNS, PAGES, NOTHING = 0x21, 0x22, 0xE3
"""Commands: set column address, set page address, no operation."""

DISPLAY_OFF = 0x40
"""A bit of the status byte."""

FULL_CONTRAST = 0xCF
"""What luma starts the controller with."""


class Wire(Protocol):
    """The bus to one panel; each method raises OSError or luma's errors where the panel does not answer."""

    def command(self, *codes: int) -> None:
        """Up to 32 bytes of commands."""

    def data(self, data: Sequence[int]) -> None:
        """Bytes for the panel's memory."""

    def status(self) -> int:
        """The panel's status byte."""

    def cleanup(self) -> None:
        """Closes the bus."""


class PanelMissing(Exception):
    """There is no panel to open."""


class PanelGone(Exception):
    """The panel stopped answering."""


class PanelForgot(Exception):
    """The panel had no power for a moment."""


def connect(port: int, address: int) -> Wire:
    """Opens /dev/i2c-`port`."""
    from display.wire import I2cWire

    wire: Wire = I2cWire(port=port, address=address)
    return wire


class Oled:
    """A `PanelGlass`; one thread at a time."""

    def __init__(
        self,
        port: int = 1,
        address: int = 0x3C,
        *,
        upside_down: bool = False,
        connect: Callable[[int, int], Wire] = connect,
    ) -> None:
        """The panel at `address` of /dev/i2c-`port`."""
        self._port, self._address, self._upside_down, self._connect = port, address, upside_down, connect
        self._wire: Wire | None = None
        self._device: Any = None
        self._shown: bytes | None = None
        self._tells_status = False

    def open(self) -> None:
        """Starts the controller and clears its memory. Raises `PanelMissing`."""
        from luma.core.error import Error
        from luma.oled.device import ssd1306

        try:
            self._wire = self._connect(self._port, self._address)
            # luma registers an exit handler for each device it begins, so a panel that is not there must not get so far:
            # in a month without a panel that would be a million of them.
            self._wire.command(NOTHING)
            self._device = ssd1306(self._wire)
        except (OSError, Error) as error:
            raise PanelMissing(
                f"No panel answers at 0x{self._address:02x} of /dev/i2c-{self._port} ({error}): check its plug and its "
                f"address (`i2cdetect -y {self._port}`), that config.txt has dtparam=i2c_arm=on, and that the service's "
                "user is in the group i2c."
            ) from error
        self._shown = bytes(WHOLE)
        # Some modules cannot be read. Those answer nothing or "off" even now that the display is on.
        with contextlib.suppress(OSError):
            self._tells_status = not self._wire.status() & DISPLAY_OFF

    def write(self, image: Image.Image) -> None:
        """Shows a 1-bit image of 128 x 64; returns when the last byte went out. Raises `PanelGone`."""
        wire = self._opened()
        pages = pages_of(image, upside_down=self._upside_down)
        shown, self._shown = self._shown, None  # unknown until the last byte went out
        with self._answering():
            for window in [WHOLE_WINDOW] if shown is None else windows(shown, pages):
                self._send(wire, window, pages)
        self._shown = pages

    def dim(self, contrast: int | None) -> None:
        """As bright as `contrast`, 0 to 255 (section 10.1.7); None: as luma starts it. Raises `PanelGone`."""
        self._opened()
        shown, self._shown = self._shown, None
        with self._answering():
            self._device.contrast(FULL_CONTRAST if contrast is None else contrast)
        self._shown = shown

    def check(self) -> None:
        """Raises `PanelForgot` where the panel was unplugged and is back, `PanelGone` where it is not: 2 bytes on the bus."""
        wire = self._opened()
        shown, self._shown = self._shown, None
        with self._answering():
            if self._tells_status:
                status = wire.status()
            else:
                wire.command(NOTHING)
                status = 0
        if status & DISPLAY_OFF:
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
                self._send(wire, WHOLE_WINDOW, bytes(WHOLE))
        if device is not None:
            device.persist = True  # or luma's exit handler would write to a bus that is closed or dead
        with contextlib.suppress(Exception):
            if wire is not None:
                wire.cleanup()

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        from luma.core.error import Error

        try:
            yield
        except (OSError, Error) as error:  # luma has a name of its own for some of the bus's errors, not for all
            raise PanelGone(f"The panel stopped answering ({error}): check its plug and wires.") from error

    @staticmethod
    def _send(wire: Wire, window: Window, pages: bytes) -> None:
        wire.command(COLUMNS, window.left, window.right, PAGES, window.top, window.bottom)
        wire.data(window.cut(pages))

    def _opened(self) -> Wire:
        if self._wire is None:
            raise PanelGone("The panel is not open.")
        return self._wire
