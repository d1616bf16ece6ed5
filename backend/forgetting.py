"""Forgetting a person (invariant 11): names, cards, phones, salts and personal parts go; sums and chains stay.

The chain holds a digest of salt and personal part, so both can go and every line still follows the one before it. What the
account's purses hold goes on under an opaque id made by chance, with what terminals were granted and used of it: totals only
ever grow, and lines that still come must find them. Terminals learn of it by a tombstone. It keeps the account's id, which is
the token of the person's first card, for as long as a terminal may still send a line that names it: that card is not served
again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from backend import card_tables, fleet_tables, ledger_tables, merchant_tables, merging
from backend.alarms import Alarm, Kind
from backend.book import Book
from backend.identities import Identity
from backend.numbering import batches, next_changes
from backend.surroundings import Random
from loyalty.chain import Line
from loyalty.entry import Personal, Unreadable, decode_personal

NAMELESS = bytes(16)
"""The account of lines that came without a person and are posted nowhere else."""

ID_BYTES = 16


class CannotForget(LookupError):
    """There is no such account; the message says what to do."""


def forget(connection: sa.Connection, network: UUID, account: bytes, now_ms: int, random: Random) -> None:
    """Forgets whose account it is, with every merchant of the network; the accounts that were merged into it as well.

    The caller holds the network's lock. Raises `CannotForget`. The same again changes nothing.
    """
    account = merging.leads_to(connection, network, account) or account
    f = card_tables.forgotten.c
    known = (f.account == account) | (f.opaque == account)
    if connection.execute(sa.select(f.opaque).where(f.network == network, known)).first() is not None:
        return
    merchants = _merchants(connection, network)
    of = sa.select(ledger_tables.account.c.id).where(
        ledger_tables.account.c.merchant.in_(merchants), ledger_tables.account.c.id == account
    )
    named = sa.select(card_tables.member.c.account).where(
        card_tables.member.c.network == network, card_tables.member.c.account == account
    )
    if connection.execute(of.union(named)).first() is None:
        raise CannotForget(f"there is no account {account.hex()}: copy it from the account's page")
    for one in [*merging.led_by(connection, network, account), account]:
        _forget_one(connection, network, merchants, one, now_ms, random)


def _forget_one(
    connection: sa.Connection, network: UUID, merchants: Sequence[UUID], account: bytes, now_ms: int, random: Random
) -> None:
    opaque = random(ID_BYTES)
    c, s = card_tables.card.c, card_tables.staff.c
    tokens = connection.execute(sa.select(c.token).where(c.network == network, c.account == account)).scalars().all()
    staff = connection.execute(sa.select(s.merchant, s.id).where(s.merchant.in_(merchants), s.account == account)).all()
    changes = next_changes(connection, network, 1 + len(staff))
    tombstone = {"network": network, "account": account, "opaque": opaque, "at_ms": now_ms, "change": next(changes)}
    connection.execute(sa.insert(card_tables.forgotten).values(tombstone))
    for table in (card_tables.card, card_tables.member):
        connection.execute(sa.delete(table).where(table.c.network == network, table.c.account == account))
    for row in staff:
        own = sa.update(card_tables.staff).where(s.merchant == row.merchant, s.id == row.id)
        connection.execute(own.values(account=None, change=next(changes)))
    for merchant in merchants:
        _forget_at(connection, merchant, account, opaque, tokens)
    m = card_tables.merged.c
    connection.execute(sa.update(card_tables.merged).where(m.network == network, m.account == account).values(account=opaque))
    connection.execute(sa.update(card_tables.merged).where(m.network == network, m.into == account).values(into=opaque))
    # The last answers, which are kept for repeats, may hold the name: who asks again is told to ask anew.
    i = fleet_tables.identity.c
    connection.execute(sa.update(fleet_tables.identity).where(i.network == network).values(request=None, answer=None))


def _forget_at(connection: sa.Connection, merchant: UUID, account: bytes, opaque: bytes, tokens: Collection[bytes]) -> None:
    """One merchant's part: lines lose their person, and the ledger goes on under the opaque id."""
    e, ln, a = ledger_tables.entry.c, ledger_tables.line.c, ledger_tables.account.c
    mine = sa.select(e.identity, e.sequence).where(e.merchant == merchant, e.account == account)
    places = [(row.identity, row.sequence) for row in connection.execute(mine)]
    for identity, sequence in [*places, *_unposted_places(connection, merchant, account)]:
        line = sa.update(ledger_tables.line).where(ln.merchant == merchant, ln.identity == identity, ln.sequence == sequence)
        connection.execute(line.values(personal=None, salt=None))
    opened = connection.execute(sa.select(a.opened_ms).where(a.merchant == merchant, a.id == account)).scalar_one_or_none()
    if opened is None:
        return
    connection.execute(sa.insert(ledger_tables.account).values(merchant=merchant, id=opaque, opened_ms=opened))
    for table in (ledger_tables.purse, ledger_tables.lease, ledger_tables.posting):
        moved = sa.update(table).where(table.c.merchant == merchant, table.c.account == account)
        connection.execute(moved.values(account=opaque))
    entries = sa.update(ledger_tables.entry).where(e.merchant == merchant, e.account == account)
    connection.execute(entries.values(account=opaque, token=b""))
    listed = sa.update(fleet_tables.alarm).where(
        fleet_tables.alarm.c.merchant == merchant, fleet_tables.alarm.c.account == account
    )
    connection.execute(listed.values(account=opaque))
    # What terminals hold of it is never spent again: there is nothing to call back.
    for past in (ledger_tables.progress, ledger_tables.spend_day, ledger_tables.recall):
        connection.execute(sa.delete(past).where(past.c.merchant == merchant, past.c.account == account))
    days = sa.delete(ledger_tables.card_day).where(
        ledger_tables.card_day.c.merchant == merchant, ledger_tables.card_day.c.token.in_(list(tokens))
    )
    connection.execute(days)
    connection.execute(sa.delete(ledger_tables.account).where(a.merchant == merchant, a.id == account))


def _unposted_places(connection: sa.Connection, merchant: UUID, account: bytes) -> list[tuple[UUID, int]]:
    """Lines of the person that are posted and have no entry of their own: copies, and such as were voided."""
    e, ln, i = ledger_tables.entry.c, ledger_tables.line.c, fleet_tables.identity.c
    same = (e.merchant == ln.merchant) & (e.identity == ln.identity) & (e.sequence == ln.sequence)
    posted = (i.merchant == ln.merchant) & (i.id == ln.identity) & (ln.sequence <= i.posted)
    others = (
        sa.select(ln.identity, ln.sequence, ln.personal)
        .join_from(ledger_tables.line, fleet_tables.identity, posted)
        .outerjoin(ledger_tables.entry, same)
        .where(ln.merchant == merchant, ln.personal.is_not(None), e.id.is_(None))
    )
    return [(row.identity, row.sequence) for row in connection.execute(others) if _account(row.personal) == account]


def _account(personal: bytes) -> bytes | None:
    try:
        return decode_personal(personal).account
    except Unreadable:
        return None


def people(book: Book, batch: Sequence[tuple[Line, UUID, Personal | None]]) -> tuple[list[Personal], list[int]]:
    """To whom each of these lines (with its entry's id) is posted, and the sequences of those whose person is to be forgotten.

    A line that comes without its person belongs where its entry was posted before, else to the nameless account, and is listed.
    """
    found: list[Personal] = []
    late: list[int] = []
    opaque = tombstones(book.connection, book.identity.network, [whose.account for _, _, whose in batch if whose is not None])
    for line, id, whose in batch:
        if whose is None:
            account = book.posted_to.get(id, NAMELESS)
            if account == NAMELESS and id not in book.posted_to:
                detail = f"line {line.sequence} came without its person and was not posted before: it is posted to no account"
                book.alarms.append(Alarm(Kind.NO_PERSON, book.identity.id, line.sequence, detail))
            found.append(Personal(account, b""))
        elif whose.account in opaque:
            late.append(line.sequence)
            found.append(Personal(opaque[whose.account], b"", whose.kind))
        else:
            found.append(whose)
    return found, late


def tombstones(connection: sa.Connection, network: UUID, accounts: Collection[bytes]) -> dict[bytes, bytes]:
    """Which of these accounts belong to people who were forgotten, and the ids under which their sums go on."""
    f = card_tables.forgotten.c
    found: dict[bytes, bytes] = {}
    for some in batches(accounts):
        rows = connection.execute(sa.select(f.account, f.opaque).where(f.network == network, f.account.in_(some)))
        found.update((row.account, row.opaque) for row in rows)
    return found


def strip(connection: sa.Connection, identity: Identity, sequences: Sequence[int]) -> None:
    """Forgets the person of lines that came late, at once."""
    ln = ledger_tables.line.c
    if sequences:
        late = sa.update(ledger_tables.line).where(
            ln.merchant == identity.merchant, ln.identity == identity.id, ln.sequence == sa.bindparam("at")
        )
        rows: list[dict[str, Any]] = [{"at": sequence} for sequence in sequences]
        connection.execute(late.values(personal=None, salt=None), rows)


def is_forgotten(connection: sa.Connection, network: UUID, account: bytes) -> bool:
    """Whether an account goes on as that of somebody who was forgotten."""
    f = card_tables.forgotten.c
    return connection.execute(sa.select(f.account).where(f.network == network, f.opaque == account)).first() is not None


def _merchants(connection: sa.Connection, network: UUID) -> Sequence[UUID]:
    return (
        connection.execute(sa.select(merchant_tables.merchant.c.id).where(merchant_tables.merchant.c.network == network))
        .scalars()
        .all()
    )
