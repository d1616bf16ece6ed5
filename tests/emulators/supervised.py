"""A device under the real `supervise`, in a loop of its own, and everything it says."""

from __future__ import annotations

import asyncio
import threading
import time
from types import TracebackType
from typing import Any, Self, TypeVar

from drivers.events import Event
from drivers.supervise import Device, supervise

Kind = TypeVar("Kind")


def clock() -> int:
    """Monotonic milliseconds."""
    return time.monotonic_ns() // 1_000_000


class Supervised:
    """`with Supervised(device) as said: ... said.expect(CardSeen)`; `events` are all events so far, in order."""

    def __init__(self, device: Device, now: Any = clock) -> None:
        self.device, self.clock = device, now
        self.events: list[Event] = []
        self.news = threading.Condition()
        self.read = 0

    def emit(self, event: Event) -> None:
        with self.news:
            self.events.append(event)
            self.news.notify_all()

    def expect(self, kind: type[Kind], timeout: float = 5.0) -> Kind:
        """The next event that was not yet looked at; it must be of this kind and come in time."""
        with self.news:
            if not self.news.wait_for(lambda: len(self.events) > self.read, timeout):
                raise AssertionError(f"waited {timeout} s for {kind.__name__}; had {self.events}")
            event = self.events[self.read]
            self.read += 1
        assert isinstance(event, kind), f"{kind.__name__} expected, {event} came"
        return event

    def __enter__(self) -> Self:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, name="supervised", daemon=True)
        self.thread.start()
        return self

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.task = self.loop.create_task(supervise(self.device, self.emit, clock=self.clock))
        try:
            self.loop.run_until_complete(asyncio.wait([self.task]))
        finally:
            self.loop.close()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.loop.call_soon_threadsafe(self.task.cancel)
        self.thread.join(10)
        assert not self.thread.is_alive(), "the device does not stop"
        assert self.task.cancelled(), "supervise ended by itself"


def eventually(condition: Any, what: str, timeout: float = 5.0) -> None:
    """Waits until `condition()` is true."""
    limit = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < limit, what
        time.sleep(0.002)
