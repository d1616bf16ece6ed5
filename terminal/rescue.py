"""A damaged journal: found before it is opened or while nobody is served, salvaged at the next start, and told in words."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from uuid import UUID

import structlog

from loyalty.entry import Moment
from sync import forgetting, journal, known_time, pairing, readmission, reserve, salvage
from sync.database import DamagedFile, JournalFailed
from sync.keys import BrokenStateFile
from sync.refusals import NotRecorded
from sync.salvage import Salvaged
from terminal.store import JOURNAL, Connections, Store

log = structlog.get_logger("rescue")

SUSPECT = f"{JOURNAL}.suspect"
"""This file lies beside a journal that was found damaged while it was in use: before the next start all of it is checked."""

LOOK_SECONDS = 30.0
"""So often another part of the journal is looked over: 90 days of a busy shop within two hours."""

_WAL_INDEX_IN_USE = 128
"""Each connection holds a shared lock on this byte of the -shm file (SQLite, wal.c: UNIX_SHM_DMS)."""


class JournalInUse(RuntimeError):
    """Another process has the journal open."""

    def __init__(self) -> None:
        super().__init__("The terminal is running: stop it first (systemctl stop bodka-terminal), then salvage the journal.")


def rescue(folder: Path) -> Salvaged | None:
    """Before the journal is opened for the counter: finishes, checks, and salvages where it must; what was salvaged.

    Raises `DamagedFile` where nothing of the file can be read, and what `open_journal` raises for any other reason.
    """
    path, found = folder / JOURNAL, None
    salvage.finish(path)
    if not path.exists():
        return None
    try:
        _check(path, whole=(folder / SUSPECT).exists())
    except DamagedFile as damage:
        log.error("the journal is damaged", why=str(damage))
        found = _save(path)
        log.error(found.words)
    (folder / SUSPECT).unlink(missing_ok=True)
    return found


def take_up(books: Connections, folder: Path, *, after_start: bool = False) -> None:
    """Takes in what was set aside, where there is a new identity; in the writer thread. What the disk refuses, the next does.

    A journal that was saved may know again who was forgotten before: after a start they are looked for once more.
    """
    try:
        if after_start and any(folder.glob(f"{JOURNAL}.damaged-*")):
            forgetting.again(books.mirror)
        if taken := readmission.readmit(books.journal, books.mirror, folder, JOURNAL):
            log.info("entries that were set aside are sent under the new identity", entries=taken)
    except (NotRecorded, OSError) as error:
        log.warning("entries that were set aside could not be taken in yet", why=str(error))


def _tidy(store: Store, folder: Path, moment: Callable[[], Moment]) -> None:
    """What is done between looks; in the writer thread."""
    reserve.keep(folder)
    take_up(store.writer, folder)
    with suppress(NotRecorded, OSError):
        known_ms = known_time.known_ms(store.writer.mirror, moment())
        readmission.clear_away(store.writer.journal, folder, JOURNAL, known_ms)


def by_hand(folder: Path) -> str:
    """What `bodka-terminal journal --salvage` does: checks everything, and salvages where anything is wrong; in words.

    Raises `JournalInUse` while the daemon has the journal open.
    """
    path = folder / JOURNAL
    with suppress(FileNotFoundError), open(f"{path}-shm", "rb+") as index:
        try:
            fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _WAL_INDEX_IN_USE)
        except OSError as error:
            raise JournalInUse from error
    try:
        _check(path, whole=True)
    except JournalFailed:  # also where the disk cannot read a part of it
        return _save(path).words
    return "The journal is whole: nothing was done."


async def watch(store: Store, folder: Path, moment: Callable[[], Moment], seconds: float = LOOK_SECONDS) -> None:
    """Looks the journal over, part by part, until cancelled; raises `DamagedFile` where it, or an entry, found damage.

    What an earlier damage has left is taken in or cleared away meanwhile, and the reserve kept. `moment` gives the time of now.

    The daemon then ends, and is started again by systemd; the next start salvages.
    """
    after = 0
    try:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await store.damaged.wait()
                    raise DamagedFile("an entry could not be written into it")
            after = await store.run_blocking(partial(salvage.look_over, store.writer.journal, after))
            await store.run_blocking(partial(_tidy, store, folder, moment))
    except DamagedFile as damage:
        os.close(os.open(folder / SUSPECT, os.O_CREAT | os.O_WRONLY, 0o600))
        log.critical("the journal is damaged: the terminal starts anew and saves what can be read", why=str(damage))
        raise


def _check(path: Path, *, whole: bool) -> None:
    with closing(journal.open_journal(path)) as connection:
        salvage.check(connection, whole=whole)


def _save(path: Path) -> Salvaged:
    return salvage.salvage(path, time.strftime("%Y%m%d-%H%M%S"), _known(path.parent))


def _known(folder: Path) -> list[UUID]:
    """Who this terminal is by its pairing, and by one that was prepared."""
    found = list[UUID]()
    for load in (pairing.prepared, pairing.load):
        with suppress(BrokenStateFile):
            if (one := load(folder)) is not None:
                found.append(one.identity)
    return found
