"""Unpacks a version's files where nothing else may be touched: plain files, folders, links that stay inside; or nothing at all.

Debian 12's Python has no extraction filter in its tarfile yet (PEP 706), and this is stricter.
"""

from __future__ import annotations

import lzma
import os
import tarfile
from pathlib import Path, PurePosixPath
from typing import BinaryIO

LARGEST = 600 * 1024 * 1024
MOST_FILES = 50_000
PYTHON = "bin/python3"
SYSTEM_PYTHON = frozenset({"/usr/bin/python3", "/usr/bin/python3.11"})
"""The one link that may lead outside: a version runs on Debian's Python."""
_PIECE_BYTES = 1 << 20


class BadArchive(ValueError):
    """Something in it is no part of a version."""


def unpack(packed: BinaryIO, folder: Path) -> None:
    """Unpacks a tar in xz into `folder`, which is new and empty; raises `BadArchive` or `OSError`.

    What was unpacked before that is to be thrown away.
    """
    made: set[PurePosixPath] = {PurePosixPath(".")}
    seen: set[PurePosixPath] = set()
    total = 0
    try:
        with tarfile.open(fileobj=packed, mode="r:xz") as archive:
            for member in archive:
                path = _inside(member.name)
                total += member.size
                if path in seen or len(seen) >= MOST_FILES or total > LARGEST:
                    raise BadArchive("a name comes twice, or there is far too much")
                seen.add(path)
                if path.parent not in made:
                    raise BadArchive("a file comes before its folder")  # or its folder is a link
                _make(archive, member, folder, path)
                if member.isdir():
                    made.add(path)
    except (tarfile.TarError, lzma.LZMAError, EOFError, ValueError, OverflowError) as error:
        raise BadArchive(str(error)) from error


def _make(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, path: PurePosixPath) -> None:
    target = folder / path
    if member.isdir():
        if path != PurePosixPath("."):
            target.mkdir(mode=0o755)
    elif member.issym():
        os.symlink(_leads(path, member.linkname), target)
    elif member.isreg():
        content = archive.extractfile(member)
        if content is None:
            raise BadArchive("a file without content")
        mode = 0o755 if member.mode & 0o100 else 0o644
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            while piece := content.read(_PIECE_BYTES):
                file.write(piece)
    else:
        raise BadArchive("a version has only files, folders and links")


def _inside(name: str) -> PurePosixPath:
    """A name below the folder, without a way out of it."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name or not name.isprintable():
        raise BadArchive("a name leads out of the version's folder")
    return path


def _leads(path: PurePosixPath, target: str) -> str:
    """A link's target that stays inside."""
    if str(path) == PYTHON and target in SYSTEM_PYTHON:
        return target
    if PurePosixPath(target).is_absolute() or not target.isprintable():
        raise BadArchive("a link leads out of the version's folder")
    depth = len(path.parent.parts)
    for part in PurePosixPath(target).parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            raise BadArchive("a link leads out of the version's folder")
    return target
