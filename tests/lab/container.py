"""A machine with systemd as pid 1 on this machine's kernel: a tree booted by systemd-nspawn, its changes in memory.

    with Container(tree, {dist: "/packages"}) as machine:
        machine.run("apt-get", "install", "-y", "/packages/bodka-terminal_0.1.0_amd64.deb")
        machine.until(lambda: machine.shows("bodka-terminal", "ActiveState") == "active")

It has a network of its own with nothing in it but its loopback.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

from lab.machine import PATIENCE, Machine

BOOT = """
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/$1
echo $$ > /sys/fs/cgroup/$1/cgroup.procs
shift
exec "$@"
"""
"""systemd closes devices to services by programs on their control groups, version 2: this gives the machine some of its own."""

SWEEP = "mount -t cgroup2 none /sys/fs/cgroup; find /sys/fs/cgroup/$1 -depth -type d -exec rmdir {} +"

CLEAN = ("env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/root")


class Container(Machine):
    """One boot; `shared` are folders of this machine and where they are seen, read-only; in `kept` ones it writes to disk."""

    def __init__(self, tree: Path, shared: Mapping[Path, str], log: Path, kept: Mapping[Path, str] | None = None) -> None:
        self._log = log
        binds = [f"--bind-ro={source}:{target}" for source, target in shared.items()]
        binds += [f"--bind={source}:{target}" for source, target in (kept or {}).items()]
        self._group = f"bodka-lab-{uuid.uuid4().hex[:8]}"
        nspawn = ["systemd-nspawn", "-q", "-D", os.fspath(tree), "--register=no", "--keep-unit", "--private-network"]
        nspawn += ["--volatile=overlay", "--capability=all", "--system-call-filter=bpf", *binds, "--boot"]
        with log.open("wb") as output:
            self._nspawn = subprocess.Popen(
                ["unshare", "-m", "sh", "-ec", BOOT, "sh", self._group, *nspawn],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            self.until(lambda: self._leader() is not None)
            self.leader = self._leader() or 0
            self.until(lambda: self.says("systemctl", "is-system-running") in ("running", "degraded"))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """As a power cut would."""
        with contextlib.suppress(ProcessLookupError, AttributeError):
            os.kill(self.leader, signal.SIGKILL)
        try:
            self._nspawn.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()
        subprocess.run(["unshare", "-m", "sh", "-c", SWEEP, "sh", self._group], check=False, stderr=subprocess.DEVNULL)

    def enter(self, *words: str, network_only: bool = False) -> list[str]:
        """The command line that runs words inside; or, of this machine's programs, in its network only."""
        if network_only:
            return ["nsenter", "-t", str(self.leader), "-n", "--", *words]
        return ["nsenter", "-t", str(self.leader), "-a", "--", *CLEAN, *words]

    def tried(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """A command inside, to its end, however it ends."""
        return subprocess.run(self.enter(*words), input=given, capture_output=True, text=True)

    def ended(self) -> str | None:
        return None if self._nspawn.poll() is None else self._log.read_text("utf-8", "replace")[-2000:]

    def story(self) -> str:
        """What there is to read after a failure."""
        unit = super().story() if hasattr(self, "leader") else ""
        return f"{unit}\n{self._log.read_text('utf-8', 'replace')[-2000:]}"

    def _leader(self) -> int | None:
        """Pid 1 of the machine, as this machine numbers it."""
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children")
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                if os.readlink(f"/proc/{child}/ns/pid") != os.readlink("/proc/self/ns/pid"):
                    return int(child)
        return None
