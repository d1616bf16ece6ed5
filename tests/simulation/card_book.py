"""Where cards lead (invariant 10): what the cloud says and said, and what terminals take them for."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import NamedTuple

from loyalty.entry import Personal, TokenKind
from loyalty.tokens import token
from simulation import rules
from simulation.counter import Counter
from simulation.people import STRANGER
from simulation.rules import demand
from sync import mirror
from sync.forgetting import is_forgotten
from sync.mirror import STATUSES


class Led(NamedTuple):
    """Where a card leads, and how it stands."""

    account: bytes
    status: str


class CardBook:
    """What the cloud says of each card or phone, and what it said at each change."""

    def __init__(self) -> None:
        self.now: dict[bytes, tuple[int, Led]] = {}
        self.said: defaultdict[bytes, dict[int, Led]] = defaultdict(dict)
        self.merged: dict[bytes, bytes] = {}

    def read(self, database: sqlite3.Connection) -> set[bytes]:
        """Reads the cloud's tables; the accounts that have come to lead to others."""
        self.now = {}
        for card, account, status, change in database.execute("SELECT token, account, status, change FROM card"):
            self.now[card] = change, Led(account, status)
            self.said[card][change] = Led(account, status)
        known, self.merged = self.merged, dict(database.execute('SELECT account, "into" FROM merged').fetchall())
        return self.merged.keys() - known.keys()


class KnownCards:
    """What one terminal takes cards for."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._rows: dict[bytes, tuple[int, Led]] = {}
        self._stranger = token(counter.pairing.token_keys()[0], TokenKind.CARD, STRANGER)

    def check_shown(self, shown: bytes) -> None:
        """A line that is new names this token."""
        demand(shown != self._stranger, rules.STRANGERS, self._counter.name, "serves a stranger's number")

    def read(self, cloud: CardBook) -> None:
        """Checks what is new against what the cloud said."""
        name, store = self._counter.name, self._counter.store
        found = store.reader.mirror.execute("SELECT token, account, status, change FROM card_rows").fetchall()
        known, self._rows = self._rows, {row[0]: (row[3], Led(row[1], STATUSES[row[2]].value)) for row in found}
        for card, (change, led) in self._rows.items():
            if known.get(card) == (change, led) or change <= 0:  # of a snapshot under way: looked at when it was new
                continue
            said = cloud.said[card].get(change)
            demand(led == said, rules.CARDS, name, "takes a card for", led, "where the cloud said", said)
            if not is_forgotten(store.reader.mirror, card):
                seen = store.account(Personal(card, card))
                demand((seen.whose.account, seen.status.value) == led, rules.CARDS, name, "shows", seen, "of a card", led)
        self._check_pulled(cloud)

    def _check_pulled(self, cloud: CardBook) -> None:
        """Everything up to the cursor is here."""
        cursor = mirror.cursor(self._counter.store.reader.mirror)  # 0 while a snapshot is under way
        for card, (change, led) in cloud.now.items():
            if change <= cursor:
                has = self._rows.get(card, (0, None))
                demand(
                    has[0] >= change, rules.CARDS, self._counter.name, "has pulled, and takes a card for", has[1], "not", led
                )
