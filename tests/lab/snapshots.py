"""Machines to go on with: booted, kept with the disk for all runs; and with the package installed, for one run."""

from __future__ import annotations

import tempfile
from pathlib import Path

from lab.virtual_disk import LATER, Disk
from lab.virtual_machine import HOST, OWN, VirtualMachine

BOOTED, INSTALLED = "booted", "installed"


def booted(disk: Disk) -> Path:
    """A machine that has just started, with a network and its modules loaded; made in half a minute where it is not there."""
    kept = disk.root.with_name("booted.qcow2")
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=disk.root.parent) as name:
            machine = VirtualMachine.cold(disk, Path(name))
            try:
                machine.run("systemctl", "is-system-running", "--wait")
                connect(machine)
                machine.run("modprobe", "-a", *LATER)
            except BaseException:
                machine.close()
                raise
            machine.keep(BOOTED, kept)
    return kept


def connect(machine: VirtualMachine) -> None:
    """Its network: QEMU's, with this machine as the gateway."""
    card = "$(ls /sys/class/net | grep -v lo)"
    machine.until(lambda: machine.says("sh", "-c", f"echo {card}"))
    machine.run("sh", "-ec", f"ip address add {OWN}/24 dev {card}; ip link set {card} up; ip route add default via {HOST}")


def installed(disk: Disk, package: Path, folder: Path) -> Path:
    """The same with the package installed by apt: a terminal that runs and is not paired."""
    kept = folder / "installed.qcow2"
    machine = VirtualMachine.from_snapshot(disk, folder, booted(disk), BOOTED)
    try:
        machine.share(package.parent, "/packages")
        machine.run("sh", "-ec", "DEBIAN_FRONTEND=noninteractive apt-get install -y -q /packages/bodka-terminal_*.deb")
        machine.until(lambda: machine.shows("bodka-terminal.service", "ActiveState") == "active", patience=120)
    except BaseException:
        machine.close()
        raise
    machine.keep(INSTALLED, kept)
    return kept
