"""The terminal's plug on the counter page. Pulling it ends the daemon in the middle of whatever it does, as a power cut would.

The process becomes another program at once (execve(2)): no handler runs, no buffer is written, every thread stops where it is,
every file is closed. What takes its place, `terminal.counter.dark`, only serves the page, until the plug is put back and it
becomes the daemon again. The page's socket stays open through both, and what stands on the counter is where it was.

What is cut is the process and not the machine, so what was handed to the kernel still reaches the disk: the test of real power
cuts is tests/disk.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

import msgspec

from terminal.counter.watch import LogLine

VARIABLE = "BODKA_COUNTER_PAGE"
"""Names the file descriptors of the page's socket and of what stands on the counter: "7,8"."""

DARK = ("-P", "-m", "terminal.counter.dark")


class Standing(msgspec.Struct, frozen=True):
    """What a power cut does not change on the counter."""

    session: str = ""
    """The cookie of the browser that was let in."""
    network: bool = True
    unplugged: tuple[str, ...] = ()
    log: tuple[LogLine, ...] = ()
    panels: tuple[str, ...] = ("panel",)
    language: str = "en"
    """What the page is written in: the terminal's language."""

    def __repr__(self) -> str:
        return f"Standing(network={self.network}, unplugged={self.unplugged})"


Flip: TypeAlias = Callable[[socket.socket, Standing], None]


@dataclass(frozen=True, slots=True)
class Power:
    """Whether there is power, and what it takes to change that."""

    on: bool
    flip: Flip


def cut(listener: socket.socket, standing: Standing) -> NoReturn:
    """Pulls the plug."""
    _become([*DARK, *sys.orig_argv[1:]], listener, standing)


def restore(listener: socket.socket, standing: Standing) -> NoReturn:
    """Puts it back; for the program that `cut` started."""
    _become(sys.argv[1:], listener, standing)


def left() -> tuple[socket.socket, Standing] | None:
    """What was left by the last `cut` or `restore`; None where the terminal was started by hand. To be asked once."""
    named = os.environ.pop(VARIABLE, None)
    if named is None:
        return None
    page, memory = (int(number) for number in named.split(","))
    with os.fdopen(memory, "rb") as kept:
        kept.seek(0)
        standing = msgspec.json.decode(kept.read(), type=Standing)
    os.set_inheritable(page, False)  # noqa: FBT003
    return socket.socket(fileno=page), standing


def _become(arguments: list[str], listener: socket.socket, standing: Standing) -> NoReturn:
    memory = os.memfd_create("bodka counter page", 0)  # not closed by execve
    os.write(memory, msgspec.json.encode(standing))
    os.set_inheritable(listener.fileno(), True)  # noqa: FBT003
    variables = os.environ | {VARIABLE: f"{listener.fileno()},{memory}"}
    os.execve(sys.executable, [sys.executable, *arguments], variables)  # noqa: S606  # our own interpreter, with our own arguments
