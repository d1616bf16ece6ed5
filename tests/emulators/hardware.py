"""The hardware of a whole counter, for one unmodified daemon: scanner, number pad, NFC reader, chip card reader, four buttons,
two LEDs, a beeper and a panel, each emulated below the library that serves it.

    with Hardware(folder) as hardware:
        subprocess.Popen([...], env={**os.environ, **hardware.environment()})
        hardware.nfc.show(Type2Tag("04A1B2C3D4E5F6"))

What the testbed adds of the Raspberry Pi: the revision in /proc/device-tree, and the nodes that libraries look for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from emulators.board import Board, build
from emulators.gpiochip import GpioChip
from emulators.i2c import I2cBus
from emulators.keyboard import Keyboard
from emulators.pcscd import Pcscd
from emulators.pn532 import Pn532
from emulators.spi import SpiBus
from emulators.ssd1306 import Ssd1306
from emulators.ssd1322 import Ssd1322
from emulators.umockdev import PRELOAD, Testbed

GPIO_NODE, I2C_NODE, SPI_NODE, NFC_NODE = "/dev/gpiochip0", "/dev/i2c-1", "/dev/spidev0.0", "/dev/ttyUSB0"
PANEL_ADDRESS, STAFF_ADDRESS = 0x3C, 0x3D
PI_4 = bytes.fromhex("00C03114")
"""The revision code of a Raspberry Pi 4 B (Raspberry Pi documentation, "Raspberry Pi revision codes")."""

PINS = {"award": 17, "redeem": 22, "next": 23, "cancel": 24, "green": 27, "red": 25, "beeper": 18}

_TABLES = f"""
[[scanner]]
name = "scanner"
match = "name:ACME Scanner"

[[pad]]
name = "pad"
match = "usb:1a2c:2124"

[[nfc]]
name = "nfc"
path = "tty:USB0:pn532"

[[chip]]
name = "chip"
aid = "F04C4F59414C5459"
sfi = 1
record = 2

[buttons]
award = {PINS["award"]}
redeem = {PINS["redeem"]}
next = {PINS["next"]}
cancel = {PINS["cancel"]}

[signals]
green = {PINS["green"]}
red = {PINS["red"]}
beeper = {PINS["beeper"]}

[burn_in]
shift_minutes = 0
"""
"""The tables of terminal.toml that name all but the panel. Pictures stay in their place, for they are compared dot for dot."""


@dataclass(frozen=True, slots=True)
class PanelKind:
    """A panel, how it is mounted, and the lines of its table."""

    make: Callable[[], Ssd1306 | Ssd1322]
    lines: str
    on_spi: bool = False
    upside_down: bool = False


ON_I2C = f"port = 1\naddress = {PANEL_ADDRESS}"
DC, RESET = 5, 6

USUAL_PANEL = PanelKind(Ssd1306, ON_I2C)
LOW_PANEL = PanelKind(partial(Ssd1306, height=32), f'controller = "ssd1306"\nsize = "128x32"\n{ON_I2C}')
WIDE_PANEL = PanelKind(
    Ssd1322,
    f'controller = "ssd1322"\nbus = "spi"\ndc = {DC}\nreset = {RESET}\nrotation = 180',
    on_spi=True,
    upside_down=True,
)


def _with_panel(kind: PanelKind) -> str:
    return f"{_TABLES}\n[panel]\n{kind.lines}\n"


SETTINGS = _with_panel(USUAL_PANEL)
"""The tables that name all of it."""

STAFF_PANEL = f"""
[staff_panel]
port = 1
address = {STAFF_ADDRESS}
"""
"""The table of a second panel."""

AID, RECORD = bytes.fromhex("F04C4F59414C5459"), (1, 2)
"""Where the settings say a chip card has its number."""


class Hardware:
    """Everything plugged in. `hertz` and `real_time` let the I2C bus and the NFC reader take the time that they would.

    With `two_panels` the one that has every screen, `panel`, is the staff's, and the customer's is `customers_panel`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        hertz: int | None = None,
        real_time: bool = False,
        two_panels: bool = False,
        kind: PanelKind = USUAL_PANEL,
    ) -> None:
        self.library = build(folder)
        self.bed = Testbed()
        self.board = Board(folder / "board.sock")
        self.gpio, self.bus, self.kind = GpioChip(), I2cBus(hertz=hertz), kind
        self.panel = kind.make()
        self.customers_panel = Ssd1306() if two_panels else self.panel
        self.settings = _with_panel(kind) + (STAFF_PANEL if two_panels else "")
        self.panels = {PANEL_ADDRESS: self.customers_panel} | ({STAFF_ADDRESS: self.panel} if two_panels else {})
        if kind.on_spi:
            self.board.add(SPI_NODE, SpiBus(self.gpio, self.panel, dc=DC, reset=RESET))
            self.bed.file(SPI_NODE)
        else:
            self.bus.chips |= self.panels
        self.board.add(GPIO_NODE, self.gpio)
        self.board.add(I2C_NODE, self.bus)
        for node in (GPIO_NODE, I2C_NODE):  # board.c serves them; these are only seen to be there
            self.bed.file(node)
        self.bed.file("/proc/device-tree/system/linux,revision", PI_4)
        self.bed.file("/sys/bus/gpio/devices/gpiochip0/of_node/compatible", b"raspberrypi,bcm2711-gpio\0")
        self.scanner = Keyboard(self.bed, "ACME Scanner", "0c2e:0b61")
        self.pad = Keyboard(self.bed, "ACME Number Pad", "1a2c:2124")
        self.nfc = Pn532(self.bed.root / NFC_NODE[1:], real_time=real_time)
        self.pcscd = Pcscd(folder)
        for device in (self.scanner, self.pad, self.nfc):
            device.plug()
        self.pcscd.start()

    def __enter__(self) -> Hardware:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def pull_panel(self, address: int) -> None:
        """Nobody answers there any more."""
        with self.bus.lock:
            self.bus.chips.pop(address, None)

    def plug_panel(self, address: int) -> None:
        """Its own panel answers there again."""
        with self.bus.lock:
            self.bus.chips[address] = self.panels[address]

    def environment(self) -> dict[str, str]:
        """What a program needs to find itself at this counter: board.c comes before umockdev, which knows no ioctl of GPIO."""
        return {
            **self.bed.environment(),
            **self.board.environment(self.library, PRELOAD),
            "PCSCLITE_CSOCK_NAME": str(self.pcscd.socket),
        }

    def close(self) -> None:
        """Everything away; call after the programs have ended."""
        self.pcscd.kill()
        self.nfc.unplug()
        self.board.close()
        self.bed.close()
