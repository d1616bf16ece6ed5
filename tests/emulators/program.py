"""A program under test in its own process: takes lines on its standard input, says JSON lines on its standard output."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 10.0
"""Seconds until something that does not come is a failure."""


def paths(**variables: str) -> dict[str, str]:
    """This process's variables and more, for a program of the tests in a process of its own: it finds what this one finds."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path if path), **variables}


class Program:
    """Starts `script` with this Python; `said` are the JSON objects it printed so far."""

    def __init__(self, script: Path, *arguments: str, environment: dict[str, str], folder: Path) -> None:
        self.errors = folder / "errors"
        self.said: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._ended = False
        # The program runs in another folder, where a relative path would lead nowhere.
        paths = [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
        with self.errors.open("w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, os.fspath(script), *arguments],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **environment},
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                bufsize=1,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def tell(self, line: str) -> None:
        """One line for the program."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def expect(self, since: int = 0, /, **what: Any) -> dict[str, Any]:
        """The first thing said from index `since` on that has all of these values; waits for it."""

        def found() -> dict[str, Any] | None:
            return next((words for words in self.said[since:] if what.items() <= words.items()), None)

        self.until(lambda: found() is not None, f"{what} was not said")
        answer = found()
        assert answer is not None
        return answer

    def count(self, **what: Any) -> int:
        """How often something with all of these values was said."""
        return sum(what.items() <= words.items() for words in self.said)

    def until(self, condition: Callable[[], bool], failure: str) -> None:
        """Waits for a condition that what the program says makes true."""
        with self._news:
            self._news.wait_for(lambda: condition() or self._ended, PATIENCE)
            if not condition():
                raise AssertionError(f"{failure}; said {self.said[-6:]}; errors: {self.errors.read_text()[-2000:]}")

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """As a machine with other things to do would: none of its threads runs meanwhile."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """Ends it: closes its input, and waits for its exit status."""
        process = self._process
        if process.stdin is not None and not process.stdin.closed:
            process.stdin.close()
        try:
            status = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        self._reader.join(PATIENCE)
        if process.stdout is not None:
            process.stdout.close()
        return status

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                self.said.append(json.loads(line))
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()
