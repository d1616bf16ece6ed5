"""The test's side of disk.c: the disk below a program's files, slow or failing where a test says so.

library = build(folder)
disk = Disk(folder / "control", state_folder)
subprocess.run([...], env={**os.environ, **disk.environment(library)})
disk.fail(disk.calls + 3, errno.EIO)        # also while the program runs
"""

from __future__ import annotations

import errno
import mmap
import struct
import subprocess
from pathlib import Path

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""A folder for files whose flushes are not what is asked: in memory, where there is one."""

SIZE = 4096
FOR_EVER = 1 << 63
_CALLS, _FLUSHES, _FROM, _UNTIL, _ERROR, _TORN, _FLUSH_US, _FAILED, _BOUNDED, _ROOM = 0, 8, 16, 24, 32, 36, 40, 48, 56, 64


def build(folder: Path) -> Path:
    """Compiles disk.c. The name matters: without "lib" in front Python would take the library for a module."""
    library = folder / "libdisk.so"
    source = Path(__file__).with_name("disk.c")
    subprocess.run(["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


class Disk:
    """What both sides share. A call is one that changes something: a write, a flush, a new, shorter or deleted file."""

    def __init__(self, control: Path, folder: Path, log: Path | None = None) -> None:
        control.write_bytes(bytes(SIZE))
        self._control, self._folder, self._log = control, folder, log
        self._shared = mapped(control)

    @classmethod
    def watched(cls, control: Path) -> Disk:
        """The disk that this very process runs on, for counting along."""
        disk = cls.__new__(cls)
        disk._shared = mapped(control)
        return disk

    def environment(self, library: Path) -> dict[str, str]:
        """The variables of a program that is to run on this disk."""
        folder = str(self._folder.resolve())
        log = {"DISK_LOG": str(self._log)} if self._log is not None else {}
        return {"LD_PRELOAD": str(library), "DISK": str(self._control), "DISK_FOLDER": folder, **log}

    @property
    def calls(self) -> int:
        """How many calls were made so far, those that failed among them."""
        return self._get(_CALLS)

    @property
    def flushes(self) -> int:
        """How often the program has waited for the disk itself (fsync, fdatasync)."""
        return self._get(_FLUSHES)

    @property
    def failed(self) -> int:
        return self._get(_FAILED)

    def slow(self, milliseconds: float) -> None:
        """A flush takes so long from now on, and what the real disk takes besides."""
        self._set(_FLUSH_US, round(milliseconds * 1000))

    def fail(self, first: int, error: int = errno.EIO, *, calls: int = FOR_EVER, torn: bool = False) -> None:
        """So many calls from number `first` on fail; a torn write puts half of its bytes before it says so."""
        struct.pack_into("=iI", self._shared, _ERROR, error, torn)
        self._set(_UNTIL, min(FOR_EVER, first + calls))
        self._set(_FROM, first)

    def heal(self) -> None:
        """Nothing fails any more."""
        self._set(_UNTIL, 0)

    @property
    def room(self) -> int:
        """How much is free on a disk that has an end."""
        return self._get(_ROOM)

    def leave(self, room: int) -> None:
        """So many bytes are free from now on, and no more but what is deleted."""
        self._set(_ROOM, room)
        self._set(_BOUNDED, 1)

    def close(self) -> None:
        self._shared.close()

    def _get(self, at: int) -> int:
        return int(struct.unpack_from("=Q", self._shared, at)[0])

    def _set(self, at: int, value: int) -> None:
        struct.pack_into("=Q", self._shared, at, value)


def mapped(path: Path) -> mmap.mmap:
    """The whole file, shared with whoever else writes to it."""
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), 0)
