"""One evdev device: taken for ourselves, and read by a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import fcntl
import os
import select
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from drivers.keyboard_search import DeviceUnplugged, Looks, Match, NotAKeyboard, explain, find, looks_like
from drivers.keyboard_typist import KeysLost, Keystroke
from drivers.worker import in_thread

if TYPE_CHECKING:
    from evdev import InputDevice, InputEvent

EV_SYN, EV_KEY = 0, 1
SYN_REPORT, SYN_DROPPED = 0, 3

EVIOCSCLOCKID = 0x400445A0
"""Chooses the clock of a device's events (Linux `include/uapi/linux/input.h`); python-evdev has no name for it."""

EVIOCSMASK = 0x40104593
"""Chooses which events come at all (the same file, `struct input_mask`; since Linux 4.4)."""

ENTER_KEYS, ONE_KEYS = {28, 96}, {2, 79}
"""Enter and 1, on the main field and on the keypad: what both a scanner and a pad must be able to type."""


class KeyboardNode:
    """A keyboard, ours alone from `take` to `close`.

    node = KeyboardNode.of(Match.parse("name:ACME Scanner"))
    await node.read(take)
    """

    def __init__(self, device: InputDevice[str], what: str) -> None:
        self._device = device
        self._what = what
        self.usb = f"{device.info.vendor:04x}:{device.info.product:04x}"
        """Its vendor and product, as in "1234:abcd"."""

    @classmethod
    def of(cls, match: Match) -> KeyboardNode:
        """The device that the settings describe; raises what `find` raises, DeviceBusy, DeviceForbidden or NotAKeyboard."""
        problem: Exception = NotAKeyboard(
            f"{match} has no keys for numbers: set it to its keyboard mode (HID keyboard), as its manual shows"
        )
        for path in find(match):
            try:
                node = cls._take(path, str(match), lambda keys: bool(keys & ENTER_KEYS and keys & ONE_KEYS))
            except OSError as error:
                problem = explain(error, path, match)
            else:
                if node:
                    return node
        raise problem

    @classmethod
    def if_it_looks_like(cls, looks: Looks, path: str) -> KeyboardNode | None:
        """The device at a path, if it looks so; None if it does not. Raises OSError."""
        return cls._take(path, path, lambda keys: looks_like(keys) is looks)

    @classmethod
    def _take(cls, path: str, what: str, fits: Callable[[set[int]], bool]) -> KeyboardNode | None:
        from evdev import InputDevice

        device = InputDevice(path)
        try:
            if not fits(set(device.capabilities().get(EV_KEY, ()))):
                device.close()
                return None
            device.grab()
            _keys_alone(device.fd)
            # Keys are timed by the kernel, so that a busy daemon does not see pauses where there were none. Wall-clock time,
            # which a device has otherwise, would do until somebody sets the clock.
            with contextlib.suppress(OSError):
                fcntl.ioctl(device.fd, EVIOCSCLOCKID, struct.pack("i", time.CLOCK_MONOTONIC))
        except OSError:
            device.close()
            raise
        return cls(device, what)

    async def read(self, take: Callable[[list[Keystroke | KeysLost]], None]) -> None:
        """Hands over what is typed, as it comes, until cancelled; raises DeviceUnplugged, and what `take` raises.

        A thread empties the kernel's queue, for that is short and the loop may have other work for longer than a number takes
        to be typed. `take` is called in the loop, and before any timer that has run out in the meantime: what was typed in
        time is seen in time.
        """
        loop, bell = asyncio.get_running_loop(), os.eventfd(0, os.EFD_CLOEXEC)
        problems: list[Exception] = []

        def ring() -> None:
            os.eventfd_write(bell, 1)

        def hand(strokes: list[Keystroke | KeysLost]) -> None:
            try:
                take(strokes)
            except Exception as problem:
                problems.append(problem)
                ring()

        def empty(stop: threading.Event) -> None:
            for strokes in self._typed(bell):
                if stop.is_set():
                    return
                loop.call_soon_threadsafe(hand, strokes)

        try:
            await in_thread(f"{self._what} keys", empty, wake=ring)
        except OSError as error:
            raise DeviceUnplugged(f"{self._what} was unplugged ({error.strerror}): plug it in again") from error
        finally:
            os.close(bell)
        if problems:
            raise problems[0]

    def _typed(self, bell: int) -> Iterator[list[Keystroke | KeysLost]]:
        """What is typed, until the bell rings. Blocks; raises OSError once the device is gone."""
        waiting, dropping = select.poll(), False
        for file in (bell, self._device.fd):
            waiting.register(file, select.POLLIN)
        while bell not in (file for file, _ in waiting.poll()):
            try:
                events = list(self._device.read())
            except BlockingIOError:
                continue
            if not events:  # the end of the file: never of a live device
                raise OSError(errno.ENODEV, "No such device")
            strokes, dropping = _strokes(events, dropping)
            if strokes:
                yield strokes

    def close(self) -> None:
        """Lets go of it."""
        with contextlib.suppress(OSError):
            self._device.close()


def _keys_alone(file: int) -> None:
    """Has the kernel leave out what is not a key.

    It keeps 64 events for a thread that waits for its turn (`drivers/input/evdev.c`, EVDEV_MIN_BUFFER_SIZE). A key is two
    reports, each of three events with its scan code and of two without. So sixteen keys wait for us and not ten.
    """
    types = ctypes.c_uint64(1 << EV_KEY)
    with contextlib.suppress(OSError):
        fcntl.ioctl(file, EVIOCSMASK, struct.pack("IIQ", EV_SYN, ctypes.sizeof(types), ctypes.addressof(types)))


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
