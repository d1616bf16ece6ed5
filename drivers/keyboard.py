"""Barcode scanners and number pads: USB (or radio) keyboards, read through evdev and kept from everybody else.

A scanner types what it reads and presses Enter. It must be in its keyboard mode ("HID keyboard", the factory's setting) with
the US layout. See `docs/devices/scanner-and-pad.md`.

    scanner = Scanner("scanner", Match.parse("name:ACME Scanner"), clock)
    await supervise(scanner, emit, clock=clock)
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import struct
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from drivers.events import CardSeen, CardTrouble, Emit, Form, Medium, PadKey, Picture, Trouble
from drivers.keyboard_decoding import SCAN_PAUSE_MS, PadDecoder, ScanDecoder
from drivers.keyboard_layouts import US, KeysLost, Keystroke, Layout
from drivers.keyboard_search import DeviceUnplugged, Match, NotAKeyboard, explain, find

if TYPE_CHECKING:
    from evdev import InputDevice, InputEvent

EV_SYN, EV_KEY = 0, 1
SYN_REPORT, SYN_DROPPED = 0, 3

EVIOCSCLOCKID = 0x400445A0
"""Chooses the clock of a device's events (Linux `include/uapi/linux/input.h`); python-evdev has no name for it."""

ENTER_KEYS, ONE_KEYS = {28, 96}, {2, 79}
"""Enter and 1, on the main field and on the keypad: what both a scanner and a pad must be able to type."""


class Scanner:
    """A barcode scanner; also any other reader that types like one (125 kHz fobs, magnetic stripes).

    Args:
        name: what the settings call it.
        match: how to find it.
        clock: monotonic milliseconds.
        layout: the keyboard layout that the scanner is set to.

    Emits `CardSeen` with the characters of a scan, `CardTrouble` for one that is too long or was cut short.
    """

    def __init__(self, name: str, match: Match, clock: Callable[[], int], layout: Layout = US) -> None:
        self.name = name
        self._node = _InputNode(match)
        self._clock = clock
        self._layout = layout

    async def open(self) -> None:
        """Finds the scanner and takes it; raises what `find` raises, DeviceBusy, DeviceForbidden or NotAKeyboard."""
        self._node.open()

    async def run(self, emit: Emit) -> None:
        """Reads until cancelled; raises DeviceUnplugged."""
        loop, decoder = asyncio.get_running_loop(), ScanDecoder(self._layout)
        silence: asyncio.TimerHandle | None = None

        def say(scan: str | Trouble | None) -> None:
            if isinstance(scan, str):
                emit(CardSeen(self.name, Medium.BARCODE, Form.NUMBER, scan, self._clock()))
            elif scan is not None:
                emit(CardTrouble(self.name, Medium.BARCODE, scan, self._clock()))

        def take(strokes: list[Keystroke | KeysLost]) -> None:
            nonlocal silence
            if silence:
                silence.cancel()
            for stroke in strokes:
                if isinstance(stroke, Keystroke):
                    say(decoder.key(stroke))
                else:
                    decoder.lost(stroke.at)
            silence = loop.call_later(SCAN_PAUSE_MS / 1000, lambda: say(decoder.pause())) if decoder.waiting else None

        try:
            await self._node.read(take)
        finally:
            if silence:
                silence.cancel()

    async def close(self) -> None:
        """Lets go of the scanner."""
        self._node.close()


class NumberPad:
    """A USB number pad.

    Args:
        name: what the settings call it.
        match: how to find it.
        clock: monotonic milliseconds.
        picture: the number of the picture on the panel, which goes with each key.

    Emits a `PadKey` for each press.
    """

    def __init__(self, name: str, match: Match, clock: Callable[[], int], picture: Picture, layout: Layout = US) -> None:
        self.name = name
        self._node = _InputNode(match)
        self._clock = clock
        self._picture = picture
        self._layout = layout

    async def open(self) -> None:
        """Finds the pad and takes it; raises what `find` raises, DeviceBusy, DeviceForbidden or NotAKeyboard."""
        self._node.open()

    async def run(self, emit: Emit) -> None:
        """Reads until cancelled; raises DeviceUnplugged."""
        decoder = PadDecoder(self._layout)

        def take(strokes: list[Keystroke | KeysLost]) -> None:
            for stroke in strokes:
                if isinstance(stroke, KeysLost):
                    decoder.lost()
                elif key := decoder.key(stroke):
                    emit(PadKey(self.name, key, self._picture(), self._clock()))

        await self._node.read(take)

    async def close(self) -> None:
        """Lets go of the pad."""
        self._node.close()


class _InputNode:
    """One evdev device: found, grabbed, and read in batches."""

    def __init__(self, match: Match) -> None:
        self._match = match
        self._device: InputDevice[str] | None = None

    def open(self) -> None:
        problem: Exception = NotAKeyboard(
            f"{self._match} has no keys for numbers: set it to its keyboard mode (HID keyboard), as its manual shows"
        )
        for path in find(self._match):
            try:
                self._device = self._take(path)
            except OSError as error:
                problem = explain(error, path, self._match)
            if self._device:
                return
        raise problem

    def _take(self, path: str) -> InputDevice[str] | None:
        """The device, ours alone; None if it is not the one with the keys."""
        from evdev import InputDevice

        device = InputDevice(path)
        try:
            keys = set(device.capabilities().get(EV_KEY, ()))
            if not (keys & ENTER_KEYS and keys & ONE_KEYS):
                device.close()
                return None
            device.grab()
            # Keys are timed by the kernel, so that a busy daemon does not see pauses where there were none. Wall-clock time,
            # which a device has otherwise, would do until somebody sets the clock.
            with contextlib.suppress(OSError):
                fcntl.ioctl(device.fd, EVIOCSCLOCKID, struct.pack("i", time.CLOCK_MONOTONIC))
        except OSError:
            device.close()
            raise
        return device

    async def read(self, take: Callable[[list[Keystroke | KeysLost]], None]) -> None:
        """Hands over what is typed, as it comes, until cancelled; raises DeviceUnplugged.

        The device is read in the loop's own callback, not by a task that it wakes: after a delay the loop serves it before
        any timer that has run out, so what was typed in time is seen in time.
        """
        device, loop = self._opened(), asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        dropping = False

        def readable() -> None:
            nonlocal dropping
            try:
                events = list(device.read())
                if not events:  # the end of the file: never of a live device
                    raise OSError(errno.ENODEV, "No such device")
                strokes, dropping = _strokes(events, dropping)
                if strokes:
                    take(strokes)
            except BlockingIOError:
                return
            except Exception as error:
                loop.remove_reader(device.fd)
                if not ended.done():
                    ended.set_exception(error)

        loop.add_reader(device.fd, readable)
        try:
            await ended
        except OSError as error:
            raise DeviceUnplugged(f"{self._match} was unplugged ({error.strerror}): plug it in again") from error
        finally:
            loop.remove_reader(device.fd)

    def _opened(self) -> InputDevice[str]:
        if self._device is None:
            raise RuntimeError("open() first")
        return self._device

    def close(self) -> None:
        if self._device:
            with contextlib.suppress(OSError):
                self._device.close()
            self._device = None


def _strokes(events: Iterable[InputEvent], dropping: bool) -> tuple[list[Keystroke | KeysLost], bool]:
    """The keystrokes in a batch of events; `dropping` says whether it begins, and ends, inside what was lost.

    What follows a SYN_DROPPED is to be ignored up to and including the next SYN_REPORT (`Documentation/input/event-codes.rst`).
    """
    strokes: list[Keystroke | KeysLost] = []
    for event in events:
        at = event.sec * 1000 + event.usec // 1000
        if event.type == EV_SYN:
            if event.code == SYN_DROPPED:
                strokes.append(KeysLost(at))
            dropping = event.code == SYN_DROPPED or (dropping and event.code != SYN_REPORT)
        elif event.type == EV_KEY and not dropping:
            strokes.append(Keystroke(event.code, event.value, at))
    return strokes, dropping
