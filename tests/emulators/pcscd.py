"""A pcscd of our own with one vpcd reader, in its own mount namespace, so that several run side by side.

Clients find it by the environment variable PCSCLITE_CSOCK_NAME, which libpcsclite reads once in a process: one socket path a
process. Needs the right to unshare mounts.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

from emulators.supervised import eventually

DRIVER = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"


class Pcscd:
    """`start()` and `kill()` as often as wished; `socket` and `port` (the reader's) stay the same."""

    def __init__(self, folder: Path, reader: str = "Counter") -> None:
        self.run, self.config, self.log = folder / "pcscd", folder / "reader.conf", folder / "pcscd.log"
        self.socket = self.run / "pcscd.comm"
        self.port = free_port()
        self.config.write_text(
            f'FRIENDLYNAME "{reader}"\nDEVICENAME /dev/null:{self.port}\nLIBPATH {DRIVER}\nCHANNELID {self.port}\n'
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        shutil.rmtree(self.run, ignore_errors=True)
        self.run.mkdir()
        os.makedirs("/run/pcscd", exist_ok=True)
        script = f"mount --bind '{self.run}' /run/pcscd && exec pcscd --foreground --config '{self.config}'"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(["unshare", "-m", "sh", "-c", script], stdout=log, stderr=log)
        eventually(self.listening, f"pcscd does not start, see {self.log}", 10)

    def listening(self) -> bool:
        """Both pcscd and its reader take connections."""
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        return self.socket.exists() and listens(self.port)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def listens(port: int) -> bool:
    """Whether something listens on a port, without disturbing it: connecting would insert a card."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(int(line[1].rpartition(":")[2], 16) == port and line[3] == "0A" for line in lines)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
