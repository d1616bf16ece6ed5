"""The tables `[panel]` and `[staff_panel]`: which panel hangs where."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

import msgspec

from display.controllers import ADDRESSES, BRIGHTEST, CONTRAST, CONTROLLERS, I2C, SPI, Controller, Size
from display.glass import READABLE, Glass
from display.letters import TALLEST
from terminal.settings_lines import Lines

BUSES = (I2C, SPI)
ROTATIONS = (0, 180)

I2C_PINS = {2: "I2C", 3: "I2C"}
SPI_PINS = {7: "SPI", 8: "SPI", 9: "SPI", 10: "SPI", 11: "SPI"}
"""BCM pins of bus 1 of I2C, and of bus 0 of SPI with both its chip selects."""

_LARGEST_INCHES = 10.0


class PanelMistake(ValueError):
    """A value that no panel has; the text names the place and what to write there instead."""


class Panel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which OLED it is, how it is mounted, and where it hangs."""

    controller: str = "ssd1309"
    """One of `display.controllers.CONTROLLERS`."""
    size: str = ""
    """Pixels, "128x64"; "": the usual ones of the controller."""
    inches: float | None = None
    """Diagonal of the glass; without it that of the usual module."""
    rotation: int = 0
    """Degrees: 180 where it is mounted the other way up."""
    contrast: int = CONTRAST
    """How bright it is, 0 to 255."""
    bus: str = "i2c"
    """"i2c" or "spi"."""
    port: int = 1
    """On I2C: the number of /dev/i2c-N."""
    address: int = 0x3C
    """On I2C."""
    device: str = "0.0"
    """On SPI: bus and chip select, of /dev/spidev0.0."""
    dc: int = 5
    """On SPI: BCM number of the pin to D/C."""
    reset: int | None = None
    """On SPI: BCM number of the pin to RES; none where the module resets itself."""

    @property
    def kind(self) -> Controller:
        """The controller's facts."""
        return CONTROLLERS[self.controller]

    @property
    def pixels(self) -> Size:
        """Width and height."""
        if not self.size:
            return self.kind.sizes[0]
        width, height = self.size.split("x")
        return int(width), int(height)

    @property
    def glass(self) -> Glass:
        """What there is to draw on."""
        return Glass(*self.pixels, self.inches or self.kind.inches[self.pixels])

    @property
    def place(self) -> tuple[str, int | str, int | None]:
        """Bus, which of them, and the address on it: no two panels are at the same."""
        return (SPI, self.device, None) if self.bus == SPI else (I2C, self.port, self.address)

    def shares_bus_with(self, other: Panel) -> bool:
        """Whether what one sends holds up the other."""
        return self._lane == other._lane

    @property
    def _lane(self) -> tuple[str, int | str]:
        return (SPI, self.device.partition(".")[0]) if self.bus == SPI else (I2C, self.port)

    def pins(self) -> dict[int, str]:
        """Pins of the 40-pin header that its bus takes, besides `dc` and `reset`."""
        if self.bus == SPI:
            return dict(SPI_PINS) if self.device.startswith("0.") else {}
        return dict(I2C_PINS) if self.port == 1 else {}

    def own_pins(self) -> dict[str, int]:
        """Its own pins by their keys."""
        if self.bus != SPI:
            return {}
        return {"dc": self.dc} | ({} if self.reset is None else {"reset": self.reset})


class StaffPanel(Panel, frozen=True, forbid_unknown_fields=True):
    """A second panel, for staff: with its address jumper changed it shares the bus of the first."""

    address: int = 0x3D


@dataclass(frozen=True, slots=True)
class _Mistakes:
    table: str
    panel: Panel
    lines: Lines

    def wrong(self, key: str, why: str) -> PanelMistake:
        value = getattr(self.panel, key)
        shown = f'"{value}"' if isinstance(value, str) else f"0x{value:02X}" if key == "address" else value
        return PanelMistake(f"{self.lines.place(f'{self.table}.{key}')}: {self.table}.{key} = {shown}{why}")

    def one_of(self, key: str, choices: list[str]) -> None:
        value = getattr(self.panel, key)
        if value not in choices:
            near = difflib.get_close_matches(value.lower(), choices, n=1)
            raise self.wrong(
                key, f' is not known: did you mean "{near[0]}"?' if near else f" is not known: use {_listed(choices)}"
            )


def check(table: str, panel: Panel, lines: Lines) -> None:
    """Raises `PanelMistake`."""
    mistakes = _Mistakes(table, panel, lines)
    mistakes.one_of("controller", list(CONTROLLERS))
    mistakes.one_of("bus", list(BUSES))
    _check_look(panel, mistakes)
    _check_place(panel, mistakes)


def check_both(panel: Panel, staffs: StaffPanel, lines: Lines) -> None:
    """Raises `PanelMistake` where both are at one place."""
    if panel.place != staffs.place:
        return
    mistakes = _Mistakes("staff_panel", staffs, lines)
    if staffs.bus == SPI:
        free = "0.1" if staffs.device == "0.0" else "0.0"
        raise mistakes.wrong("device", f': [panel] is there already: move one to the other chip select, "{free}"')
    free = "0x3C" if staffs.address == 0x3D else "0x3D"
    raise mistakes.wrong(
        "address", f": [panel] has it already on bus {staffs.port}: change one module's address jumper, and write {free} for it"
    )


def _check_look(panel: Panel, mistakes: _Mistakes) -> None:
    sizes = [f"{width}x{height}" for width, height in panel.kind.sizes]
    if panel.size and panel.size not in sizes:
        raise mistakes.wrong("size", f": an {panel.controller.upper()} has {_listed(sizes)}")
    if panel.rotation not in ROTATIONS:
        raise mistakes.wrong("rotation", ": it is 0 or 180 degrees")
    if not 0 <= panel.contrast <= BRIGHTEST:
        raise mistakes.wrong("contrast", f": it goes from 0 to {BRIGHTEST}")
    if panel.inches is not None and not 0 < panel.inches <= _LARGEST_INCHES:
        raise mistakes.wrong(
            "inches", f": the diagonal of the glass, up to {_LARGEST_INCHES:g}; leave it out for the usual one"
        )
    if panel.inches is not None and TALLEST * panel.glass.pitch < READABLE:
        raise mistakes.wrong("inches", ": on so small a glass nobody could read a number at the counter; use a larger panel")


def _check_place(panel: Panel, mistakes: _Mistakes) -> None:
    if panel.bus not in panel.kind.buses:
        raise mistakes.wrong("bus", f": an {panel.controller.upper()} has only {_listed(panel.kind.buses)}")
    if panel.bus == I2C and panel.address not in ADDRESSES:
        raise mistakes.wrong("address", f": panels answer at {_listed([f'0x{one:02X}' for one in ADDRESSES])}")
    if panel.bus == SPI and not re.fullmatch("[0-9][.][0-9]", panel.device):
        raise mistakes.wrong("device", ': bus and chip select, as in "0.0" for /dev/spidev0.0')
    if panel.bus == SPI and panel.dc == 0:
        raise mistakes.wrong("dc", ": the library knows no D/C at pin 0, use another")


def _listed(choices: list[str] | tuple[str, ...]) -> str:
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"
