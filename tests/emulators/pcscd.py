"""A pcscd of our own with virtual readers that can be unplugged and plugged again, in its own mount namespace.

Several run side by side. Clients find theirs by the environment variable PCSCLITE_CSOCK_NAME, which libpcsclite reads once in a
process: one socket path a process. Needs the right to unshare mounts, and a C compiler for `pluggable_reader.c`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

from emulators.supervised import eventually

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
PLUGGABLE = Path(__file__).with_name("pluggable_reader.c")


class Pcscd:
    """`start()` and `kill()` as often as wished; `socket` and `ports` (of the readers, by name) stay the same."""

    def __init__(self, folder: Path, *readers: str) -> None:
        self.folder, self.run, self.config, self.log = folder, folder / "pcscd", folder / "reader.conf", folder / "pcscd.log"
        self.socket = self.run / "pcscd.comm"
        self.ports = {reader: free_port() for reader in readers or ("Counter",)}
        self.process: subprocess.Popen[bytes] | None = None
        source = folder / "pluggable.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-I/usr/include/PCSC", "-o", source, PLUGGABLE, "-ldl"], check=True)
        lines = []
        for reader, port in self.ports.items():
            library = self._library(reader)
            shutil.copy(source, library)
            shutil.copy(DRIVER, f"{library}.vpcd")
            lines.append(f'FRIENDLYNAME "{reader}"\nDEVICENAME /dev/null:{port}\nLIBPATH {library}\nCHANNELID {port}\n')
        self.config.write_text("\n".join(lines))

    @property
    def port(self) -> int:
        """The first reader's."""
        return next(iter(self.ports.values()))

    def _library(self, reader: str) -> Path:
        return self.folder / f"{reader.replace(' ', '-')}.so"

    def _mark(self, reader: str) -> Path:
        """While this file is there, the reader is not."""
        return Path(f"{self._library(reader)}.unplugged")

    def plug(self, reader: str) -> None:
        """Puts a reader back; pcscd notices within a second."""
        self._mark(reader).unlink()

    def unplug(self, reader: str) -> None:
        """Takes a reader away, with the card in it; pcscd notices within half a second, or when it next uses it."""
        self._mark(reader).touch()

    def mute(self, reader: str, silent: bool = True) -> None:
        """From now on cards in this reader give no answer to reset; or do so again."""
        mark = Path(f"{self._library(reader)}.mute")
        if silent:
            mark.touch()
        else:
            mark.unlink()

    def start(self) -> None:
        shutil.rmtree(self.run, ignore_errors=True)
        self.run.mkdir()
        os.makedirs("/run/pcscd", exist_ok=True)
        script = f"mount --bind '{self.run}' /run/pcscd && exec pcscd --foreground --config '{self.config}'"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(["unshare", "-m", "sh", "-c", script], stdout=log, stderr=log)
        eventually(self.listening, f"pcscd does not start, see {self.log}", 10)

    def listening(self) -> bool:
        """Both pcscd and its readers take connections."""
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        return self.socket.exists() and all(listens(port) for port in self.ports.values())

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
