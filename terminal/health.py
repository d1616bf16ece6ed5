"""How the machine does, for the merchant's page: version, temperature, power, disk, devices. Measured once a minute at most."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from sync import messages
from terminal import board
from terminal.versions import Versions

FRESH_SECONDS = 60.0
_MB = 1_000_000


class Counter(Protocol):
    """Whose devices they are: the daemon."""

    @property
    def working(self) -> frozenset[str]:
        """The devices that work."""

    @property
    def missing(self) -> frozenset[str]:
        """Those that do not."""


class Health:
    """Looks at the machine; `look` may be called from any thread."""

    def __init__(
        self,
        folder: Path,
        counter: Counter,
        *,
        versions: Versions | None = None,
        root: Path = Path("/"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._counter, self._versions = folder, counter, versions or Versions()
        self._root, self._clock = root, clock
        self._last: tuple[float, messages.Health] | None = None

    def look(self) -> messages.Health:
        """How it does now, or less than a minute ago; the devices are those of now."""
        now = self._clock()
        if self._last is None or now - self._last[0] >= FRESH_SECONDS:
            self._last = now, self._measured()
        measured = self._last[1]
        return messages.Health(
            measured.version,
            measured.trial,
            measured.celsius,
            measured.weak,
            measured.free_mb,
            measured.size_mb,
            tuple(sorted(self._counter.working)),
            tuple(sorted(self._counter.missing)),
        )

    def _measured(self) -> messages.Health:
        weak = board.look(self._root).weak if board.tells_of_power(self._root) else None
        free: int | None = None
        size: int | None = None
        with suppress(OSError):
            disk = shutil.disk_usage(self._folder)
            free, size = disk.free // _MB, disk.total // _MB
        version, trial = self._versions.running(), self._versions.on_trial()
        return messages.Health(version, trial, board.celsius(self._root), weak, free, size)
