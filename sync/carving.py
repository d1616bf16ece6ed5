"""The rows that a damaged SQLite file still holds, read page by page, without the trees that lead to them.

Every leaf page of a table names its own rows, so a page that is gone takes only its own rows with it. What the rows mean, and
whether they are whole, is for the reader to judge. Source: SQLite, "Database File Format", sections 1.3, 1.6, 2.1 and 4.1.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

Value = int | float | str | bytes | None
Row = tuple[int, list[Value]]
"""A row's number and its columns; the column that stands for the number itself is None."""

PIECE = 4096
"""What is given up where the disk cannot be read."""

TABLE_LEAF = 0x0D
_HEADER, _LOG_HEADER, _FRAME_HEADER = 100, 32, 24
_USUAL_PAGE = 4096


class _Torn(ValueError):
    """Bytes that are no row."""


def rows(path: Path) -> Iterator[Row]:
    """All rows of all tables that can be made out in the file and its write-ahead log, as of the log's last commit."""
    data = read(path)
    size = int.from_bytes(data[16:18], "big")
    size = 65536 if size == 1 else size if size >= 512 and size & (size - 1) == 0 else _USUAL_PAGE
    usable = size - (data[20] if len(data) > 20 and data[20] < 64 else 0)
    pages = {number + 1: data[number * size : (number + 1) * size] for number in range(len(data) // size)}
    pages |= _logged(path.with_name(path.name + "-wal"))
    for number in sorted(pages):
        yield from _leaf(pages, number, usable)


def read(path: Path) -> bytes:
    """A file as far as the disk gives it: a part that cannot be read becomes zeros."""
    parts = list[bytes]()
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        for at in range(0, size, PIECE):
            try:
                parts.append(os.pread(file.fileno(), PIECE, at))
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                parts.append(bytes(min(PIECE, size - at)))
    return b"".join(parts)


def _logged(log: Path) -> dict[int, bytes]:
    """The pages in the log up to its last commit."""
    if not log.exists():
        return {}
    data = read(log)
    size, salt = int.from_bytes(data[8:12], "big"), data[16:24]
    committed, since = dict[int, bytes](), dict[int, bytes]()
    for at in range(_LOG_HEADER, len(data) - _FRAME_HEADER - size + 1, _FRAME_HEADER + size):
        header = data[at : at + _FRAME_HEADER]
        if header[8:16] != salt:
            break
        since[int.from_bytes(header[:4], "big")] = data[at + _FRAME_HEADER : at + _FRAME_HEADER + size]
        if int.from_bytes(header[4:8], "big"):
            committed |= since
            since = {}
    return committed


def _leaf(pages: dict[int, bytes], number: int, usable: int) -> Iterator[Row]:
    page, start = pages[number], _HEADER if number == 1 else 0
    if len(page) <= start or page[start] != TABLE_LEAF:
        return
    for index in range(int.from_bytes(page[start + 3 : start + 5], "big")):
        at = start + 8 + 2 * index
        try:
            yield _cell(pages, page, int.from_bytes(page[at : at + 2], "big"), usable)
        except (_Torn, IndexError, KeyError, UnicodeDecodeError):
            continue


def _cell(pages: dict[int, bytes], page: bytes, at: int, usable: int) -> Row:
    size, at = _varint(page, at)
    number, at = _varint(page, at)
    most, least = usable - 35, (usable - 12) * 32 // 255 - 23
    local = size
    if size > most:
        local = least + (size - least) % (usable - 4)
        local = local if local <= most else least
    payload, following = page[at : at + local], page[at + local : at + local + 4]
    while len(payload) < size:
        more = pages[int.from_bytes(following, "big")]
        payload, following = payload + more[4:usable][: size - len(payload)], more[:4]
        if not more[4:]:
            raise _Torn
    return number, _columns(payload)


def _columns(payload: bytes) -> list[Value]:
    end, at = _varint(payload, 0)
    kinds = list[int]()
    while at < end:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    values = list[Value]()
    for kind in kinds:
        size = _size(kind)
        part = payload[at : at + size]
        if len(part) != size:
            raise _Torn
        values.append(_value(kind, part))
        at += size
    return values


def _size(kind: int) -> int:
    return (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)[kind] if kind < 10 else (kind - 12) // 2


def _value(kind: int, part: bytes) -> Value:
    if kind in (0, 8, 9):
        return (None, 0, 1)[kind and kind - 7]
    if kind == 7:  # a float: none of our tables has one
        return 0.0
    if kind < 7:
        return int.from_bytes(part, "big", signed=True)
    return part.decode() if kind % 2 else part


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index in range(9):
        byte = data[at + index]
        if index == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + index + 1
    raise _Torn
