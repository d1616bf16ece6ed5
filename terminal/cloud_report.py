"""How it stands with the cloud, in a small file beside the journal: so that `bodka-terminal status` says what the daemon knows.

It is written when something changes, not flushed: after a power cut the daemon writes it anew.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from display.screens import CloudTrouble
from loyalty.entry import Moment
from sync.courier import CloudState
from sync.troubles import Kind

REPORT_FILE = "cloud.json"

TROUBLES = {
    Kind.NO_NETWORK: CloudTrouble.NO_NETWORK,
    Kind.NO_INTERNET: CloudTrouble.NO_INTERNET,
    Kind.NO_ANSWER: CloudTrouble.NO_ANSWER,
    Kind.BROKEN: CloudTrouble.BROKEN,
    Kind.LOGIN: CloudTrouble.LOGIN,
    Kind.STRANGER: CloudTrouble.STRANGER,
    Kind.DATES: CloudTrouble.DATES,
    Kind.FAULT: CloudTrouble.FAULT,
    Kind.BUSY: CloudTrouble.BUSY,
    Kind.NOT_KNOWN: CloudTrouble.NOT_KNOWN,
    Kind.REFUSED: CloudTrouble.REFUSED,
    Kind.DISK: CloudTrouble.DISK,
    Kind.OWN_FAULT: CloudTrouble.OWN_FAULT,
}
"""The courier's kinds in the screen's words."""


class Report(msgspec.Struct, frozen=True):
    """`words` say what is wrong and what to do, `posting` why the cloud stopped posting; since when, by both clocks."""

    online: bool
    kind: str
    words: str
    posting: str
    since: Moment

    def told(self, now: Moment) -> str:
        """One line for a person."""
        same_boot = self.since.boot == now.boot
        age = now.up_ms - self.since.up_ms if same_boot else now.wall_ms - self.since.wall_ms
        minutes = max(0, age) // 60_000
        if self.online:
            return f"answers, for {minutes} minutes"
        return f"{self.kind}, for {minutes} minutes: {self.words}"


class Reporter:
    """Keeps the report up to date; a disk that refuses is the courier's trouble, not this one's."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / REPORT_FILE
        self._last: tuple[bool, Kind | None, str] | None = None

    def say(self, state: CloudState, at: Moment) -> None:
        """Writes the report where it changed."""
        now = (state.online, state.kind, state.posting)
        if now == self._last:
            return
        self._last = now
        kind = state.kind.value if state.kind is not None else ""
        report = Report(state.online, kind, state.trouble, state.posting, at)
        new = self._path.with_name(REPORT_FILE + ".new")
        with suppress(OSError):
            new.write_bytes(msgspec.json.encode(report))
            new.replace(self._path)


def read(folder: Path) -> Report | None:
    """The last report; None where there is none that can be read."""
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode((folder / REPORT_FILE).read_bytes(), type=Report)
    return None
