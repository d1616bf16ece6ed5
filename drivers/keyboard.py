"""Barcode scanners and number pads: USB (or radio) keyboards, read through evdev and kept from everybody else.

A scanner types what it reads and presses Enter. It must be in its keyboard mode ("HID keyboard", the factory's setting). See
`docs/devices/scanner-and-pad.md`; for "every scanner", whichever are plugged in, see `every_keyboard`.

    scanner = Scanner("scanner", Match.parse("name:ACME Scanner"), clock)
    await supervise(scanner, emit, clock=clock)
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.events import Emit, Picture
from drivers.keyboard_decoding import PadDecoder, ScanDecoder
from drivers.keyboard_layouts import US, Layout
from drivers.keyboard_node import KeyboardNode
from drivers.keyboard_reading import Lessons, Manner, NoLessons, Voice, listen
from drivers.keyboard_search import Match


class Scanner:
    """A barcode scanner; also any other reader that types like one (125 kHz fobs, magnetic stripes).

    Args:
        name: what the settings call it.
        match: how to find it.
        clock: monotonic milliseconds.
        manner: how it types: layout, prefix and suffix, and what kind of reader it is.
        lessons: where its layout is kept when it reads the calibration code; what it taught goes before the manner's layout.

    Emits `CardSeen` with the characters of a scan, `CardTrouble` for one that is too long, was cut short, or is the stripe of a
    payment card, `ScannerTaught` for the calibration code.
    """

    def __init__(
        self,
        name: str,
        match: Match,
        clock: Callable[[], int],
        manner: Manner = Manner(),  # noqa: B008  frozen
        lessons: Lessons = NoLessons(),  # noqa: B008  keeps nothing
    ) -> None:
        self.name = name
        self._match, self._clock, self._manner, self._lessons = match, clock, manner, lessons
        self._node: KeyboardNode | None = None
        self._ends_with_key = False
        """Known of it also after it was pulled out and put back: its first scan may be cut short like any other."""

    async def open(self) -> None:
        """Finds the scanner and takes it; raises what `find` raises, DeviceBusy, DeviceForbidden or NotAKeyboard."""
        self._node = KeyboardNode.of(self._match)

    async def run(self, emit: Emit) -> None:
        """Reads until cancelled; raises DeviceUnplugged."""
        node, manner = _opened(self._node), self._manner
        lesson = self._lessons.recall(node.usb)
        layout, capitals = (lesson.layout, lesson.capitals) if lesson else (manner.layout, manner.capitals)
        voice = Voice(self.name, node.usb, manner, emit, clock=self._clock, picture=_no_picture, lessons=self._lessons)
        decoder = ScanDecoder(layout, capitals=capitals, ends_with_key=self._ends_with_key)
        try:
            await listen(node, decoder, voice)
        finally:
            self._ends_with_key = decoder.ends_with_key

    async def close(self) -> None:
        """Lets go of the scanner."""
        if self._node:
            self._node.close()
            self._node = None


class NumberPad:
    """A USB number pad.

    Args:
        name: what the settings call it.
        match: how to find it.
        clock: monotonic milliseconds.
        picture: the number of the picture on the panel, which goes with each key.
        layout: the layout of its keys beside the keypad.

    Emits a `PadKey` for each press.
    """

    def __init__(self, name: str, match: Match, clock: Callable[[], int], picture: Picture, layout: Layout = US) -> None:
        self.name = name
        self._match, self._clock, self._picture, self._layout = match, clock, picture, layout
        self._node: KeyboardNode | None = None

    async def open(self) -> None:
        """Finds the pad and takes it; raises what `find` raises, DeviceBusy, DeviceForbidden or NotAKeyboard."""
        self._node = KeyboardNode.of(self._match)

    async def run(self, emit: Emit) -> None:
        """Reads until cancelled; raises DeviceUnplugged."""
        node = _opened(self._node)
        voice = Voice(self.name, node.usb, Manner(), emit, clock=self._clock, picture=self._picture, lessons=NoLessons())
        await listen(node, PadDecoder(self._layout), voice)

    async def close(self) -> None:
        """Lets go of the pad."""
        if self._node:
            self._node.close()
            self._node = None


def _opened(node: KeyboardNode | None) -> KeyboardNode:
    if node is None:
        raise RuntimeError("open() first")
    return node


def _no_picture() -> int:
    """A scanner has no keys to press."""
    return 0
