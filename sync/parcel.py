"""A parcel: entries in a file, for a cloud that this terminal cannot reach. `bodka-cloud import` takes it in.

One JSON document a row: a `Label`, pushes of the protocol with the lines as they are, and a `Seal`, the device's signature
over every byte before it. So a stick from anybody's pocket can be trusted as far as the terminal itself, and a torn or altered
file is found out before a line of it is stored. It holds tokens as the journal does: no card number, no key.

Example::

    write(path, Label(identity, entries=len(lines)), [Push(identity, head, lines)], key.private().sign)

    with path.open("rb") as file:
        parcel = examine(file)
        parcel.check(public_key_of(parcel.label.identity))
        for push in pushes(file): ...
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import msgspec

from sync.keys import flush_folder
from sync.messages import Push

FORMAT = "bodka parcel 1"
MAX_ROW_BYTES = 8 * 1024 * 1024
"""A push of 500 lines takes about half a megabyte."""


class NoParcel(ValueError):
    """The file is something else."""

    def __init__(self) -> None:
        super().__init__("this file is no parcel of entries: choose the one that bodka-terminal export or unpair wrote")


class TornParcel(ValueError):
    """The file ends too early, or a row of it cannot be read."""

    def __init__(self) -> None:
        super().__init__("this file is not whole, and nothing of it was taken: copy it anew, or export it again")


class AlteredParcel(ValueError):
    """The device's signature does not fit what the file holds."""

    def __init__(self) -> None:
        super().__init__("this file was changed after the terminal wrote it, and nothing of it was taken: export it again")


class Label(msgspec.Struct, frozen=True):
    """The first row: whose lines these are, and how many."""

    identity: UUID
    entries: int
    merchant: UUID | None = None
    written_ms: int = 0
    """Wall clock of the terminal, for a person; nothing depends on it."""
    format: str = FORMAT


class Seal(msgspec.Struct, frozen=True):
    """The last row."""

    signature: bytes


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file that is whole: what its rows say of themselves."""

    label: Label
    digest: bytes
    signature: bytes

    def check(self, public_key: bytes) -> None:
        """Raises `AlteredParcel` unless the device of this Ed25519 key (32 bytes) sealed it."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(self.signature, _sealed(self.digest))
        except InvalidSignature as error:
            raise AlteredParcel from error


def write(path: Path, label: Label, pushes: Iterable[Push], sign: Callable[[bytes], bytes]) -> None:
    """Writes a parcel that is whole on the disk when this returns; a file that was there under the name stays until then.

    `sign` is the device's Ed25519 signature. Raises `OSError` where the disk or the stick refuses.
    """
    new, digest = path.with_name(path.name + ".new"), hashlib.sha256()
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for row in chain([label], pushes):
                digest.update(_put(file, row))
            _put(file, Seal(sign(_sealed(digest.digest()))))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def examine(file: BinaryIO) -> Parcel:
    """Reads a parcel through from its beginning; raises `NoParcel` or `TornParcel`. Who sealed it is for `Parcel.check`."""
    file.seek(0)
    try:
        label = msgspec.json.decode(first := _row(file), type=Label)
    except (TornParcel, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NoParcel from error
    if label.format != FORMAT:
        raise NoParcel
    digest, row = hashlib.sha256(first), _row(file)
    while following := _row(file):
        digest.update(row)
        row = following
    try:
        seal = msgspec.json.decode(row, type=Seal)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TornParcel from error
    return Parcel(label, digest.digest(), seal.signature)


def pushes(file: BinaryIO) -> Iterator[Push]:
    """What an examined parcel holds, in order; raises `TornParcel` at a row that is no push of its identity."""
    file.seek(0)
    identity, row = msgspec.json.decode(_row(file), type=Label).identity, _row(file)
    while following := _row(file):
        try:
            push = msgspec.json.decode(row, type=Push)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise TornParcel from error
        if push.identity != identity:
            raise TornParcel
        yield push
        row = following


def _put(file: BinaryIO, row: msgspec.Struct) -> bytes:
    content = msgspec.json.encode(row) + b"\n"
    file.write(content)
    return content


def _row(file: BinaryIO) -> bytes:
    """The next row with its end, or nothing at the end of the file; raises `TornParcel` where a row does not end."""
    row = file.readline(MAX_ROW_BYTES)
    if row and not row.endswith(b"\n"):
        raise TornParcel
    return row


def _sealed(digest: bytes) -> bytes:
    return FORMAT.encode() + b"\n" + digest
