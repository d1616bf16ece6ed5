"""Accepting a push: every well-signed line is stored at its sequence, and posted strictly in order in the same transaction.

Pushing the same lines again, late or twice does no harm: lines are placed by sequence and hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import sqlalchemy as sa

from backend import alarms, dating, forgetting, identities, lines, merging, recalls
from backend.alarms import Alarm, Kind
from backend.book import Book, PurseKey
from backend.history import open_history
from backend.identities import Identity
from backend.leases import grant_all_free
from backend.posting import post
from backend.surroundings import Random
from loyalty.chain import BrokenChain, Head, Line, extend, line_hash
from loyalty.entry import Cause, Entry, Personal, Unreadable
from loyalty.timeline import Made
from sync.messages import MAX_LINES, Push, Pushed, Standing


def accept(connection: sa.Connection, identity: UUID, push: Push, now_ms: int, random: Random) -> Pushed:
    """Stores and posts the lines of a push of `identity`, in the connection's transaction.

    Raises `lines.MalformedLine` for what is no line at all, and `identities.UnknownIdentity`; nothing is changed then.
    """
    for line in push.lines:
        lines.check_shape(line)
    writer = identities.lock(connection, identity)
    if push.told is not None:
        dating.note_boot(connection, writer.merchant, push.told, now_ms)
    pushed = _take(connection, writer, push, now_ms, random, on_head=not is_off_head(writer, push.head))
    identities.note_told(connection, writer, push.head, push.told, pushed.standing, now_ms)
    return pushed


def accept_exported(connection: sa.Connection, identity: UUID, push: Push, now_ms: int, random: Random) -> Pushed:
    """As `accept`, for a push out of a file: where the terminal stood when it wrote that says nothing of where it is now."""
    for line in push.lines:
        lines.check_shape(line)
    return _take(connection, identities.lock(connection, identity), push, now_ms, random, on_head=True)


def _take(connection: sa.Connection, writer: Identity, push: Push, now_ms: int, random: Random, *, on_head: bool) -> Pushed:
    if on_head:
        writer, on_head = _store(connection, writer, push.lines, now_ms)
    if not on_head:
        flag_off_head(connection, writer, push.head, now_ms)
    # What a copy tells of its boot says nothing of the lines that lie here: they are another machine's.
    trouble = post_stored(connection, writer, now_ms, random, push.told.boot if push.told is not None and on_head else None)
    writer = identities.find(connection, writer.id)
    return Pushed(
        standing=writer.standing if on_head else Standing.OFF_HEAD,
        head=writer.head,
        posted=writer.posted.sequence,
        now_ms=now_ms,
        trouble=trouble,
        recalls=recalls.open_to(connection, writer, now_ms) if on_head else (),
    )


def part(
    connection: sa.Connection, writer: Identity, pushed: tuple[Line, ...], *, at_a_gap: bool = False
) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Lines that the chain has or that continue it, and the rest from the first one that contradicts it.

    A line behind a gap contradicts nothing; with `at_a_gap` the rest begins there too.
    """
    known = [line.sequence for line in pushed if line.sequence <= writer.head.sequence]
    stored = lines.hashes_between(connection, writer, min(known), max(known)) if known else {}
    head = writer.head
    for place, line in enumerate(pushed):
        if line.sequence <= writer.head.sequence:
            fits = stored.get(line.sequence) == line_hash(writer.id, line)
        else:
            fits = line.before == head.hash if line.sequence == head.sequence + 1 else not at_a_gap
            head = Head(line.sequence, line_hash(writer.id, line))
        if not fits:
            return pushed[:place], pushed[place:]
    return pushed, ()


def is_off_head(writer: Identity, head: Head) -> bool:
    """Whether a terminal with this head is a copy or a restored backup (invariant 8): behind the cloud's head, or beside it.

    A head further on than the cloud's cannot be judged; its lines will be, when they come.
    """
    if head.sequence < writer.head.sequence:
        return True
    return head.sequence == writer.head.sequence and head.hash != writer.head.hash


def flag_off_head(connection: sa.Connection, writer: Identity, head: Head, now_ms: int) -> None:
    """Lists, once for each head of the cloud's, that a terminal was found off it."""
    detail = f"it stands at its line {head.sequence}, the cloud at {writer.head.sequence}: it is given a new identity by staff"
    alarms.put_once(connection, writer.merchant, Alarm(Kind.OFF_HEAD, writer.id, writer.head.sequence, detail), now_ms)


def _store(connection: sa.Connection, writer: Identity, pushed: tuple[Line, ...], now_ms: int) -> tuple[Identity, bool]:
    """Stores the lines that continue the chain. The second value is False where a line contradicts what is stored."""
    head, fresh, on_head = writer.head, list[tuple[Line, bytes]](), True
    old = [line for line in pushed if line.sequence <= head.sequence]
    if old:
        sequences = [line.sequence for line in old]
        stored = lines.hashes_between(connection, writer, min(sequences), max(sequences))
        if any(stored.get(line.sequence) != line_hash(writer.id, line) for line in old):
            return writer, False
    for line in (line for line in pushed if line.sequence > writer.head.sequence):
        if line.sequence != head.sequence + 1:
            # A gap, or the lines are out of order: the answer's head says from where to send again.
            break
        if line.before != head.hash:
            on_head = False
            break
        head = Head(line.sequence, line_hash(writer.id, line))
        fresh.append((line, head.hash))
    lines.store(connection, writer, fresh, now_ms)
    if fresh:
        identities.set_head(connection, writer, head)
        writer = replace(writer, head=head)
    return writer, on_head


def post_stored(connection: sa.Connection, writer: Identity, now_ms: int, random: Random, sending: UUID | None = None) -> str:
    """Posts what is stored and not yet posted, in order, up to the first line that cannot be read. Returns why it stopped.

    `sending` is the boot that sent the last of them, where it is known: it helps to date them.

    Called with every push, so that lines which an older version of the cloud could not read are posted after an update.
    """
    while writer.posted.sequence < writer.head.sequence:
        batch = lines.after(connection, writer, writer.posted.sequence, MAX_LINES)
        readable, trouble = _read(writer, batch)
        _post_batch(connection, writer, readable, now_ms, random, sending)
        if trouble is not None:
            alarms.put_once(connection, writer.merchant, trouble, now_ms)
            return trouble.detail
        writer = identities.find(connection, writer.id)
    return ""


def void_next(
    connection: sa.Connection, identity: UUID, now_ms: int, random: Random, *, by: str = "a person", sequence: int | None = None
) -> str:
    """A person gives up the line at which posting stopped: it is posted as nothing, and those behind it follow.

    `by` is who does it; with `sequence` only that line is given up, and no other at which posting may stop by now. Does nothing
    where posting has not stopped. Returns why posting stopped again, if it did.
    """
    writer = identities.lock(connection, identity)
    if trouble := post_stored(connection, writer, now_ms, random):
        writer = identities.find(connection, identity)
        [(line, hash, _)] = lines.after(connection, writer, writer.posted.sequence, 1)
        if sequence not in (None, line.sequence):
            return trouble
        identities.set_posted(connection, writer, Head(line.sequence, hash))
        given_up = Alarm(Kind.VOIDED, writer.id, line.sequence, f"line {line.sequence} was given up by {by}: it posts nothing")
        alarms.put(connection, writer.merchant, [given_up], now_ms)
        _tell_again(connection, writer, line, now_ms)
        trouble = post_stored(connection, identities.find(connection, identity), now_ms, random)
    return trouble


def _tell_again(connection: sa.Connection, writer: Identity, given_up: Line, now_ms: int) -> None:
    """Sends the purses once more that a line was to change: or its terminal would show them changed for ever (invariant 4)."""
    found = lines.would_change(given_up)
    if found is None or forgetting.tombstones(connection, writer.network, [found[0]]):
        return
    account, purses = found
    book = Book(connection, writer, now_ms)
    book.load_accounts([account])
    for purse, instance in purses:
        book.touch(PurseKey(account, purse, instance))
    book.write()


_Readable = list[tuple[lines.Stored, Entry, Personal | None]]


def _read(writer: Identity, batch: list[lines.Stored]) -> tuple[_Readable, Alarm | None]:
    readable: _Readable = []
    before = writer.posted
    for stored in batch:
        line = stored.line
        try:
            before = extend(writer.id, before, line)
            entry, whose = lines.read(line)
        except (BrokenChain, Unreadable) as error:
            detail = f"line {line.sequence}: {error}; it and those behind it wait until it can be read or is voided"
            return readable, Alarm(Kind.UNREADABLE, writer.id, line.sequence, detail)
        readable.append((stored, entry, whose))
    return readable, None


def _post_batch(
    connection: sa.Connection, writer: Identity, batch: _Readable, now_ms: int, random: Random, sending: UUID | None
) -> None:
    if not batch:
        return
    book = Book(connection, writer, now_ms)
    book.load_entries([entry.id for _, entry, _ in batch])
    people, forgotten = forgetting.people(book, [(stored.line, entry.id, whose) for stored, entry, whose in batch])
    _load(book, [entry for _, entry, _ in batch], people)
    first, moments = batch[0][0].line, [Made(entry.moment, stored.received_ms) for stored, entry, _ in batch]
    made = dating.date(connection, writer, moments, sending, first.was.identity if first.was is not None else None)
    for (stored, entry, _), whose, when in zip(batch, people, made, strict=True):
        post(book, stored.line, entry, whose, when, random)
    if book.history is not None:
        book.history.levels_now(list(book.history.changed))
    merging.move_on(book, random)
    if writer.standing is Standing.GOOD and identities.is_sole_active(connection, writer):
        grant_all_free(book, book.touched())
    book.write()
    merging.call_back(connection, writer, {key.account for key in book.touched() if key.account in book.into}, now_ms)
    forgetting.strip(connection, writer, forgotten)
    last = batch[-1][0]
    identities.set_posted(connection, writer, Head(last.line.sequence, last.hash))
    given = [
        PurseKey(whose.account, posting.purse, posting.instance)
        for (_, entry, _), whose in zip(batch, people, strict=True)
        if entry.cause is Cause.GIVE_BACK
        for posting in entry.postings
    ]
    recalls.fulfil(connection, writer, given, now_ms)


def _load(book: Book, entries: Sequence[Entry], people: Sequence[Personal]) -> None:
    """All that posting these entries may look at."""
    referred = [e.refers for e in entries if e.refers is not None and e.cause in (Cause.UNDO, Cause.RETURN)]
    tokens = [whose.token for whose in people]
    book.load_accounts([whose.account for whose in people])
    book.load_cards(tokens)
    book.load_issued([token for token, entry in zip(tokens, entries, strict=True) if entry.cause is Cause.ISSUE])
    book.load_takings([*(entry.id for entry in entries), *referred])
    book.load_referred(referred)
    versions = [entry.programme for entry in entries]
    book.history = open_history(book.connection, book.identity.merchant, book.now_ms, versions)
    if book.history is not None:
        book.history.load([book.leads_to(whose.account) for whose in people], tokens, referred)
