"""What the journal allows: spending, undo and return, asked inside the transaction that records (invariants 5 and 6)."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import msgspec

from loyalty.entry import Cause, Draft, Posting, check
from loyalty.holding import Own, Row, spendable
from loyalty.outline import outline
from loyalty.rules import inverse
from sync.refusals import AlreadyUndone, NotEnough, NothingToUndo, SpendingStopped, TooMuchReturned

Rows = Callable[[bytes, str, str], Row]
"""The mirror's row of (account, purse, instance), for the journal's current identity; `Row()` where there is none."""
Owns = Callable[[bytes, str, str, int], Own]
"""What own lines say of (account, purse, instance) after a `through`."""

_UNDOABLE = {Cause.AWARD.value, Cause.REDEEM.value, Cause.ISSUE.value}


def allowed(
    connection: sqlite3.Connection, base: int, standing: str, draft: Draft, rows: Rows, owns: Owns
) -> tuple[Posting, ...]:
    """The postings that may be recorded for `draft`: its own, with the leased part of a return worked out.

    `base` is the place before the current identity's first line, `standing` what the cloud thinks of it. Raises a refusal of
    `sync.refusals`, or `ImpossiblePosting` where the draft contradicts itself.
    """
    check(draft.cause, draft.postings, draft.refers)
    if standing != "good" and (draft.cause in (Cause.UNDO, Cause.RETURN) or any(p.used for p in draft.postings)):
        raise SpendingStopped(standing)

    def at_hand(posting: Posting) -> int:
        row = rows(draft.whose.account, posting.purse, posting.instance)
        return spendable(row, owns(draft.whose.account, posting.purse, posting.instance, row.through))

    if draft.cause is Cause.RETURN:
        if draft.refers is not None:
            _check_return(connection, draft, draft.refers)
        return tuple(msgspec.structs.replace(p, used=min(-p.delta, max(0, at_hand(p)))) for p in draft.postings)
    if draft.cause is Cause.UNDO and draft.refers is not None:
        _check_undo(connection, base, draft, draft.refers)
    for posting in draft.postings:
        if posting.used and posting.used > (have := at_hand(posting)):
            raise NotEnough(posting.purse, posting.used, have)
    return draft.postings


def _check_undo(connection: sqlite3.Connection, base: int, draft: Draft, refers: UUID) -> None:
    line = connection.execute("SELECT place, cause, account, body FROM lines WHERE id = ?", (refers.bytes,)).fetchone()
    if line is None:
        raise NothingToUndo("this terminal did not record it, or long ago")
    place, cause, account, body = line
    if place <= base:
        raise NothingToUndo("it was recorded before this terminal was paired anew")
    if cause not in _UNDOABLE:
        raise NothingToUndo(f"it is an entry of the kind '{cause}'")
    if account != draft.whose.account:
        raise NothingToUndo("it belongs to another account")
    if was_taken_back(connection, refers):
        raise AlreadyUndone
    if Counter(inverse(outline(body).postings)) != Counter(draft.postings):
        raise NothingToUndo("only all of it can be undone")


def _check_return(connection: sqlite3.Connection, draft: Draft, award: UUID) -> None:
    line = connection.execute("SELECT account, body FROM lines WHERE id = ?", (award.bytes,)).fetchone()
    if line is None:
        return  # another terminal's award: the cloud corrects what is too much
    account, body = line
    earned = outline(body).postings if account == draft.whose.account else ()
    taken = [p for (other,) in _taking_back(connection, award) for p in outline(other).postings]
    for posting in draft.postings:
        purse = (posting.purse, posting.instance)
        had = sum(p.earned for p in earned if (p.purse, p.instance) == purse)
        left = had + sum(p.delta for p in taken if p.delta < 0 and (p.purse, p.instance) == purse)
        if had and left <= 0:
            raise AlreadyUndone
        if -posting.delta > left:
            raise TooMuchReturned(posting.purse, -posting.delta, left)


def was_taken_back(connection: sqlite3.Connection, id: UUID) -> bool:
    """Whether an own line undid the entry, or returned part of it."""
    return bool(_taking_back(connection, id))


def _taking_back(connection: sqlite3.Connection, id: UUID) -> list[tuple[bytes]]:
    query = "SELECT body FROM lines WHERE refers = ? AND cause IN ('undo', 'return')"
    return connection.execute(query, (id.bytes,)).fetchall()
