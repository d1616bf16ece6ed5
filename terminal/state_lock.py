"""One process at a time for a state folder: two couriers on one journal would take each other for copies (invariant 1)."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sync.database import named

LOCK_FILE = "terminal.lock"
TRIES, BETWEEN_SECONDS = 10, 0.1


class StateTaken(RuntimeError):
    """Another process holds the state folder."""

    def __init__(self) -> None:
        super().__init__("the terminal is running: stop it first (systemctl stop bodka-terminal), then start it again")


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Holds the folder until the end, or the end of the process, however that comes; raises `StateTaken`.

    A command may hold it for a moment: it is tried for a second. Raises `DiskFull` or `JournalFailed` where the disk refuses.
    """
    with _opened(folder) as descriptor:
        for _ in range(TRIES):
            if _take(descriptor):
                break
            time.sleep(BETWEEN_SECONDS)
        else:
            raise StateTaken
        yield


def is_held(folder: Path) -> bool:
    """Whether some process holds the folder now."""
    with _opened(folder) as descriptor:
        return not _take(descriptor)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    try:
        descriptor = os.open(folder / LOCK_FILE, os.O_RDONLY | os.O_CREAT, 0o600)  # to be locked it need not be writable
    except OSError as error:
        raise named(error) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
