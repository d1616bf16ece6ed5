"""What a program wrote, call by call, as disk.c has noted it; and the files as a power cut could have left them.

What was flushed is there. Of what was written since, any part may be: all, nothing, later writes without earlier ones, some
sectors of a write. Names of new and deleted files last once the folder is flushed; until then the latest of them may be
forgotten. (POSIX, fsync and fdatasync; a sector of 512 bytes is written whole or not at all.)
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
NAME, CREATE, WRITE, TRUNCATE, FLUSH, UNLINK = range(1, 7)
FOLDER = 1
_ENTRY = struct.Struct("=IIQQ")


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `end` is where its note ends in the log: a program that finds the log so long has seen it return."""

    kind: int
    file: int
    offset: int
    data: bytes
    end: int


def read(log: Path) -> tuple[list[Call], dict[int, str]]:
    """All calls in their order, and the names of their files."""
    text, at = log.read_bytes(), 0
    calls, names = list[Call](), dict[int, str]()
    while at < len(text):
        kind, file, offset, size = _ENTRY.unpack_from(text, at)
        at += _ENTRY.size
        data = text[at : at + size] if kind in (NAME, WRITE) else b""
        at += len(data)
        if kind == NAME:
            names[file] = data.decode()
        else:
            calls.append(Call(kind, file, offset, data, at))
    return calls, names


@dataclass
class Inode:
    """A file's bytes on the disk, and the calls since its last flush."""

    durable: bytearray = field(default_factory=bytearray)
    since: list[Call] = field(default_factory=list)

    def flush(self) -> None:
        for call in self.since:
            _apply(self.durable, call.kind, call.offset, call.data)
        self.since = []


class Disk:
    """What is on the disk for certain, and what may be."""

    def __init__(self, names: dict[int, str], before: dict[str, bytes]) -> None:
        self._names = names
        self._there = {name: Inode(bytearray(data)) for name, data in before.items()}
        """The names as the program sees them."""
        self._certain = dict(self._there)
        self._renamed: list[tuple[str, Inode | None]] = []
        """New and deleted names since the folder's last flush."""

    def make(self, call: Call) -> None:
        """One call was made."""
        if call.file == FOLDER:
            self._certain, self._renamed = dict(self._there), []
            return
        name = self._names[call.file]
        match call.kind:
            case _ if call.kind == CREATE:
                self._there[name] = Inode()
                self._renamed.append((name, self._there[name]))
            case _ if call.kind == UNLINK:
                del self._there[name]
                self._renamed.append((name, None))
            case _ if call.kind == FLUSH:
                self._there[name].flush()
            case _:
                self._there[name].since.append(call)

    def cut(self, chance: random.Random, survives: float, torn: float) -> dict[str, bytes]:
        """The files after a power cut: each unflushed call survives with that likelihood, and is torn with the other."""
        names = dict(self._certain)
        for name, inode in self._renamed[: round(len(self._renamed) * (chance.random() if 0 < survives < 1 else survives))]:
            if inode is None:
                names.pop(name, None)
            else:
                names[name] = inode
        return {name: bytes(_left(inode, chance, survives, torn)) for name, inode in names.items()}


def cuts(calls: list[Call], names: dict[int, str], before: dict[str, bytes]) -> Iterator[tuple[int, Disk]]:
    """The disk after each call, with how long the log was then; the disk is the same object each time."""
    disk = Disk(names, before)
    for call in calls:
        disk.make(call)
        yield call.end, disk


def _left(inode: Inode, chance: random.Random, survives: float, torn: float) -> bytearray:
    data = bytearray(inode.durable)
    for call in inode.since:
        if chance.random() >= survives:
            continue
        if call.kind == WRITE and chance.random() < torn:
            for offset, part in _sectors(call):
                if chance.random() < 0.5:
                    _apply(data, WRITE, offset, part)
        else:
            _apply(data, call.kind, call.offset, call.data)
    return data


def _sectors(call: Call) -> Iterator[tuple[int, bytes]]:
    start, end = call.offset, call.offset + len(call.data)
    while start < end:
        stop = min(end, start - start % SECTOR + SECTOR)
        yield start, call.data[start - call.offset : stop - call.offset]
        start = stop


def _apply(data: bytearray, kind: int, offset: int, written: bytes) -> None:
    if len(data) < offset:
        data.extend(bytes(offset - len(data)))
    if kind == TRUNCATE:
        del data[offset:]
    else:
        data[offset : offset + len(written)] = written
