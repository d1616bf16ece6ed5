"""What the daemon tells the counter page: its screen in words, how it stands with the cloud, and what happened.

    watch = Watch(read_rows)
    watch.showed(7, "Tap your card", "en", "Idle")     # at each Show
    watch.cloud(online=False, waiting=3)                 # at each CloudNews
    watch.recorded()                                     # at each Recorded
    watch.said("Barcode scanner: gone")

All calls are made in the event loop's thread and return at once. Nothing that is told here may hold a card's number.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import TypeAlias

import msgspec

LOG_LINES = 200
"""How many lines of what happened are kept for a page that is opened later."""


class Voice(Enum):
    """Who a line of the log is about."""

    PERSON = "person"
    TERMINAL = "terminal"
    SCREEN = "screen"


class LogLine(msgspec.Struct, frozen=True):
    """One thing that happened, in words; `at` is milliseconds since 1970."""

    at: int
    voice: Voice
    text: str
    replaces: bool = False
    """It stands for the line before it: a screen that changed by itself, as a countdown does, or while somebody types."""
    language: str = ""
    """Of the text; "" for the page's own."""


class ScreenText(msgspec.Struct, frozen=True):
    """The screen as text: `Page.aloud()` of picture `number`."""

    number: int
    text: str
    language: str
    again: bool = False
    """It has changed by itself, as a countdown does, or while somebody types: not worth an interruption."""


class CustomersText(msgspec.Struct, frozen=True):
    """The customer's screen as text, where staff have one of their own."""

    text: str
    language: str


class CloudState(msgspec.Struct, frozen=True):
    """Whether the cloud is reached, and how many entries it does not have yet."""

    online: bool
    waiting: int


class JournalRow(msgspec.Struct, frozen=True):
    """One entry of the terminal's journal, in the page's words."""

    sequence: int
    what: str
    """As in "Awarded"."""
    changes: tuple[str, ...]
    """As in "+12 p"."""
    waiting: bool
    """Not in the cloud yet."""


class JournalNews(msgspec.Struct, frozen=True):
    """The journal has changed: whoever shows it reads it again."""


ReadJournal: TypeAlias = Callable[[], Awaitable[Sequence[JournalRow]]]
"""The newest rows of the journal, newest first."""

WatchNews: TypeAlias = ScreenText | CustomersText | CloudState | LogLine | JournalNews


class Watch:
    """The latest of everything, and who wants to hear of it."""

    def __init__(self, journal: ReadJournal, clock: Callable[[], float] = time.time) -> None:
        """`journal` reads the rows to show; `clock` gives seconds since 1970."""
        self.journal = journal
        self.screen = ScreenText(0, "", "en")
        self.customers: CustomersText | None = None
        self.cloud_state = CloudState(online=False, waiting=0)
        self.log: deque[LogLine] = deque(maxlen=LOG_LINES)
        self._clock = clock
        self._kind = ""
        self._watchers: tuple[Callable[[WatchNews], None], ...] = ()

    def showed(self, number: int, text: str, language: str, kind: str, *, private: bool = False) -> None:
        """A picture went to the panel; its words go into the log where they are new and not `private`.

        `kind` is the kind of screen: one of the same kind takes the place of the line before it.
        """
        words, again = self.screen.text, kind == self._kind and self._was_screen
        self._kind, self.screen = kind, ScreenText(number, text, language, again)
        self._tell(self.screen)
        if text != words and not private:
            self._write(" · ".join(text.splitlines()), Voice.SCREEN, again=again, language=language)

    def customer_sees(self, text: str, language: str) -> None:
        """A picture went to the customer's panel; it is not for the log, which has the staff's."""
        shown = CustomersText(text, language)
        if shown != self.customers:
            self.customers = shown
            self._tell(shown)

    def cloud(self, *, online: bool, waiting: int) -> None:
        """How it stands with the cloud."""
        state = CloudState(online, waiting)
        if state == self.cloud_state:
            return
        self.cloud_state = state
        self._tell(state)
        self._tell(JournalNews())

    def recorded(self) -> None:
        """An entry was written."""
        self._tell(JournalNews())

    def said(self, text: str, voice: Voice = Voice.TERMINAL) -> None:
        """A line for the log."""
        self._write(text, voice, again=False)

    def watch(self, tell: Callable[[WatchNews], None]) -> Callable[[], None]:
        """Tells `tell` of everything that is new; the answer ends it."""
        self._watchers = (*self._watchers, tell)

        def end() -> None:
            self._watchers = tuple(one for one in self._watchers if one is not tell)

        return end

    @property
    def _was_screen(self) -> bool:
        return bool(self.log) and self.log[-1].voice is Voice.SCREEN

    def _write(self, text: str, voice: Voice, *, again: bool, language: str = "") -> None:
        replaces = again and self._was_screen
        line = LogLine(int(self._clock() * 1000), voice, text, replaces, language)
        if replaces:
            self.log.pop()
        self.log.append(line)
        self._tell(line)

    def _tell(self, news: WatchNews) -> None:
        for tell in self._watchers:
            tell(news)
