"""Overwrites pages of a mirror that a store has open, so that the next look at them reads the disk."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

from terminal.store import Store

PAGE = 4_096


def overwrite(store: Store, first_page: int, with_: bytes = b"rubbish ") -> None:
    """Overwrites all pages from `first_page` (1: the file's header) on; with nothing: cuts them off."""
    file = _emptied_log(store)
    size = file.stat().st_size
    begin = (first_page - 1) * PAGE
    with file.open("r+b") as pages:
        if with_:
            pages.seek(begin)
            pages.write((with_ * (size // len(with_) + 1))[: size - begin])
        else:
            pages.truncate(begin)
    _forget_pages(store)


def overwrite_anywhere(file: Path, chance: random.Random, places: int, length: int, store: Store | None = None) -> None:
    """Overwrites up to `length` bytes at some places by chance."""
    if store is not None:
        _emptied_log(store)
    size = file.stat().st_size
    with file.open("r+b") as pages:
        for _ in range(places):
            pages.seek(chance.randrange(size))
            pages.write(chance.randbytes(min(length, size - pages.tell())))
    if store is not None:
        _forget_pages(store)


def _emptied_log(store: Store) -> Path:
    """The mirror's file, with all that was in its log."""
    file = Path(store.reader.mirror.execute("PRAGMA database_list").fetchone()[2])
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    return file


def _forget_pages(store: Store) -> None:
    store.reader.mirror.execute("PRAGMA shrink_memory")
    store._thread.submit(store.writer.mirror.execute, "PRAGMA shrink_memory").result()


def spoil_where(file: Path, content: bytes) -> None:
    """Writes rubbish over the page in which `content` stands, of a file that nobody has open."""
    at = file.read_bytes().index(content) // PAGE * PAGE
    with file.open("r+b") as pages:
        pages.seek(at)
        pages.write(random.Random(1).randbytes(PAGE))
