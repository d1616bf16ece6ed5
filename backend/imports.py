"""Taking in a parcel: entries that a terminal wrote to a file because it could not send them (`sync.parcel`).

Its lines go the way that pushed ones go, so a parcel that is taken in twice, or after part of it had arrived, does no harm.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from backend import accept, identities
from backend.database import Database
from backend.surroundings import Clock, Random
from sync import parcel
from sync.messages import Standing


class UnknownTerminal(LookupError):
    """The parcel is of a terminal that this cloud never paired."""

    def __init__(self) -> None:
        super().__init__("this file is from a terminal that this cloud does not know: take it to the cloud that paired it")


class LinesMissing(ValueError):
    """There is a gap between what the cloud has and what the parcel begins with."""

    def __init__(self, have: int, next_one: int) -> None:
        super().__init__(
            f"the cloud has this terminal's entries up to {have}, and the file goes on at {next_one}: take in the earlier file"
            " first, or let the terminal send them"
        )


class OtherLines(ValueError):
    """The parcel holds other entries than the cloud has under the same numbers."""

    def __init__(self) -> None:
        super().__init__(
            "the cloud has other entries of this terminal under the same numbers: it was copied or restored; see the alarms"
        )


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a parcel: entries in it, how many of them were new, and why posting stopped, if it did."""

    identity: UUID
    entries: int
    fresh: int
    trouble: str


def take_in(database: Database, path: Path, clock: Clock, random: Random) -> Imported:
    """Checks the whole parcel, then accepts it push by push.

    Raises `NoParcel`, `TornParcel` or `AlteredParcel` of `sync.parcel`, and `UnknownTerminal`: nothing is taken then. Raises
    `LinesMissing`, `OtherLines` or `lines.MalformedLine` where it cannot go on; what was taken before stays.
    """
    with path.open("rb") as original, tempfile.TemporaryFile() as file:
        shutil.copyfileobj(original, file)  # a stick may be pulled out, or changed, between the check and the taking in
        found = parcel.examine(file)
        identity = found.label.identity
        found.check(_public_key(database, identity))
        entries = fresh = 0
        trouble = ""
        for push in parcel.pushes(file):
            with database.writing() as connection:
                before = identities.lock(connection, identity).head.sequence
                pushed = accept.accept_exported(connection, identity, push, clock(), random)
            if pushed.standing is Standing.OFF_HEAD:
                raise OtherLines
            if push.lines and pushed.head.sequence < push.lines[-1].sequence:
                raise LinesMissing(pushed.head.sequence, push.lines[0].sequence)
            entries, fresh = entries + len(push.lines), fresh + pushed.head.sequence - before
            trouble = pushed.trouble
    return Imported(identity, entries, fresh, trouble)


def _public_key(database: Database, identity: UUID) -> bytes:
    with database.reading() as connection:
        try:
            public_key = identities.find(connection, identity).public_key
        except identities.UnknownIdentity as error:
            raise UnknownTerminal from error
    if public_key is None:
        raise UnknownTerminal
    return public_key
