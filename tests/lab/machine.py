"""A machine of the lab as its tests use it, whatever it runs on: a container or a virtual machine."""

from __future__ import annotations

import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Self

PATIENCE = 30.0
"""Seconds until something that does not come is a failure."""


class Machine(ABC):
    """Commands inside, and what they say."""

    @abstractmethod
    def tried(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """A command inside, to its end, however it ends."""

    @abstractmethod
    def ended(self) -> str | None:
        """Why the machine is not there any more; None while it is."""

    @abstractmethod
    def close(self) -> None:
        """As a power cut would."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, *words: str, given: str = "") -> str:
        """What a command prints that must succeed."""
        done = self.tried(*words, given=given)
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def says(self, *words: str) -> str:
        """What a command prints, without the last newline, however it ends."""
        return self.tried(*words).stdout.strip()

    def shows(self, unit: str, key: str) -> str:
        """A property of a unit."""
        return self.says("systemctl", "show", unit, "--property", key, "--value")

    def log(self, unit: str, *words: str) -> str:
        """What a unit has written to the journal."""
        return self.says("journalctl", "--no-pager", "-u", unit, *(words or ("-o", "cat")))

    def write(self, path: str, text: str) -> None:
        """A file inside, with the folders it needs."""
        self.run("sh", "-ec", f"mkdir -p {Path(path).parent}; cat > {path}", given=text)

    def until(self, condition: Callable[[], object], patience: float = PATIENCE) -> None:
        """Waits until the condition is true."""
        limit = time.monotonic() + patience
        while not condition():
            assert (why := self.ended()) is None, f"the machine ended:\n{why}"
            assert time.monotonic() < limit, f"it did not come:\n{self.story()}"
            time.sleep(0.05)

    def story(self) -> str:
        """What there is to read after a failure."""
        return self.log("bodka-terminal", "-n", "40", "-o", "short-monotonic")
