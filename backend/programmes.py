"""Programmes: the cloud keeps the text of every version, and never changes one (`loyalty.programme` reads them)."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

import sqlalchemy as sa

from backend import merchant_tables
from loyalty.programme import Programme, ProgrammeError, read
from sync.messages import ProgrammeText

_P, _M = merchant_tables.programme.c, merchant_tables.merchant.c
_TEXT = sa.select(_P.text).where(_P.merchant == sa.bindparam("merchant"), _P.version == sa.bindparam("version"))
_CURRENT = sa.select(_M.programme).where(_M.id == sa.bindparam("merchant"))


class UnknownProgramme(LookupError):
    """The merchant has no such version."""


def text_of(connection: sa.Connection, merchant: UUID, version: int) -> ProgrammeText:
    """The text of one version; raises `UnknownProgramme`."""
    found = None
    if 0 < version < 2**31:
        found = connection.execute(_TEXT, {"merchant": merchant, "version": version}).scalar_one_or_none()
    if found is None:
        raise UnknownProgramme(f"there is no version {version} of this programme: pull again for the current one")
    return ProgrammeText(version, found)


class WrongVersion(ValueError):
    """A programme whose version is not the next one: entries name versions, so none is ever used twice."""


def current(connection: sa.Connection, merchant: UUID) -> Programme | None:
    """The merchant's programme in force; None where there is none yet."""
    return version(connection, merchant, number_of_current(connection, merchant))


def number_of_current(connection: sa.Connection, merchant: UUID) -> int:
    """The version of the merchant's programme in force; 0 where there is none yet."""
    number: int = connection.execute(_CURRENT, {"merchant": merchant}).scalar_one()
    return number


def version(connection: sa.Connection, merchant: UUID, number: int) -> Programme | None:
    """One version of the merchant's programme; None where there is none that can be read."""
    try:
        return _read(text_of(connection, merchant, number).text)
    except (UnknownProgramme, ProgrammeError):
        return None


_read = lru_cache(maxsize=64)(read)
"""Every batch of lines asks, and a text never changes."""


def publish(connection: sa.Connection, merchant: UUID, text: str, now_ms: int) -> int:
    """Makes `text` the merchant's programme in force; returns its version. Terminals learn of it at their next pull.

    Raises `ProgrammeError` for a programme that no terminal could use, and `WrongVersion`.
    """
    m = merchant_tables.merchant.c
    before = current(connection, merchant)
    next_one: int = connection.execute(sa.select(m.programme).where(m.id == merchant).with_for_update()).scalar_one() + 1
    programme = read(text)
    if programme.version != next_one:
        raise WrongVersion(f"the next version of this programme is {next_one}: write version = {next_one} and publish it again")
    connection.execute(
        sa.insert(merchant_tables.programme).values(merchant=merchant, version=next_one, text=text, made_ms=now_ms)
    )
    connection.execute(sa.update(merchant_tables.merchant).where(m.id == merchant).values(programme=next_one))
    if programme.history and not (before and before.history):
        # Late, because it asks this module for programmes.
        from backend.levels import tally_anew

        tally_anew(connection, merchant, now_ms)
    return next_one
