"""The keyboard drivers in a process of their own, and what they say: for tests and for the benchmark of scanners."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from emulators.umockdev import Testbed

LISTENER = Path(__file__).parents[1] / "drivers" / "keyboard_listener.py"


class Listener:
    """The drivers, listening; `expect` waits for their next event."""

    def __init__(self, bed: Testbed, *devices: tuple[str, str, str], layout: str = "us", preloads: Sequence[str] = ()) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", str(LISTENER), json.dumps(devices), layout],
            env={**os.environ, **bed.environment(*preloads)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.events: list[dict[str, object]] = []
        self.news = threading.Condition()
        self.taken = 0
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            with self.news:
                self.events.append(json.loads(line))
                self.news.notify_all()

    def expect(self, event: str, **values: object) -> dict[str, object]:
        """The next event, which has to be this one."""
        got = self.next()
        assert {"event": event, **values}.items() <= got.items(), (got, event, values)
        return got

    def next(self, seconds: float = 10) -> dict[str, object]:
        """The next event; an empty one if none comes."""
        with self.news:
            if not self.news.wait_for(lambda: len(self.events) > self.taken, seconds):
                return {}
            self.taken += 1
            return self.events[self.taken - 1]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Its event loop does nothing meanwhile."""
        self.process.send_signal(signal.SIGHUP)
        self.expect("Held")
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGUSR2)

    def close(self) -> None:
        """Ends it: no event may be left, and nothing on stderr."""
        self.process.terminate()
        assert self.process.stderr
        complaints = self.process.stderr.read()
        assert self.process.wait(10) == 0
        self.reader.join(10)
        self.process.stderr.close()
        assert self.process.stdout
        self.process.stdout.close()
        assert complaints == ""
        assert self.events[self.taken :] == []


def seen(text: str) -> dict[str, object]:
    return {"event": "CardSeen", "device": "scanner", "medium": "barcode", "form": "number", "data": text}


def trouble(kind: str) -> dict[str, object]:
    return {"event": "CardTrouble", "device": "scanner", "medium": "barcode", "trouble": kind}
