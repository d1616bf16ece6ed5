"""What can be made out of an entry that a newer version wrote: a terminal whose update was taken back still holds it.

Such an entry is kept, hashed and sent as the bytes that it is (invariant 2). What of it is needed here meanwhile, this reads,
each part for itself; a part that is not as this version knows it is not there, and never guessed at.

Example::

    outline(line.body).postings     # of an award, and of a cause that is not known yet
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from loyalty.entry import Moment, Posting


class Outline(msgspec.Struct, frozen=True):
    """The parts of an entry that the journal itself needs, as far as they can be read."""

    id: UUID | None = None
    cause: str = ""
    """In the writer's own word; empty where it cannot be read."""
    moment: Moment | None = None
    postings: tuple[Posting, ...] = ()
    refers: UUID | None = None


class _Whose(msgspec.Struct, frozen=True):
    account: bytes | None = None


def outline(body: bytes) -> Outline:
    """The outline of an entry's public part; of any bytes, and at once for an entry that this version knows."""
    try:
        return msgspec.json.decode(body, type=Outline)
    except (msgspec.MsgspecError, RecursionError):
        return _part_by_part(body)


def account_of(personal: bytes | None) -> bytes | None:
    """The account in an entry's personal part; None where there is no such part, or it cannot be read."""
    try:
        return msgspec.json.decode(personal, type=_Whose).account if personal is not None else None
    except (msgspec.MsgspecError, RecursionError):
        return None


def _part_by_part(body: bytes) -> Outline:
    try:
        parts = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError):
        return Outline()
    found = Outline()
    for name in Outline.__struct_fields__:
        if name in parts:
            try:
                part = msgspec.json.decode(b'{"%s":%s}' % (name.encode(), bytes(parts[name])), type=Outline)
            except (msgspec.MsgspecError, RecursionError):
                continue
            found = msgspec.structs.replace(found, **{name: getattr(part, name)})
    return found
