"""How often somebody may be wrong: codes and passwords are not found by trying."""

from __future__ import annotations

from collections import defaultdict, deque

from backend.surroundings import Clock

_REMEMBERED = 10_000


class TooManyTries(PermissionError):
    """Wrong too often; the message says how long to wait."""


class Tries:
    """Counts failures by a key (an address, an e-mail) in this process; `allowed` of them in any `within_ms`."""

    def __init__(self, clock: Clock, allowed: int, within_ms: int) -> None:
        self._clock = clock
        self._allowed = allowed
        self._within_ms = within_ms
        self._failures: defaultdict[str, deque[int]] = defaultdict(deque)

    def check(self, key: str) -> None:
        """Raises `TooManyTries` where `key` failed too often."""
        since = self._clock() - self._within_ms
        if len(self._failures) > _REMEMBERED:
            self._failures = defaultdict(deque, {k: t for k, t in self._failures.items() if t and t[-1] > since})
        failures = self._failures.get(key)
        while failures and failures[0] <= since:
            failures.popleft()
        if failures and len(failures) >= self._allowed:
            minutes = -(-self._within_ms // 60_000)
            raise TooManyTries(f"too many wrong tries: wait {minutes} minutes and try again")

    def failed(self, key: str) -> None:
        """Remembers one failure."""
        self._failures[key].append(self._clock())
