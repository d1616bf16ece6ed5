"""How entries leave a terminal other than over the network, and how a terminal leaves its merchant.

Un-pairing deletes the journal, so it is for a queue that is empty or that was written to a parcel and read back.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from loyalty.chain import Head
from sync import history, journal, parcel
from sync.keys import DEVICE_KEY, NEXT_KEY, DeviceKey, flush_folder
from sync.messages import MAX_LINES, Push
from sync.pairing import NEXT_PAIRING_FILE, PAIRING_FILE
from sync.parcel import Label
from sync.reserve import RESERVE


def export(connection: sqlite3.Connection, key: DeviceKey, path: Path, *, merchant: UUID | None, now_ms: int) -> int:
    """Writes every line that the cloud is not known to have into a parcel, reads it back, and says how many there are.

    The journal stays as it is, and may go on being written meanwhile. Raises `NotPaired`, `OSError`, or a `parcel.TornParcel`
    or `parcel.AlteredParcel` where the stick does not give back what was written.
    """
    connection.execute("BEGIN")  # one snapshot: the head and the lines that lead to it
    try:
        now, head = journal.current(connection), journal.head(connection)
        waiting = history.waiting(connection)
        count = waiting.count - waiting.aside
        label = Label(now.identity, count, merchant, now_ms)
        parcel.write(path, label, _pushes(connection, now, head), key.private().sign)
    finally:
        connection.execute("ROLLBACK")
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # what the stick holds, not what memory remembers
        parcel.examine(file).check(key.public)
        if sum(len(push.lines) for push in parcel.pushes(file)) != count:
            raise parcel.TornParcel
    return count


def unpair(folder: Path, journal_name: str, mirror_name: str) -> None:
    """Deletes pairing, journal, mirror and keys, in an order in which a crash between leaves a terminal that is unpaired.

    Again, after a crash, it deletes what is left.
    """
    books = [name + suffix for name in (journal_name, mirror_name) for suffix in ("", "-wal", "-shm")]
    saved = [file.name for kind in ("damaged", "readmitted") for file in folder.glob(f"{journal_name}.{kind}-*")]
    for name in (PAIRING_FILE, NEXT_PAIRING_FILE, *books, *saved, RESERVE, DEVICE_KEY, NEXT_KEY):
        (folder / name).unlink(missing_ok=True)
    flush_folder(folder)


def _pushes(connection: sqlite3.Connection, now: journal.Identity, head: Head) -> Iterator[Push]:
    after = now.accepted
    while lines := journal.lines_after(connection, after, MAX_LINES):
        yield Push(now.identity, head, tuple(lines))
        after = lines[-1].sequence
