"""Entries that the cloud itself writes, in the merchant's own chain: starting balances, corrections, what is derived from an
award, what a merge moves (invariants 4, 6, 7 and 10). None of it is leased to anyone by that: it is free."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from uuid import UUID

from backend import identities
from backend.book import Book, PurseKey
from backend.entries import entry_row, posting_row
from backend.surroundings import Random
from loyalty.chain import Line, extend, personal_digest
from loyalty.entry import Cause, Entry, Moment, Personal, Posting, encode
from loyalty.ids import uuid7
from loyalty.timeline import Placed

_NO_BOOT = UUID(int=0)


def award(book: Book, whose: Personal, posting: Posting, random: Random, *, refers: UUID | None = None) -> None:
    """Earns `posting` for an account without leasing it to anyone: it is free, to be granted when a terminal asks.

    `refers` names the award that is corrected, where this is the excess taken back of it.
    """
    write(book, Cause.AWARD, whose, posting, random, refers=refers)


def write(
    book: Book,
    cause: Cause,
    whose: Personal,
    posting: Posting,
    random: Random,
    *,
    refers: UUID | None = None,
    rule: str = "",
    id: UUID | None = None,
) -> UUID:
    """Writes one entry with one posting and posts it; what it takes must be free. Returns its id.

    `rule` says which rule of the programme made it, and stands where a terminal's entry names a reward.
    """
    own = book.own = book.own or identities.own_of(book.connection, book.identity.merchant)
    entry = Entry(
        id=id or uuid7(book.now_ms, random(10)),
        cause=cause,
        moment=Moment(_NO_BOOT, 0, book.now_ms, trusted=True),
        shop=own.shop,
        programme=0,
        postings=(posting,),
        refers=refers,
        reward=rule,
    )
    personal, salt = encode(whose), random(16)
    line = Line(
        sequence=own.head.sequence + 1,
        before=own.head.hash,
        body=encode(entry),
        digest=personal_digest(salt, personal),
        personal=personal,
        salt=salt,
    )
    head = extend(own.id, own.head, line)
    book.own = replace(own, head=head, posted=head)
    book.own_lines.append((line, head.hash))

    key = PurseKey(whose.account, posting.purse, posting.instance)
    purse, lease = book.purse(key)
    earned, spent = purse.earned + max(0, posting.delta), purse.spent + max(0, -posting.delta)
    book.put(key, replace(purse, earned=earned, spent=spent), lease)
    book.known[entry.id] = hashlib.sha256(line.body).digest()
    made = Placed(book.now_ms, sure=True)
    book.entry_rows.append(entry_row(own, line.sequence, entry, whose, book.known[entry.id], book.now_ms, made))
    book.posting_rows.append(posting_row(own.merchant, entry.id, 0, whose.account, posting, posting.delta))
    return entry.id
