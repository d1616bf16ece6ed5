"""Programmes: the cloud keeps the text of every version, and never changes one (`loyalty.programme` reads them)."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from backend import tables
from sync.messages import ProgrammeText


class UnknownProgramme(LookupError):
    """The merchant has no such version."""


def text_of(connection: sa.Connection, merchant: UUID, version: int) -> ProgrammeText:
    """The text of one version; raises `UnknownProgramme`."""
    p = tables.programme.c
    found = None
    if 0 < version < 2**31:
        wanted = sa.select(p.text).where(p.merchant == merchant, p.version == version)
        found = connection.execute(wanted).scalar_one_or_none()
    if found is None:
        raise UnknownProgramme(f"there is no version {version} of this programme: pull again for the current one")
    return ProgrammeText(version, found)


def publish(connection: sa.Connection, merchant: UUID, text: str, now_ms: int) -> int:
    """Makes `text` the merchant's current programme; returns its version. Terminals learn of it at their next pull."""
    m = tables.merchant.c
    version: int = connection.execute(sa.select(m.programme).where(m.id == merchant).with_for_update()).scalar_one() + 1
    connection.execute(sa.insert(tables.programme).values(merchant=merchant, version=version, text=text, made_ms=now_ms))
    connection.execute(sa.update(tables.merchant).where(m.id == merchant).values(programme=version))
    return version
