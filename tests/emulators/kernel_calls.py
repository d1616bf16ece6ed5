"""Makes the system calls that test_board.py asks for, one a line, and says what came of each. A part of that test."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import sys

BLOCK = 34
"""union i2c_smbus_data."""


class Message(ctypes.Structure):
    """struct i2c_msg."""

    _fields_ = (("addr", ctypes.c_uint16), ("flags", ctypes.c_uint16), ("len", ctypes.c_uint16), ("buf", ctypes.c_void_p))


class Messages(ctypes.Structure):
    """struct i2c_rdwr_ioctl_data."""

    _fields_ = (("msgs", ctypes.c_void_p), ("nmsgs", ctypes.c_uint32))


class Smbus(ctypes.Structure):
    """struct i2c_smbus_ioctl_data."""

    _fields_ = (
        ("read_write", ctypes.c_uint8),
        ("command", ctypes.c_uint8),
        ("size", ctypes.c_uint32),
        ("data", ctypes.c_void_p),
    )


def unhex(word: str) -> bytes:
    return b"" if word == "-" else bytes.fromhex(word)


def rdwr(fd: int, words: list[str]) -> bytes:
    parts = [word.split(",") for word in words]
    buffers = [ctypes.create_string_buffer(unhex(data), len(unhex(data))) for _, _, data in parts]
    messages = (Message * len(parts))(
        *[
            Message(int(address), int(flags), len(buffer), ctypes.addressof(buffer))
            for (address, flags, _), buffer in zip(parts, buffers, strict=True)
        ]
    )
    fcntl.ioctl(fd, 0x0707, Messages(ctypes.addressof(messages), len(parts)))
    return b"".join(buffer.raw for buffer in buffers)


def smbus(fd: int, read: str, command: str, size: str, data: str) -> bytes:
    block = ctypes.create_string_buffer(unhex(data), BLOCK)
    fcntl.ioctl(fd, 0x0720, Smbus(int(read), int(command), int(size), ctypes.addressof(block)))
    return block.raw


def call(kind: str, words: list[str]) -> tuple[int, bytes]:
    if kind == "open":
        return os.open(words[0], os.O_RDWR | os.O_CLOEXEC), b""
    fd = int(words[0])
    if kind == "close":
        os.close(fd)
        return 0, b""
    if kind == "read":
        return 0, os.read(fd, int(words[1]))
    if kind == "value":
        return fcntl.ioctl(fd, int(words[1]), int(words[2])), b""
    if kind == "rdwr":
        return 0, rdwr(fd, words[1:])
    if kind == "smbus":
        return 0, smbus(fd, *words[1:])
    buffer = bytearray.fromhex(words[2])
    return fcntl.ioctl(fd, int(words[1]), buffer), bytes(buffer)


def main() -> None:
    for line in sys.stdin:
        kind, *words = line.split()
        try:
            result, data, error = *call(kind, words), 0
        except OSError as failed:
            result, data, error = -1, b"", failed.errno or 0
        print(json.dumps({"call": kind, "result": result, "data": data.hex(), "error": error}), flush=True)


if __name__ == "__main__":
    main()
