"""Power cuts of a whole machine: its disk's writes are logged below the kernel, and any moment's disk is rebuilt and opened.

    recorded = record(machine, folder, seed=1, rounds=150)
    tried, found = try_out(recorded, seed=1, states=1000)

The work is disk/workload.py's on a file system with ext4's own settings, what must be true is disk/judge.py's: one home each.
The acknowledgement of each action leaves the machine by a serial port and is stamped, here, with the log's length.
"""

from __future__ import annotations

import bisect
import json
import random
import shutil
import subprocess
import tempfile
import threading
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from disk.judge import Lost, judge
from disk.power_cuts import WAYS, Found

from emulators.disk import MEMORY, mapped
from lab import block_log
from lab.installer import HOME
from lab.virtual_counter import TESTS
from lab.virtual_machine import VirtualMachine

SIZE = 32 << 20
PLACE = "/cut"
SOUND = (0, 1, 2)
"""e2fsck: nothing wrong, corrected, corrected and to be started anew (e2fsck(8), EXIT CODE). Debian starts with such a disk."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The disk before, what was written to it, and what had been acknowledged when the log was how long."""

    before: Path
    log: Path
    acknowledged: list[tuple[int, str]]

    def allowed(self, end: int) -> set[str]:
        """What the journal may say after a cut there: what was acknowledged last, or anything that came later.

        The stamp is a little late: the machine goes on while its acknowledgement is on the way.
        """
        done = bisect.bisect_right(self.acknowledged, end, key=lambda one: one[0])
        return {contents for _, contents in self.acknowledged[max(0, done - 1) :]} | ({EMPTY} if not done else set())


EMPTY = "no journal yet"


def record(machine: VirtualMachine, folder: Path, seed: int, rounds: int, *faults: str) -> Recorded:
    """Lets the machine work on a disk of its own, and pulls the plug."""
    before, disk, log = (folder / name for name in ("before.img", "disk.img", "log"))
    subprocess.run(["truncate", "-s", str(SIZE), before], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", before], check=True)
    shutil.copy(before, disk)
    log.write_bytes(b"")
    machine.share(TESTS, "/lab")
    machine.plug_disk(disk, "cut", log=log)
    device = "/dev/disk/by-id/virtio-cut"
    machine.until(lambda: machine.tried("test", "-b", device).returncode == 0)
    machine.run("sh", "-ec", f"mkdir -p {PLACE}; mount -o noatime {device} {PLACE}; mkdir {PLACE}/state; sync -f {PLACE}")
    began = log.stat().st_size
    acknowledged = list[tuple[int, str]]()
    port = machine.port("told")

    def stamp() -> None:
        with port.makefile("r", encoding="utf-8") as lines:
            for line in lines:
                acknowledged.append((log.stat().st_size, json.loads(line)[1]))

    ear = threading.Thread(target=stamp)
    ear.start()
    words = ["-P", "/lab/disk/workload.py", f"{PLACE}/state", str(seed), str(rounds), *faults]
    command = " ".join([f"{HOME}/bin/python3", *words])
    machine.run("sh", "-ec", f"DISK_LOG=/dev/null PYTHONPATH=/lab {command} > /dev/virtio-ports/told")
    machine.close()
    ear.join()
    port.close()
    assert len(acknowledged) > rounds, acknowledged
    assert acknowledged[0][0] > began
    return Recorded(before, log, acknowledged)


def try_out(recorded: Recorded, seed: int, states: int) -> tuple[int, Found | None]:
    """Cuts the power so often, on both processors; how many states were tried, and the first bad one."""
    jobs = 2
    with ProcessPoolExecutor(jobs) as pool:
        share = partial(_try_out, recorded, states=states // jobs)
        results = list(pool.map(share, range(seed, seed + jobs)))
    return sum(tried for tried, _ in results), next((found for _, found in results if found is not None), None)


def _try_out(recorded: Recorded, seed: int, states: int) -> tuple[int, Found | None]:
    """In memory: what a state costs is then e2fsck and the journal's check, and not a disk of this machine."""
    chance, writes = random.Random(seed), block_log.read(recorded.log)
    turns = sorted(chance.randrange(len(writes)) for _ in range(states))
    disk, tried, turn = bytearray(recorded.before.read_bytes()), 0, 0
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        file, place = Path(name) / "disk.img", Path(name) / "files"
        file.write_bytes(disk)
        image = mapped(file)
        for number, (end, since) in enumerate(block_log.cuts(writes, disk)):
            while turn < len(turns) and turns[turn] == number:
                turn += 1
                tried += 1
                block_log.leave(image, disk, since, chance, *WAYS[chance.randrange(len(WAYS))])
                try:
                    _opened(file, place)
                    allowed = recorded.allowed(end)
                    if (place / "state/journal.db").exists() or EMPTY not in allowed:
                        judge(place / "state", allowed)
                except Lost as lost:
                    return tried, Found(tried, number, str(lost))
    return tried, None


def _opened(image: Path, place: Path) -> None:
    """What Debian does at its start, and the files that are then there."""
    checked = subprocess.run(["e2fsck", "-p", image], capture_output=True, text=True)
    if checked.returncode not in SOUND:
        raise Lost(f"the file system cannot be mended: {checked.stdout}")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    subprocess.run(["debugfs", "-R", f"rdump / {place}", image], check=True, capture_output=True)
    (place / "state").mkdir(exist_ok=True)
