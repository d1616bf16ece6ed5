"""The journal and the mirror as the daemon uses them: one thread writes, the loop reads.

SQLite's connections belong to one thread each. Everything that writes runs in the store's one writer thread (`run_blocking`),
so entries are written in the order in which they were asked for; look-ups take microseconds and are done where they are asked.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import structlog

from display.screens import Message
from loyalty.account import Account
from loyalty.entry import Draft, Entry, Moment, Personal
from loyalty.programme import Programme, ProgrammeError, read
from sync import forgetting, history, journal, known_time, mirror, view
from sync.damage import DamagedMirror
from sync.database import DamagedFile, DiskFull, begin_log, transaction
from sync.refusals import AlreadyUndone, NotEnough, NothingToUndo, NotRecorded, SpendingStopped, TooMuchReturned
from sync.sun import sun_seen
from terminal.inputs import Found, Identification, Input, NothingToRecall, Recalled, StaffFound, Unknown

log = structlog.get_logger("store")

T = TypeVar("T")

JOURNAL, MIRROR = "journal.db", "mirror.db"

REASONS: tuple[tuple[type[NotRecorded], Message], ...] = (
    (DiskFull, Message.DISK_FULL),
    (NotEnough, Message.NOT_ENOUGH),
    (AlreadyUndone, Message.NOTHING_TO_UNDO),
    (NothingToUndo, Message.NOTHING_TO_UNDO),
    (TooMuchReturned, Message.NOT_ENOUGH),
    (SpendingStopped, Message.STOPPED),
)


def reason(error: NotRecorded) -> Message:
    """Why nothing was written, in the screen's words."""
    return next((message for kind, message in REASONS if isinstance(error, kind)), Message.NOT_SAVED)


@dataclass(slots=True)
class Connections:
    """The two files, open in one thread. While the mirror is made anew, an empty one in memory stands in its place."""

    journal: sqlite3.Connection
    mirror: sqlite3.Connection

    @classmethod
    def open(cls, folder: Path, identity: UUID) -> Connections:
        """Opens both; a journal without an identity gets this one. Raises what `open_journal` and `open_mirror` raise."""
        journal_connection = journal.open_journal(folder / JOURNAL)
        try:
            journal.begin(journal_connection, identity)
            return cls(journal_connection, mirror.open_mirror(folder / MIRROR, journal_connection))
        except BaseException:
            journal_connection.close()
            raise

    @classmethod
    def open_again(cls, folder: Path) -> Connections:
        """Opens both for another thread; the mirror may be found damaged by the first look."""
        journal_connection = journal.open_journal(folder / JOURNAL)
        try:
            return cls(journal_connection, mirror.open_again(folder / MIRROR))
        except BaseException:
            journal_connection.close()
            raise

    def look_into_the_journal_alone(self) -> None:
        """Puts an empty mirror in the place of a damaged one."""
        self.mirror.close()
        self.mirror = mirror.blank()

    def close(self) -> None:
        self.mirror.close()
        self.journal.close()


UNKNOWN_AGE_MS = 1 << 40
"""Older than any time to undo: what nobody can date is not undone."""


def _age_ms(then: Moment, now: Moment) -> int:
    """How old an entry is: by the monotonic clock within one boot; after a power cut by clocks that were right both times.

    A clock that stands at 1970, or went back, must not make an old entry young.
    """
    if then.boot == now.boot:
        age = now.up_ms - then.up_ms
    else:
        age = now.wall_ms - then.wall_ms if then.trusted and now.trusted else -1
    return age if age >= 0 else UNKNOWN_AGE_MS


def _begin_log(connection: sqlite3.Connection) -> None:
    with suppress(NotRecorded):  # a disk that refuses it will say so to the first entry
        begin_log(connection)


class Store:
    """The device's memory. `writer` is used in the writer thread alone, `reader` in the thread that made the store.

    `random(n)` gives n random bytes; `thread` runs one piece of work at a time, in order (None: a thread of the store's own).
    """

    def __init__(
        self,
        folder: Path,
        identity: UUID,
        shop: str,
        *,
        random: Callable[[int], bytes] = os.urandom,
        thread: Executor | None = None,
    ) -> None:
        self._folder, self._shop, self._random = folder, shop, random
        self._broken: list[sqlite3.Connection] = []
        self.mirror_is_damaged = False
        """Noticed, and not made anew yet: looks and entries go by the journal alone."""
        self.on_damage: Callable[[], None] = lambda: None
        """Hears in the loop's thread that the mirror was found broken: whoever can fetch it then calls `remake_mirror`."""
        self.damaged = asyncio.Event()
        """Set when an entry found the journal damaged: `terminal.rescue` waits for it."""
        self._thread = thread or ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        with ExitStack() as opened:
            opened.callback(self._thread.shutdown)
            self.writer = self._thread.submit(Connections.open, folder, identity).result()
            opened.callback(lambda: self._thread.submit(self.writer.close).result())
            self._thread.submit(_begin_log, self.writer.journal)
            self.reader = Connections.open_again(folder)
            opened.pop_all()

    async def run_blocking(self, work: Callable[[], T], /) -> T:
        """Runs `work` in the writer thread, after everything that was asked for before."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def prove(self) -> None:
        """Comes back when the writer thread has taken the journal's lock and let it go; raises a `NotRecorded` where it cannot.

        Nothing is written: an idle terminal spares its SD card.
        """
        await self.run_blocking(self._prove)

    def _prove(self) -> None:
        with transaction(self.writer.journal):
            journal.current(self.writer.journal)

    async def remake_mirror(self, use: Callable[[sqlite3.Connection], None]) -> None:
        """Throws the mirror away and begins an empty one; `use` gets it in the writer thread, in which the old one is closed.

        The journal is not touched.
        """
        self.reader.look_into_the_journal_alone()
        await self.run_blocking(partial(self._remake, use))
        fresh = mirror.open_again(self._folder / MIRROR)
        self.reader.mirror.close()
        self.reader.mirror = fresh
        self.mirror_is_damaged = False

    def _remake(self, use: Callable[[sqlite3.Connection], None]) -> None:
        self.writer.look_into_the_journal_alone()
        while self._broken:
            self._broken.pop().close()
        mirror.remove(self._folder / MIRROR)
        fresh = mirror.open_mirror(self._folder / MIRROR, self.writer.journal)
        self.writer.mirror.close()
        self.writer.mirror = fresh
        use(fresh)

    def close(self) -> None:
        """Finishes what is being written, and closes the files."""
        self._thread.submit(self.writer.close).result()
        self._thread.shutdown()
        self.reader.close()

    def look(self, card: Identification, at: int) -> Input:
        """Whose card it is: staff before members, the current key's token before earlier ones."""
        return self._looking(lambda: self._look(card, at))

    def knows(self, card: Identification) -> bool:
        """Whether it is somebody's card."""
        return not isinstance(self.look(card, 0), Unknown)

    def _look(self, card: Identification, at: int) -> Input:
        for token in card.staff_tokens:
            staff = view.staff_by(self.reader.mirror, token)
            if staff is not None:
                return StaffFound(staff, at)
        for token in card.tokens:
            account = view.look(self.reader.journal, self.reader.mirror, token, card.kind, typed=card.typed)
            if account is not None:
                return Found(account, at)
        newest = card.tokens[0]
        return Unknown(Personal(newest, newest, card.kind), card.typed, card.issuable, at)

    def account(self, whose: Personal, *, typed: bool = False) -> Account:
        """The account of somebody who is known already, as it stands now."""
        account = self._looking(
            lambda: view.look(self.reader.journal, self.reader.mirror, whose.token, whose.kind, typed=typed)
        )
        return account or Account(whose, typed=typed)

    def _looking(self, look: Callable[[], T]) -> T:
        """What a look finds; where it finds the mirror broken, what the journal alone says."""
        try:
            return look()
        except DamagedMirror as error:
            self._note_damage(error)
            self.reader.look_into_the_journal_alone()
            self.on_damage()
            return look()

    def _note_damage(self, error: DamagedMirror) -> None:
        log.error("mirror damaged", why=str(error))
        self.mirror_is_damaged = True

    async def record(self, draft: Draft, key: str, programme: int, moment: Moment) -> Entry | Message:
        """Writes a draft down and gives the entry it became, or why nothing was written."""
        known = self.mirror_is_damaged
        try:
            return await self.run_blocking(partial(self._write_anyhow, draft, key, programme, moment))
        except NotRecorded as error:
            if isinstance(error, DamagedFile):
                self.damaged.set()
            return reason(error)
        except Exception:  # a fault of ours: nothing was committed, and the counter must hear that
            log.exception("an entry could not be written", cause=draft.cause.value)
            return Message.NOT_SAVED
        finally:
            if self.mirror_is_damaged and not known:
                self.on_damage()

    def _write_anyhow(self, draft: Draft, key: str, programme: int, moment: Moment) -> Entry:
        """Where the mirror is found broken, the journal alone says what may be spent."""
        try:
            return self.write(draft, key, programme, moment)
        except DamagedMirror as error:
            self._note_damage(error)
            self._broken.append(self.writer.mirror)  # the courier may be using it: closed when it is made anew
            self.writer.mirror = mirror.blank()
            return self.write(draft, key, programme, moment)

    def write(self, draft: Draft, key: str, programme: int, moment: Moment) -> Entry:
        """As `record`, in the writer thread; raises a `NotRecorded`."""
        connection = self.writer.journal
        forgetting.reopen(self.writer.mirror, draft.whose.account)
        rows = mirror.rows(self.writer.mirror, connection)
        moment = known_time.proved(self.writer.mirror, moment)
        return journal.record(
            connection, draft, key, rows, moment=moment, shop=self._shop, programme=programme, random=self._random
        ).entry

    async def replayed(self, token: bytes, counter: int) -> Message | None:
        """Why a signing card's read does not count: it was seen before, or could not be written down. None: it is new."""
        try:
            seen = await self.run_blocking(partial(sun_seen, self.writer.journal, token, counter))
        except NotRecorded as error:
            return reason(error)
        return Message.READ_AGAIN if seen else None

    def recall(self, moment: Moment, at: int) -> Recalled | NothingToRecall:
        """The last entry of this terminal, where it can still be undone."""
        last = history.last_entry(self.reader.journal)
        if last is None or last.undone:
            return NothingToRecall(at)
        age = _age_ms(last.entry.moment, self._looking(lambda: known_time.proved(self.reader.mirror, moment)))
        return Recalled(last.entry, self.account(last.personal), age, at)

    def known_time(self, moment: Moment) -> datetime | None:
        """The time that the cloud proved, in the shop's time zone, to the minute; None where it never did."""
        known = self._looking(lambda: known_time.known_ms(self.reader.mirror, moment))
        return datetime.fromtimestamp(known // 60_000 * 60, UTC).astimezone() if known else None

    async def keep_time(self, moment: Moment) -> None:
        """Writes known time down as it goes on, so that a power cut does not set it back to the last exchange."""
        try:
            await self.run_blocking(lambda: known_time.keep(self.writer.mirror, moment))
        except DamagedMirror as error:
            self._note_damage(error)
            self.on_damage()
        except NotRecorded:  # a full disk: tried again in half an hour
            log.warning("known time was not written down")

    def programme(self) -> Programme | None:
        """The newest programme that has come and that this version can read."""
        text = self._looking(lambda: mirror.programme(self.reader.mirror))
        if text is None:
            return None
        try:
            return read(text.text)
        except ProgrammeError:  # a newer one than this version understands: the cloud hears of it by the version in each entry
            return None
