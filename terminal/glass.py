"""From the `[panel]` table to the panel that hangs there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from display.controllers import SPI
from display.oled import Oled, on_i2c, on_spi
from terminal.panel_settings import Panel

if TYPE_CHECKING:
    from display.wire import Outputs


class PinsWanted(RuntimeError):
    """A panel on SPI has pins of its own, and nobody lends any."""


def _nobody() -> Outputs:
    raise PinsWanted


def glass(panel: Panel, outputs: Callable[[], Outputs] = _nobody) -> Oled:
    """The panel that the table describes, not opened yet; one on SPI has its pins from `outputs`."""
    if panel.bus == SPI:
        place = on_spi(panel.device, panel.kind.megahertz, outputs, dc=panel.dc, reset=panel.reset)
    else:
        place = on_i2c(panel.port, panel.address)
    return Oled(place, panel.controller, panel.pixels, upside_down=panel.rotation == 180, contrast=panel.contrast)
