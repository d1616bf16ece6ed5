"""Records entries on a watched disk and says how many flushes each took. A part of test_flushes.py."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from emulators.disk import Disk
from emulators.drafts import IDENTITY, Till, award
from sync import journal
from sync.database import begin_log, checkpoint


def main(folder: Path, control: Path, entries: int) -> None:
    disk = Disk.watched(control)
    connection = journal.open_journal(folder / "journal.db")
    journal.begin(connection, IDENTITY)
    begin_log(connection)
    till, counts = Till(connection), []
    for number in range(entries):
        before = disk.flushes
        till.record(award(1, who=number % 50))
        counts.append(disk.flushes - before)
        if number % 10 == 9:
            checkpoint(connection)
    print(json.dumps(counts))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
