"""What a counter would record: short ways to write drafts in tests, with deterministic randomness and time."""

from __future__ import annotations

import random as pseudo
import sqlite3
from collections.abc import Callable
from uuid import UUID

from loyalty.entry import Cause, Draft, Moment, Personal, Posting, Purchase
from loyalty.holding import Row
from loyalty.rules import inverse
from sync import allowance, journal

BOOT = UUID(int=7)
IDENTITY = UUID(int=1 << 100)


def account(number: int = 1) -> bytes:
    return number.to_bytes(16, "big")


def person(number: int = 1) -> Personal:
    return Personal(account=account(number), token=account(number))


def award(amount: int, purse: str = "points", who: int = 1) -> Draft:
    return Draft(Cause.AWARD, person(who), (Posting(purse, amount),), purchase=Purchase(amount, "EUR"))


def spend(amount: int, purse: str = "points", who: int = 1) -> Draft:
    return Draft(Cause.REDEEM, person(who), (Posting(purse, -amount, amount),))


def give_back(amount: int, purse: str = "points", who: int = 1) -> Draft:
    return Draft(Cause.GIVE_BACK, person(who), (Posting(purse, 0, amount),))


def undo(id: UUID, postings: tuple[Posting, ...], who: int = 1) -> Draft:
    return Draft(Cause.UNDO, person(who), inverse(postings), refers=id)


def returned(amount: int, of: UUID | None = None, purse: str = "points", who: int = 1) -> Draft:
    return Draft(Cause.RETURN, person(who), (Posting(purse, -amount),), refers=of)


def no_rows(account: bytes, purse: str, instance: str) -> Row:
    return Row()


def moment(at: int = 0) -> Moment:
    return Moment(boot=BOOT, up_ms=at, wall_ms=1_790_000_000_000 + at, trusted=True)


def bytes_from(seed: int) -> Callable[[int], bytes]:
    return pseudo.Random(seed).randbytes


class Till:
    """Records drafts one after another, each with a key of its own unless one is given."""

    def __init__(self, connection: sqlite3.Connection, seed: int = 1, rows: allowance.Rows = no_rows) -> None:
        self.connection, self.rows, self.random, self.at = connection, rows, bytes_from(seed), 0
        self.seed = seed

    def record(self, draft: Draft, key: str | None = None) -> journal.Recorded:
        self.at += 1
        return journal.record(
            self.connection,
            draft,
            key or f"{self.seed}-{self.at}",
            self.rows,
            moment=moment(self.at),
            shop="main",
            programme=1,
            random=self.random,
        )
