"""The OLED glass: real luma on the model of an SSD1306, without a bus between them."""

from __future__ import annotations

import atexit
import errno
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from display.oled import Oled, PanelForgot, PanelGone, PanelMissing
from emulators.ssd1306 import Ssd1306

# luma 3.16 clears the panel through a function that Pillow 14 takes away.
pytestmark = pytest.mark.filterwarnings("ignore:Image.Image.getdata is deprecated:DeprecationWarning")

FONT = "/usr/share/fonts/X11/misc/ter-u12n_unicode.pcf.gz"
SIZE = (128, 64)
ADDRESS_BYTE = 1


class ModelWire:
    """Luma's serial interface, speaking to the model; counts the bytes that a bus would carry."""

    def __init__(self, panel: Ssd1306) -> None:
        self.panel = panel
        self.sent = 0
        self.fault: OSError | None = None
        self.budget: int | None = None
        self.readable = True
        self.closed = 0

    def _send(self, message: bytes) -> None:
        if self.fault is not None:
            raise self.fault
        if self.budget is not None:
            self.budget -= 1
            if self.budget < 0:
                raise OSError(errno.EREMOTEIO, "pulled out")
        self.sent += ADDRESS_BYTE + len(message)
        self.panel.write(message)

    def command(self, *codes: int) -> None:
        assert len(codes) <= 32
        self._send(bytes([0x00, *codes]))

    def data(self, data: Sequence[int]) -> None:
        self._send(bytes([0x40, *data]))

    def status(self) -> int:
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


def oled(**options: bool) -> tuple[Oled, Ssd1306, ModelWire]:
    panel = Ssd1306()
    wire = ModelWire(panel)
    return Oled(connect=lambda _port, _address: wire, **options), panel, wire


def text(words: str) -> Image.Image:
    image = Image.new("1", SIZE)
    draw = ImageDraw.Draw(image)
    draw.fontmode = "1"
    draw.text((0, 18), words, font=ImageFont.truetype(FONT, 12), fill=1)
    return image


@st.composite
def images(draw: st.DrawFn) -> Image.Image:
    image = Image.new("1", SIZE, draw(st.integers(0, 1)))
    pen = ImageDraw.Draw(image)
    for _ in range(draw(st.integers(0, 4))):
        x, y = draw(st.integers(0, 127)), draw(st.integers(0, 63))
        pen.rectangle((x, y, x + draw(st.integers(0, 40)), y + draw(st.integers(0, 30))), fill=draw(st.integers(0, 1)))
    return image


def test_it_starts_dark_and_on() -> None:
    glass, panel, _ = oled()
    glass.open()
    assert panel.read(1) == b"\x00"
    assert set("".join(panel.rows())) == {"."}
    assert panel.mistakes == []
    glass.close()


@settings(deadline=None, max_examples=40)
@given(st.lists(images(), min_size=1, max_size=6), st.booleans())
def test_the_glass_shows_exactly_the_last_image(sequence: list[Image.Image], upside_down: bool) -> None:
    glass, panel, _ = oled(upside_down=upside_down)
    glass.open()
    for image in sequence:
        glass.write(image)
        wanted = image.rotate(180) if upside_down else image
        assert panel.image().tobytes() == wanted.tobytes()
    assert panel.mistakes == []
    glass.close()


def test_bytes_on_the_bus() -> None:
    glass, _, wire = oled()
    glass.open()
    spent = {}
    for name, words in (("first", "Body: 1 245"), ("same", "Body: 1 245"), ("digit", "Body: 1 246"), ("number", "Body: 9 999")):
        wire.sent = 0
        glass.write(text(words))
        spent[name] = wire.sent
    wire.sent = 0
    whole = Image.new("1", SIZE, 1)
    glass.write(whole)
    spent["whole"] = wire.sent
    wire.sent = 0
    glass.check()
    spent["check"] = wire.sent
    print("bytes on the bus:", spent)
    assert spent["same"] == 0
    assert 0 < spent["digit"] <= 40
    assert spent["number"] <= 90
    assert spent["whole"] <= 1034
    assert spent["check"] <= 3
    glass.close()


def test_a_panel_without_power_for_a_moment_is_noticed() -> None:
    glass, panel, _ = oled()
    glass.open()
    glass.write(text("Dobrý deň"))
    glass.check()
    panel.power_on()
    with pytest.raises(PanelForgot, match="check its plug"):
        glass.check()
    glass.close()
    glass.open()
    glass.write(text("Dobrý deň"))
    assert panel.image().tobytes() == text("Dobrý deň").tobytes()


@pytest.mark.parametrize("readable", [False, True])
def test_a_module_that_cannot_be_read_is_looked_at_by_writing(readable: bool) -> None:
    glass, panel, wire = oled()
    wire.readable = readable
    if readable:
        panel.read = lambda count: b"\xff" * count  # type: ignore[method-assign]  # nobody drives the line
    glass.open()
    glass.check()
    wire.fault = OSError(errno.ENXIO, "gone")
    with pytest.raises(PanelGone, match="gone"):
        glass.check()


@settings(deadline=None, max_examples=40)
@given(images(), images(), st.integers(0, 20))
def test_after_a_write_that_broke_off_everything_is_painted_anew(first: Image.Image, second: Image.Image, budget: int) -> None:
    glass, panel, wire = oled()
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


def test_it_ends_dark() -> None:
    glass, panel, wire = oled()
    glass.open()
    glass.write(text("Jana K."))
    glass.close()
    assert panel.read(1) == b"\x40"
    assert not any(panel.memory)
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


def test_trying_in_vain_leavesexit_handlers_behind(exit_handlers: list[Callable[[], None]]) -> None:
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
