"""A damaged journal: what can be read of it becomes a new one, nothing is lost in silence, and the damaged file is kept aside.

The longest unbroken part of the chain from its beginning goes into the new journal. Readable lines behind a gap cannot: they
wait in a file beside it until the terminal has a new identity, which wraps lines, and then join its chain (`readmit`). Until
then the terminal does not spend, for it may be behind what the cloud has (invariant 8).

Example::

    found = salvage(folder / "journal.db", stamp="20261126-101500")
    log.error(found.words)
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec

from loyalty.chain import GENESIS, BrokenChain, Head, Line, Was, extend
from loyalty.entry import Posting, Unreadable, decode_entry, decode_personal
from sync import journal
from sync.carving import Value, rows
from sync.database import DamagedFile, transaction
from sync.keys import flush_folder
from sync.messages import Standing

LINE_COLUMNS, IDENTITY_COLUMNS, TERMINAL_COLUMNS = 15, 6, 3
PIECE = 4096
"""What is given up where the disk cannot be read."""

LAST = 50
"""Lines at the end of the journal that are looked at before each start."""

SLICE = 200
"""Lines that are looked over at once: some milliseconds."""


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What became of a damaged journal; `missing` are the sequences that could not be read, from and to."""

    kept: int
    later: int
    missing: tuple[tuple[int, int], ...]
    damaged: Path
    later_file: Path | None

    @property
    def words(self) -> str:
        """For staff and for the log."""
        gone = ", ".join(f"{first}" if first == last else f"{first} to {last}" for first, last in self.missing)
        return (
            f"The journal was damaged. {self.kept} entries of it were saved"
            + (f", and {self.later} more wait in {self.later_file.name}" if self.later_file else "")
            + (f"; numbers {gone} could not be read" if gone else "")
            + f". Whether there were later ones cannot be known. The damaged file is kept as {self.damaged.name}: send it to"
            " support. This terminal gives points but takes none until it is paired anew from the staff menu."
            " Change the SD card."
        )


class Kept(msgspec.Struct, frozen=True):
    """A row of the file of later lines: the line, and the identity whose chain it stood in."""

    identity: UUID
    hash: bytes
    key: str
    line: Line


@dataclass(frozen=True, slots=True)
class _Stored:
    """A line as the file has it, proved by its own hash."""

    place: int
    id: bytes
    key: str
    cause: str
    identity: UUID
    line: Line
    hash: bytes


def check(connection: sqlite3.Connection, *, whole: bool = False) -> None:
    """Raises `DamagedFile` where the journal's last lines are not what they were; `whole`: where anything in it is not.

    The last lines take a millisecond; all of it, with SQLite's own check of every page, some seconds for a year's journal.
    """
    try:
        if whole and (found := connection.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
            raise DamagedFile(str(found))
        last = connection.execute("SELECT coalesce(max(place), 0) FROM lines").fetchone()[0]
        connection.execute("SELECT counter, pruned FROM terminal").fetchone()
    except sqlite3.DatabaseError as error:
        raise DamagedFile(str(error)) from error
    after = look_over(connection, 0 if whole else max(0, last - LAST))
    while after and whole:
        after = look_over(connection, after)


def look_over(connection: sqlite3.Connection, after: int, limit: int = SLICE) -> int:
    """Reads up to `limit` lines behind a place, and what belongs to them, and proves their hashes.

    The last place that was looked at; 0 at the end: begin again. Raises `DamagedFile`.
    """
    try:
        identities = _identities(connection.execute("SELECT * FROM identities"))
        found = connection.execute("SELECT * FROM lines WHERE place > ? ORDER BY place LIMIT ?", (after, limit)).fetchall()
        for place, *columns in found:
            stored = _stored(place, [None, *columns], identities)
            if stored is None:
                raise DamagedFile(f"the entry at {place} is not what it was")
            account = columns[3]
            for posting in decode_entry(stored.line.body).postings if account is not None else ():
                where = (account, posting.purse, posting.instance, place, posting.delta)
                query = "SELECT 1 FROM postings WHERE account = ? AND purse = ? AND instance = ? AND place = ? AND delta = ?"
                if connection.execute(query, where).fetchone() is None:
                    raise DamagedFile(f"a posting of the entry at {place} is missing")
    except sqlite3.DatabaseError as error:
        raise DamagedFile(str(error)) from error
    return int(found[-1][0]) if len(found) == limit else 0


def salvage(path: Path, stamp: str) -> Salvaged:
    """Puts a new journal in the place of the damaged one. Nobody may have it open.

    A crash in the middle is finished by `finish`, or does no harm: it is done anew. Raises `DamagedFile` where the file holds
    nothing that can be read, and `OSError` or `NotRecorded` where the disk refuses; then everything is as it was.
    """
    damaged = path.with_name(f"{path.name}.damaged-{stamp}")
    for suffix in ("", "-wal"):
        if (source := path.with_name(path.name + suffix)).exists():
            _copy(source, damaged.with_name(damaged.name + suffix))
    carved = list(rows(damaged))
    identities = _identities((number, *columns[1:]) for number, columns in carved if _is_identity(columns))
    if not identities:
        raise DamagedFile(f"not even whose it is can be read; the file is kept as {damaged.name}")
    stored = list(_proved(carved, identities))
    counter, pruned = next(((c[1], c[2]) for n, c in carved if n == 1 and _is_terminal(c)), (0, 0))
    chain, later = _chain(stored, identities, int(str(pruned)))
    base = identities[-1].base
    later_file = _export(later, path.with_name(f"{path.name}.later-{stamp}")) if later else None
    building = path.with_name(f"{path.name}.building")
    _remove(building)
    _build(building, identities, chain, int(str(counter)), int(str(pruned)) if chain else 0, _sun_counters(damaged))
    os.replace(building, _new(path))
    flush_folder(path.parent)
    finish(path)
    return Salvaged(len(chain), len(later), tuple(_missing(chain, later, base, identities[-1].accepted)), damaged, later_file)


def finish(path: Path) -> None:
    """Finishes a salvage that a power cut has interrupted; does nothing where none was."""
    if _new(path).exists():
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        os.replace(_new(path), path)
        flush_folder(path.parent)


def readmit(connection: sqlite3.Connection, folder: Path, name: str) -> int:
    """Wraps lines that a salvage has set aside into the chain of the new identity; how many. Only then are their files renamed.

    Does nothing while the identity is the one under which they stood: the cloud has its head, and would take them for a copy.
    """
    taken = 0
    for file in sorted(folder.glob(f"{name}.later-*")):
        kept = [msgspec.json.decode(row, type=Kept) for row in file.read_bytes().splitlines()]
        if any(one.identity == journal.current(connection).identity for one in kept):
            continue
        with transaction(connection):
            for one in kept:
                taken += _append(connection, one)
        file.rename(file.with_name(f"{name}.readmitted-{file.name.rpartition('-later-')[2] or file.name[-15:]}"))
        flush_folder(folder)
    return taken


def _append(connection: sqlite3.Connection, one: Kept) -> bool:
    entry = decode_entry(one.line.body)
    if connection.execute("SELECT 1 FROM lines WHERE id = ?", (entry.id.bytes,)).fetchone():
        return False
    now, before = journal.current(connection), journal.head(connection)
    was = one.line.was or Was(one.identity, one.line.sequence, one.hash)
    line = msgspec.structs.replace(one.line, sequence=before.sequence + 1, before=before.hash, was=was)
    after = extend(now.identity, before, line)
    stored = _Stored(now.base + line.sequence, entry.id.bytes, one.key, entry.cause.value, now.identity, line, after.hash)
    _insert(connection, stored, now.number)
    return True


# what a row is


def _is_identity(columns: list[Value]) -> bool:
    kinds = [type(value) for value in columns]
    return len(columns) == IDENTITY_COLUMNS and kinds[1:] == [bytes, int, int, int, str] and len(_blob(columns[1])) == 16


def _is_terminal(columns: list[Value]) -> bool:
    return len(columns) == TERMINAL_COLUMNS and [type(value) for value in columns] == [type(None), int, int]


def _identities(found: Iterable[tuple[object, ...]]) -> list[journal.Identity]:
    """Sorted by number."""
    known = dict[int, journal.Identity]()
    for number, identity, base, accepted, posted, standing in found:
        with suppress(ValueError, TypeError):
            one = journal.Identity(
                int(str(number)), UUID(bytes=_blob(identity)), int(str(base)), int(str(accepted)), int(str(posted)),
                Standing(standing),
            )  # fmt: skip
            known[one.number] = one
    return [known[number] for number in sorted(known)]


def _blob(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _stored(place: int, columns: list[Value], identities: list[journal.Identity]) -> _Stored | None:
    """A line, where the row is one and has the hash that it says."""
    if len(columns) != LINE_COLUMNS:
        return None
    _, id, key, cause, _, _, before, hash, body, digest, personal, salt, was, was_sequence, was_hash = columns
    writer = next((one for one in reversed(identities) if one.base < place), None)
    try:
        if writer is None or not (isinstance(personal, bytes | None) and isinstance(salt, bytes | None)):
            return None
        was_there = Was(UUID(bytes=_blob(was)), int(str(was_sequence)), _blob(was_hash)) if was is not None else None
        sequence = place - writer.base
        line = Line(sequence, _blob(before), _blob(body), _blob(digest), personal, salt, was_there)
        proved = extend(writer.identity, Head(sequence - 1, line.before), line).hash == hash
    except (BrokenChain, ValueError, OverflowError):
        return None
    return _Stored(place, _blob(id), str(key), str(cause), writer.identity, line, _blob(hash)) if proved else None


def _proved(carved: list[tuple[int, list[Value]]], identities: list[journal.Identity]) -> Iterator[_Stored]:
    for place, columns in carved:
        if (stored := _stored(place, columns, identities)) is not None:
            yield stored


def _chain(stored: list[_Stored], identities: list[journal.Identity], pruned: int) -> tuple[list[_Stored], list[_Stored]]:
    """The unbroken beginning, and what else there is behind it.

    A page that was given up may hold a line's earlier form: before it was wrapped, or before its person was forgotten.
    """
    by_place = dict[int, list[_Stored]]()
    for one in stored:
        if one.place >= pruned:
            by_place.setdefault(one.place, []).append(one)
    for same in by_place.values():
        same.sort(key=lambda one: one.line.personal is not None)  # nobody who was forgotten is remembered again
    # A later identity may have taken over the lines of earlier ones: theirs begin nowhere then.
    bases = {one.base for n, one in enumerate(identities) if all(one.base < later.base for later in identities[n + 1 :])}
    chain, place = list[_Stored](), pruned or 1
    while place in by_place:
        before = GENESIS if place - 1 in bases else chain[-1].hash if chain else None
        following = next((one for one in by_place[place] if before is None or one.line.before == before), None)
        if following is None:
            break
        chain.append(following)
        place += 1
    return chain, [by_place[other][0] for other in sorted(by_place) if other >= place]


def _missing(chain: list[_Stored], later: list[_Stored], base: int, accepted: int) -> Iterator[tuple[int, int]]:
    """Runs of sequences of the last identity that are neither in the chain nor behind it, as far as anything tells of them."""
    following = (chain[-1].place if chain else 0) + 1
    for one in later:
        if one.place > following:
            yield following - base, one.place - 1 - base
        following = one.place + 1
    if base + accepted >= following:
        yield following - base, accepted


# the files


def _new(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    """Copies a file as far as the disk gives it: a part that cannot be read becomes zeros."""
    with source.open("rb") as old, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as new:
        size = os.fstat(old.fileno()).st_size
        for at in range(0, size, PIECE):
            wanted = min(PIECE, size - at)
            try:
                new.write(os.pread(old.fileno(), wanted, at))
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                new.write(bytes(wanted))


def _export(later: list[_Stored], path: Path) -> Path:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        for one in later:
            file.write(msgspec.json.encode(Kept(one.identity, one.hash, one.key, one.line)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return path


def _sun_counters(damaged: Path) -> list[tuple[bytes, int]]:
    """How often signing cards were read, where SQLite can still say so; of a copy, for opening changes a file."""
    copy = damaged.with_name(damaged.name + ".copy")
    for suffix in ("", "-wal"):
        if (source := damaged.with_name(damaged.name + suffix)).exists():
            _copy(source, copy.with_name(copy.name + suffix))
    connection = sqlite3.connect(copy)
    try:
        return connection.execute("SELECT token, counter FROM sun_counters").fetchall()
    except sqlite3.DatabaseError:
        return []
    finally:
        connection.close()
        _remove(copy)


def _build(
    path: Path,
    identities: list[journal.Identity],
    chain: list[_Stored],
    counter: int,
    pruned: int,
    sun_counters: list[tuple[bytes, int]],
) -> None:
    connection = journal.open_journal(path)
    last = chain[-1].place if chain else 0
    with transaction(connection):
        for one in identities:
            accepted, posted = (min(until, max(0, last - one.base)) for until in (one.accepted, one.posted))
            standing = Standing.OFF_HEAD if one.standing is Standing.GOOD and one == identities[-1] else one.standing
            row = (one.number, one.identity.bytes, one.base, accepted, posted, standing.value)
            connection.execute("INSERT INTO identities VALUES (?, ?, ?, ?, ?, ?)", row)
        for stored in chain:
            number = next(one.number for one in reversed(identities) if one.base < stored.place)
            _insert(connection, stored, number)
        connection.execute("UPDATE terminal SET counter = ?, pruned = ?", (counter, pruned))
        connection.executemany("INSERT INTO sun_counters VALUES (?, ?)", sun_counters)
    connection.close()


def _insert(connection: sqlite3.Connection, stored: _Stored, number: int) -> None:
    line, was = stored.line, stored.line.was
    account = decode_personal(line.personal).account if line.personal is not None else None
    try:
        entry = decode_entry(line.body)
        refers, postings = entry.refers.bytes if entry.refers else None, entry.postings
    except Unreadable:  # written by a newer version before a step back: kept as it is
        refers, postings = None, tuple[Posting, ...]()
    written = (line.before, stored.hash, line.body, line.digest, line.personal, line.salt)
    was_there = (was.identity.bytes, was.sequence, was.hash) if was is not None else (None, None, None)
    connection.execute(
        "INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (stored.place, stored.id, stored.key, stored.cause, account, refers, *written, *was_there),
    )
    for posting in postings if account is not None else ():
        purse = (account, posting.purse, posting.instance)
        connection.execute(journal.POSTING, (*purse, stored.place, posting.delta))
        connection.execute(journal.TALLY, (*purse, number, posting.used))
