"""The packaged terminal as an appliance: how soon it shows something, how much it writes, how large it is, how open it is.

The package is installed on a machine with systemd as pid 1 (tests/lab), on this machine's processor; panel, buttons and chip
reader are emulated below the service's libraries, the I2C bus at 400 kHz. A Pi Zero 2 W takes some ten times as long to start.

What is written is counted by the kernel for the service's process (/proc/PID/io, write_bytes: pages that it made dirty) and for
systemd's journal, on a real file system, while a paired terminal stands idle beside its cloud; scaled to a day. What systemd
cleans once a day leaves some lines in its journal: that is done at the beginning and counted once. What the file system adds by
itself is not in it.

    scripts/bench device [MINUTES]
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from display.screens import Idle, Unpaired
from display.starting import starting
from lab import container_tree
from lab.container import Container
from lab.counter import DROP_IN, SEEN_AT, CloudBeside, Devices, settings
from lab.installer import install
from shop import NAME, drawn, rows

UNIT = "bodka-terminal.service"
STARTS = 7
BUS_HERTZ = 400_000
DAY = 24 * 60
DAILY = "systemd-tmpfiles-clean"
"""A timer's name: 15 minutes after the boot and then each day (its unit's file)."""
SETTLED_SECONDS = 60
"""After this long a terminal that was started has said and heard what there was."""
ROOT = Path(__file__).parent.parent


def say(name: str, value: float, unit: str, goal: str) -> None:
    print(json.dumps({"name": name, "value": value, "unit": unit, "goal": goal}), flush=True)


def packages(folder: Path) -> None:
    subprocess.run([ROOT / "scripts/build-deb", "--into", folder], check=True, stdout=subprocess.DEVNULL)
    for package in sorted(folder.glob("*.deb")):
        say(f"package {package.stem.rpartition('_')[2]}", round(package.stat().st_size / 1e6, 1), "MB", "<= 25")


def starts(machine: Container, devices: Devices, wanted: list[str]) -> float:
    """Seconds from the start of the service's process to the last byte of a picture, median."""
    took = []
    for _ in range(STARTS):
        machine.run("systemctl", "stop", UNIT)
        machine.run("systemctl", "start", "--no-block", UNIT)
        shown = wait(lambda: devices.bus.log[-1].at if devices.glass() == wanted else None)
        began = int(machine.shows(UNIT, "ExecMainStartTimestampMonotonic")) / 1e6
        took.append(shown - began)
    return statistics.median(took)


def wait(look: Callable[[], float | None]) -> float:
    limit = time.monotonic() + 30
    while (found := look()) is None:
        if time.monotonic() > limit:
            raise TimeoutError("the picture did not come")
        time.sleep(0.001)
    return found


def written(machine: Container, pid: str) -> int:
    """Bytes that a process has made dirty, and not taken back."""
    values = dict(line.split(": ") for line in machine.run("cat", f"/proc/{pid}/io").splitlines())
    return int(values["write_bytes"]) - int(values["cancelled_write_bytes"])


def idle(machine: Container, minutes: float) -> None:
    time.sleep(SETTLED_SECONDS)
    units = {"terminal": UNIT, "systemd's journal": "systemd-journald.service"}
    pids = {name: machine.shows(unit, "MainPID") for name, unit in units.items()}
    at_first = {name: written(machine, pid) for name, pid in pids.items()}
    machine.run("systemctl", "stop", f"{DAILY}.timer")
    machine.run("systemctl", "start", f"{DAILY}.service")
    before = {name: written(machine, pid) for name, pid in pids.items()}
    time.sleep(minutes * 60)
    days: list[float] = []
    for name, pid in pids.items():
        assert machine.shows(units[name], "MainPID") == pid, machine.story()
        days.append(before[name] - at_first[name] + (written(machine, pid) - before[name]) * DAY / minutes)
        say(f"written idle, {name}, from {minutes:g} minutes", round(days[-1] / 1e6, 2), "MB a day", "")
    say("written idle, together", round(sum(days) / 1e6, 2), "MB a day", "<= 5")


def main(minutes: float) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("packages", "board", "state", "logs"):
            (folder / part).mkdir()
        packages(folder / "packages")
        devices = Devices(folder / "board", hertz=BUS_HERTZ)
        shared = {folder / "packages": "/packages", folder / "board": SEEN_AT}
        kept = {folder / "state": "/var/lib/bodka", folder / "logs": "/var/log/journal"}
        with Container(container_tree.make(), shared, folder / "machine.log", kept) as machine:
            cloud = CloudBeside(folder, machine)
            try:
                cloud.fill(None)
                cloud.start()
                install(machine, "/packages")
                exposure = machine.says("systemd-analyze", "security", "--no-pager", UNIT).splitlines()[-1]
                found = re.search(r"\d+\.\d+", exposure)
                say("exposure by systemd-analyze security", float(found[0]) if found else 10.0, "of 10", "<= 1.5")
                machine.write(f"/run/systemd/system/{UNIT}.d/board.conf", DROP_IN)
                machine.write("/etc/bodka/terminal.toml", settings({"url": cloud.url, "poll": "15"}))
                machine.run("systemctl", "daemon-reload")
                say("start to the first picture", round(starts(machine, devices, drawn(starting("sk"))), 2), "s", "<= 1.5")
                say("start to the pairing screen", round(starts(machine, devices, rows(Unpaired())), 2), "s", "<= 1.5")
                machine.run("systemctl", "stop", UNIT)
                machine.run("bodka-terminal", "pair", "--code", cloud.says("pairing-code").strip(), "--device", "bench")
                offline_first = Idle(NAME, offline=True, waiting=0)
                say("start to the idle screen", round(starts(machine, devices, rows(offline_first)), 2), "s", "<= 1.5")
                idle(machine, minutes)
            finally:
                cloud.kill()
        devices.board.close()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20)
