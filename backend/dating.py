"""When a terminal's entries were really made: its boots on the cloud's clock, for `loyalty.timeline` (invariant 9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa

from backend import fleet_tables, identities, ledger_tables
from backend.identities import Identity
from backend.statements import one_of, owned
from loyalty.ids import made_ms
from loyalty.timeline import Made, Placed, place
from sync.messages import Told

LONGEST_UP_MS = 2**40
"""More than thirty years."""

_B, _E = fleet_tables.boot.c, ledger_tables.entry.c
_OF_BOOT = (_B.merchant == sa.bindparam("the_merchant")) & (_B.id == sa.bindparam("boot"))
_BOOT = sa.select(fleet_tables.boot).where(_OF_BOOT)
_MEASURED = sa.update(fleet_tables.boot).where(_OF_BOOT).values(began_ms=sa.bindparam("began"), measured=True)
_BEGAN = sa.select(_B.id, _B.began_ms).where(owned(fleet_tables.boot), one_of(_B.id, "boots"))
_LAST_MADE = (
    sa.select(_E.made_ms)
    .where(
        _E.merchant == sa.bindparam("merchant"), _E.identity == sa.bindparam("identity"), _E.sequence <= sa.bindparam("last")
    )
    .order_by(_E.sequence.desc())
    .limit(1)
)


def note_boot(connection: sa.Connection, merchant: UUID, told: Told, now_ms: int) -> None:
    """Remembers when the boot began that sent this, on the cloud's clock. Whoever comes late would make it too young: the
    earliest counts."""
    if not 0 <= told.up_ms <= LONGEST_UP_MS:
        return
    began = now_ms - told.up_ms
    known = connection.execute(_BOOT, {"the_merchant": merchant, "boot": told.boot}).one_or_none()
    if known is None:
        _add(connection, merchant, {told.boot: began}, measured=True)
    elif not known.measured or began < known.began_ms:
        connection.execute(_MEASURED, {"the_merchant": merchant, "boot": told.boot, "began": began})


def date(
    connection: sa.Connection, writer: Identity, lines: Sequence[Made], sending: UUID | None, was: UUID | None = None
) -> list[Placed]:
    """Dates the next lines of `writer` that are posted; `sending` is the boot that sent them, where it said so.

    `was` is the identity under which the first of them was written, where it was wrapped.
    """
    boots = {line.moment.boot for line in lines} | ({sending} if sending is not None else set())
    placed, found = place(
        lines, _began(connection, writer.merchant, boots), earliest=_earliest(connection, writer, was), sending=sending
    )
    _add(connection, writer.merchant, found, measured=False)
    return placed


def _earliest(connection: sa.Connection, writer: Identity, was: UUID | None) -> int:
    """When the last entry of this identity was made; before its first, when the device was paired.

    A cloud that was restored from before that knows no such pairing: then the identity's own id tells.
    """
    mine = {"merchant": writer.merchant, "identity": writer.id, "last": writer.posted.sequence}
    last = connection.execute(_LAST_MADE, mine).scalar_one_or_none()
    if last is not None:
        return int(last)
    try:
        first = identities.find(connection, was) if was is not None else writer
    except identities.UnknownIdentity:
        return made_ms(was or writer.id)
    while first.renews is not None:
        first = identities.find(connection, first.renews)
    i = fleet_tables.identity.c
    return int(connection.execute(sa.select(i.made_ms).where(i.id == first.id)).scalar_one())


def _began(connection: sa.Connection, merchant: UUID, boots: Iterable[UUID]) -> dict[UUID, int]:
    wanted = connection.execute(_BEGAN, {"merchant": merchant, "boots": list(boots)})
    return {row.id: row.began_ms for row in wanted}


def _add(connection: sa.Connection, merchant: UUID, began: Mapping[UUID, int], *, measured: bool) -> None:
    rows = [{"merchant": merchant, "id": boot, "began_ms": ms, "measured": measured} for boot, ms in began.items()]
    if rows:
        connection.execute(sa.insert(fleet_tables.boot), rows)
