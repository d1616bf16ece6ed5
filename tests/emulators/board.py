"""The test's side of board.c: serves models of kernel devices to a program that runs under its preload.

    library = build(folder)
    with Board(folder / "board.sock") as board:
        board.add("/dev/gpiochip0", GpioChip())
        subprocess.run([...], env={**os.environ, **board.environment(library)})

A device is any object with `open`, `ioctl` and `released` (see `Device`). What the kernel answers with is raised as OSError
with its errno.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
import subprocess
import threading
from pathlib import Path
from typing import Any, Protocol

OPEN, IOCTL, WRITE = 1, 2, 3
CALL, REPLY = struct.Struct("<4I"), struct.Struct("<2i2I")


class Device(Protocol):
    """What a model of a device node answers."""

    def open(self) -> Any:
        """The state of one opened descriptor."""

    def ioctl(self, state: Any, request: int, payload: bytes) -> tuple[bytes, Any]:
        """(the structure sent back, the state of a new descriptor or None). Raises OSError with an errno."""

    def write(self, state: Any, message: bytes) -> int:
        """Bytes written to an SPI bus: how many it took. Nothing else is written to."""

    def opened(self, state: Any, channel: socket.socket) -> None:
        """A descriptor is now there; what is sent into `channel` is what the program reads from it."""

    def released(self, state: Any, channel: socket.socket) -> None:
        """That descriptor was closed, or its device taken away."""


def build(folder: Path) -> Path:
    """Compiles board.c. The name matters: without "lib" in front Python would take the library for a module."""
    library = folder / "libboard.so"
    source = Path(__file__).with_name("board.c")
    subprocess.run(["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


class Board:
    """Devices by path. `remove` takes one away, as pulling it out would: open says ENOENT, what is open ENODEV."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._devices: dict[str, Device] = {}
        self._handles: dict[int, tuple[Device, Any, socket.socket]] = {}
        self._last = 0
        self._lock = threading.RLock()
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._server.bind(os.fspath(path))
        self._server.listen(16)
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, name="board", daemon=True).start()

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def environment(self, library: Path, *others: str) -> dict[str, str]:
        """The variables of a program that shall see this board; `others` are libraries to preload after it."""
        return {"BOARD": os.fspath(self.path), "LD_PRELOAD": " ".join([os.fspath(library), *others])}

    def add(self, path: str, device: Device) -> None:
        """Plugs a device in."""
        with self._lock:
            self._devices[path] = device

    def remove(self, path: str) -> None:
        """Pulls a device out."""
        with self._lock:
            device = self._devices.pop(path)
            for handle in [number for number, (owner, _, _) in self._handles.items() if owner is device]:
                self._release(handle)

    def close(self) -> None:
        """Every device away and nobody listening; call after the programs have ended."""
        for path in list(self._devices):
            self.remove(path)
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                with self._lock:
                    self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), name="board caller", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while message := connection.recv(1 << 17):
                try:
                    reply, new = self._answer(message)
                except OSError as error:
                    reply, new = REPLY.pack(-1, error.errno or errno.EIO, 0, 0), None
                if new is None:
                    connection.send(reply)
                else:
                    socket.send_fds(connection, [reply], [new.fileno()])
                    new.close()
        with self._lock:
            self._connections.remove(connection)

    def _answer(self, message: bytes) -> tuple[bytes, socket.socket | None]:
        operation, handle, request, _ = CALL.unpack_from(message)
        payload = message[CALL.size :]
        if operation == OPEN:
            device = self._devices.get(os.fsdecode(payload))
            if device is None:
                raise OSError(errno.ENOENT, "no such device")
            handle, end = self._new_handle(device, device.open())
            return REPLY.pack(0, 0, handle, 0), end
        if handle not in self._handles:
            raise OSError(errno.ENODEV, "the device is gone")
        device, state, _ = self._handles[handle]
        if operation == WRITE:
            return REPLY.pack(device.write(state, payload), 0, handle, 0), None
        answer, made = device.ioctl(state, request, payload)
        if made is None:
            return REPLY.pack(0, 0, handle, len(answer)) + answer, None
        handle, end = self._new_handle(device, made)
        return REPLY.pack(0, 0, handle, len(answer)) + answer, end

    def _new_handle(self, device: Device, state: Any) -> tuple[int, socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with self._lock:
            self._last = handle = self._last + 1
            self._handles[handle] = device, state, ours
            device.opened(state, ours)
        threading.Thread(target=self._watch, args=(handle, ours), name="board handle", daemon=True).start()
        return handle, theirs

    def _watch(self, handle: int, ours: socket.socket) -> None:
        """Waits until the program closes its end, or dies."""
        with contextlib.suppress(OSError):
            while ours.recv(1):
                pass
        self._release(handle)
        ours.close()

    def _release(self, handle: int) -> None:
        with self._lock:
            if handle not in self._handles:
                return
            device, state, channel = self._handles.pop(handle)
            device.released(state, channel)
            with contextlib.suppress(OSError):
                channel.shutdown(socket.SHUT_RDWR)  # _watch then sees the end and closes it
