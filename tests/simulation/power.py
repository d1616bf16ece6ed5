"""A terminal's power, its disk and its writer: one piece of work at a time, on files that a power cut drops between two
statements, and that refuse statements while the disk is full or fails."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any, ClassVar

from simulation import raw_numbers


class PowerCut(BaseException):
    """The terminal is off: nothing that runs on it may catch this and go on."""


class Power:
    """On, until it is cut: at once, or before one of the next statements."""

    def __init__(self) -> None:
        self.on = True
        self._left: int | None = None

    def cut_after(self, statements: int) -> None:
        self._left = statements

    def use(self) -> None:
        """One statement wants to run; raises `PowerCut`."""
        if self._left is not None:
            self.on = self.on and self._left > 0
            self._left -= 1
        if not self.on:
            raise PowerCut


class Disk:
    """Takes every statement, but for a while may refuse some of those that write: `refuse` says how many of all, and why."""

    WORDS: ClassVar = {
        sqlite3.SQLITE_FULL: "database or disk is full",
        sqlite3.SQLITE_IOERR: "disk I/O error",
        sqlite3.SQLITE_READONLY: "attempt to write a readonly database",
    }
    _WRITES = ("BEGIN IMMEDIATE", "INSERT", "UPDATE", "DELETE", "COMMIT")

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._share, self._code = 0.0, sqlite3.SQLITE_OK
        self.refused = 0
        """How many statements it has refused."""

    @property
    def fails(self) -> bool:
        return self._share > 0

    def refuse(self, share: float, code: int) -> None:
        self._share, self._code = share, code

    def use(self, statement: str) -> None:
        """One statement wants to run; raises what SQLite raises, before anything of it is done."""
        if self._share and statement.lstrip().startswith(self._WRITES) and self._chance() < self._share:
            self.refused += 1
            error = sqlite3.OperationalError(self.WORDS[self._code])
            error.sqlite_errorcode = self._code
            raise error


class Guarded:
    """A connection that stops at a power cut. What was committed stays; what was not is gone when the file is opened again."""

    def __init__(self, connection: sqlite3.Connection, power: Power, disk: Disk) -> None:
        self.connection, self._power, self._disk = connection, power, disk

    def execute(self, *statement: Any) -> sqlite3.Cursor:
        self._power.use()
        self._disk.use(statement[0])
        for value in statement[1] if len(statement) > 1 else ():
            raw_numbers.look_at_value(value, statement[0])
        return self.connection.execute(*statement)

    def executemany(self, statement: str, rows: list[Any]) -> None:
        for row in rows:
            self.execute(statement, row)

    def close(self) -> None:
        self.connection.close()


class Writer(Executor):
    """The terminal's writer thread, worked by the simulation: `plan(run)` is told of each piece of work once it is `held`."""

    def __init__(self, plan: Callable[[Callable[[], None]], None]) -> None:
        self._plan = plan
        self._work: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self.held = False

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._work.append((future, partial(work, *args, **kwargs)))
        if self.held:
            self._plan(self.run_next)
        else:
            self.run_next()
        return future

    def run_next(self) -> None:
        """Runs the oldest piece of work, if the power is still on for it."""
        if not self._work:
            return
        future, work = self._work.popleft()
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)

    def drop(self) -> None:
        """Nothing that waits is ever run."""
        self._work.clear()
