"""A journal's second life: a new identity for a copy that was found out (invariant 8), and pruning (invariant 11)."""

from __future__ import annotations

import sqlite3
from uuid import UUID

from loyalty.chain import Head, Line, Was, extend
from loyalty.outline import outline
from sync.database import Connection, transaction
from sync.journal import current, pruned

PRUNE_LINES = 100


def renew(connection: sqlite3.Connection, new_identity: UUID, accepted: int | None) -> None:
    """Makes `new_identity` the current one; the old one's lines after `accepted` are wrapped and wait to be sent again.

    Ids, bodies and places stay. Where the two chains parted, only this journal knows: `accepted` counts as far as the cloud
    said of these very lines that it has them. None: the cloud may have lost what it said that it has; then every line that is
    still here goes again, also those of earlier identities. A line sent twice does no harm, a line not sent is lost. The same
    new identity again changes nothing.
    """
    with transaction(connection):
        old = current(connection)
        if old.identity == new_identity:
            return
        if accepted is None:
            base = max(0, pruned(connection) - 1)
        else:
            base = max(old.base + max(0, min(accepted, old.accepted)), pruned(connection))
        writers = connection.execute("SELECT identity, base FROM identities ORDER BY number DESC").fetchall()
        number = old.number + 1
        connection.execute(
            "INSERT INTO identities (number, identity, base) VALUES (?, ?, ?)", (number, new_identity.bytes, base)
        )
        head = Head()
        moved = connection.execute(
            "SELECT place, hash, body, digest, personal, salt, account FROM lines WHERE place > ? ORDER BY place", (base,)
        ).fetchall()
        for place, hash, body, digest, personal, salt, account in moved:
            writer, its_base = next(one for one in writers if one[1] < place)
            was = Was(UUID(bytes=writer), place - its_base, hash)
            line = Line(head.sequence + 1, head.hash, body, digest, personal, salt, was)
            head = extend(new_identity, head, line)
            connection.execute(
                "UPDATE lines SET before = ?, hash = ?, was_identity = ?, was_sequence = ?, was_hash = ? WHERE place = ?",
                (line.before, head.hash, was.identity.bytes, was.sequence, was.hash, place),
            )
            for posting in outline(body).postings if account is not None else ():
                connection.execute(
                    "INSERT INTO tallies VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET used = used + excluded.used",
                    (account, posting.purse, posting.instance, number, posting.used),
                )


def prune(connection: sqlite3.Connection, through: int, before_ms: int, limit: int = PRUNE_LINES) -> int:
    """Deletes lines up to `through` (sequence) that were recorded before `before_ms` (wall clock), and says how many.

    `through` comes from `sync.mirror.complete_through`: what every row of the mirror includes. The last such line is kept for
    its hash, so that the chain and later answers still find their place. A line recorded while the clock was not trusted goes
    with the next one that is known to be old, however many lie between. At most `limit` are looked at and deleted at a time,
    so that a tap need not wait; the connection remembers up to where no line has a trusted clock.
    """
    with transaction(connection):
        now = current(connection)
        last = now.base + min(through, now.accepted, now.posted)
        old = _known_to_be_old(connection, last, before_ms, limit)
        oldest = connection.execute(
            "SELECT place, body, account FROM lines WHERE place <= ? ORDER BY place LIMIT ?", (old, limit + 1)
        ).fetchall()
        if len(oldest) < 2:
            return 0
        *gone, (keep, _, _) = oldest
        for place, body, account in gone:
            for posting in outline(body).postings if account is not None else ():
                connection.execute(
                    "DELETE FROM postings WHERE account = ? AND purse = ? AND instance = ? AND place = ?",
                    (account, posting.purse, posting.instance, place),
                )
        connection.execute("DELETE FROM lines WHERE place < ?", (keep,))
        connection.execute("UPDATE terminal SET pruned = ?", (keep,))
        return len(gone)


def _known_to_be_old(connection: sqlite3.Connection, last: int, before_ms: int, limit: int) -> int:
    """The place of a line up to `last` that was recorded before `before_ms` by a trusted clock; 0 where none is seen.

    It looks at the first line, and at `limit` of those behind it and behind all that earlier calls have seen in vain.
    """
    lines = "SELECT place, body FROM lines WHERE place > ? AND place <= ? ORDER BY place LIMIT ?"
    first = connection.execute(lines, (0, last, 1)).fetchall()
    if not first:
        return 0
    seen = first[0][0]
    if isinstance(connection, Connection):
        seen = max(seen, connection.untrusted_to)
    old = 0
    for place, body in first + connection.execute(lines, (seen, last, limit)).fetchall():
        moment = outline(body).moment
        trusted = moment is not None and moment.trusted
        if moment is not None and trusted and moment.wall_ms >= before_ms:
            break
        if trusted:
            old = place
        else:
            seen = max(seen, place)
    if old <= first[0][0] and isinstance(connection, Connection):
        connection.untrusted_to = seen
    return old
