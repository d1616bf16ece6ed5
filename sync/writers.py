"""Lines as a damaged journal still has them: which of them are proved by their own hash, and who wrote them.

A line's hash covers the identity that wrote it and its sequence, so no other table need be trusted to know either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from loyalty.chain import BrokenChain, Head, Line, Was, extend
from sync.carving import Row, Value
from sync.journal import Identity
from sync.messages import Standing

LINE_COLUMNS, IDENTITY_COLUMNS, TERMINAL_COLUMNS = 15, 6, 3
"""That this version knows; a newer one adds others behind them (`sync.schema.JOURNAL_AHEAD`)."""

_TRIED = 8
"""Lines from the end on, of which one must say where its writer began: the last may be earlier forms of themselves."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A line as the file has it, proved by its own hash."""

    place: int
    id: bytes
    key: str
    cause: str
    identity: UUID
    line: Line
    hash: bytes


def is_identity(columns: list[Value]) -> bool:
    """Whether a row is one of the table `identities`."""
    kinds = [type(value) for value in columns[1:IDENTITY_COLUMNS]]
    return kinds == [bytes, int, int, int, str] and len(blob(columns[1])) == 16


def is_terminal(columns: list[Value]) -> bool:
    """Whether a row looks like the one of the table `terminal`."""
    return [type(value) for value in columns[:TERMINAL_COLUMNS]] == [type(None), int, int]


def identities(found: Iterable[tuple[object, ...]]) -> list[Identity]:
    """Sorted by number."""
    known = dict[int, Identity]()
    for number, identity, base, accepted, posted, standing, *_ in found:
        with suppress(ValueError, TypeError):
            one = Identity(
                int(str(number)), UUID(bytes=blob(identity)), int(str(base)), int(str(accepted)), int(str(posted)),
                Standing(standing),
            )  # fmt: skip
            known[one.number] = one
    return [known[number] for number in sorted(known)]


def writers(carved: Sequence[Row], known: Sequence[UUID]) -> list[Identity]:
    """Who wrote the lines, where the table that says so is gone; as `identities`. `known`: by the pairing, the newest first.

    One of `known` must have written the last lines; lines that were wrapped name those before. Where nobody is known to have
    written the lines that there are, nobody is returned. How far the cloud has them is not known, so they will be sent again,
    which does no harm; those of a writer whom nothing names any more are all in the cloud, or they would have been wrapped.
    """
    lines = sorted((row for row in carved if _may_be_line(row[1])), key=lambda row: row[0])
    if not lines:
        return [_begun(1, known[0], 0)] if known else []
    bases = {one: base for one in known if (base := _base_of(one, lines)) is not None}
    new = dict(bases)
    while new:
        now, new = _numbered(bases), {}
        for place, columns in lines:
            one = proved(place, columns, now)
            if one is not None and one.line.was is not None and one.line.was.identity not in bases:
                new[one.line.was.identity] = place - one.line.was.sequence
        bases |= new
    return _numbered(bases)


def _base_of(identity: UUID, lines: list[Row]) -> int | None:
    for place, columns in reversed(lines[-_TRIED:]):
        for base in range(place):
            if proved(place, columns, [_begun(1, identity, base)]) is not None:
                return base
    return None


def _numbered(bases: dict[UUID, int]) -> list[Identity]:
    """In the order in which they wrote: of two that began at one place, the one that was found later is the earlier one."""
    order = sorted((base, -found, identity) for found, (identity, base) in enumerate(bases.items()))
    return [_begun(number, identity, base) for number, (base, _, identity) in enumerate(order, 1)]


def _begun(number: int, identity: UUID, base: int) -> Identity:
    return Identity(number, identity, base, 0, 0, Standing.GOOD)


def _may_be_line(columns: list[Value]) -> bool:
    return len(columns) >= LINE_COLUMNS and isinstance(columns[7], bytes) and isinstance(columns[8], bytes)


def blob(value: object) -> bytes:
    """Bytes as they are; none for anything else."""
    return value if isinstance(value, bytes) else b""


def proved(place: int, columns: list[Value], writers: list[Identity]) -> Stored | None:
    """A line, where the row is one and has the hash that it says."""
    if len(columns) < LINE_COLUMNS:
        return None
    _, id, key, cause, _, _, before, hash, body, digest, personal, salt, was, was_sequence, was_hash = columns[:LINE_COLUMNS]
    writer = next((one for one in reversed(writers) if one.base < place), None)
    try:
        if writer is None or not (isinstance(personal, bytes | None) and isinstance(salt, bytes | None)):
            return None
        was_there = Was(UUID(bytes=blob(was)), int(str(was_sequence)), blob(was_hash)) if was is not None else None
        sequence = place - writer.base
        line = Line(sequence, blob(before), blob(body), blob(digest), personal, salt, was_there)
        is_so = extend(writer.identity, Head(sequence - 1, line.before), line).hash == hash
    except (BrokenChain, ValueError, OverflowError):
        return None
    return Stored(place, blob(id), str(key), str(cause), writer.identity, line, blob(hash)) if is_so else None


def all_proved(carved: Iterable[Row], writers: list[Identity]) -> Iterator[Stored]:
    """The rows that are lines."""
    for place, columns in carved:
        if (stored := proved(place, columns, writers)) is not None:
            yield stored
