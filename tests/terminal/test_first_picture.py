"""The first picture: what it is, what is loaded before it, and what does not hold it up or is not held up by it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from display.controllers import Size
from display.draw import draw
from display.glass import Glass
from display.layout import lay_out
from display.screens import Starting, Unpaired
from display.starting import starting
from display.words import LANGUAGES
from emulators.board import Board, build
from emulators.i2c import I2cBus
from emulators.pictures import SIZES
from emulators.program import paths
from emulators.witness import Witness
from shop import drawn, rows
from terminal import first_picture
from terminal.settings_place import named

BUS, ADDRESS = "/dev/i2c-1", 0x3C
PATIENCE = 20.0
START = bytes((0x00, 0xAE, 0xD5))
"""How luma begins to start an SSD1306."""

OURS = {
    "display",
    "display.burn_in",
    "display.changes",
    "display.controllers",
    "display.draft",
    "display.draw",
    "display.fitting",
    "display.glass",
    "display.glyphs",
    "display.letters",
    "display.lines",
    "display.oled",
    "display.page",
    "display.panel",
    "display.qr",
    "display.starting",
    "display.turns",
    "display.wire",
    "display.words",
    "loyalty",
    "loyalty.toml",
    "terminal",
    "terminal.boards",
    "terminal.first_picture",
    "terminal.glass",
    "terminal.panel_news",
    "terminal.panel_settings",
    "terminal.settings_lines",
    "terminal.settings_place",
}
LIBRARIES = {"PIL", "luma", "smbus2", "cbor2", "msgspec", "typing_extensions"}
"""luma loads cbor2 for fonts of its own, Pillow typing_extensions where it is."""
TRIED = {"Queue", "org"}
"""Names of other Pythons, which libraries ask for in vain."""
SLOW = {"asyncio", "http", "sqlite3", "ssl", "unittest", "xml"}
"""Of the standard library, what takes long to load and no panel needs."""


class Counter:
    """A terminal that starts, on an emulated bus; its panel says what it saw."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.errors, self.settings = folder, folder / "errors", folder / "terminal.toml"
        self.errors.touch()
        library, self.board = build(folder), Board(folder / "board.sock")
        self.bus, self.panel = I2cBus(), Witness(self.errors)
        self.bus.chips[ADDRESS] = self.panel
        self.board.add(BUS, self.bus)
        self.variables = paths(**self.board.environment(library))
        self.process: subprocess.Popen[bytes] | None = None

    def toml(self, extra: str = "", *, panel: str = f'controller = "ssd1306"\nport = 1\naddress = {ADDRESS}') -> None:
        """Writes the settings."""
        house = f'[terminal]\nstate = "{self.folder}/state"\n{extra}'
        self.settings.write_text(f'[cloud]\nurl = "http://127.0.0.1:9"\n{house}\n[panel]\n{panel}\n', encoding="utf-8")

    def start(self, *arguments: str, python: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        """`bodka-terminal` with these arguments."""
        words = [sys.executable, "-P", *python, "-m", "terminal", *arguments]
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(words, env=self.variables, stdout=errors, stderr=errors, cwd=self.folder)
        return self.process

    def run(self, python: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        """The daemon."""
        return self.start("run", "--settings", str(self.settings), python=python)

    def until(self, condition: Callable[[], bool]) -> None:
        limit = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < limit, self.errors.read_text()[-3000:]
            time.sleep(0.005)

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE)
        self.board.close()


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    one = Counter(tmp_path)
    yield one
    one.close()


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_the_screen_of_that_name(language: str, size: Size) -> None:
    """Which is among the golden pictures."""
    glass = Glass(*size)
    page = starting(language, glass)
    assert page == lay_out(Starting(), language, glass)
    assert draw(page).size == size


def test_it_is_on_the_glass_before_the_terminal_is_loaded(counter: Counter) -> None:
    """In the process of a shop: what Python loads is told by itself, in its order."""
    counter.toml('language = "de"')
    counter.run(python=("-X", "importtime"))
    counter.until(lambda: counter.panel.saw(rows(Unpaired(), "de")) is not None)
    first = counter.panel.seen[0]
    assert first.rows == drawn(starting("de"))
    told = counter.errors.read_bytes()[: first.written].decode().splitlines()
    modules = {line.split("|")[2].strip() for line in told if line.count("|") == 2} - {"imported package"}
    assert {name for name in modules if name.partition(".")[0] in ("display", "drivers", "loyalty", "sync", "terminal")} == OURS
    tops = {name.partition(".")[0] for name in modules}
    known = {*sys.stdlib_module_names, "display", "loyalty", "terminal", "_distutils_hack", "__main__", "sitecustomize"}
    assert tops - known - TRIED <= LIBRARIES
    assert tops & SLOW == set()


def test_the_panel_is_started_once_and_handed_over(counter: Counter) -> None:
    counter.toml()
    counter.run()
    counter.until(lambda: counter.panel.saw(rows(Unpaired())) is not None)
    assert counter.panel.seen[0].rows == drawn(starting("sk"))
    assert sum(one.data.startswith(START) for one in counter.bus.log) == 1


def test_a_mistake_in_the_settings_is_told_as_ever_and_the_glass_is_dark_afterwards(counter: Counter) -> None:
    counter.toml('languag = "sk"')
    assert counter.run().wait(PATIENCE) == 1
    assert 'terminal.toml has an unknown key "languag"' in counter.errors.read_text()
    assert "Traceback" not in counter.errors.read_text()
    assert not counter.panel.on
    assert not any(counter.panel.memory)


@pytest.mark.parametrize(
    "panel",
    [
        'controller = "ssd1306"\naddress = 0x02',
        'controller = "ssd1307"',
        'contrast = "bright"',
        "contrast = 300",
        'bus = "spi"\ndc = 400',
    ],
)
def test_a_panel_that_cannot_be_is_not_spoken_to(counter: Counter, panel: str) -> None:
    counter.toml(panel=panel)
    assert counter.run().wait(PATIENCE) == 1
    assert "terminal.toml" in counter.errors.read_text()
    assert "Traceback" not in counter.errors.read_text()
    assert not counter.bus.log


def test_whoever_asks_for_help_does_not_light_the_panel(counter: Counter) -> None:
    counter.toml()
    counter.variables["BODKA_SETTINGS"] = str(counter.settings)
    for arguments in (["run", "--help"], ["--help"], ["settings"], ["run", "--unknown"]):
        counter.start(*arguments).wait(PATIENCE)
        assert "Usage: bodka-terminal" in counter.errors.read_text() or arguments == ["settings"]
    assert not counter.bus.log


def test_a_panel_that_is_not_there_is_looked_for_until_it_comes(counter: Counter) -> None:
    counter.bus.chips.clear()
    counter.toml()
    counter.run()
    counter.until(lambda: len(counter.bus.log) > 3)
    assert {one.error for one in counter.bus.log} == {errno.EREMOTEIO}
    counter.bus.chips[ADDRESS] = counter.panel
    counter.until(lambda: counter.panel.saw(rows(Unpaired())) is not None)


def test_a_terminal_that_is_stopped_at_its_first_picture_leaves_the_glass_dark(counter: Counter) -> None:
    counter.toml()
    process = counter.run()
    counter.until(lambda: counter.panel.saw(drawn(starting("sk"))) is not None)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert "Traceback" not in counter.errors.read_text()
    assert not counter.panel.on
    assert not any(counter.panel.memory)


def test_nothing_begins_without_a_panel_of_its_own(tmp_path: Path) -> None:
    settings = tmp_path / "terminal.toml"
    for text in ("[panel]\n[virtual]\n", '[panel]\nbus = "spi"\n', '[panel]\n[terminal]\nlanguage = "fr"\n', "", "[panel"):
        settings.write_text(text)
        assert first_picture.begin(settings) is None
    assert first_picture.begin(tmp_path / "none.toml") is None


def test_the_settings_are_found_as_the_command_finds_them() -> None:
    assert named([], {}) == Path("/etc/bodka/terminal.toml")
    assert named([], {"BODKA_SETTINGS": "a"}) == Path("a")
    assert named(["--settings", "b"], {"BODKA_SETTINGS": "a"}) == named(["--settings=b"], {}) == Path("b")
    assert named(["--help"], {}) is named(["--settings", "b", "--help"], {}) is named(["--settings"], {}) is None


def test_the_command_of_the_package_is_this_program() -> None:
    command = Path(sys.executable).with_name("bodka-terminal")
    told = subprocess.run([command, "--help"], capture_output=True, text=True, check=True, env=dict(os.environ)).stdout
    assert told.startswith("Usage: bodka-terminal [OPTIONS] COMMAND")
