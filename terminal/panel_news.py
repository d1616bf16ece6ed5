"""A panel's losses and returns, told like those of any device."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drivers.events import DeviceBack, DeviceLost, Emit

PANEL, STAFF_PANEL = "panel", "staff panel"
"""What the two are called, where devices are listed."""


class PanelNews:
    """Kept until there is a daemon to hear of it: the panel is there first."""

    def __init__(self, name: str = PANEL) -> None:
        self.name = name
        self._last: tuple[str | None, int] | None = None
        self._emit: Emit | None = None
        self._lock = threading.Lock()

    def lost(self, why: str) -> None:
        """Called by the panel's thread."""
        self._say(why)

    def back(self) -> None:
        """Called by the panel's thread."""
        self._say(None)

    def tell(self, emit: Emit) -> None:
        """Somebody hears it from now on, and first how the panel is."""
        with self._lock:
            self._emit = emit
            if self._last is not None:
                emit(self._event(*self._last))

    def _say(self, why: str | None) -> None:
        with self._lock:
            self._last = why, time.monotonic_ns() // 1_000_000
            if self._emit is not None:
                self._emit(self._event(*self._last))

    def _event(self, why: str | None, at_ms: int) -> DeviceLost | DeviceBack:
        """`why` it was lost; None where it is back."""
        from drivers.events import DeviceBack, DeviceLost  # late: the first picture does not wait for it

        return DeviceBack(self.name, at_ms) if why is None else DeviceLost(self.name, why, at_ms)
