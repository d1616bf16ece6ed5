"""A damaged journal: what can be read of it becomes a new one, nothing is lost in silence, and the damaged file is kept aside.

The longest unbroken part of the chain from its beginning goes into the new journal. Readable lines behind a gap cannot: they
wait in a file beside it until the terminal has a new identity, which wraps lines, and then join its chain
(`sync.readmission`). Until then the terminal does not spend, for it may be behind what the cloud has (invariant 8).

Example::

    found = salvage(folder / "journal.db", stamp="20261126-101500")
    log.error(found.words)
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from loyalty.chain import GENESIS
from loyalty.entry import Posting, Unreadable, decode_entry
from sync import journal, writers
from sync.carving import read, rows
from sync.database import DamagedFile, transaction
from sync.keys import flush_folder
from sync.messages import Standing
from sync.readmission import insert, set_aside
from sync.writers import Stored

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
        identities = writers.identities(connection.execute("SELECT * FROM identities"))
        found = connection.execute("SELECT * FROM lines WHERE place > ? ORDER BY place LIMIT ?", (after, limit)).fetchall()
        for place, *columns in found:
            stored = writers.proved(place, [None, *columns], identities)
            if stored is None:
                raise DamagedFile(f"the entry at {place} is not what it was")
            account = columns[3]
            for posting in _postings(stored.line.body) if account is not None else ():
                where = (account, posting.purse, posting.instance, place, posting.delta)
                query = "SELECT 1 FROM postings WHERE account = ? AND purse = ? AND instance = ? AND place = ? AND delta = ?"
                if connection.execute(query, where).fetchone() is None:
                    raise DamagedFile(f"a posting of the entry at {place} is missing")
    except sqlite3.DatabaseError as error:
        raise DamagedFile(str(error)) from error
    return int(found[-1][0]) if len(found) == limit else 0


def _postings(body: bytes) -> tuple[Posting, ...]:
    """What must stand in the table of postings; of an entry that only a newer version knows, nobody here can tell."""
    try:
        return decode_entry(body).postings
    except Unreadable:
        return ()


def salvage(path: Path, stamp: str, known: Sequence[UUID] = ()) -> Salvaged:
    """Puts a new journal in the place of the damaged one. Nobody may have it open.

    `known` is who this terminal is by its pairing: it counts where the journal itself cannot say so any more. A crash in the
    middle is finished by `finish`, or does no harm: it is done anew, and the damaged file is kept once. Raises `DamagedFile`
    where nobody can say whose the lines are, and `OSError` or `NotRecorded` where the disk refuses; then everything is as it
    was.
    """
    damaged = _keep(path, stamp)
    stamp = damaged.name.rpartition(".damaged-")[2]
    carved = list(rows(damaged))
    identities = writers.identities((number, *columns[1:]) for number, columns in carved if writers.is_identity(columns))
    identities = identities or writers.writers(carved, known)
    if not identities:
        raise DamagedFile(f"not even whose it is can be read; the file is kept as {damaged.name}")
    counter, pruned = next(((c[1], c[2]) for n, c in carved if n == 1 and writers.is_terminal(c)), (0, 0))
    begin = max(int(str(pruned)), identities[0].base)
    chain, later = _chain(list(writers.all_proved(carved, identities)), identities, begin)
    later_file = path.with_name(f"{path.name}.later-{stamp}") if later else None
    building = path.with_name(f"{path.name}.building")
    try:
        if later_file is not None:
            set_aside(later, later_file)
        _remove(building)
        _build(building, identities, chain, int(str(counter)), begin if chain else 0, _sun_counters(damaged))
        os.replace(building, _new(path))
    except BaseException:
        with suppress(OSError):
            _remove(building)
            if later_file is not None:
                later_file.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)
    finish(path)
    missing = tuple(_missing(chain, later, identities[-1].base, begin, identities[-1].accepted))
    return Salvaged(len(chain), len(later), missing, damaged, later_file)


def finish(path: Path) -> None:
    """Finishes a salvage that a power cut has interrupted; does nothing where none was."""
    if _new(path).exists():
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        os.replace(_new(path), path)
        flush_folder(path.parent)


def _chain(stored: list[Stored], identities: list[journal.Identity], pruned: int) -> tuple[list[Stored], list[Stored]]:
    """The unbroken beginning, and what else there is behind it.

    A page that was given up may hold a line's earlier form: before it was wrapped, or before its person was forgotten.
    """
    by_place = dict[int, list[Stored]]()
    for one in stored:
        if one.place >= pruned:
            by_place.setdefault(one.place, []).append(one)
    for same in by_place.values():
        same.sort(key=lambda one: one.line.personal is not None)  # nobody who was forgotten is remembered again
    # A later identity may have taken over the lines of earlier ones: theirs begin nowhere then.
    bases = {one.base for n, one in enumerate(identities) if all(one.base < later.base for later in identities[n + 1 :])}
    chain, place = list[Stored](), pruned
    if place in bases and place not in by_place:  # the last line of an earlier writer need not be here
        place += 1
    while place in by_place:
        before = GENESIS if place - 1 in bases else chain[-1].hash if chain else None
        following = next((one for one in by_place[place] if before is None or one.line.before == before), None)
        if following is None:
            break
        chain.append(following)
        place += 1
    return chain, [by_place[other][0] for other in sorted(by_place) if other >= place]


def _missing(chain: list[Stored], later: list[Stored], base: int, begin: int, accepted: int) -> Iterator[tuple[int, int]]:
    """Runs of sequences of the last identity that are neither in the chain nor behind it, as far as anything tells of them."""
    following = chain[-1].place + 1 if chain else max(1, begin)
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


def _keep(path: Path, stamp: str) -> Path:
    """Gives the damaged file another name, beside its own, under which it stays; it takes no room, and is there once.

    A file system without such names gets a copy.
    """
    for other in sorted(path.parent.glob(f"{path.name}.damaged-*")):
        if not other.name.endswith("-wal") and (other.samefile(path) or read(other) == read(path)):
            return other
    damaged = path.with_name(f"{path.name}.damaged-{stamp}")
    for suffix in ("-wal", ""):  # the log first: a file without the name above is not looked for it
        source, target = path.with_name(path.name + suffix), damaged.with_name(damaged.name + suffix)
        target.unlink(missing_ok=True)
        if source.exists():
            try:
                os.link(source, target)
            except OSError:
                _copy(source, target)
    flush_folder(path.parent)
    return damaged


def _copy(source: Path, target: Path) -> None:
    try:
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(read(source))
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _sun_counters(damaged: Path) -> list[tuple[bytes, int]]:
    """How often signing cards were read, where SQLite can still say so; of a copy, for opening changes a file."""
    copy = damaged.with_name(damaged.name.partition(".damaged-")[0] + ".copy")
    try:
        for suffix in ("", "-wal"):
            if (source := damaged.with_name(damaged.name + suffix)).exists():
                _copy(source, copy.with_name(copy.name + suffix))
        with closing(sqlite3.connect(copy)) as connection:
            return connection.execute("SELECT token, counter FROM sun_counters").fetchall()
    except sqlite3.DatabaseError:
        return []
    finally:
        _remove(copy)


def _build(
    path: Path,
    identities: list[journal.Identity],
    chain: list[Stored],
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
            insert(connection, stored, number)
        connection.execute("UPDATE terminal SET counter = ?, pruned = ?", (counter, pruned))
        connection.executemany("INSERT INTO sun_counters VALUES (?, ?)", sun_counters)
    connection.close()
