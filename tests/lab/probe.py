"""Runs in the sandbox of the terminal's unit, in the terminal's place, and prints as JSON what it could do there."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

PROT_READ, PROT_WRITE, PROT_EXEC = 1, 2, 4
MAP_PRIVATE, MAP_ANONYMOUS = 2, 0x20
CLONE_NEWUSER = 0x10000000

libc = ctypes.CDLL(None, use_errno=True)


def write(path: str) -> None:
    Path(path).write_text("x")
    Path(path).unlink()


def open_device(path: str) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))


def writable_code() -> None:
    libc.mmap.restype = ctypes.c_void_p
    if (
        libc.mmap(None, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        == ctypes.c_void_p(-1).value
    ):
        raise OSError(ctypes.get_errno(), "mmap")


def own_namespace() -> None:
    if libc.unshare(CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")


def become_root() -> None:
    os.setuid(0)


def raw_socket() -> None:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()


def mount() -> None:
    if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None):
        raise OSError(ctypes.get_errno(), "mount")


def set_the_clock() -> None:
    os.environ["TZ"] = "UTC"
    import time

    time.clock_settime(time.CLOCK_REALTIME, time.time())


def see_others() -> None:
    if not Path("/proc/1/cmdline").exists():
        raise OSError("hidden")


MUST: dict[str, Callable[[], object]] = {
    "write its state": lambda: write("/var/lib/bodka/probe"),
    "write its requests": lambda: write("/run/bodka/probe"),
    "write where lgpio works": lambda: write("probe"),
    "know the boot": lambda: Path("/proc/sys/kernel/random/boot_id").read_text(),
    "know the kernel's command line": lambda: Path("/proc/cmdline").read_text(),
    "read its settings": lambda: Path("/etc/bodka/terminal.toml").read_text(),
    "hear of the network": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE).close(),
    "use the network": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
    "open random numbers": lambda: open_device("/dev/urandom"),
}

MUST_NOT: dict[str, Callable[[], object]] = {
    "write its own program": lambda: write("/usr/lib/bodka-terminal/probe"),
    "write versions": lambda: write("/var/lib/bodka-versions/probe"),
    "write settings": lambda: write("/etc/bodka/probe"),
    "write units": lambda: write("/run/systemd/system/probe.service"),
    "write the kernel's settings": lambda: Path("/proc/sys/kernel/hostname").write_text("probe"),
    "read passwords": lambda: Path("/etc/shadow").read_text(),
    "look into homes": lambda: list(Path("/root").iterdir()),
    "look at the boot partition": lambda: list(Path("/boot").iterdir()),
    "see other programs": see_others,
    "open the console": lambda: open_device("/dev/console"),
    "open the kernel's log": lambda: open_device("/dev/kmsg"),
    "open a device of no class of its own": lambda: open_device("/dev/lab-device"),
    "make code": writable_code,
    "make a namespace": own_namespace,
    "become root": become_root,
    "listen to the wire": raw_socket,
    "mount": mount,
    "set the clock": set_the_clock,
}


def could(deed: Callable[[], object]) -> str:
    """ "" where it worked, else why not."""
    try:
        deed()
    except (OSError, ValueError) as error:
        return str(error) or type(error).__name__
    return ""


def main() -> None:
    done = {"must": {name: could(deed) for name, deed in MUST.items()}}
    done["must not"] = {name: could(deed) for name, deed in MUST_NOT.items()}
    done["who"] = {"uid": str(os.getuid()), "groups": " ".join(map(str, os.getgroups()))}
    sys.stdout.write(json.dumps(done) + "\n")


if __name__ == "__main__":
    main()
