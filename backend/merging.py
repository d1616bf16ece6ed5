"""Two accounts of one person become one (invariant 10): cards and the past lead to the new account, free value moves to it.

A merge moves only free value. What terminals hold of the old account's purses stays theirs, and lines that name the old account
still post to its purses; but it is called back, and whatever becomes free there moves on in the same transaction (`move_on`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

import sqlalchemy as sa

from backend import card_tables, identities, ledger_tables, merchant_tables, own_entries, recalls
from backend.book import Book
from backend.history import History, open_history
from backend.identities import Identity
from backend.numbering import next_changes
from backend.surroundings import Random
from loyalty.derived import Progress
from loyalty.entry import Cause, Personal, Posting

OPEN_MS = 30 * 24 * 3600 * 1000
"""How long one recall of a merged account's lease stands; every night renews it."""


class CannotMerge(ValueError):
    """Two accounts that cannot be merged; the message says why, and what can be done instead."""


def move_on(book: Book, random: Random) -> None:
    """What is free in a merged account's purses goes to the account that it leads to: for after anything that may free value.

    Each move is two entries of the merchant's own, so that the sum of all accounts stays what it is.
    """
    for key in book.touched():
        free = book.purse(key)[0].free
        if key.account in book.into and free > 0:
            leaves, arrives = (Posting(key.purse, amount, instance=key.instance) for amount in (-free, free))
            out = own_entries.write(book, Cause.MERGE, Personal(key.account, b""), leaves, random)
            own_entries.write(book, Cause.MERGE, Personal(book.into[key.account], b""), arrives, random, refers=out)


def call_back(connection: sa.Connection, of: Identity, accounts: Collection[bytes], now_ms: int) -> None:
    """Asks every terminal of the merchant of `of` to give back what it holds of these merged accounts."""
    everybody = list(recalls.terminals(connection, of.merchant))
    found = recalls.held(connection, of.merchant, everybody, accounts) if accounts and everybody else []
    wishes = [recalls.Wish(held.identity, held.key, 0, None, 0) for held in found]
    recalls.put(connection, of, wishes, now_ms, now_ms + OPEN_MS)


def call_back_all(connection: sa.Connection, merchant: UUID, now_ms: int) -> None:
    """Asks for all merged accounts of a merchant again: for the night, until everything has come."""
    own = identities.lock(connection, identities.own_of(connection, merchant).id)
    led = (
        connection.execute(sa.select(card_tables.merged.c.account).where(card_tables.merged.c.network == own.network))
        .scalars()
        .all()
    )
    call_back(connection, own, led, now_ms)


def merge(connection: sa.Connection, network: UUID, old: bytes, new: bytes, now_ms: int, random: Random) -> None:
    """Makes `old` lead to `new` for ever, with every merchant of the network. Raises `CannotMerge`.

    The caller holds the network's lock (`identities.lock`).
    """
    _check(connection, network, old, new)
    connection.execute(sa.insert(card_tables.merged).values(network=network, account=old, into=new, at_ms=now_ms))
    _lead_cards(connection, network, old, new)
    a = ledger_tables.account.c
    merchants = sa.select(merchant_tables.merchant.c.id).where(merchant_tables.merchant.c.network == network)
    for merchant in connection.execute(merchants).scalars().all():
        if connection.execute(sa.select(a.id).where(a.merchant == merchant, a.id == old)).first() is not None:
            _merge_at(connection, merchant, old, new, now_ms, random)


def _check(connection: sa.Connection, network: UUID, old: bytes, new: bytes) -> None:
    if old == new:
        raise CannotMerge("an account cannot be merged with itself: choose another one")
    for account in (old, new):
        known = (
            sa.select(ledger_tables.account.c.id)
            .join(merchant_tables.merchant, merchant_tables.merchant.c.id == ledger_tables.account.c.merchant)
            .where(merchant_tables.merchant.c.network == network, ledger_tables.account.c.id == account)
        )
        if connection.execute(known).first() is None:
            raise CannotMerge(f"there is no account {account.hex()}: copy it from the account's page")
    m = card_tables.merged.c
    led = connection.execute(sa.select(m.account, m.into).where(m.network == network, m.account.in_([old, new]))).first()
    if led is not None:
        raise CannotMerge(f"account {led.account.hex()} leads to {led.into.hex()} already: merge that one")
    if connection.execute(sa.select(m.account).where(m.network == network, m.into == old)).first() is not None:
        raise CannotMerge("other accounts lead to this one: merge the other one into it")
    f = card_tables.forgotten.c
    if connection.execute(sa.select(f.opaque).where(f.network == network, f.opaque.in_([old, new]))).first() is not None:
        raise CannotMerge("one of these accounts belonged to a person who was forgotten: it stays by itself")


def _lead_cards(connection: sa.Connection, network: UUID, old: bytes, new: bytes) -> None:
    """Cards and phones lead to the new account; so does a member of staff's own account, and a name where it had none."""
    c, s, m = card_tables.card.c, card_tables.staff.c, card_tables.member.c
    tokens = connection.execute(sa.select(c.token).where(c.network == network, c.account == old)).scalars().all()
    mine = sa.select(merchant_tables.merchant.c.id).where(merchant_tables.merchant.c.network == network)
    staff = connection.execute(sa.select(s.merchant, s.id).where(s.merchant.in_(mine), s.account == old)).all()
    changes = next_changes(connection, network, len(tokens) + len(staff) + 1)
    for token in tokens:
        leads = sa.update(card_tables.card).where(c.network == network, c.token == token)
        connection.execute(leads.values(account=new, change=next(changes)))
    for row in staff:
        own = sa.update(card_tables.staff).where(s.merchant == row.merchant, s.id == row.id)
        connection.execute(own.values(account=new, change=next(changes)))
    if connection.execute(sa.select(m.account).where(m.network == network, m.account == new)).first() is None:
        named = sa.update(card_tables.member).where(m.network == network, m.account == old)
        connection.execute(named.values(account=new, change=next(changes)))


def _merge_at(connection: sa.Connection, merchant: UUID, old: bytes, new: bytes, now_ms: int, random: Random) -> None:
    """One merchant's part: its purses, and the past that its levels look at."""
    book = Book(connection, identities.own_of(connection, merchant), now_ms)
    book.load_accounts([old, new])
    book.open_account(new)
    for key in [key for key in book.purses if key.account == old]:
        book.touch(key)
    move_on(book, random)
    book.history = open_history(connection, merchant, now_ms, ())
    if book.history is not None:
        _merge_past(book.history, old, new)
    book.write()
    call_back(connection, book.identity, [old], now_ms)


def _merge_past(history: History, old: bytes, new: bytes) -> None:
    history.load([old, new], (), ())
    for day, amount in list(history.days[old].items()):
        history.spend(old, day, -amount)
        history.spend(new, day, amount)
    ours, theirs = history.of(new), history.of(old)
    history.put(new, replace(ours, owing=ours.owing + theirs.owing))
    history.put(old, Progress())
    history.levels_now([new])


def leads_to(connection: sa.Connection, network: UUID, account: bytes) -> bytes | None:
    """Where a merged account leads; None for one that was not merged."""
    m = card_tables.merged.c
    found: bytes | None = connection.execute(
        sa.select(m.into).where(m.network == network, m.account == account)
    ).scalar_one_or_none()
    return found


def led_by(connection: sa.Connection, network: UUID, account: bytes) -> list[bytes]:
    """The accounts that lead to this one."""
    m = card_tables.merged.c
    return list(connection.execute(sa.select(m.account).where(m.network == network, m.into == account)).scalars())
