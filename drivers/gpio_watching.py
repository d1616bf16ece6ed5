"""Edges as soon as the kernel has them, through rpi-lgpio's own library, at no cost while nothing happens.

lgpio's watching thread waits for edges in ppoll(2), half a millisecond at most: 2,000 looks a second, 2 to 3 % of a desktop
core all day. An edge ends that wait at once, but lgpio's callbacks hear of it one look later. Its alert functions
(`lgGpioSetAlertsFunc`) are called in the very look that an edge ended, so that the looks in between are of no use and may be
rare: the thread is begun with a timer slack. Source: lgpio 0.2.2, `lgPthAlerts.c`, `lgPthTx.c` and `lgpio.h`; prctl(2).

    edges = Edges()                                  # after lgpio's import, before its first chip
    watch = edges.watch(chip, 17, print)             # prints level and stamp of each edge
    edges.forget(chip, 17, watch)
"""

from __future__ import annotations

import ctypes
import importlib
import itertools
from collections.abc import Callable
from ctypes import POINTER, c_int, c_uint8, c_uint64, c_ulong, c_void_p
from typing import Any, TypeAlias

SLACK_NS = 40_000_000
"""How much later than it asked for the watching thread may be woken: with its half millisecond some 25 looks a second. A pin
that is given back stays busy for one such look."""

PR_SET_TIMERSLACK, PR_GET_TIMERSLACK = 29, 30
"""Linux `include/uapi/linux/prctl.h`; a thread begins with the slack of the one that began it."""

Tell: TypeAlias = Callable[[int, int], None]
"""Takes (0, 1, or 2 for lgpio's watchdog; nanoseconds of CLOCK_MONOTONIC); called in lgpio's thread, must return at once."""


class Report(ctypes.Structure):
    """lgGpioReport_t."""

    _fields_ = (("timestamp", c_uint64), ("chip", c_uint8), ("gpio", c_uint8), ("level", c_uint8), ("flags", c_uint8))


class Alert(ctypes.Structure):
    """lgGpioAlert_t."""

    _fields_ = (("report", Report), ("notify", c_int))


class Edges:
    """One for a process, for it begins lgpio's two threads. Raises `ImportError`, `AttributeError` or `OSError` where this
    lgpio is not as we know it."""

    def __init__(self) -> None:
        library = ctypes.CDLL(importlib.import_module("_lgpio").__file__)
        self._set: Any = library.lgGpioSetAlertsFunc
        self._told = ctypes.CFUNCTYPE(None, c_int, POINTER(Alert), c_void_p)(self._tell)
        """Never freed: lgpio's thread may just be calling it for a pin that is given back."""
        self._set.argtypes = (c_int, c_int, type(self._told), c_void_p)
        self._tellers: dict[int, Tell] = {}
        self._numbers = itertools.count(1)
        _begin_threads(library)

    def watch(self, chip: int, pin: int, tell: Tell) -> int:
        """Tells each edge of a pin that is set up for edges; `chip` is lgpio's handle. Returns what `forget` needs."""
        number = next(self._numbers)
        self._tellers[number] = tell
        self._set(chip, pin, self._told, number)
        return number

    def forget(self, chip: int, pin: int, number: int) -> None:
        """Tells nothing more; also of a chip that is gone."""
        del self._tellers[number]
        self._set(chip, pin, type(self._told)(), None)

    def _tell(self, count: int, alerts: Any, number: int) -> None:
        tell = self._tellers.get(number)
        if tell is not None:
            for alert in alerts[:count]:
                tell(alert.report.level, alert.report.timestamp)


def _begin_threads(library: Any) -> None:
    """Begins lgpio's threads before lgpio itself does: the one that makes the beeper's tones must be woken in time, and has no
    slack."""
    prctl = ctypes.CDLL(None).prctl
    library.lgPthTxStart()
    before = prctl(PR_GET_TIMERSLACK)
    prctl(PR_SET_TIMERSLACK, c_ulong(SLACK_NS))
    try:
        library.lgPthAlertStart()
    finally:
        prctl(PR_SET_TIMERSLACK, c_ulong(before))
