"""What the counter sees of a card: the mirror's last word and this terminal's own lines since, joined at each look."""

from __future__ import annotations

import sqlite3

from loyalty.account import Account, Holding, Staff, Status
from loyalty.derived import Progress
from loyalty.entry import Personal, TokenKind
from loyalty.holding import Row, shown, spendable
from sync.forgetting import is_forgotten
from sync.journal import Identity, current, own_between


def look(
    journal: sqlite3.Connection, mirror: sqlite3.Connection, token: bytes, kind: TokenKind, *, typed: bool = False
) -> Account | None:
    """The account behind a token, with a holding for every purse that mirror or own lines know; None for an unknown card.

    A card that the cloud does not know yet but that earned or was issued here is found too: its account's id is its token. The
    first card of somebody who was forgotten is not served again: lines that name its account still belong to them.
    """
    if is_forgotten(mirror, token):
        return Account(Personal(token, token, kind), status=Status.BLOCKED, typed=typed)
    card = mirror.execute("SELECT account, status FROM cards WHERE token = ?", (token,)).fetchone()
    account, status = (card[0], Status(card[1])) if card is not None else (token, Status.ACTIVE)
    holdings = _holdings(journal, mirror, current(journal), account)
    if card is None and not holdings and not _issued_here(journal, token):
        return None
    member = mirror.execute("SELECT name, level, language FROM members WHERE account = ?", (account,)).fetchone()
    name, level, language = member if member is not None else ("", "", "")
    past = mirror.execute("SELECT level, spent, owing FROM progress WHERE account = ?", (account,)).fetchone()
    progress = Progress(*past) if past is not None else Progress()
    return Account(Personal(account, token, kind), name, level, language, status, holdings, typed, progress)


def staff_by(mirror: sqlite3.Connection, token: bytes) -> Staff | None:
    """The member of staff whose card it is; None also for one who left."""
    row = mirror.execute("SELECT id, name, account FROM staff WHERE token = ? AND active", (token,)).fetchone()
    return Staff(id=row[0], name=row[1], account=row[2]) if row is not None else None


def _holdings(journal: sqlite3.Connection, mirror: sqlite3.Connection, now: Identity, account: bytes) -> tuple[Holding, ...]:
    query = "SELECT purse, instance, balance, granted, place, identity FROM purses WHERE account = ?"
    found = {(purse, instance): rest for purse, instance, *rest in mirror.execute(query, (account,))}
    tallied = journal.execute("SELECT DISTINCT purse, instance FROM tallies WHERE account = ?", (account,))
    holdings = []
    for purse, instance in sorted({*found, *tallied}):
        balance, granted, place, identity = found.get((purse, instance), (0, 0, 0, None))
        row = Row(balance, granted if identity == now.identity.bytes else 0, place - now.base)
        own = own_between(journal, now, account, purse, instance, place)
        holdings.append(Holding(purse, shown(row, own), spendable(row, own), instance))
    return tuple(holdings)


def _issued_here(journal: sqlite3.Connection, token: bytes) -> bool:
    return journal.execute("SELECT 1 FROM lines WHERE account = ? AND cause = 'issue'", (token,)).fetchone() is not None
