"""Over night: who may spend what of a member's tomorrow, should their terminal have no network then (`docs/protocol.md`).

A member's usual terminal is lent the programme's share, and the others that they visit what is left, by their visits; what is
more than that is asked back. The value of who visits one terminal only is free beyond the share, for whoever shows the card
first. A merchant's only terminal is lent everything. Doing it again changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from backend import identities, ledger_tables, programmes, recalls
from backend.book import Book, PurseKey
from backend.identities import Identity
from backend.leases import LARGEST_WISH
from backend.recalls import Held, Wish
from loyalty.entry import Cause
from loyalty.purse import Purse, grant

HABIT_MS = 90 * 24 * 3600 * 1000
"""How far back a member's habit is looked for."""
OPEN_MS = 24 * 3600 * 1000
"""How long a terminal that is off at night is asked to give back; one that was not heard of for as long is not asked."""
ACCOUNTS = 100
"""Accounts in one transaction: terminals wait for it some hundredths of a second, on a busy machine some tenths."""

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


class _Lack(NamedTuple):
    """A terminal that should hold more: the granted total that it needs, and how much of that is not there yet."""

    identity: UUID | None
    granted: int
    missing: int


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
    visits = _visits(connection, merchant, at_work, accounts, now_ms)
    share = programme.overnight
    if len(seen) == 1:
        visits, share = dict.fromkeys(accounts, dict.fromkeys(seen, 1)), _everything
    book = Book(connection, own, now_ms)
    book.load_accounts(list(visits))
    leases: dict[PurseKey, dict[UUID, Held]] = defaultdict(dict)
    for held in recalls.leases(connection, merchant, list(seen), list(visits)):
        leases[held.key][held.identity] = held
    raised: dict[UUID, dict[PurseKey, int]] = defaultdict(dict)
    wishes: list[Wish] = []
    # With a merged account the one that it leads to is loaded as well, which may not be in this transaction.
    for key, purse in [(key, purse) for key, purse in book.purses.items() if key.account in visits]:
        here = visits[key.account]
        kept = dict(zip(here, share(key.purse, purse.balance, list(here.values())), strict=True))
        grants, wanted = _settle_purse(key, purse, leases[key], kept)
        for identity, granted in grants.items():
            raised[identity][key] = granted
        wishes += [wish for wish in wanted if wish.holder in at_work]
    for identity, grants_of in raised.items():
        _raise(connection, identities.find(connection, identity), grants_of, now_ms)
    recalls.put(connection, own, wishes, now_ms, now_ms + OPEN_MS)
    return Settled(sum(len(grants_of) for grants_of in raised.values()), len(wishes))


def _settle_purse(
    key: PurseKey, purse: Purse, leases: dict[UUID, Held], kept: dict[UUID, int]
) -> tuple[dict[UUID, int], list[Wish]]:
    """The granted totals that rise so that each terminal may spend what it should keep, and what should come back from whom.

    Who lacks something is granted what is free, the usual terminal first, and then what comes back.
    """
    free, raised, lacking = max(0, purse.free), dict[UUID, int](), list[_Lack]()
    for identity, part in kept.items():
        lease = leases.get(identity, Held(identity, key, 0, 0))
        lack = max(0, part - lease.outstanding)
        got = min(lack, free)
        free -= got
        if got:
            raised[identity] = lease.granted + got
        if lack > got:
            lacking.append(_Lack(identity, lease.granted + lack, lack - got))
    wishes = []
    for holder, lease in leases.items():
        part = kept.get(holder, 0)
        if lease.outstanding > part:
            wisher = lacking[0] if lacking else _Lack(None, 0, 0)
            wishes.append(Wish(holder, key, part, wisher.identity, wisher.granted))
            missing = wisher.missing - (lease.outstanding - part)
            lacking[:1] = [wisher._replace(missing=missing)] if missing > 0 else []
    return raised, wishes


def _raise(connection: sa.Connection, identity: Identity, granted: dict[PurseKey, int], now_ms: int) -> None:
    book = Book(connection, identity, now_ms)
    book.load_accounts([key.account for key in granted])
    for key, total in granted.items():
        book.put(key, *grant(*book.purse(key), total))
    book.write()


def _everything(purse: str, balance: int, visits: Sequence[int]) -> list[int]:
    return [LARGEST_WISH]


def _visits(
    connection: sa.Connection, merchant: UUID, terminals: set[UUID], accounts: list[bytes], now_ms: int
) -> dict[bytes, dict[UUID, int]]:
    """How often each account was served at these terminals lately, most often first; of two equal ones, the later one."""
    e = ledger_tables.entry.c
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
    return {account: {use.identity: use.entries for use in sorted(found, reverse=True)} for account, found in uses.items()}


def _accounts_after(connection: sa.Connection, merchant: UUID, last: bytes, count: int) -> list[bytes]:
    a = ledger_tables.account.c
    following = sa.select(a.id).where(a.merchant == merchant, a.id > last).order_by(a.id).limit(count)
    return list(connection.execute(following).scalars())
