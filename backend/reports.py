"""What people and checks want to see of a ledger: balances, entries, terminals, alarms. Read only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from backend import card_tables, fleet_tables, ledger_tables, merchant_tables
from backend.alarms import Kind

Row = Mapping[str, Any]


def accounts(connection: sa.Connection, merchant: UUID, limit: int, offset: int = 0) -> list[Row]:
    """Accounts in the order of their members' names (those without a name last), each with its purses."""
    a, m, n = ledger_tables.account.c, card_tables.member.c, merchant_tables.merchant.c
    named = (
        sa.select(a.id, m.name, m.level)
        .join_from(ledger_tables.account, merchant_tables.merchant, a.merchant == n.id)
        .outerjoin(card_tables.member, (m.network == n.network) & (m.account == a.id))
        .where(a.merchant == merchant)
        .order_by(m.name.is_(None), m.name, a.id)
        .limit(limit)
        .offset(offset)
    )
    found = connection.execute(named).all()
    purses = balances(connection, merchant, [row.id for row in found])
    return [{"id": row.id, "name": row.name or "", "level": row.level or "", "purses": purses[row.id]} for row in found]


def account(connection: sa.Connection, merchant: UUID, id: bytes) -> Row | None:
    """One account of this merchant, with its purses; None where the merchant has no such account."""
    a, m, n = ledger_tables.account.c, card_tables.member.c, merchant_tables.merchant.c
    one = (
        sa.select(a.id, m.name, m.level)
        .join_from(ledger_tables.account, merchant_tables.merchant, a.merchant == n.id)
        .outerjoin(card_tables.member, (m.network == n.network) & (m.account == a.id))
        .where(a.merchant == merchant, a.id == id)
    )
    row = connection.execute(one).one_or_none()
    if row is None:
        return None
    return {
        "id": row.id,
        "name": row.name or "",
        "level": row.level or "",
        "purses": balances(connection, merchant, [id])[id],
    }


def balances(connection: sa.Connection, merchant: UUID, of: Iterable[bytes] | None = None) -> defaultdict[bytes, list[Row]]:
    """The purses of these accounts (of all, where none are named), by account."""
    p = ledger_tables.purse.c
    wanted = sa.select(ledger_tables.purse).where(p.merchant == merchant).order_by(p.account, p.purse, p.instance)
    if of is not None:
        wanted = wanted.where(p.account.in_(list(of)))
    found: defaultdict[bytes, list[Row]] = defaultdict(list)
    for row in connection.execute(wanted):
        found[row.account].append(
            {
                "purse": row.purse,
                "instance": row.instance,
                "balance": row.earned - row.spent,
                "leased": row.leased,
                "overdraft": row.overdraft,
                "debt": row.debt,
            }
        )
    return found


def cards(connection: sa.Connection, network: UUID, account: bytes) -> list[Row]:
    """The cards and phones that lead to an account, cards first."""
    c = card_tables.card.c
    leads = sa.select(card_tables.card).where(c.network == network, c.account == account).order_by(c.kind, c.change)
    return [dict(row._mapping) for row in connection.execute(leads)]


def progress(connection: sa.Connection, merchant: UUID, account: bytes) -> Row | None:
    """An account's level, what was spent, and what of its bonuses is owing; None where no rule looks at the past."""
    p = ledger_tables.progress.c
    row = connection.execute(
        sa.select(ledger_tables.progress).where(p.merchant == merchant, p.account == account)
    ).one_or_none()
    return None if row is None else dict(row._mapping)


def entries(connection: sa.Connection, merchant: UUID, account: bytes, limit: int) -> list[Row]:
    """The last entries of an account, newest first, each with its postings."""
    e = ledger_tables.entry.c
    last = sa.select(ledger_tables.entry).where(e.merchant == merchant, e.account == account)
    found = connection.execute(last.order_by(e.posted_ms.desc(), e.sequence.desc()).limit(limit)).all()
    postings = _postings(connection, merchant, [row.id for row in found])
    return [{**row._mapping, "postings": postings[row.id]} for row in found]


def all_entries(connection: sa.Connection, merchant: UUID) -> list[Row]:
    """Every entry, by identity and sequence, each with its postings."""
    e = ledger_tables.entry.c
    found = connection.execute(
        sa.select(ledger_tables.entry).where(e.merchant == merchant).order_by(e.identity, e.sequence)
    ).all()
    postings = _postings(connection, merchant, None)
    return [{**row._mapping, "postings": postings[row.id]} for row in found]


def terminals(connection: sa.Connection, merchant: UUID) -> list[Row]:
    """Every identity that was ever paired, newest first."""
    i, s = fleet_tables.identity.c, merchant_tables.shop.c
    found = (
        sa.select(i.id, i.device, i.standing, i.head_sequence, i.posted, i.made_ms, i.seen_ms, i.renews, s.name.label("shop"))
        .outerjoin_from(fleet_tables.identity, merchant_tables.shop, (i.merchant == s.merchant) & (i.shop == s.id))
        .where(i.merchant == merchant, i.public_key.is_not(None))
        .order_by(i.made_ms.desc(), i.id)
    )
    return [dict(row._mapping) for row in connection.execute(found)]


def alarms(connection: sa.Connection, merchant: UUID, limit: int, *, unseen: bool = False, of: UUID | None = None) -> list[Row]:
    """The last alarms, newest first; `what` in words. Only those nobody has seen, or of one terminal, where it is asked for."""
    a = fleet_tables.alarm.c
    wanted = sa.select(fleet_tables.alarm).where(a.merchant == merchant)
    if unseen:
        wanted = wanted.where(a.seen_ms.is_(None))
    if of is not None:
        wanted = wanted.where(a.identity == of)
    found = wanted.order_by(a.id.desc()).limit(limit)
    return [{**row._mapping, "what": Kind[row.kind].value} for row in connection.execute(found)]


def unseen_alarms(connection: sa.Connection, merchant: UUID) -> int:
    """How many alarms nobody has looked at."""
    a = fleet_tables.alarm.c
    counted = sa.select(sa.func.count()).select_from(fleet_tables.alarm).where(a.merchant == merchant, a.seen_ms.is_(None))
    return int(connection.execute(counted).scalar_one())


def _postings(connection: sa.Connection, merchant: UUID, of: list[UUID] | None) -> defaultdict[UUID, list[Row]]:
    p = ledger_tables.posting.c
    wanted = sa.select(ledger_tables.posting).where(p.merchant == merchant).order_by(p.entry, p.place)
    if of is not None:
        wanted = wanted.where(p.entry.in_(of))
    found: defaultdict[UUID, list[Row]] = defaultdict(list)
    for row in connection.execute(wanted):
        found[row.entry].append(dict(row._mapping))
    return found
