"""A counter on a machine of the lab: panel, buttons and lights below the service's own libraries, and a cloud beside it.

The chip reader is the machine's own pcscd with a virtual reader. All of it is used through the service's sandbox.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from display.screens import Screen
from emulators.board import Board, build
from emulators.gpiochip import GpioChip
from emulators.hardware import AID, GPIO_NODE, I2C_NODE, PANEL_ADDRESS, PINS, RECORD
from emulators.i2c import I2cBus
from emulators.ssd1306 import Ssd1306
from emulators.virtual_card import VirtualCard
from lab.container import Container
from shop import Cloud, rows, until

T = TypeVar("T")

SEEN_AT = "/lab-board"
VPCD_PORT = 35_963
"""The first slot of vsmartcard-vpcd's own configuration."""

CLONE_NEWNET = 0x40000000

DROP_IN = f"""[Service]
Environment="LD_PRELOAD={SEEN_AT}/libboard.so" BOARD={SEEN_AT}/board.sock RPI_LGPIO_REVISION=c03114 RPI_LGPIO_CHIP=0
"""

SETTINGS = f"""
[cloud]
url = "{{url}}"
poll_seconds = {{poll}}

[[chip]]
name = "chip"
reader = "Virtual PCD 00 00"
aid = "{AID.hex()}"
sfi = {RECORD[0]}
record = {RECORD[1]}

[buttons]
award = {PINS["award"]}
redeem = {PINS["redeem"]}
next = {PINS["next"]}
cancel = {PINS["cancel"]}

[panel]

[burn_in]
shift_minutes = 0
"""


class Devices:
    """What stands on the counter; `folder` is shown to the machine as `SEEN_AT`."""

    def __init__(self, folder: Path, *, hertz: int | None = None) -> None:
        build(folder)
        self.board = Board(folder / "board.sock")
        self.gpio, self.bus, self.panel = GpioChip(), I2cBus(hertz=hertz), Ssd1306()
        self.bus.chips[PANEL_ADDRESS] = self.panel
        self.board.add(GPIO_NODE, self.gpio)
        self.board.add(I2C_NODE, self.bus)
        folder.chmod(0o755)
        (folder / "board.sock").chmod(0o666)  # the service's user reaches it, whoever made it

    def glass(self) -> list[str]:
        """What is on the panel, row by row."""
        with self.bus.lock:
            return self.panel.rows()

    def shows(self, *screens: Screen) -> None:
        """Waits until one of these screens is on the glass, dot for dot."""
        wanted = [rows(screen) for screen in screens]
        until(lambda: self.glass() in wanted, lambda: "\n".join(self.glass()), 30)

    @contextmanager
    def watched(self) -> Iterator[list[list[str]]]:
        """Every picture that is on the glass long enough to be read, meanwhile."""
        seen: list[list[str]] = []
        end = threading.Event()

        def look() -> None:
            last: list[str] = []
            while not end.wait(0.1):
                now = self.glass()
                if now == last and (not seen or seen[-1] != now):
                    seen.append(now)
                last = now

        eye = threading.Thread(target=look)
        eye.start()
        try:
            yield seen
        finally:
            end.set()
            eye.join()


class CloudBeside(Cloud):
    """The cloud in the machine's network, on its loopback; its program and its files are this machine's."""

    def __init__(self, folder: Path, machine: Container) -> None:
        super().__init__(folder)
        self._machine = machine

    def _command(self, *arguments: str) -> list[str]:
        return self._machine.enter(*super()._command(*arguments), network_only=True)


def insert(machine: Container, number: str) -> VirtualCard:
    """Puts a member's chip card into the machine's reader, as soon as the terminal has made pcscd start."""
    card = VirtualCard({AID: {RECORD: number.encode()}})
    machine.until(lambda: f":{VPCD_PORT:04X} 00000000:0000 0A" in machine.says("cat", "/proc/net/tcp"))
    return inside_network(machine, lambda: card.insert(VPCD_PORT))


def inside_network(machine: Container, work: Callable[[], T]) -> T:
    """Runs `work` in a thread that is in the machine's network; sockets that it opens stay there (setns(2))."""

    def enter() -> T:
        libc = ctypes.CDLL(None, use_errno=True)
        network = os.open(f"/proc/{machine.leader}/ns/net", os.O_RDONLY)
        try:
            if libc.setns(network, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(network)
        return work()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(enter).result()


def settings(values: Mapping[str, str]) -> str:
    """The terminal.toml of this counter."""
    return SETTINGS.format(**values)
