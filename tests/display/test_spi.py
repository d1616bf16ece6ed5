"""A panel on SPI: the real luma.oled, spidev and rpi-lgpio, in a process of their own, on an emulated kernel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from emulators.board import Board, build
from emulators.glass import until
from emulators.gpiochip import GpioChip
from emulators.hardware import PI_4
from emulators.program import Program
from emulators.sh1106 import Sh1106
from emulators.spi import SpiBus
from emulators.ssd1306 import Ssd1306, Ssd1309
from emulators.ssd1322 import Ssd1322
from emulators.umockdev import PRELOAD, Testbed

DC, RESET = 5, 6
NODE, CHIP = "/dev/spidev0.0", "/dev/gpiochip0"
PANELS = {"ssd1306": Ssd1306, "ssd1309": Ssd1309, "sh1106": Sh1106, "ssd1322": Ssd1322}


class Counter:
    """A panel on SPI, and the program that draws on it."""

    def __init__(self, board: Board, bed: Testbed, library: Path, folder: Path, controller: str) -> None:
        self.board, self.folder = board, folder
        self.environment = {**bed.environment(), **board.environment(library, PRELOAD)}
        for node in (CHIP, NODE):
            bed.file(node)
        bed.file("/proc/device-tree/system/linux,revision", PI_4)
        self.gpio, self.panel = GpioChip(), PANELS[controller]()
        self.bus = SpiBus(self.gpio, self.panel, dc=DC, reset=RESET)
        board.add(CHIP, self.gpio)
        board.add(NODE, self.bus)
        self.keys = {"controller": controller, "bus": "spi", "dc": DC, "reset": RESET}

    def start(self) -> Program:
        script = Path(__file__).with_name("panel_program.py")
        return Program(script, json.dumps(self.keys), environment=self.environment, folder=self.folder)

    def shows(self, number: int) -> bool:
        wanted = Image.new("1", self.panel.image().size)
        wanted.putpixel((number % 128, number // 128), 1)
        return self.panel.image().tobytes() == wanted.tobytes()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("board"))


@pytest.fixture
def counter(library: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Counter]:
    with Board(tmp_path / "board.sock") as board:
        bed = Testbed()
        yield Counter(board, bed, library, tmp_path, getattr(request, "param", "ssd1322"))
        bed.close()


@pytest.mark.parametrize("counter", PANELS, indirect=True)
def test_pictures_on_a_real_bus(counter: Counter) -> None:
    with counter.start() as program:
        program.expect(back=True)
        for number in (7, 100, 1000, 8000):
            program.tell(f"show {number}")
            program.expect(picture=number)
            assert counter.shows(number)
        program.tell("all")
        program.expect(picture=9999)
        assert counter.bus.mistakes == []
        assert program.stop() == 0
    assert not counter.panel.on
    assert counter.gpio.levels(RESET) == (0,)  # an input again: the pins were given back


def test_it_is_reset_before_anything_is_said_to_it(counter: Counter) -> None:
    counter.panel.locked = True
    with counter.start() as program:
        program.expect(back=True)
        program.tell("show 100")
        program.expect(picture=100)
        assert counter.shows(100)


def test_a_bus_that_is_not_there_and_comes(counter: Counter) -> None:
    counter.board.remove(NODE)
    with counter.start() as program:
        why = program.expect(lost=True)["why"]
        assert "PanelMissing: No panel answers at /dev/spidev0.0" in why
        assert "dtparam=spi=on" in why
        program.tell("show 100")
        program.expect(picture=100)  # the shop goes on blind
        counter.board.add(NODE, counter.bus)
        program.expect(back=True)
        until(lambda: counter.shows(100), "not painted")


def test_a_pin_that_is_gone_is_the_panels_loss(counter: Counter) -> None:
    with counter.start() as program:
        program.expect(back=True)
        counter.board.remove(CHIP)
        program.tell("show 100")
        program.expect(lost=True)
        counter.board.add(CHIP, counter.gpio)
        program.until(lambda: program.count(back=True) == 2, "it did not come back")
        until(lambda: counter.shows(100), "not painted anew")
