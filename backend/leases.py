"""Who may spend what: leases are granted from free value only, and end only by the terminal or the merchant (invariant 5)."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa

from backend import identities, ledger_tables, merging, recalls
from backend.book import Book, PurseKey
from backend.identities import Identity
from backend.surroundings import Random, system_random
from loyalty.purse import grant, write_off
from sync.messages import Standing

LARGEST_WISH = 2**62


def grant_all_free(book: Book, keys: Iterable[PurseKey]) -> None:
    """Leases all free value of these purses to the book's identity: for a merchant's only terminal."""
    for key in keys:
        purse, lease = book.purse(key)
        if purse.free > 0:
            book.put(key, *grant(purse, lease, LARGEST_WISH))


def write_off_terminal(connection: sa.Connection, identity: UUID, now_ms: int, random: Random = system_random) -> Identity:
    """The merchant gives a terminal up: what it held is free again, and every answer tells it to stop (invariant 5).

    Its lines are still accepted, for ever. Doing it again frees what was leased to it since.
    """
    lost = identities.lock(connection, identity)
    mine = (ledger_tables.lease.c.merchant == lost.merchant) & (ledger_tables.lease.c.identity == lost.id)
    accounts = connection.execute(sa.select(ledger_tables.lease.c.account).where(mine).distinct()).scalars().all()
    book = Book(connection, lost, now_ms)
    book.load_accounts(accounts)
    for key in list(book.leases):
        purse, lease = book.purse(key)
        if lease.outstanding > 0:
            book.put(key, *write_off(purse, lease))
    merging.move_on(book, random)
    book.write()
    recalls.forget(connection, lost)
    if lost.standing is not Standing.WRITTEN_OFF:
        identities.set_standing(connection, lost, Standing.WRITTEN_OFF)
    return identities.find(connection, identity)
