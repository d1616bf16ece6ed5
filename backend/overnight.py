"""Over night: who may spend what of a member's tomorrow, should their terminal have no network then (`docs/protocol.md`).

A member's usual terminal is lent the programme's share; what others hold is asked back, and what is left is free for whoever
shows the card first. A merchant's only terminal is lent everything. Doing it again changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from backend import identities, programmes, recalls, tables
from backend.book import Book, PurseKey
from backend.identities import Identity
from backend.leases import LARGEST_WISH
from backend.recalls import Wish
from loyalty.entry import Cause
from loyalty.purse import grant

HABIT_MS = 90 * 24 * 3600 * 1000
"""How far back a member's habit is looked for."""
OPEN_MS = 24 * 3600 * 1000
"""How long a terminal that is off at night is asked to give back; one that was not heard of for as long is not asked."""
ACCOUNTS = 250
"""Accounts in one transaction: terminals wait for it no longer than for a push of 500 lines."""

Writing = Callable[[], AbstractContextManager[sa.Connection]]
"""Opens a transaction: `Database.writing`."""


@dataclass(frozen=True, slots=True)
class Settled:
    """How many leases were raised, and how many asked back."""

    granted: int = 0
    recalled: int = 0


class _Use(NamedTuple):
    """How often an account was served at a terminal, and when last."""

    entries: int
    last_ms: int
    identity: UUID


def overnight(writing: Writing, merchant: UUID, now_ms: int, at_once: int = ACCOUNTS) -> Settled:
    """Settles every account of a merchant, `at_once` at a time, each time in a transaction of its own."""
    with writing() as connection:
        recalls.clear(connection, merchant, now_ms)
    granted = recalled = 0
    last = b""
    while True:
        with writing() as connection:
            accounts = _accounts_after(connection, merchant, last, at_once)
            if not accounts:
                return Settled(granted, recalled)
            done = settle(connection, merchant, accounts, now_ms)
        granted, recalled, last = granted + done.granted, recalled + done.recalled, accounts[-1]


def settle(connection: sa.Connection, merchant: UUID, accounts: list[bytes], now_ms: int) -> Settled:
    """Settles these accounts in the connection's transaction."""
    own = identities.lock(connection, identities.own_of(connection, merchant).id)
    seen = recalls.terminals(connection, merchant)
    programme = programmes.current(connection, merchant)
    if not seen or programme is None:
        return Settled()
    at_work = {id for id, seen_ms in seen.items() if (seen_ms or 0) > now_ms - OPEN_MS}
    if len(seen) == 1:
        [only] = seen
        usual = dict.fromkeys(accounts, only)
    else:
        usual = _usual(connection, merchant, at_work, accounts, now_ms)
    of_terminal: dict[UUID, list[bytes]] = defaultdict(list)
    for account, identity in usual.items():
        of_terminal[identity].append(account)
    granted, wishes = 0, list[Wish]()
    for identity, mine in of_terminal.items():
        share = _everything if len(seen) == 1 else programme.overnight
        raised, wanted = _lend(connection, identities.find(connection, identity), mine, share, now_ms)
        granted += raised
        wishes += wanted
    asked = [wish for wish in wishes if wish.holder in at_work]
    recalls.put(connection, own, asked, now_ms, now_ms + OPEN_MS)
    return Settled(granted, len(asked))


def _lend(
    connection: sa.Connection, usual: Identity, accounts: list[bytes], share: Callable[[str, int], int], now_ms: int
) -> tuple[int, list[Wish]]:
    """Raises the usual terminal's leases to their share, and says what should come back from whom."""
    book = Book(connection, usual, now_ms)
    book.load_accounts(accounts)
    lacking: dict[PurseKey, int] = {}
    wishes: list[Wish] = []
    # With a merged account the one that it leads to is loaded as well, whose usual terminal may be another.
    for key in [key for key in book.purses if key.account in accounts]:
        purse, lease = before = book.purse(key)
        kept = share(key.purse, purse.balance)
        lack = kept - lease.outstanding
        if lack < 0:
            wishes.append(Wish(usual.id, key, kept, None, 0))
        purse, lease = grant(purse, lease, lease.granted + lack) if lack > 0 else before
        if (purse, lease) != before:
            book.put(key, purse, lease)
        lacking[key] = lease.granted + max(0, kept - lease.outstanding)
    granted = len(book.touched())
    if granted:
        book.write()
    others = [id for id in recalls.terminals(connection, usual.merchant) if id != usual.id]
    elsewhere = recalls.held(connection, usual.merchant, others, accounts)
    return granted, wishes + [Wish(held.identity, held.key, 0, usual.id, lacking[held.key]) for held in elsewhere]


def _everything(purse: str, balance: int) -> int:
    return LARGEST_WISH


def _usual(
    connection: sa.Connection, merchant: UUID, terminals: set[UUID], accounts: list[bytes], now_ms: int
) -> dict[bytes, UUID]:
    """At which of these terminals each account was served most often lately; of two equal ones, where it was served last."""
    e = tables.entry.c
    counted = (
        sa.select(e.account, e.identity, sa.func.count(), sa.func.max(e.posted_ms))
        .where(e.merchant == merchant, e.account.in_(accounts), e.posted_ms > now_ms - HABIT_MS)
        .where(e.cause != Cause.GIVE_BACK.value)
        .group_by(e.account, e.identity)
    )
    uses: dict[bytes, list[_Use]] = defaultdict(list)
    for account, identity, entries, last_ms in connection.execute(counted):
        if identity in terminals:
            uses[account].append(_Use(entries, last_ms, identity))
    return {account: max(found).identity for account, found in uses.items()}


def _accounts_after(connection: sa.Connection, merchant: UUID, last: bytes, count: int) -> list[bytes]:
    a = tables.account.c
    following = sa.select(a.id).where(a.merchant == merchant, a.id > last).order_by(a.id).limit(count)
    return list(connection.execute(following).scalars())
