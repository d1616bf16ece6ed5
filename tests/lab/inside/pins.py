"""A Raspberry Pi's 54 lines by gpio-sim (Documentation/admin-guide/gpio/gpio-sim.rst)."""

from __future__ import annotations

import subprocess
from pathlib import Path

CONFIG = Path("/sys/kernel/config/gpio-sim/pi")
LINES, LABEL = 54, "pinctrl-bcm2711"


class Pins:
    """The chip; outside hands pull its lines up and down."""

    def __init__(self) -> None:
        subprocess.run(["modprobe", "gpio-sim"], check=True)
        bank = CONFIG / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(LINES))
        (bank / "label").write_text(LABEL)
        (CONFIG / "live").write_text("1")
        device, chip = (CONFIG / "dev_name").read_text().strip(), (bank / "chip_name").read_text().strip()
        self._lines = Path("/sys/devices/platform", device, chip)
        self.number = int(chip.removeprefix("gpiochip"))

    def drive(self, line: int, *, high: bool) -> None:
        (self._lines / f"sim_gpio{line}/pull").write_text("pull-up" if high else "pull-down")

    def level(self, line: int) -> int:
        return int((self._lines / f"sim_gpio{line}/value").read_text())
