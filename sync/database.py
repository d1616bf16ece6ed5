"""SQLite files on an SD card: opened so that a power cut loses nothing, with errors that say what to do."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from sync.refusals import NotRecorded

FULL = 2
"""`PRAGMA synchronous`: the write-ahead log is on the disk before COMMIT returns (SQLite, Pragma statements)."""
NORMAL = 1
"""The last transactions may be lost on a power cut, never their order: enough for what can be fetched again."""

CHECKPOINT_PAGES = 4_000
"""The log is moved into the file in idle moments (`checkpoint`); only beyond 16 MB does a commit have to wait for it."""

IDLE_PAGES = 250
"""In idle moments it is moved from 1 MB on, some 40 entries: that much is read in no time at the next start."""


SHARED_MEMORY = 32 * 1024
"""Bytes of a file's `-shm`, at least."""


class UnsafeJournal(RuntimeError):
    """The journal's file cannot be opened in the way that survives a power cut; nothing may be recorded in it."""


class DiskFull(NotRecorded):
    """The disk is full: nothing was written."""

    def __init__(self) -> None:
        super().__init__(
            "The disk is full and nothing was saved. Free some space, then try again; bodka-terminal doctor shows it."
        )


class JournalFailed(NotRecorded):
    """The disk refused a read or a write: nothing that was not acknowledged may be relied on."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The journal cannot be used ({why}). Restart the terminal; if it fails again, change the SD card.")


class DamagedFile(JournalFailed):
    """The file is no database any more."""


class Connection(sqlite3.Connection):
    """A connection with room for what its user remembers of the file.

    It is good as long as nobody has written since: `PRAGMA data_version` changes with each commit of another connection, and
    `total_changes` with each row that this one has changed, also where that was undone.
    """

    remembered: object = None
    untrusted_to: int = 0
    """Up to this place no line but the first was recorded by a trusted clock: pruning looks behind it."""


def connect(path: Path, synchronous: int) -> sqlite3.Connection:
    """A connection in WAL mode with explicit transactions; raises `UnsafeJournal` where the file system cannot do it.

    The file is for this user only (0600). The connection belongs to the thread that opens it.
    """
    with _words():
        path.touch(mode=0o600)
        connection = sqlite3.connect(path, isolation_level=None, factory=Connection)
        try:
            mode = _write_ahead(connection, path)
            connection.execute(f"PRAGMA synchronous={synchronous}")
            connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
            assert_safe(connection, mode, synchronous)
        except BaseException:
            connection.close()
            raise
    return connection


def _write_ahead(connection: sqlite3.Connection, path: Path) -> str:
    """The mode that SQLite is in now. It cannot say that the disk has no room for its shared memory, or why not: `OSError`."""
    try:
        return str(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            _try_the_disk(path.with_name(f"{path.name}.room"))
        raise


def _try_the_disk(probe: Path) -> None:
    """Raises `OSError` where a file cannot be made that is as large as what SQLite needs."""
    try:
        probe.write_bytes(bytes(2 * SHARED_MEMORY))
    finally:
        with suppress(OSError):
            probe.unlink()


def assert_safe(connection: sqlite3.Connection, mode: str, synchronous: int) -> None:
    """Raises `UnsafeJournal` unless the write-ahead log is on and flushed as asked."""
    level = connection.execute("PRAGMA synchronous").fetchone()[0]
    if mode != "wal" or level != synchronous:
        raise UnsafeJournal(
            f"SQLite answered journal_mode={mode} and synchronous={level} instead of wal and {synchronous}. "
            "Put the state folder on a local disk (ext4), not on a network or FAT file system."
        )


class transaction:
    """All or nothing: takes the write lock at once, commits at the end, and on any error leaves the file as it was.

    Raises `DiskFull` or `JournalFailed` in place of SQLite's own words.
    """

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise named(error) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            try:
                self._connection.execute("COMMIT")
                return
            except BaseException as failed:
                error = failed
        with suppress(sqlite3.Error):  # on a full disk SQLite may have rolled back by itself
            self._connection.execute("ROLLBACK")
        if (told := named(error)) is not error:
            raise told from error
        if kind is None:
            raise error


def checkpoint(connection: sqlite3.Connection) -> None:
    """Moves the write-ahead log into the file, as far as nobody reads it; for idle moments. A log below `IDLE_PAGES` stays."""
    with _words():
        path = connection.execute("PRAGMA database_list").fetchone()[2]
        if pages_in(Path(f"{path}-wal")) < IDLE_PAGES:
            return
        _, pages, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    if pages == moved:
        begin_log(connection)


def begin_log(connection: sqlite3.Connection) -> None:
    """Writes the first page of a new write-ahead log; for a moment in which nobody waits.

    The log's name and its header each take a flush of their own: the next entry then takes one, as all others do.
    """
    with _words():
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.execute(f"PRAGMA user_version={version}")


def pages_in(log: Path) -> int:
    """How many pages a write-ahead log holds; what lies behind them in the file is of an earlier log, by its salt.

    Source: SQLite, "Database File Format", section 4.1 WAL File Format.
    """
    try:
        with log.open("rb") as file:
            header = file.read(_LOG_HEADER)
            frame = _FRAME_HEADER + int.from_bytes(header[8:12], "big")
            first, last = 0, max(0, file.seek(0, os.SEEK_END) - _LOG_HEADER) // frame
            while first < last:
                middle = (first + last) // 2
                file.seek(_LOG_HEADER + middle * frame)
                if file.read(_FRAME_HEADER)[8:16] == header[16:24]:
                    first = middle + 1
                else:
                    last = middle
            return first
    except FileNotFoundError:
        return 0


_LOG_HEADER, _FRAME_HEADER = 32, 24


def is_sound(connection: sqlite3.Connection) -> bool:
    """Whether SQLite finds the file whole (PRAGMA quick_check): some 50 ms for 100,000 members on a PC."""
    with _words():
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")


def upgrade(
    connection: sqlite3.Connection, version: int, migrate: Callable[[sqlite3.Connection], None], ahead: int = 0
) -> None:
    """Runs `migrate` where the file's schema is older than `version`; raises `UnsafeJournal` where it is newer.

    One that is no more than `ahead` versions newer is used as it is, and stays what it is.
    """
    with _words():
        found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > version + ahead:
        raise UnsafeJournal(
            f"This file was written by a newer version of the terminal (schema {found}, known {version}): update it."
        )
    if found < version:
        with _words():
            migrate(connection)
            connection.execute(f"PRAGMA user_version={version}")


@contextmanager
def _words() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        if (told := named(error)) is error:
            raise
        raise told from error


def named(error: BaseException) -> BaseException:
    """What a person is told of an error of SQLite or of the system: `DiskFull`, `DamagedFile` or `JournalFailed`.

    The error itself where it is a fault of ours, or a refusal that is named already.
    """
    if isinstance(error, sqlite3.DatabaseError):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return DiskFull()
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return DamagedFile(str(error))
        if code in _FAILURES:
            return JournalFailed(str(error))
    elif isinstance(error, OSError):
        if error.errno == errno.ENOSPC:
            return DiskFull()
        return JournalFailed(os.strerror(error.errno) if error.errno else str(error))
    return error


_FAILURES = frozenset(
    {
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
    }
)
