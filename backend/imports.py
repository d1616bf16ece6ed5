"""Taking in a parcel: entries that a terminal wrote to a file because it could not send them (`sync.parcel`).

Its lines go the way that pushed ones go, so a parcel that is taken in twice, or after part of it had arrived, does no harm.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from msgspec.structs import replace

from backend import accept, alarms, identities, lines
from backend.alarms import Alarm
from backend.database import Database
from backend.identities import Identity
from backend.leases import write_off_terminal
from backend.surroundings import Clock, Random
from loyalty.chain import Head, Line, Was, line_hash
from loyalty.ids import derived_id
from sync import parcel
from sync.messages import Push, Standing


class UnknownTerminal(LookupError):
    """The parcel is of a terminal that this cloud never paired."""

    def __init__(self) -> None:
        super().__init__("this file is from a terminal that this cloud does not know: take it to the cloud that paired it")


class LinesMissing(ValueError):
    """There is a gap between what the cloud has and what the parcel begins with."""

    def __init__(self, have: int, next_one: int) -> None:
        super().__init__(
            f"the cloud has this terminal's entries up to {have}, and the file goes on at {next_one}: take in the earlier file"
            " first, or let the terminal send them; where nobody has them any more: bodka-cloud import --despite-gap"
        )


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a parcel: entries in it, how many of them were new, and why posting stopped, if it did.

    `beside` is the identity made for those that the terminal's own chain has no place for, where there were any.
    """

    identity: UUID
    entries: int
    fresh: int
    trouble: str
    beside: UUID | None = None


def take_in(database: Database, path: Path, clock: Clock, random: Random, *, despite_gap: bool = False) -> Imported:
    """Checks the whole parcel, then accepts it push by push.

    Lines that are not those which the cloud has under the same numbers (the terminal was a copy, a restored backup, or its
    journal was damaged) are wrapped as in a renewal, under an identity made for them: nothing is lost, and nothing counts
    twice, for ids are unique for ever. With `despite_gap` so are lines behind a gap that nobody can fill any more.

    Raises `NoParcel`, `TornParcel` or `AlteredParcel` of `sync.parcel`, and `UnknownTerminal`: nothing is taken then. Raises
    `LinesMissing` or `lines.MalformedLine` where it cannot go on; what was taken before stays.
    """
    with path.open("rb") as original, tempfile.TemporaryFile() as file:
        shutil.copyfileobj(original, file)  # a stick may be pulled out, or changed, between the check and the taking in
        found = parcel.examine(file)
        identity = found.label.identity
        found.check(_public_key(database, identity))
        course, entries = _Course(identity, random, despite_gap), 0
        for push in parcel.pushes(file):
            for line in push.lines:
                lines.check_shape(line)
            with database.writing() as connection:
                course.take(connection, push.lines, clock())
            entries += len(push.lines)
    beside = course.beside.identity if course.beside is not None else None
    return Imported(identity, entries, course.all_fresh, course.all_trouble, beside)


class _Course:
    """Where the lines of one file go: onto the chain of `identity`, and from the first that contradicts it on `beside` it."""

    def __init__(self, identity: UUID, random: Random, despite_gap: bool = False) -> None:
        self.identity = identity
        self.beside: _Course | None = None
        self._random, self._despite_gap = random, despite_gap
        self._head = Head()
        """The last line that was wrapped for this chain."""
        self._fresh, self._trouble = 0, ""

    @property
    def all_fresh(self) -> int:
        return self._fresh + (self.beside.all_fresh if self.beside is not None else 0)

    @property
    def all_trouble(self) -> str:
        return self._trouble or (self.beside.all_trouble if self.beside is not None else "")

    def take(self, connection: sa.Connection, come: tuple[Line, ...], now_ms: int) -> None:
        """Stores and posts lines of this chain."""
        writer = identities.lock(connection, self.identity)
        fitting, others = tuple[Line, ...](), come
        if self.beside is None:
            fitting, others = accept.part(connection, writer, come, at_a_gap=self._despite_gap)
        if fitting:
            end = Head(fitting[-1].sequence, line_hash(writer.id, fitting[-1]))
            push = Push(writer.id, end, fitting)
            pushed = accept.accept_exported(connection, writer.id, push, now_ms, self._random)
            if pushed.head.sequence < fitting[-1].sequence:
                raise LinesMissing(pushed.head.sequence, fitting[0].sequence)
            self._fresh, self._trouble = self._fresh + pushed.head.sequence - writer.head.sequence, pushed.trouble
        if others:
            if self.beside is None:
                self.beside = _Course(_identity_beside(connection, writer, others[0], now_ms), self._random)
            self.beside.take_wrapped(connection, writer, others, now_ms)

    def take_wrapped(self, connection: sa.Connection, old: Identity, come: tuple[Line, ...], now_ms: int) -> None:
        """Lines of the chain `old`, wrapped into this one. Nobody holds this identity: what they earn is free at once."""
        wrapped: list[Line] = []
        for line in come:
            was = Was(old.id, line.sequence, line_hash(old.id, line))
            wrapped.append(replace(line, sequence=self._head.sequence + 1, before=self._head.hash, was=was))
            self._head = Head(wrapped[-1].sequence, line_hash(self.identity, wrapped[-1]))
        self.take(connection, tuple(wrapped), now_ms)
        write_off_terminal(connection, self.identity, now_ms, self._random)


def _identity_beside(connection: sa.Connection, old: Identity, first: Line, now_ms: int) -> UUID:
    """The identity for the lines of a file from `first` on: the same for the same line, in whatever file it comes again.

    Nobody has its key. It follows `old`, whose device was paired before any of these lines was made (`dating`), and is
    written off from the beginning: it never counts as a terminal that could ask for a lease.
    """
    hash = line_hash(old.id, first)
    new = derived_id(old.id, f"beside {hash.hex()}")
    try:
        return identities.find(connection, new).id
    except identities.UnknownIdentity:
        made = identities.add(
            connection,
            id=new,
            network=old.network,
            merchant=old.merchant,
            shop=old.shop,
            device=f"{old.device} (from a file)".lstrip(),
            public_key=hashlib.sha256(b"nobody's key" + new.bytes + hash).digest(),
            now_ms=now_ms,
            renews=old.id,
            accepted=first.sequence - 1,
        )
    identities.set_standing(connection, made, Standing.WRITTEN_OFF)
    detail = (
        f"a file holds other entries than the cloud has from its line {first.sequence} on: they are taken under {new};"
        " look for what was entered twice"
    )
    alarms.put_once(connection, old.merchant, Alarm(alarms.Kind.OFF_HEAD, old.id, first.sequence, detail), now_ms)
    return new


def _public_key(database: Database, identity: UUID) -> bytes:
    with database.reading() as connection:
        try:
            public_key = identities.find(connection, identity).public_key
        except identities.UnknownIdentity as error:
            raise UnknownTerminal from error
    if public_key is None:
        raise UnknownTerminal
    return public_key
