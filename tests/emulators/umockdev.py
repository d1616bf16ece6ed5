"""A testbed: a /dev, /sys and /proc of our own, that unmodified programs take for the machine's.

libumockdev (https://github.com/martinpitt/umockdev, 0.17) keeps the testbed's files in a folder and answers ioctls; its preload
library turns a program's paths there. The process that builds the testbed needs the preload from its start, and the tests shall
not: so a child (this file, run as a program) builds it, and `Testbed` tells the child what to do over a socket.

    bed = Testbed()
    bed.file("/proc/device-tree/model", b"Raspberry Pi 4\\0")
    bed.link("/dev/ttyUSB0", os.ttyname(slave))
    subprocess.Popen([...], env={**os.environ, **bed.environment()})
    bed.close()
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

PRELOAD = "libumockdev-preload.so.0"
LARGEST = 1 << 17
"""Bytes of one message between the two processes."""


class TestbedError(Exception):
    """The testbed refused what it was told to do."""

    __test__ = False


class Testbed:
    """The testbed, as the tests see it. Paths are those that the program under test sees: "/dev/input/event5"."""

    __test__ = False

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket = ours
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGEST)
        self._child = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())],
            env={**os.environ, "LD_PRELOAD": PRELOAD},
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        ours.settimeout(20)
        self.root = Path(str(self._ask("root")))
        """Where the testbed's files really are."""
        self._event_number = 2

    def environment(self, *preloads: str) -> dict[str, str]:
        """What a program needs in its environment to live in the testbed; `preloads` come before umockdev's own."""
        return {"UMOCKDEV_DIR": str(self.root), "LD_PRELOAD": " ".join([*preloads, PRELOAD])}

    def file(self, path: str, content: bytes = b"") -> None:
        """Puts a plain file there."""
        real = self._real(path)
        real.parent.mkdir(parents=True, exist_ok=True)
        real.write_bytes(content)

    def link(self, path: str, target: str) -> None:
        """Puts a symbolic link there, such as /dev/ttyUSB0 to the pseudo-terminal of an emulator."""
        real = self._real(path)
        real.parent.mkdir(parents=True, exist_ok=True)
        real.unlink(missing_ok=True)
        real.symlink_to(target)

    def unlink(self, path: str) -> None:
        """Takes a plain file or a link away."""
        self._real(path).unlink()

    def add(self, description: str, node: str, ioctls: dict[str, bytes]) -> None:
        """Plugs a device in: its description in umockdev's format, its node, and its answers to ioctls.

        The answers come first: the description announces the device, and a quick program would ask at once.
        """
        lines = [f"@DEV {node}", *(f"{name} {answer.hex().upper()}" for name, answer in ioctls.items())]
        self._ask("load_ioctl", node, "\n".join(lines) + "\n")
        self._ask("add", description)

    def master(self, node: str) -> int:
        """The far side of a node: what is written to this descriptor, the program reads from the node."""
        return self._ask_descriptor("master", node)

    def remove(self, *devices: str) -> None:
        """Takes devices away by their paths in /sys, children first, and announces it."""
        for device in devices:
            self._ask("remove", device)

    def forget_terminal(self, terminal: str) -> None:
        """Lets the kernel use a node's pseudo-terminal again; umockdev 0.17.16 forgets to."""
        (self.root / "dev/.ptymap" / terminal.replace("/", "_")).unlink(missing_ok=True)

    def next_event_number(self) -> int:
        """A number for /dev/input/event that was never used: the kernel's go up too, and umockdev cannot use one again."""
        self._event_number += 1
        return self._event_number

    def close(self) -> None:
        """Ends the child and removes every file."""
        self._socket.close()
        self._child.wait(20)
        shutil.rmtree(self.root, ignore_errors=True)

    def _real(self, path: str) -> Path:
        return self.root / path.removeprefix("/")

    def _ask(self, *words: str) -> object:
        self._socket.send(json.dumps(words).encode())
        return self._answer(self._socket.recv(LARGEST))

    def _ask_descriptor(self, *words: str) -> int:
        self._socket.send(json.dumps(words).encode())
        message, descriptors, _, _ = socket.recv_fds(self._socket, LARGEST, 1)
        self._answer(message)
        return descriptors[0]

    def _answer(self, message: bytes) -> object:
        if not message:
            raise TestbedError(f"the testbed's process ended ({self._child.wait(20)}): is umockdev installed?")
        answer, error = json.loads(message)
        if error:
            raise TestbedError(error)
        return answer


class _Library:
    """The few calls of libumockdev that are needed (umockdev.h). Lives in the child."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libumockdev.so.0")
        pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
        for name, result, arguments in (
            ("new", pointer, []),
            ("get_root_dir", text, [pointer]),
            ("add_from_string", number, [pointer, text, pointer]),
            ("load_ioctl", number, [pointer, text, text, pointer]),
            ("get_dev_fd", number, [pointer, text]),
            ("uevent", None, [pointer, text, text]),
            ("remove_device", None, [pointer, text]),
        ):
            function = getattr(self._library, f"umockdev_testbed_{name}")
            function.restype, function.argtypes = result, arguments
        self._bed = self._library.umockdev_testbed_new()
        self.root = Path(self._call("get_root_dir").decode())

    def _call(self, name: str, *arguments: str | None) -> Any:
        encoded = [None if argument is None else argument.encode() for argument in arguments]
        return getattr(self._library, f"umockdev_testbed_{name}")(self._bed, *encoded)

    def add(self, description: str) -> None:
        if not self._call("add_from_string", description, None):
            raise TestbedError(f"umockdev does not understand this device:\n{description}")

    def load_ioctl(self, node: str, lines: str) -> None:
        file = self.root / "answers.ioctl"
        file.write_text(lines)
        if not self._call("load_ioctl", node, str(file), None):
            raise TestbedError(f"umockdev does not understand these ioctls:\n{lines}")

    def master(self, node: str) -> int:
        descriptor = self._call("get_dev_fd", node)
        if descriptor < 0:
            raise TestbedError(f"{node} is not there")
        return descriptor

    def remove(self, device: str) -> None:
        self._call("uevent", device, "remove")
        self._call("remove_device", device)


def _serve(connection: socket.socket) -> None:
    """Does what the test process asks, until it is gone."""
    library = _Library()
    while message := connection.recv(LARGEST):
        word, *arguments = json.loads(message)
        answer, error, descriptors = None, None, []
        try:
            if word == "root":
                answer = str(library.root)
            elif word == "master":
                descriptors = [library.master(*arguments)]
            else:
                {"add": library.add, "load_ioctl": library.load_ioctl, "remove": library.remove}[word](*arguments)
        except (TestbedError, OSError) as problem:
            error = str(problem)
        socket.send_fds(connection, [json.dumps([answer, error]).encode()], descriptors)
        for descriptor in descriptors:  # the test process holds it now: closing it there must hang up
            os.close(descriptor)
    shutil.rmtree(library.root, ignore_errors=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        _serve(socket.socket(fileno=int(sys.argv[1])))
