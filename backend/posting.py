"""Posting: how one line changes the book (`docs/protocol.md`, "post next line"). The arithmetic is `loyalty.purse`.

Nothing is refused here: the goods are gone. What breaks a business rule is posted and flagged (invariant 2).
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from backend import derived, own_entries
from backend.alarms import Alarm, Kind
from backend.book import Book, PurseKey, TakingKey
from backend.entries import entry_row, posting_row
from backend.surroundings import Random
from loyalty.account import Status
from loyalty.chain import Line
from loyalty.entry import Cause, Entry, Personal, Posting, TokenKind
from loyalty.purse import Lease, Purse, correct, count_copy, earn, give_back, spend, take_back
from loyalty.timeline import Placed
from sync.messages import Standing


def post(book: Book, line: Line, entry: Entry, whose: Personal, made: Placed, random: Random) -> None:
    """Posts the next line of the book's identity; `made` is when it was really made."""
    body_hash = hashlib.sha256(line.body).digest()
    known = book.known.get(entry.id)
    if known is None:
        book.known[entry.id] = body_hash
        _post_new(book, line, entry, whose, body_hash, made, random)
        return
    _count_copy(book, entry, whose)
    if known != body_hash:
        _flag(book, Kind.SAME_ID, line, whose, f"entry {entry.id} is posted with other content; this one is kept, not posted")


def _count_copy(book: Book, entry: Entry, whose: Personal) -> None:
    """An id that came twice: nothing is posted, its use is counted on both sides (invariant 8)."""
    for posting in entry.postings:
        key = PurseKey(whose.account, posting.purse, posting.instance)
        purse, lease = book.purse(key)
        book.put(key, purse, count_copy(lease, posting.used))


def _post_new(book: Book, line: Line, entry: Entry, whose: Personal, body_hash: bytes, made: Placed, random: Random) -> None:
    if entry.cause is not Cause.GIVE_BACK:
        _meet(book, line, entry, whose)
    else:
        book.open_account(whose.account)
    void_spends = entry.cause is Cause.UNDO and entry.refers in book.undone
    if void_spends:
        _flag(book, Kind.UNDONE_TWICE, line, whose, f"entry {entry.refers} was undone before")
    for place, posting in enumerate(entry.postings):
        posted = _post_one(book, line, entry, whose, posting, void_spends=void_spends, random=random)
        book.posting_rows.append(posting_row(book.identity.merchant, entry.id, place, whose.account, posting, posted))
    if not void_spends:
        derived.follow(book, line.sequence, entry, whose, made.made_ms, random)
    if entry.cause is Cause.UNDO and entry.refers is not None:
        book.undone.add(entry.refers)
    if book.identity.standing is Standing.WRITTEN_OFF and any(p.used for p in entry.postings):
        _flag(book, Kind.WRITTEN_OFF, line, whose, "a terminal that was given up spent or returned before it came back")
    book.entry_rows.append(entry_row(book.identity, line.sequence, entry, whose, body_hash, book.now_ms, made))


def _meet(book: Book, line: Line, entry: Entry, whose: Personal) -> None:
    """The card that was shown: one that nobody knows opens an account; one that leads elsewhere or is blocked is flagged."""
    book.open_account(whose.account)
    if whose.kind is TokenKind.STAFF or not whose.token:
        return
    card, issued = book.cards.get(whose.token), book.issued.get(whose.token)
    if entry.cause is Cause.ISSUE:
        book.issued.setdefault(whose.token, book.identity.id)
    if card is None:
        book.lead(whose.token, book.leads_to(whose.account), whose.kind)
        return
    elsewhere = card.account not in (whose.account, book.leads_to(whose.account))
    if entry.cause is Cause.ISSUE and (elsewhere or (issued is not None and issued != book.identity.id)):
        first = f"terminal {issued} had issued it" if issued is not None else "it led to another account"
        detail = (
            f"terminal {book.identity.id} issued this card after {first}: find out whose it is, and give the other a new one"
        )
        _flag(book, Kind.ISSUED_TWICE, line, whose, detail)
    elif elsewhere:
        _flag(
            book, Kind.TWO_ACCOUNTS, line, whose, "the card leads to another account than the one the entry names: merge them"
        )
    if card.status is not Status.ACTIVE:
        _flag(book, Kind.CARD_NOT_ACTIVE, line, whose, f"the card is {card.status.value}")


def _post_one(
    book: Book, line: Line, entry: Entry, whose: Personal, posting: Posting, *, void_spends: bool, random: Random
) -> int:
    """Posts one purse's part; returns by how much the balance changed."""
    key = PurseKey(whose.account, posting.purse, posting.instance)
    purse, lease = book.purse(key)
    if posting.delta > 0 and void_spends:
        book.touch(key)
        return 0
    changed, lease = _arithmetic(entry.cause, posting, purse, lease)
    book.put(key, changed, lease)
    if changed.overdraft > purse.overdraft:
        _flag(
            book,
            Kind.OVERDRAFT,
            line,
            whose,
            f"{changed.overdraft - purse.overdraft} of {posting.purse} had no lease behind it",
        )
    if changed.debt > purse.debt:
        _flag(book, Kind.DEBT, line, whose, f"{changed.debt - purse.debt} of {posting.purse} was already spent")
    _settle_takings(book, entry, whose, posting, random)
    return posting.delta


def _arithmetic(cause: Cause, posting: Posting, purse: Purse, lease: Lease) -> tuple[Purse, Lease]:
    if cause is Cause.GIVE_BACK:
        return give_back(purse, lease, posting.used)
    if cause is Cause.RETURN:
        return take_back(purse, lease, -posting.delta, posting.used)
    if posting.delta > 0:
        return earn(purse, lease, posting.delta)
    return spend(purse, lease, -posting.delta)


def _settle_takings(book: Book, entry: Entry, whose: Personal, posting: Posting, random: Random) -> None:
    """Undo and returns of one award together never exceed it, in whatever order they and the award arrive (invariant 6)."""
    if posting.delta > 0 and entry.cause in (Cause.AWARD, Cause.REDEEM):
        key = TakingKey(entry.id, posting.purse, posting.instance)
        book.awards[key] = posting.delta
        if key not in book.takings:
            return
        taking = replace(book.takings[key], award=posting.delta)
    elif posting.delta < 0 and entry.cause in (Cause.UNDO, Cause.RETURN) and entry.refers is not None:
        key = TakingKey(entry.refers, posting.purse, posting.instance)
        taking = book.taking(key)
        taking = replace(taking, taken=taking.taken - posting.delta)
    else:
        return
    purse, _ = book.purse(PurseKey(whose.account, posting.purse, posting.instance))
    corrected, settled = correct(purse, taking)
    book.put_taking(key, settled)
    if corrected != purse:
        back = Posting(posting.purse, corrected.earned - purse.earned, instance=posting.instance)
        own_entries.award(book, whose, back, random, refers=key.entry)


def _flag(book: Book, kind: Kind, line: Line, whose: Personal, detail: str) -> None:
    book.alarms.append(Alarm(kind, book.identity.id, line.sequence, detail, whose.account))
