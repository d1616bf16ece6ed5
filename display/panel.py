"""The panel's own thread: puts the latest of the daemon's pictures on the glass, brings a lost panel back, and spares it.

panel = Panel(Oled(on_i2c(1, 0x3C)), on_lost=tell_lost, on_back=tell_back)
panel.start()
panel.show(7, image)        # returns at once
panel.picture()             # 7, once the last byte of it went out
panel.stop()
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from display import turns
from display.burn_in import HOME, NO_CARE, Care, Look, Offset, look, moved

FIRST_WAIT = 0.1
LONGEST_WAIT = 1.5
"""Seconds between two tries to open: the first, doubled up to the longest."""

STEADY_SECONDS = 5.0
"""A panel that worked this long was well: the next wait starts from the first again."""

IDLE_SECONDS = 1.0
"""How often an idle panel is looked at: one that is pulled out does not say so, and one that is put back is dark."""


WAY_SECONDS = 0.1
"""How long a picture lets another panel's go first: longer than any takes on a bus that works."""


class PanelGlass(Protocol):
    """What a panel draws to: an OLED, or the counter page in a browser. Called by one thread."""

    def open(self) -> None:
        """Makes it ready and dark; raises where there is none."""

    def write(self, image: Image.Image) -> None:
        """Shows a 1-bit image; returns when all of it can be seen. Raises where the glass is gone."""

    def dim(self, contrast: int | None) -> None:
        """As bright as `contrast` (0 to 255) from now on; None, as it is when opened: as bright as it is set."""

    def check(self) -> None:
        """Raises where the glass is gone, or does not show any more what was written."""

    def close(self) -> None:
        """Dark and let go, also after a failure; must not raise."""


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    number: int
    faces: tuple[Image.Image, ...]
    since: float
    """When the first face was shown."""
    ticks: bool


class Panel:
    """Latest wins: a picture that comes while another is being sent waits, and one that comes after it takes its place."""

    def __init__(
        self,
        glass: PanelGlass,
        *,
        on_lost: Callable[[str], None],
        on_back: Callable[[], None],
        care: Care = NO_CARE,
        clock: Callable[[], float] = time.monotonic,
        name: str = "panel",
    ) -> None:
        """`on_lost(why)` and `on_back()` are called from the panel's thread, once for each loss and return; `on_back` also
        at the first opening. `clock` gives monotonic seconds; `name` is the thread's.
        """
        self._glass, self._on_lost, self._on_back, self._clock = glass, on_lost, on_back, clock
        self._care, self._began, self._name = care, clock(), name
        self._touched = self._began
        self._news = threading.Condition()
        self._wanted: _Picture | None = None
        self._number = 0
        self._lost = False
        self._drawn: _Picture | None = None
        self._offset: Offset = HOME
        self._face = 0
        self._contrast: int | None = None
        self._ahead: Panel | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts the thread."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 2.0) -> None:
        """Makes the glass dark and ends the thread, within `timeout` seconds unless the bus hangs."""
        with self._news:
            self._stop.set()
            self._news.notify_all()
        if self._thread is not None:
            self._thread.join(timeout)
        self._thread = None

    def show(self, number: int, *faces: Image.Image, ticks: bool = False) -> None:
        """Wants this picture on the glass; from any thread, returns at once. The images must not be drawn on any more.

        Several are the faces of one picture and shown by turns. One that `ticks` takes the turns of the one before it, where
        that does so too: it counts seconds, and would else never come to its second face.
        """
        with self._news:
            before, now = self._wanted, self._clock()
            since = before.since if ticks and before is not None and before.ticks else now
            self._wanted = _Picture(number, faces, since, ticks)
            if self._lost:
                # Without a panel the shop goes on blind, by its lights and tones: a press then belongs to what would be
                # on the glass, or every press would be taken for a stale one.
                self._number = number
            self._news.notify_all()

    def touch(self) -> None:
        """Somebody has shown a card or pressed a key: as bright as ever, at once. From any thread, returns at once."""
        with self._news:
            self._touched = self._clock()
            self._news.notify_all()

    def spare(self, care: Care) -> None:
        """Spares the glass so from now on. From any thread, returns at once."""
        with self._news:
            self._care = care
            self._news.notify_all()

    def give_way_to(self, panel: Panel) -> None:
        """Lets the pictures of that one go first: side by side on one bus, each would be as late as both."""
        self._ahead = panel

    def settle(self, timeout: float) -> None:
        """Returns when what is wanted is on the glass, or cannot come there, or after so many seconds; for other threads."""
        with self._news:
            self._news.wait_for(lambda: self._lost or self._wanted is self._drawn, timeout)

    def wait_for(self, number: int, timeout: float) -> bool:
        """Whether this picture is on the glass within so many seconds; not from the panel's thread."""
        with self._news:
            return self._news.wait_for(lambda: self._number == number, timeout)

    def picture(self) -> int:
        """The number of the picture that is on the glass: changed after its last byte went out. 0 before the first."""
        return self._number

    @property
    def dark(self) -> bool:
        """Nothing can be seen: it is lost, or was opened and has not been drawn on yet."""
        return self._drawn is None

    def _serve(self) -> None:
        wait, told = FIRST_WAIT, False
        while not self._stop.is_set():
            opened = None
            why = ""
            try:
                self._glass.open()
                opened, told = self._clock(), False
                self._set_lost(lost=False)
                self._on_back()
                self._draw()
            except Exception as error:  # whatever a library raises, the shop goes on
                why = _describe(error)
            finally:
                self._glass.close()
                self._drawn = None
            if opened is not None and self._clock() - opened >= STEADY_SECONDS:
                wait = FIRST_WAIT
            if self._stop.is_set():
                return
            self._set_lost(lost=True)
            if not told:
                told = True
                self._on_lost(why)
            with self._news:
                self._news.wait_for(self._stop.is_set, wait)
            wait = min(wait * 2, LONGEST_WAIT)

    def _draw(self) -> None:
        """Until stopped; raises when the glass is gone."""
        self._drawn, self._offset, self._contrast = None, HOME, None
        while True:
            with self._news:
                self._news.wait_for(lambda: self._stop.is_set() or self._is_news(), self._patience())
            if self._ahead is not None:
                self._ahead.settle(WAY_SECONDS)
            with self._news:
                wanted, now = self._wanted, self._look()
            if self._stop.is_set():
                return
            if now.contrast != self._contrast:
                self._glass.dim(now.contrast)
                self._contrast = now.contrast
            if not self._put(wanted, now):
                self._glass.check()

    def _put(self, wanted: _Picture | None, now: Look) -> bool:
        """Whether there was anything to put on the glass."""
        offset = now.offset if now.moves or wanted is not self._drawn else self._offset
        if wanted is None:
            return False
        face = turns.face(wanted.since, self._clock(), len(wanted.faces))
        if wanted is self._drawn and (offset, face) == (self._offset, self._face):
            return False
        self._glass.write(moved(wanted.faces[face], offset))
        with self._news:
            self._drawn, self._offset, self._face, self._number = wanted, offset, face, wanted.number
            self._news.notify_all()
        return True

    def _patience(self) -> float:
        """How long to wait for news: until the panel is looked at again, or shows its other face."""
        wanted = self._wanted
        turn = turns.left(wanted.since, self._clock(), len(wanted.faces)) if wanted is not None else IDLE_SECONDS
        return min(IDLE_SECONDS, turn)

    def _look(self) -> Look:
        return look(self._care, self._clock() - self._began, self._touched - self._began)

    def _is_news(self) -> bool:
        return self._wanted is not self._drawn or self._look().contrast != self._contrast

    def _set_lost(self, *, lost: bool) -> None:
        with self._news:
            self._lost = lost
            if lost and self._wanted is not None:
                self._number = self._wanted.number
                self._news.notify_all()


def _describe(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
