"""The OLED glass: real luma on the model of each controller, without a bus between them."""

from __future__ import annotations

import atexit
import errno
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from display.controllers import CONTROLLERS, I2C, SPI, Size
from display.oled import REFRESH_SECONDS, Oled, PanelForgot, PanelGone, PanelMissing, Place
from emulators.sh1106 import Sh1106
from emulators.ssd1306 import Ssd1306, Ssd1309
from emulators.ssd1322 import Ssd1322

# luma 3.16 clears the panel through a function that Pillow 14 takes away.
pytestmark = pytest.mark.filterwarnings("ignore:Image.Image.getdata is deprecated:DeprecationWarning")

FONT = "/usr/share/fonts/X11/misc/ter-u12n_unicode.pcf.gz"
SIZE = (128, 64)
ADDRESS_BYTE = 1

Model: TypeAlias = Ssd1306 | Sh1106 | Ssd1322


class ModelWire:
    """Luma's serial interface, speaking to the model; counts the bytes that a bus would carry."""

    def __init__(self, panel: Model, bus: str) -> None:
        self.panel, self.bus = panel, bus
        self.sent = 0
        self.fault: OSError | None = None
        self.budget: int | None = None
        self.readable = True
        self.closed = 0

    def _send(self, message: bytes, *, data: bool) -> None:
        if self.fault is not None:
            raise self.fault
        if self.budget is not None:
            self.budget -= 1
            if self.budget < 0:
                raise OSError(errno.EREMOTEIO, "pulled out")
        if self.bus == SPI:
            self.sent += len(message)
            self.panel.spi(message, data=data)
        else:
            self.sent += ADDRESS_BYTE + 1 + len(message)
            self.panel.write(bytes([0x40 if data else 0x00]) + message)

    def command(self, *codes: int) -> None:
        assert len(codes) <= 32
        self._send(bytes(codes), data=False)

    def data(self, data: Sequence[int]) -> None:
        self._send(bytes(data), data=True)

    def present(self) -> None:
        if self.bus == I2C:
            self.command(0xE3)

    def status(self) -> int | None:
        if self.bus == SPI:
            return None
        if self.fault is not None:
            raise self.fault
        if not self.readable:
            raise OSError(errno.EREMOTEIO, "does not answer a read")
        self.sent += ADDRESS_BYTE + 1
        return self.panel.read(1)[0]

    def cleanup(self) -> None:
        self.closed += 1


@pytest.fixture(autouse=True)
def exit_handlers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[], None]]]:
    """luma registers one for each device; here they are collected, to be run by the test that is about them."""
    handlers: list[Callable[[], None]] = []
    monkeypatch.setattr(atexit, "register", handlers.append)
    yield handlers
    for handler in handlers:
        handler()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Kind:
    """A controller on a bus, its glass, and what its data sheet does not know of what luma says to it."""

    controller: str
    size: Size
    bus: str
    make: Callable[[], Model]
    unknown: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.controller} {self.size[0]}x{self.size[1]} {self.bus}"


UNKNOWN_SH1106 = ("command 20h", "command 8Dh")
"""luma starts an SH1106 with two commands of the SSD1306, and is heard: what follows them changes nothing to be seen."""

KINDS = [
    *(Kind("ssd1306", (128, 64), bus, Ssd1306) for bus in (I2C, SPI)),
    *(Kind("ssd1306", (128, 32), bus, lambda: Ssd1306(32)) for bus in (I2C, SPI)),
    *(Kind("ssd1309", (128, 64), bus, Ssd1309, ("command 8Dh",)) for bus in (I2C, SPI)),
    *(Kind("sh1106", (128, 64), bus, Sh1106, UNKNOWN_SH1106) for bus in (I2C, SPI)),
    Kind("ssd1322", (256, 64), SPI, Ssd1322),
]
USUAL = KINDS[0]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


def oled(kind: Kind = USUAL, **options: Any) -> tuple[Oled, Any, ModelWire]:
    panel = kind.make()
    wire = ModelWire(panel, kind.bus)
    place = Place("0x3c of /dev/i2c-1", "try i2cdetect", lambda: wire)
    return Oled(place, kind.controller, kind.size, **options), panel, wire


def text(words: str, size: Size = SIZE) -> Image.Image:
    image = Image.new("1", size)
    draw = ImageDraw.Draw(image)
    draw.fontmode = "1"
    draw.text((0, 18), words, font=ImageFont.truetype(FONT, 12), fill=1)
    return image


@st.composite
def images(draw: st.DrawFn, size: Size = SIZE) -> Image.Image:
    image = Image.new("1", size, draw(st.integers(0, 1)))
    pen = ImageDraw.Draw(image)
    for _ in range(draw(st.integers(0, 4))):
        x, y = draw(st.integers(0, size[0] - 1)), draw(st.integers(0, size[1] - 1))
        pen.rectangle((x, y, x + draw(st.integers(0, 40)), y + draw(st.integers(0, 30))), fill=draw(st.integers(0, 1)))
    return image


def test_every_controller_and_size_is_tried() -> None:
    tried = {(kind.controller, kind.size, kind.bus) for kind in KINDS}
    assert tried == {(one.name, size, bus) for one in CONTROLLERS.values() for size in one.sizes for bus in one.buses}


@every_kind
def test_it_starts_dark_and_on(kind: Kind) -> None:
    glass, panel, _ = oled(kind)
    glass.open()
    assert panel.on
    assert panel.image().getbbox() is None
    assert sorted(panel.mistakes) == list(kind.unknown)
    glass.close()


@every_kind
@settings(deadline=None, max_examples=25)
@given(data=st.data(), upside_down=st.booleans())
def test_the_glass_shows_exactly_the_last_image(kind: Kind, data: st.DataObject, upside_down: bool) -> None:
    glass, panel, _ = oled(kind, upside_down=upside_down)
    glass.open()
    for image in data.draw(st.lists(images(kind.size), min_size=1, max_size=6)):
        glass.write(image)
        wanted = image.rotate(180) if upside_down else image
        assert panel.image().tobytes() == wanted.tobytes()
    assert sorted(panel.mistakes) == list(kind.unknown)
    glass.close()


@every_kind
def test_only_its_own_kind_of_image(kind: Kind) -> None:
    glass, _, _ = oled(kind)
    glass.open()
    width, height = kind.size
    for image in (Image.new("L", kind.size), Image.new("1", (width, height - 8))):
        with pytest.raises(ValueError, match=f"1-bit images of {width} x {height}"):
            glass.write(image)
    glass.close()


@every_kind
def test_it_is_as_bright_as_it_is_set_and_can_be_dimmed(kind: Kind) -> None:
    glass, panel, _ = oled(kind, contrast=150)
    glass.open()
    assert panel.contrast == 150
    glass.dim(16)
    assert panel.contrast == 16
    glass.dim(None)
    assert panel.contrast == 150
    glass.close()


DIGIT = {"ssd1306": 20, "ssd1309": 20, "sh1106": 24, "ssd1322": 40}
WHOLE = {
    ("ssd1306", (128, 64)): 1034,
    ("ssd1306", (128, 32)): 522,
    ("ssd1309", (128, 64)): 1034,
    ("sh1106", (128, 64)): 1080,
    ("ssd1322", (256, 64)): 8199,
}


@every_kind
def test_bytes_on_the_bus(kind: Kind) -> None:
    glass, _, wire = oled(kind)
    glass.open()
    spent = {}
    for name, words in (("first", "Body: 1 245"), ("same", "Body: 1 245"), ("digit", "Body: 1 246"), ("number", "Body: 9 999")):
        wire.sent = 0
        glass.write(text(words, kind.size))
        spent[name] = wire.sent
    wire.sent = 0
    glass.write(Image.new("1", kind.size, 1))
    spent["whole"] = wire.sent
    wire.sent = 0
    glass.check()
    spent["check"] = wire.sent
    print(kind, "bytes on the bus:", spent)
    assert spent["same"] == 0
    assert 0 < spent["digit"] <= DIGIT[kind.controller]
    assert spent["whole"] <= WHOLE[kind.controller, kind.size]
    assert spent["check"] <= 3
    glass.close()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.bus == I2C], ids=str)
def test_a_panel_without_power_for_a_moment_is_noticed(kind: Kind) -> None:
    image = text("Dobrý deň", kind.size)
    glass, panel, _ = oled(kind)
    glass.open()
    glass.write(image)
    glass.check()
    panel.power_on()
    with pytest.raises(PanelForgot, match="check its plug"):
        glass.check()
    glass.close()
    glass.open()
    glass.write(image)
    assert panel.image().tobytes() == image.tobytes()


@every_kind
def test_a_panel_that_cannot_tell_is_started_anew_unseen(kind: Kind) -> None:
    image, clock = text("Dobrý deň", kind.size), Clock()
    glass, panel, wire = oled(kind, clock=clock)
    wire.readable = False
    glass.open()
    glass.write(image)
    glass.dim(16)
    panel.power_on()
    clock.now += REFRESH_SECONDS - 1
    glass.check()
    assert not panel.on
    clock.now += 1
    glass.check()
    assert panel.image().tobytes() == image.tobytes()
    assert panel.contrast == 16
    wire.sent = 0
    glass.write(image)
    assert wire.sent == 0
    glass.close()


@pytest.mark.parametrize("readable", [False, True])
def test_a_module_that_cannot_be_read_is_looked_at_by_writing(readable: bool) -> None:
    glass, panel, wire = oled()
    wire.readable = readable
    if readable:
        panel.read = lambda count: b"\xff" * count  # nobody drives the line
    glass.open()
    glass.check()
    wire.fault = OSError(errno.ENXIO, "gone")
    with pytest.raises(PanelGone, match="gone"):
        glass.check()


@every_kind
@settings(deadline=None, max_examples=25)
@given(data=st.data(), budget=st.integers(0, 20))
def test_after_a_write_that_broke_off_everything_is_painted_anew(kind: Kind, data: st.DataObject, budget: int) -> None:
    first, second = data.draw(images(kind.size)), data.draw(images(kind.size))
    glass, panel, wire = oled(kind)
    glass.open()
    glass.write(first)
    wire.budget = budget
    try:
        glass.write(second)
    except PanelGone:
        glass.close()
        wire.budget = None
        panel.power_on()
        glass.open()
        glass.write(second)
    assert panel.image().tobytes() == second.tobytes()


@every_kind
def test_it_ends_dark(kind: Kind) -> None:
    glass, panel, wire = oled(kind)
    glass.open()
    glass.write(text("Jana K.", kind.size))
    glass.close()
    assert not panel.on
    panel.on = True
    assert panel.image().getbbox() is None  # nothing is left in its memory
    assert wire.closed == 1
    glass.close()


def test_a_lost_panel_is_let_go_without_a_word(exit_handlers: list[Callable[[], None]]) -> None:
    glass, _, wire = oled()
    glass.open()
    wire.fault = OSError(errno.EIO, "gone")
    with pytest.raises(PanelGone, match="gone"):
        glass.write(text("x"))
    glass.close()
    wire.fault, before = None, wire.sent
    for handler in exit_handlers:
        handler()
    assert wire.sent == before  # luma's exit handler has nothing to say either


def test_trying_in_vain_leaves_no_exit_handlers_behind(exit_handlers: list[Callable[[], None]]) -> None:
    glass, _, wire = oled()
    wire.fault = OSError(errno.EREMOTEIO, "nobody there")
    for _ in range(3):
        with pytest.raises(PanelMissing, match=r"nobody there.*i2cdetect"):
            glass.open()
        glass.close()
    assert exit_handlers == []
    assert wire.closed == 3


def test_nothing_is_written_to_a_panel_that_is_not_open() -> None:
    glass, _, _ = oled()
    for act in (lambda: glass.write(text("x")), glass.check):
        with pytest.raises(PanelGone, match="not open"):
            act()
