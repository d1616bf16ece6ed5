"""When a terminal's entries were really made: its boots on the cloud's clock, for `loyalty.timeline` (invariant 9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa

from backend import identities, tables
from backend.identities import Identity
from loyalty.timeline import Made, Placed, place
from sync.messages import Told

_LONGEST_UP_MS = 2**40
"""More than thirty years."""


def note_boot(connection: sa.Connection, merchant: UUID, told: Told, now_ms: int) -> None:
    """Remembers when the boot began that sent this, on the cloud's clock. Whoever comes late would make it too young: the
    earliest counts."""
    if not 0 <= told.up_ms <= _LONGEST_UP_MS:
        return
    began = now_ms - told.up_ms
    known = connection.execute(sa.select(tables.boot).where(_is(merchant, told.boot))).one_or_none()
    if known is None:
        _add(connection, merchant, {told.boot: began}, measured=True)
    elif not known.measured or began < known.began_ms:
        connection.execute(sa.update(tables.boot).where(_is(merchant, told.boot)).values(began_ms=began, measured=True))


def date(connection: sa.Connection, writer: Identity, lines: Sequence[Made], sending: UUID | None) -> list[Placed]:
    """Dates the next lines of `writer` that are posted; `sending` is the boot that sent them, where it said so."""
    boots = {line.moment.boot for line in lines} | ({sending} if sending is not None else set())
    placed, found = place(
        lines, _began(connection, writer.merchant, boots), earliest=_earliest(connection, writer), sending=sending
    )
    _add(connection, writer.merchant, found, measured=False)
    return placed


def _earliest(connection: sa.Connection, writer: Identity) -> int:
    """When the last entry of this identity was made; before its first, when the device was paired."""
    e = tables.entry.c
    mine = (e.merchant == writer.merchant) & (e.identity == writer.id) & (e.sequence <= writer.posted.sequence)
    last = connection.execute(sa.select(e.made_ms).where(mine).order_by(e.sequence.desc()).limit(1)).scalar_one_or_none()
    if last is not None:
        return int(last)
    first = writer
    while first.renews is not None:
        first = identities.find(connection, first.renews)
    return int(connection.execute(sa.select(tables.identity.c.made_ms).where(tables.identity.c.id == first.id)).scalar_one())


def _began(connection: sa.Connection, merchant: UUID, boots: Iterable[UUID]) -> dict[UUID, int]:
    b = tables.boot.c
    wanted = sa.select(b.id, b.began_ms).where(b.merchant == merchant, b.id.in_(list(boots)))
    return {row.id: row.began_ms for row in connection.execute(wanted)}


def _add(connection: sa.Connection, merchant: UUID, began: Mapping[UUID, int], *, measured: bool) -> None:
    rows = [{"merchant": merchant, "id": boot, "began_ms": ms, "measured": measured} for boot, ms in began.items()]
    if rows:
        connection.execute(sa.insert(tables.boot), rows)


def _is(merchant: UUID, boot: UUID) -> sa.ColumnElement[bool]:
    return (tables.boot.c.merchant == merchant) & (tables.boot.c.id == boot)
