"""A terminal's power and its writer: one piece of work at a time, on files that a power cut drops between two statements."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any


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


class Guarded:
    """A connection that stops at a power cut. What was committed stays; what was not is gone when the file is opened again."""

    def __init__(self, connection: sqlite3.Connection, power: Power) -> None:
        self.connection, self._power = connection, power

    def execute(self, *statement: Any) -> sqlite3.Cursor:
        self._power.use()
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
