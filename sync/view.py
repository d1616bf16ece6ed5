"""What the counter sees of a card: the mirror's last word and this terminal's own lines since, joined at each look."""

from __future__ import annotations

import sqlite3

from loyalty.account import Account, Holding, Staff, Status
from loyalty.derived import Progress
from loyalty.entry import Personal, TokenKind
from loyalty.holding import Row, shown, spendable
from sync.damage import every, one
from sync.forgetting import is_forgotten
from sync.journal import Identity, current, own_between
from sync.mirror import STATUSES


def look(
    journal: sqlite3.Connection, mirror: sqlite3.Connection, token: bytes, kind: TokenKind, *, typed: bool = False
) -> Account | None:
    """The account behind a token, with a holding for every purse that mirror or own lines know; None for an unknown card.

    A card that the cloud does not know yet but that earned or was issued here is found too: its account's id is its token. The
    first card of somebody who was forgotten is not served again: lines that name its account still belong to them.
    """
    if is_forgotten(mirror, token):
        return Account(Personal(token, token, kind), status=Status.BLOCKED, typed=typed)
    card = _card(mirror, token)
    account, status = card if card is not None else (token, Status.ACTIVE)
    member = one(mirror, _MEMBER, (account,))
    number, name, level, language = member if member is not None else (None, "", "", "")
    holdings = _holdings(journal, mirror, current(journal), account, number)
    if card is None and not holdings and not _issued_here(journal, token):
        return None
    past = one(mirror, "SELECT level, spent, owing FROM progress WHERE account = ?", (account,))
    progress = Progress(*past) if past is not None else Progress()
    return Account(Personal(account, token, kind), name, level, language, status, holdings, typed, progress)


def staff_by(mirror: sqlite3.Connection, token: bytes) -> Staff | None:
    """The member of staff whose card it is; None also for one who left."""
    row = one(mirror, "SELECT id, name, account FROM staff WHERE token = ? AND active", (token,))
    return Staff(id=row[0], name=row[1], account=row[2]) if row is not None else None


_MEMBER = (
    "SELECT a.number, a.name, l.word, n.word FROM accounts AS a JOIN words AS l ON l.number = a.level"
    " JOIN words AS n ON n.number = a.language WHERE a.id = ?"
)
_PURSES = (
    "SELECT w.word, p.instance, p.balance, p.granted, p.place, i.word FROM purses AS p JOIN words AS w ON w.number = p.purse"
    " JOIN words AS i ON i.number = p.identity WHERE p.account = ?"
)


def _card(mirror: sqlite3.Connection, token: bytes) -> tuple[bytes, Status] | None:
    """Where a card leads: to the account of its own name or to another, whichever the cloud said last."""
    first = one(mirror, "SELECT status, card_change FROM accounts WHERE id = ? AND status IS NOT NULL", (token,))
    other = one(mirror, "SELECT account, status, change FROM cards WHERE token = ?", (token,))
    if other is not None and (first is None or other[2] > first[1]):
        return other[0], STATUSES[other[1]]
    return (token, STATUSES[first[0]]) if first is not None else None


def _holdings(
    journal: sqlite3.Connection, mirror: sqlite3.Connection, now: Identity, account: bytes, number: int | None
) -> tuple[Holding, ...]:
    found = {(purse, instance): rest for purse, instance, *rest in every(mirror, _PURSES, (number,))}
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
