"""Versions of the terminal that this cloud offers, to a share of the terminals at first and then to more."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from backend import fleet_tables
from sync.bundle import copy_files, number, read_head
from sync.update_messages import UPDATE_PIECE_BYTES, Offer, Piecemeal, Update, UpdatePiece

ANY = "all"
"""The architecture of a bundle that runs on all."""


class UnknownRelease(LookupError):
    """There is no such version here."""


class OtherRelease(ValueError):
    """The same version was published with other content."""


class Release(NamedTuple):
    """One version for one architecture, and to how many of a hundred terminals it is offered."""

    version: str
    architecture: str
    share: int
    size: int


def publish(connection: sa.Connection, path: Path, share: int, now_ms: int) -> Release:
    """Takes a bundle in; again, it only sets the share. Whom it is signed by the terminals look at.

    Raises `OtherRelease`, and what `read_head` and `copy_files` raise.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        bundle = read_head(file)
        copy_files(file, bundle, lambda piece: None)
        file.seek(0)
        while content := file.read(UPDATE_PIECE_BYTES):
            digest.update(content)
        size = file.tell()
        version, architecture = bundle.manifest.version, bundle.manifest.architecture
        r = fleet_tables.release.c
        found = connection.execute(
            sa.select(r.sha256).where(r.version == version, r.architecture == architecture)
        ).one_or_none()
        if found is not None:
            if found.sha256 != digest.digest():
                raise OtherRelease(f"version {version} was published with other content: give the new one a number of its own")
            return offer_to(connection, version, architecture, share)
        key = {"version": version, "architecture": architecture}
        values = {"size": size, "sha256": digest.digest(), "share": share, "made_ms": now_ms}
        connection.execute(sa.insert(fleet_tables.release).values(**key, **values))
        file.seek(0)
        place = 0
        while content := file.read(UPDATE_PIECE_BYTES):
            connection.execute(sa.insert(fleet_tables.release_piece).values(**key, number=place, content=content))
            place += 1
    return Release(version, architecture, share, size)


def offer_to(connection: sa.Connection, version: str, architecture: str, share: int) -> Release:
    """From now on it is offered to `share` of a hundred terminals (0: to none). Raises `UnknownRelease`."""
    r = fleet_tables.release.c
    mine = (r.version == version) & (r.architecture == architecture)
    if connection.execute(sa.update(fleet_tables.release).where(mine).values(share=share)).rowcount == 0:
        raise UnknownRelease(f"there is no version {version} for {architecture}: bodka-cloud releases lists them")
    return next(one for one in every(connection) if (one.version, one.architecture) == (version, architecture))


def every(connection: sa.Connection) -> list[Release]:
    """All of them, the newest first."""
    r = fleet_tables.release.c
    rows = connection.execute(sa.select(r.version, r.architecture, r.share, r.size))
    return sorted((Release(*row) for row in rows), key=lambda one: (number(one.version), one.architecture), reverse=True)


def offer(connection: sa.Connection, message: Update) -> Offer:
    """The newest version that is newer than the asker's and offered to it; nothing where there is none."""
    try:
        own = number(message.version)
    except ValueError:  # a version that somebody built by hand
        return Offer()
    for one in every(connection):
        fits = one.architecture in (message.architecture, ANY) and one.version not in message.refused
        if fits and number(one.version) > own and place_of(message.identity, one.version) < one.share:
            r = fleet_tables.release.c
            mine = (r.version == one.version) & (r.architecture == one.architecture)
            sha256 = connection.execute(sa.select(r.sha256).where(mine)).scalar_one()
            return Offer(one.version, one.architecture, one.size, sha256)
    return Offer()


def piece(connection: sa.Connection, message: UpdatePiece) -> Piecemeal:
    """A piece of a bundle; raises `UnknownRelease`."""
    p = fleet_tables.release_piece.c
    mine = (p.version == message.version) & (p.architecture == message.architecture) & (p.number == message.number)
    found = connection.execute(sa.select(p.content).where(mine)).scalar_one_or_none()
    if found is None:
        raise UnknownRelease("there is no such piece of a version: ask anew what is offered")
    return Piecemeal(found)


def place_of(identity: UUID, version: str) -> int:
    """Where a terminal stands among a hundred for one version: the first ones of one version are not those of the next."""
    digest = hashlib.sha256(version.encode() + b"\n" + identity.bytes).digest()
    return int.from_bytes(digest[:8], "big") % 100
