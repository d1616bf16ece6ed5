"""A panel that remembers what it showed: each picture, when it was whole on the glass, and how long a file was by then.

The file is what the program writes meanwhile, as the list of what it imports: so it is known what came before a picture.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from emulators.ssd1306 import Ssd1306


class Seen(NamedTuple):
    """A picture, row by row with # for a lit dot; monotonic seconds; bytes."""

    rows: list[str]
    at: float
    written: int


class Witness(Ssd1306):
    """Dark until the program lights it."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.memory[:] = bytes(len(self.memory))
        self.file = file
        self.seen: list[Seen] = []

    def write(self, message: bytes) -> None:
        super().write(message)
        at, rows = time.monotonic(), self.rows()
        if any("#" in row for row in rows) and (not self.seen or self.seen[-1].rows != rows):
            self.seen.append(Seen(rows, at, self.file.stat().st_size))

    def saw(self, rows: list[str]) -> Seen | None:
        """When a picture came first; None where it did not."""
        return next((seen for seen in self.seen if seen.rows == rows), None)
