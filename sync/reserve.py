"""Room on the disk that is kept for a start: on a full one SQLite could not even open what is there.

Beside each file in use SQLite needs 32 KB of shared memory (`-shm`), made anew at each start after a clean stop (SQLite,
"WAL-mode File Format", section 2). A file of nothing keeps as much, and is given up when a start finds no room.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

RESERVE = "reserve"
SIZES = (128 * 1024, 64 * 1024)
"""What is tried: with the first some entries have room too, the second is what journal and mirror need to be read."""


def keep(folder: Path) -> None:
    """Makes the reserve where there is none, as large as there is room; never raises."""
    path = folder / RESERVE
    if path.exists():
        return
    for size in SIZES:
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb", buffering=0) as file:
                file.write(bytes(size))
                if file.tell() == size:
                    return
        except OSError:
            pass
        with suppress(OSError):
            path.unlink(missing_ok=True)


def give_up(folder: Path) -> bool:
    """Gives the room free; whether there was any."""
    try:
        (folder / RESERVE).unlink()
    except OSError:
        return False
    return True
