"""Programmes: the cloud keeps the text of every version, and never changes one (`loyalty.programme` reads them)."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from backend import tables
from loyalty.programme import Programme, ProgrammeError, read
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


class WrongVersion(ValueError):
    """A programme whose version is not the next one: entries name versions, so none is ever used twice."""


def current(connection: sa.Connection, merchant: UUID) -> Programme | None:
    """The merchant's programme in force; None where there is none yet."""
    m = tables.merchant.c
    version = connection.execute(sa.select(m.programme).where(m.id == merchant)).scalar_one()
    try:
        return read(text_of(connection, merchant, version).text)
    except (UnknownProgramme, ProgrammeError):
        return None


def publish(connection: sa.Connection, merchant: UUID, text: str, now_ms: int) -> int:
    """Makes `text` the merchant's programme in force; returns its version. Terminals learn of it at their next pull.

    Raises `ProgrammeError` for a programme that no terminal could use, and `WrongVersion`.
    """
    m = tables.merchant.c
    version: int = connection.execute(sa.select(m.programme).where(m.id == merchant).with_for_update()).scalar_one() + 1
    if read(text).version != version:
        raise WrongVersion(f"the next version of this programme is {version}: write version = {version} and publish it again")
    connection.execute(sa.insert(tables.programme).values(merchant=merchant, version=version, text=text, made_ms=now_ms))
    connection.execute(sa.update(tables.merchant).where(m.id == merchant).values(programme=version))
    return version
