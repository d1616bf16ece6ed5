"""The clocks of the device: the monotonic one that the conversation runs on, and the wall clock, trusted or not."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from loyalty.entry import Moment

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
SYNCHRONIZED = Path("/run/systemd/timesync/synchronized")
"""systemd-timesyncd touches this file once the clock is right (systemd-timesyncd.service(8), "Files")."""


def monotonic_ms() -> int:
    """Milliseconds since the machine started: the same clock in every process of one boot."""
    return time.monotonic_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Clocks:
    """The machine's clocks, read where the daemon needs the time of an entry or of the screen."""

    boot: UUID
    began_ms: int = 0
    """What the monotonic clock showed when the boot began: entries count from there."""

    @classmethod
    def of_this_boot(cls) -> Clocks:
        """The clocks with the kernel's boot id; a machine that has none counts each start of the daemon as a boot."""
        try:
            return cls(UUID(BOOT_ID.read_text().strip()))
        except (OSError, ValueError):
            return cls(uuid.uuid4(), monotonic_ms())

    def trusted(self) -> bool:
        """Whether the wall clock has been set by the network since the machine started."""
        return SYNCHRONIZED.exists()

    def moment(self) -> Moment:
        """Now, as an entry carries it."""
        return Moment(self.boot, monotonic_ms() - self.began_ms, time.time_ns() // 1_000_000, self.trusted())

    def time_of_day(self) -> str | None:
        """ "14:05" for the idle screen, where the clock is trusted."""
        return time.strftime("%H:%M") if self.trusted() else None
