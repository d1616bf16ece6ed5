"""What scanners taught with the calibration code, kept in the state folder: the layout, by kind of scanner."""

from __future__ import annotations

from pathlib import Path

import msgspec
import structlog

from drivers.calibration import Taught
from drivers.keyboard_layouts import LAYOUTS
from sync.keys import write_safely

log = structlog.get_logger("lessons")

LESSONS_FILE = "scanner-layouts.json"


class Lesson(msgspec.Struct, frozen=True):
    """How one kind of scanner is set."""

    layout: str
    capitals: bool = False


class KeptLessons:
    """The layouts by USB vendor and product ("1234:abcd"), in a file. If it is lost, a scan of the code brings it back."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LESSONS_FILE
        self._lessons: dict[str, Lesson] | None = None

    def recall(self, usb: str) -> Taught | None:
        """What a scanner of this kind taught; None where none did, or the file is damaged."""
        lesson = self._read().get(usb)
        if lesson is None or lesson.layout not in LAYOUTS:
            return None
        return Taught(LAYOUTS[lesson.layout], lesson.capitals)

    def remember(self, usb: str, taught: Taught) -> None:
        """Keeps it over a restart, if the disk allows."""
        lessons = self._read()
        lessons[usb] = Lesson(taught.layout.name, taught.capitals)
        try:
            write_safely(self._path, msgspec.json.encode(lessons))
        except OSError as error:
            log.warning("a scanner's layout is not kept: check the disk, and scan the calibration code again", why=str(error))

    def _read(self) -> dict[str, Lesson]:
        if self._lessons is None:
            try:
                self._lessons = msgspec.json.decode(self._path.read_bytes(), type=dict[str, Lesson])
            except FileNotFoundError:
                self._lessons = {}
            except (OSError, msgspec.DecodeError) as error:
                log.warning("scanners' layouts cannot be read: scan the calibration code again", why=str(error))
                self._lessons = {}
        return self._lessons
