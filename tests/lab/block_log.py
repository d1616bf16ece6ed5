"""What QEMU's blklogwrites noted of a disk, write by write and flush by flush; and the disk as a power cut could have left it.

The format is dm-log-writes' (Linux, Documentation/admin-guide/device-mapper/log-writes.rst; QEMU, block/blklogwrites.c): first
a sector that says how many entries follow, then for each a sector that says where and how much, and the data.

What was flushed is there. Of what was written since, any part may be: all, nothing, later writes without earlier ones, some
sectors of a write.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path

SECTOR = 512
MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD = 1, 2, 4
_HEAD, _ENTRY = struct.Struct("<QQQI"), struct.Struct("<QQQQ")


@dataclass(frozen=True, slots=True)
class Write:
    """One entry. `end` is how long the log was when it was written: who finds the log so long comes after it."""

    flags: int
    offset: int
    data: bytes
    end: int


def read(log: Path) -> list[Write]:
    """All entries in their order; the last may be torn, when QEMU was killed, and is left out."""
    text = log.read_bytes()
    magic, _, _, sector = _HEAD.unpack_from(text)
    if (magic, sector) != (MAGIC, SECTOR):
        raise ValueError(f"{log} is no log of writes with sectors of {SECTOR} bytes")
    found, at = list[Write](), SECTOR
    while at + SECTOR <= len(text):
        start, count, flags, _ = _ENTRY.unpack_from(text, at)
        size = 0 if flags & DISCARD else count * SECTOR
        if not (count or flags) or at + SECTOR + size > len(text):
            break
        at += SECTOR
        found.append(
            Write(flags, start * SECTOR, bytes(count * SECTOR) if flags & DISCARD else text[at : at + size], at + size)
        )
        at += size
    return found


def cuts(writes: list[Write], disk: bytearray) -> Iterator[tuple[int, list[Write]]]:
    """After each entry: its `end`, and what since then may be lost; `disk` is meanwhile what is there for certain."""
    since = list[Write]()
    for write in writes:
        if write.flags & FLUSH:
            for sure in since:
                disk[sure.offset : sure.offset + len(sure.data)] = sure.data
            since = []
        if write.flags & FUA:
            disk[write.offset : write.offset + len(write.data)] = write.data
        elif write.data:
            since.append(write)
        yield write.end, since


def leave(image: mmap, disk: bytearray, since: list[Write], chance: random.Random, survives: float, torn: float) -> None:
    """Makes the image one that a power cut could leave: each unflushed write survives so likely, and is then torn so likely."""
    image[:] = disk
    for write in since:
        if chance.random() >= survives:
            continue
        tears = chance.random() < torn
        for at in range(0, len(write.data), SECTOR):
            if not tears or chance.random() < 0.5:
                image[write.offset + at : write.offset + at + SECTOR] = write.data[at : at + SECTOR]
