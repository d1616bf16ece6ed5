"""A panel's glass for tests of what draws on it: it can be slow, and it can break."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable

from PIL import Image

from emulators.program import PATIENCE


def until(condition: Callable[[], bool], failure: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, failure
        time.sleep(0.001)


class Glass:
    """A `PanelGlass` whose writes end when `go` is set, and that breaks while `broken`."""

    def __init__(self) -> None:
        self.go, self.writing = threading.Event(), threading.Event()
        self.go.set()
        self.broken = False
        self.seen: list[bytes] = []
        self.contrasts: list[int | None] = []
        self.opened = self.closed = self.checked = 0

    def open(self) -> None:
        self._work()
        self.opened += 1

    def write(self, image: Image.Image) -> None:
        self.writing.set()
        assert self.go.wait(PATIENCE)
        self._work()
        self.seen.append(image.tobytes())

    def dim(self, contrast: int | None) -> None:
        self._work()
        self.contrasts.append(contrast)

    def check(self) -> None:
        self.checked += 1
        self._work()

    def close(self) -> None:
        self.closed += 1

    def _work(self) -> None:
        if self.broken:
            raise OSError(errno.ENXIO, "no panel")


class Told:
    """What the panel said of itself."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def lost(self, why: str) -> None:
        self.words.append(f"lost: {why}")

    def back(self) -> None:
        self.words.append("back")
