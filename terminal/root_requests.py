"""What the terminal, which has no rights, asks of root's small units: one file a request, in a folder of the terminal's own.

Root believes nothing there: no link is followed, no other kind of file read, nothing that is too long; and what is answered is
a new file, so that nothing that lies there already is written to (`docs/decisions/0014`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FOLDER = Path("/run/bodka")
LONGEST = 4_096
"""Bytes of a request."""


class BadRequest(ValueError):
    """What lies there is no request; it was removed."""


def folder_here() -> Path:
    """Where this process, run by systemd, puts its requests (systemd.exec(5), RUNTIME_DIRECTORY)."""
    return Path(os.environ.get("RUNTIME_DIRECTORY") or FOLDER)


def take(folder: Path, name: str) -> bytes | None:
    """Takes a request away and gives what it says; None where there is none. Raises `BadRequest`."""
    with _opened(folder) as place:
        if place is None:
            return None
        try:
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place)
        except FileNotFoundError:
            return None
        except OSError as error:
            _remove(name, place)
            raise BadRequest(f"{name} is no file of the terminal's: it was removed") from error
        try:
            found = os.fstat(descriptor)
            # A second name could be a file that only root may read (a hard link).
            plain = stat.S_ISREG(found.st_mode) and found.st_nlink == 1
            content = os.read(descriptor, LONGEST + 1) if plain else b""
        finally:
            os.close(descriptor)
            _remove(name, place)
        if not plain or len(content) > LONGEST:
            raise BadRequest(f"{name} is no request: it was removed")
        return content


def answer(folder: Path, name: str, content: bytes) -> None:
    """Puts an answer there as a new file that the terminal may read; raises `OSError`."""
    with _opened(folder) as place:
        if place is None:
            return
        new = f"{name}.new"
        _remove(new, place)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(new, flags, 0o600, dir_fd=place)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(content)
        os.rename(new, name, src_dir_fd=place, dst_dir_fd=place)


def _remove(name: str, place: int) -> None:
    with suppress(OSError):
        os.unlink(name, dir_fd=place)
    with suppress(OSError):
        os.rmdir(name, dir_fd=place)


@contextmanager
def _opened(folder: Path) -> Iterator[int | None]:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)
