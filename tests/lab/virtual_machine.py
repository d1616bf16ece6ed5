"""A machine of its own kernel, with systemd as pid 1, in QEMU without acceleration: booted once, then taken from a snapshot.

    with VirtualMachine.cold(disk, folder) as machine:  # a boot: ten seconds and more
        machine.keep("booted", snapshot)
    with VirtualMachine.from_snapshot(disk, folder, snapshot, "booted") as machine:  # one or two seconds
        machine.run("uname", "-r")

Folders of this machine are shown inside by `share`. The address of this machine, seen from inside, is `HOST`.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.machine import PATIENCE, Machine
from lab.virtual_disk import Disk

HOST = "10.0.2.2"
OWN = "10.0.2.15"
"""Of QEMU's user-mode network (QEMU manual, "Network emulation")."""

BOOT_PATIENCE = 120.0
NUMBER_OF_PORTS = ("lab", "hands", "wires", "told")
"""Serial ports between the machine and the test (virtio-serial): the agent, the counter's fake devices, its requests, and what
a program inside acknowledges."""


class VirtualMachine(Machine):
    """One QEMU process; `disk` is only read, what the machine writes goes into `folder`."""

    def __init__(self, disk: Disk, folder: Path, image: Path, *, snapshot: str = "", extra: Sequence[str] = ()) -> None:
        self.folder, self._disk, self._image = folder, disk, image
        self._numbers, self._lock = 0, threading.Lock()
        self._serial = folder / "serial"
        words = "console=ttyS0 quiet panic=-1 mitigations=off audit=0 random.trust_cpu=on systemd.show_status=0"
        command = [
            *("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-machine", "pc", "-cpu", "max", "-smp", "2", "-m", "1024"),
            *("-display", "none", "-nodefaults", "-no-reboot", "-serial", f"file:{self._serial}"),
            *("-kernel", os.fspath(disk.vmlinuz), "-initrd", os.fspath(disk.initramfs), "-append", words),
            *("-drive", f"file={image},format=qcow2,if=none,id=root,cache=unsafe"),
            *("-device", "virtio-blk-pci,drive=root,addr=4"),
            *("-device", "virtio-rng-pci,addr=5", "-device", "virtio-serial-pci,addr=6,id=ports"),
            *("-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,addr=7,id=nic,romfile="),
            *("-device", "qemu-xhci,id=usb,addr=8"),
            *("-qmp", f"unix:{folder}/qmp,server=on,wait=off"),
        ]
        for port in NUMBER_OF_PORTS:
            command += ["-chardev", f"socket,id={port},path={folder}/{port},server=on,wait=off"]
            command += ["-device", f"virtserialport,chardev={port},name={port}"]
        command += [*extra, *(("-loadvm", snapshot) if snapshot else ())]
        self.began = time.monotonic()
        with (folder / "errors").open("wb") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        try:
            self._monitored = self.port("qmp")
            self._monitor = self._monitored.makefile("rw", encoding="utf-8")
            self._monitor.readline()
            self.tell_qemu("qmp_capabilities")
            self._agent = self.port("lab")
            self._answers = self._agent.makefile("r", encoding="utf-8")
            if not snapshot:
                self._agent.settimeout(BOOT_PATIENCE)
                self.ready = json.loads(self._answers.readline())["ready"]
            self._agent.settimeout(None)
        except BaseException:
            self.close()
            raise

    @classmethod
    def cold(cls, disk: Disk, folder: Path, *, extra: Sequence[str] = ()) -> VirtualMachine:
        """Boots; `ready` is when its agent came, in seconds since the kernel began."""
        image = folder / "root.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", disk.root, image], check=True)
        return cls(disk, folder, image, extra=extra)

    @classmethod
    def from_snapshot(cls, disk: Disk, folder: Path, kept: Path, name: str) -> VirtualMachine:
        """Goes on where `keep` was called; its clock is set to this machine's."""
        image = folder / "root.qcow2"
        subprocess.run(["cp", "--reflink=auto", "--sparse=always", kept, image], check=True)
        machine = cls(disk, folder, image, snapshot=name)
        machine.set_clock(time.time())
        return machine

    def cold_again(self) -> VirtualMachine:
        """The plug is pulled and put in again: the same disk, a boot, and nothing of what was shared or plugged in."""
        kept = self._image.rename(self.folder / "pulled.qcow2")
        self.close()
        return VirtualMachine(self._disk, self.folder, kept)

    def keep(self, name: str, kept: Path) -> None:
        """Ends the machine; what it was at this moment is in the file `kept` under `name`. Nothing may be shared with it."""
        said = self.tell_qemu("human-monitor-command", **{"command-line": f"savevm {name}"})
        assert not said, said
        self.process.kill()
        self.process.wait()
        self._image.rename(kept)
        self.close()

    def close(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait(PATIENCE)
        for name in ("_answers", "_agent", "_monitor", "_monitored"):
            if hasattr(self, name):
                getattr(self, name).close()
        self._image.unlink(missing_ok=True)

    # ---- Machine ----

    def tried(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """A command inside, to its end, however it ends."""
        with self._lock:
            self._numbers += 1
            asked = {"number": self._numbers, "words": words, "given": given}
            self._agent.sendall(json.dumps(asked).encode() + b"\n")
            while True:
                line = self._answers.readline()
                assert line, self._told()
                answer = json.loads(line)
                if answer.get("number") == self._numbers:
                    return subprocess.CompletedProcess(words, answer["code"], answer["out"], answer["errors"])

    def ended(self) -> str | None:
        return None if self.process.poll() is None else self._told()

    # ---- what is plugged into it ----

    def tell_qemu(self, command: str, **arguments: Any) -> Any:
        """A command of QEMU's machine protocol (QMP); raises RuntimeError where QEMU refuses."""
        self._monitor.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._monitor.flush()
        while True:
            answer = json.loads(self._monitor.readline())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']}")

    def port(self, name: str) -> socket.socket:
        """The test's end of a serial port."""
        end = socket.socket(socket.AF_UNIX)
        limit = time.monotonic() + PATIENCE
        while True:
            try:
                end.connect(os.fspath(self.folder / name))
                return end
            except OSError:
                if self.process.poll() is not None or time.monotonic() > limit:
                    end.close()
                    raise RuntimeError(self._told()) from None
                time.sleep(0.01)

    def share(self, folder: Path, place: str) -> None:
        """Shows a folder of this machine inside, as it is now: its files are copied in."""
        packed = self.folder / "shared.tar"
        subprocess.run(["tar", "-C", folder, "--exclude=__pycache__", "-cf", packed, "."], check=True)
        self.plug_disk(packed, "shared", read_only=True)
        self.until(lambda: self.tried("test", "-b", "/dev/disk/by-id/virtio-shared").returncode == 0)
        self.run("sh", "-ec", f"mkdir -p {place}; tar -C {place} -xf /dev/disk/by-id/virtio-shared")
        self.unplug_disk("shared")
        packed.unlink()

    def plug_disk(self, file: Path, name: str, *, read_only: bool = False, log: Path | None = None) -> None:
        """A disk, seen as /dev/disk/by-id/virtio-NAME; `log` gets each of its writes and flushes (block_log.py)."""
        below = {"driver": "file", "filename": os.fspath(file)}
        if log is None:
            node: dict[str, Any] = {"driver": "raw", "file": below, "read-only": read_only}
        else:
            node = {"driver": "blklogwrites", "file": below, "log": {"driver": "file", "filename": os.fspath(log)}}
            node["log-sector-size"] = 512
        self.tell_qemu("blockdev-add", **{"node-name": f"node-{name}", **node})
        options = {"drive": f"node-{name}", "id": name, "serial": name, "write-cache": "on"}
        self.tell_qemu("device_add", driver="virtio-blk-pci", **options)

    def unplug(self, name: str) -> None:
        """Pulls out what was plugged in under this name."""
        self.tell_qemu("device_del", id=name)

    def unplug_disk(self, name: str) -> None:
        """Pulls a disk out."""
        self.unplug(name)

        def gone() -> bool:
            with contextlib.suppress(RuntimeError):
                self.tell_qemu("blockdev-del", **{"node-name": f"node-{name}"})
                return True
            return False

        self.until(gone)

    def network(self, *, up: bool) -> None:
        """Plugs the network cable in or out."""
        self.tell_qemu("set_link", name="nic", up=up)

    def set_clock(self, seconds: float) -> None:
        self.run("date", "-u", "-s", f"@{seconds:.3f}")

    def _told(self) -> str:
        texts = [self.folder / "errors", self._serial]
        return "\n".join(text.read_text("utf-8", "replace")[-2000:] for text in texts if text.exists())
