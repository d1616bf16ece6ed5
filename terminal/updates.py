"""The terminal's own part of updates: asks root (`terminal.update_unit`) by a file, and says that a new version is well.

Whoever has a bundle puts it at `BUNDLE` in the state folder, whole, and asks for What.INSTALL. Root answers in words, and
starts the terminal anew where something was changed.
"""

from __future__ import annotations

import asyncio
import os
import platform
import uuid
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import BinaryIO

import msgspec

from sync.bundle import PIECE_BYTES, read_head
from sync.keys import flush_folder, write_safely
from terminal.versions import FOLDER

REQUEST, ANSWER = "update", "answer.json"
BUNDLE = "update.bundle"
WORKED = "update.devices"
"""The devices that worked before the update: with these the new version is well."""
PATIENCE_SECONDS = 600.0
"""A slow card takes minutes to unpack a version."""
_LOOK_SECONDS = 0.2

_DEBIAN = {"aarch64": "arm64", "x86_64": "amd64", "armv7l": "armhf", "armv6l": "armhf"}


class What(Enum):
    """What root may be asked for."""

    INSTALL = "install"
    WELL = "well"
    RETURN = "return"


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole request."""

    what: What
    nonce: str = ""
    """Comes back in the answer, so that nobody takes an older one for theirs."""


class Answer(msgspec.Struct, frozen=True):
    """Whether another version is used from the next start on, and why or why not."""

    done: bool
    words: str
    nonce: str = ""


class NobodyAnswers(Exception):
    """Root's part is not there, or hangs."""

    def __init__(self) -> None:
        super().__init__("the update unit does not answer: systemctl status bodka-update.path bodka-update.service")


def architecture() -> str:
    """This machine's, by Debian's name."""
    machine = platform.machine()
    return _DEBIAN.get(machine, machine)


def put(file: BinaryIO, folder: Path) -> str:
    """Copies a bundle, from a stick, to where root takes it from; its version. Raises `NoBundle` or `OSError`."""
    version = read_head(file).manifest.version
    file.seek(0)
    new = folder / f"{BUNDLE}.new"
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as copy:
        while piece := file.read(PIECE_BYTES):
            copy.write(piece)
        copy.flush()
        os.fsync(copy.fileno())
    new.replace(folder / BUNDLE)
    flush_folder(folder)
    return version


async def ask(what: What, requests: Path, answers: Path = FOLDER, seconds: float = PATIENCE_SECONDS) -> Answer:
    """Asks root and waits for the answer; raises `NobodyAnswers`.

    The answer lies in root's own folder: the one with the requests goes when the terminal is started anew after an update.
    """
    nonce = uuid.uuid4().hex
    try:
        write_safely(requests / REQUEST, msgspec.json.encode(Request(what, nonce)))
        async with asyncio.timeout(seconds):
            while True:
                with suppress(OSError, msgspec.MsgspecError):
                    answer = msgspec.json.decode((answers / ANSWER).read_bytes(), type=Answer)
                    if answer.nonce == nonce:
                        return answer
                await asyncio.sleep(_LOOK_SECONDS)
    except (OSError, TimeoutError) as error:
        raise NobodyAnswers from error
    finally:
        with suppress(OSError):
            (requests / REQUEST).unlink()
