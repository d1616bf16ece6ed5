"""The mirror's statements, with its damage named: what SQLite finds broken there can be fetched again, unlike the journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sync.database import JournalFailed, transaction
from sync.refusals import NotRecorded

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_UNREADABLE = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS)
"""What a bad sector of an SD card leads to."""


class DamagedMirror(NotRecorded):
    """The mirror's file is broken, as a look into it or a write has shown."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The copy of the cloud's accounts was damaged ({why}) and is fetched anew; no entry is lost by that.")


@contextmanager
def naming_damage() -> Iterator[None]:
    """Raises `DamagedMirror` in place of SQLite's words for a broken file; around statements on the mirror alone."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if _is_damage(error):
            raise DamagedMirror(str(error)) from error
        raise
    except JournalFailed as error:
        if _is_damage(error.__cause__):
            raise DamagedMirror(str(error.__cause__)) from error
        raise


def _is_damage(error: BaseException | None) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # Python's own: a text that is none
        return isinstance(error, sqlite3.OperationalError) and str(error).startswith("Could not decode")
    return code & 0xFF in _DAMAGE or code in _UNREADABLE


def one(mirror: sqlite3.Connection, query: str, values: tuple[Any, ...] = ()) -> Any:
    """The first row of a query, or None."""
    with naming_damage():
        return mirror.execute(query, values).fetchone()


def every(mirror: sqlite3.Connection, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
    """All rows of a query."""
    with naming_damage():
        return mirror.execute(query, values).fetchall()


@contextmanager
def changing(mirror: sqlite3.Connection) -> Iterator[None]:
    """One transaction on the mirror; raises `DiskFull`, `JournalFailed` or `DamagedMirror`."""
    with naming_damage(), transaction(mirror):
        yield
