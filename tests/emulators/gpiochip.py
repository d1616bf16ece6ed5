"""A GPIO chip as the kernel shows it: version 2 of the character device's interface.

Written after linux/gpio.h (structures gpiochip_info and gpio_v2_*, requests GPIO_GET_CHIPINFO_IOCTL and GPIO_V2_*_IOCTL) and
the kernel's Documentation/userspace-api/gpio/ ("gpio-v2-get-line-ioctl" and its neighbours), which give the errors: EBUSY
for a line in use, EINVAL for offsets, flags or attributes that make no sense, EPERM for setting the values of an input.
Version 1 requests answer EINVAL, as a kernel built without CONFIG_GPIO_CDEV_V1 does.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import socket
import struct
import threading
import time
from collections.abc import Iterable
from ctypes import c_char, c_int32, c_uint32, c_uint64
from typing import NamedTuple

CHIP_INFO, LINE_INFO, GET_LINE, SET_CONFIG, GET_VALUES, SET_VALUES = 0x01, 0x05, 0x07, 0x0D, 0x0E, 0x0F
"""The numbers (_IOC_NR) of the requests; their type is 0xB4."""

USED, ACTIVE_LOW, INPUT, OUTPUT, RISING, FALLING = 1, 2, 4, 8, 16, 32
PULL_UP, PULL_DOWN, NO_PULL, REALTIME = 256, 512, 1024, 2048
"""GPIO_V2_LINE_FLAG_*: the bits of enum gpio_v2_line_flag."""

KNOWN_FLAGS = 0x1FFE
"""Every flag that a program may ask for (USED is the kernel's own to say)."""

FLAGS, OUTPUT_VALUES, DEBOUNCE = 1, 2, 3
"""GPIO_V2_LINE_ATTR_ID_*."""

RISING_EDGE, FALLING_EDGE = 1, 2
"""GPIO_V2_LINE_EVENT_*."""

EVENT = struct.Struct("<Q4I24x")
"""struct gpio_v2_line_event: timestamp_ns, id, offset, seqno, line_seqno, padding."""


class ChipInfo(ctypes.Structure):
    _fields_ = (("name", c_char * 32), ("label", c_char * 32), ("lines", c_uint32))


class Attribute(ctypes.Structure):
    _fields_ = (("id", c_uint32), ("padding", c_uint32), ("value", c_uint64))


class ConfigAttribute(ctypes.Structure):
    _fields_ = (("attr", Attribute), ("mask", c_uint64))


class LineConfig(ctypes.Structure):
    _fields_ = (("flags", c_uint64), ("num_attrs", c_uint32), ("padding", c_uint32 * 5), ("attrs", ConfigAttribute * 10))

    def flags_of(self, index: int) -> int:
        """The flags of the line at this index of the request: its own if it has some, else those of all."""
        for item in self.attrs[: self.num_attrs]:
            if item.attr.id == FLAGS and item.mask >> index & 1:
                return int(item.attr.value)
        return int(self.flags)

    def output_of(self, index: int) -> int:
        """The first level of an output: 0 where none is given."""
        for item in self.attrs[: self.num_attrs]:
            if item.attr.id == OUTPUT_VALUES and item.mask >> index & 1:
                return int(item.attr.value >> index & 1)
        return 0


class LineRequest(ctypes.Structure):
    _fields_ = (
        ("offsets", c_uint32 * 64),
        ("consumer", c_char * 32),
        ("config", LineConfig),
        ("num_lines", c_uint32),
        ("event_buffer_size", c_uint32),
        ("padding", c_uint32 * 5),
        ("fd", c_int32),
    )


class LineValues(ctypes.Structure):
    _fields_ = (("bits", c_uint64), ("mask", c_uint64))


class LineInfo(ctypes.Structure):
    _fields_ = (
        ("name", c_char * 32),
        ("consumer", c_char * 32),
        ("offset", c_uint32),
        ("num_attrs", c_uint32),
        ("flags", c_uint64),
        ("attrs", Attribute * 10),
        ("padding", c_uint32 * 4),
    )


class Put(NamedTuple):
    """A program set an output: when (monotonic seconds), which line, to what."""

    at: float
    line: int
    level: int


class Request(NamedTuple):
    """The state of a line descriptor: the lines it holds, in their order."""

    lines: tuple[int, ...]


class Line:
    """One pin: `level` is what a meter on it would show."""

    def __init__(self) -> None:
        self.level = 0
        self.driven: int | None = None
        self.flags = 0
        self.consumer = b""
        self.channel: socket.socket | None = None
        self.sequence = 0

    def in_use(self) -> bool:
        """A program that has closed its end has let go at once, even if the thread that watches it has not run yet."""
        if self.channel is None:
            return False
        try:
            return bool(self.channel.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def settle(self) -> None:
        """The level of a pin that is no output: what the outside drives, else the pull."""
        if not self.flags & OUTPUT:
            self.level = self.driven if self.driven is not None else int(bool(self.flags & PULL_UP))


class GpioChip:
    """54 lines behind the label of a Pi 4. `drive` and `bounce` are the outside world; `log` is what programs put out."""

    def __init__(self, label: str = "pinctrl-bcm2711", lines: int = 54) -> None:
        self.label = label
        self.lines = [Line() for _ in range(lines)]
        self.log: list[Put] = []
        self.lock = threading.RLock()
        self._sequence = 0
        self._wall_ahead = time.time_ns() - time.monotonic_ns()  # once: between two readings this machine may have other work

    # ---- the outside world ----

    def drive(self, number: int, level: int | None) -> None:
        """Pulls a pin to a level, or lets go of it (None)."""
        with self.lock:
            self._turn(number, level, time.time_ns())

    def bounce(self, number: int, level: int | None, *, times: int = 4, gap: float = 0.0005) -> None:
        """Drives a pin as a bad contact does: `times` false starts, `gap` seconds apart, then the level for good.

        A contact is never late: the edges bear the times they are due at, and nobody reads the pin between them, however long
        this machine lets the emulator wait.
        """
        with self.lock:
            rest, now = self.lines[number].driven, time.time_ns()
            for turn in range(2 * times):
                self._turn(number, rest if turn % 2 else level, now + int(turn * gap * 1e9))
                time.sleep(gap)
            self._turn(number, level, now + int(2 * times * gap * 1e9))

    def pulse(self, number: int, level: int, nanoseconds: int = 5_000) -> None:
        """A disturbance: both edges are there before anybody can look."""
        with self.lock:
            line, now = self.lines[number], time.time_ns()
            before = line.level
            for moment, line.level in ((now, level), (now + nanoseconds, before)):
                self._edge(number, line, moment)

    def levels(self, *numbers: int) -> tuple[int, ...]:
        """What a meter shows on these pins."""
        with self.lock:
            return tuple(self.lines[number].level for number in numbers)

    def _turn(self, number: int, level: int | None, wall_clock: int) -> None:
        line = self.lines[number]
        before, line.driven = line.level, level
        line.settle()
        if line.level != before:
            self._edge(number, line, wall_clock)

    def _edge(self, number: int, line: Line, wall_clock: int) -> None:
        if line.channel is None or not line.flags & (RISING if line.level else FALLING):
            return
        clock = wall_clock if line.flags & REALTIME else wall_clock - self._wall_ahead
        self._sequence += 1
        line.sequence += 1
        kind = RISING_EDGE if line.level else FALLING_EDGE
        with contextlib.suppress(OSError):  # a full or closed descriptor loses events in the kernel too
            line.channel.send(EVENT.pack(clock, kind, number, self._sequence, line.sequence), socket.MSG_DONTWAIT)

    # ---- the kernel ----

    def open(self) -> None:
        return None

    def opened(self, state: Request | None, channel: socket.socket) -> None:
        for number in state.lines if state else ():
            self.lines[number].channel = channel

    def released(self, state: Request | None, channel: socket.socket) -> None:
        with self.lock:
            for number in state.lines if state else ():
                line = self.lines[number]
                if line.channel is channel:  # not if another program has asked for it meanwhile
                    line.channel, line.flags, line.consumer = None, 0, b""
                    line.settle()

    def ioctl(self, state: Request | None, request: int, payload: bytes) -> tuple[bytes, Request | None]:
        kind = request & 0xFF
        with self.lock:
            if state is None:
                return self._ask_chip(kind, payload)
            return self._ask_lines(state.lines, kind, payload), None

    def _ask_chip(self, kind: int, payload: bytes) -> tuple[bytes, Request | None]:
        if kind == CHIP_INFO:
            return bytes(ChipInfo(b"gpiochip0", self.label.encode(), len(self.lines))), None
        if kind == LINE_INFO:
            return self._line_info(LineInfo.from_buffer_copy(payload)), None
        if kind == GET_LINE:
            return payload, self._request(LineRequest.from_buffer_copy(payload))
        raise OSError(errno.EINVAL, "unknown request to a chip")

    def _ask_lines(self, numbers: tuple[int, ...], kind: int, payload: bytes) -> bytes:
        if kind == SET_CONFIG:
            self._configure(numbers, LineConfig.from_buffer_copy(payload))
            return payload
        if kind not in (GET_VALUES, SET_VALUES):
            raise OSError(errno.EINVAL, "unknown request to lines")
        values = LineValues.from_buffer_copy(payload)
        chosen = [(index, number) for index, number in enumerate(numbers) if values.mask >> index & 1]
        if not chosen:
            raise OSError(errno.EINVAL, "the mask chooses no line")
        if kind == GET_VALUES:
            values.bits = sum(self.lines[number].level << index for index, number in chosen)
            return bytes(values)
        if not all(self.lines[number].flags & OUTPUT for _, number in chosen):
            raise OSError(errno.EPERM, "an input has no value to set")
        for index, number in chosen:
            self._put(number, int(values.bits >> index & 1))
        return payload

    def _line_info(self, info: LineInfo) -> bytes:
        if info.offset >= len(self.lines):
            raise OSError(errno.EINVAL, "no such line")
        line = self.lines[info.offset]
        used = line.in_use()
        info.name = f"GPIO{info.offset}".encode()
        info.consumer = line.consumer if used else b""
        info.flags = (line.flags or INPUT) | USED if used else INPUT
        return bytes(info)

    def _request(self, wanted: LineRequest) -> Request:
        numbers = tuple(wanted.offsets[: wanted.num_lines])
        if not numbers or wanted.num_lines > 64 or any(number >= len(self.lines) for number in numbers):
            raise OSError(errno.EINVAL, "no such lines")
        self._check(range(len(numbers)), wanted.config)
        if any(self.lines[number].in_use() for number in numbers):
            raise OSError(errno.EBUSY, "a line is in use")
        for number in numbers:
            self.lines[number].consumer, self.lines[number].channel = wanted.consumer, None
        self._configure(numbers, wanted.config)
        return Request(numbers)

    def _configure(self, numbers: tuple[int, ...], config: LineConfig) -> None:
        self._check(range(len(numbers)), config)
        for index, number in enumerate(numbers):
            line = self.lines[number]
            line.flags = config.flags_of(index)
            if line.flags & OUTPUT:
                self._put(number, config.output_of(index))
            line.settle()

    def _check(self, indexes: Iterable[int], config: LineConfig) -> None:
        """As gpio_v2_line_flags_validate() in the kernel."""
        if config.num_attrs > 10:
            raise OSError(errno.EINVAL, "too many attributes")
        for index in indexes:
            flags = config.flags_of(index)
            both_ways = flags & INPUT and flags & OUTPUT
            edges_of_output = flags & (RISING | FALLING) and not flags & INPUT
            pulls = bin(flags & (PULL_UP | PULL_DOWN | NO_PULL)).count("1")
            if flags & ~KNOWN_FLAGS or both_ways or edges_of_output or pulls > 1 or (pulls and not flags & (INPUT | OUTPUT)):
                raise OSError(errno.EINVAL, "flags that make no sense together")

    def _put(self, number: int, level: int) -> None:
        self.lines[number].level = level
        self.log.append(Put(time.monotonic(), number, level))
