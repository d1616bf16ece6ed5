"""The log as entries of systemd's journal, each with its level and with fields to search by: `journalctl BODKA_DEVICE=nfc`.

Source: systemd, "Native Journal Protocol" (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/); systemd.exec(5), `$JOURNAL_STREAM`.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

SOCKET = Path("/run/systemd/journal/socket")

PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
"""syslog(3)."""

LONGEST = 32_768
"""Bytes of one value: an entry has to fit into a datagram (net.core.wmem_max, 212,992 on Linux)."""


def is_reading() -> bool:
    """Whether the journal reads standard error: then the log is better handed to it whole."""
    try:
        device, _, inode = os.environ["JOURNAL_STREAM"].partition(":")
        stream = os.fstat(sys.stderr.fileno())
        return (stream.st_dev, stream.st_ino) == (int(device), int(inode))
    except (KeyError, ValueError, OSError):
        return False


def render(_logger: object, _method: str, event: MutableMapping[str, Any]) -> tuple[tuple[bytes, str], dict[str, Any]]:
    """structlog's last processor: an entry of the journal, and the same as a line."""
    level, what = event.pop("level", "info"), str(event.pop("event", ""))
    trace = event.pop("exception", None)
    line = structlog.processors.LogfmtRenderer()(None, "", dict(event)) if event else ""
    message = f"{what} {line}".rstrip()
    if trace is not None:
        message = f"{message}\n{trace}"
    fields = {"MESSAGE": message, "PRIORITY": str(PRIORITIES.get(level, 6)), "BODKA_EVENT": what}
    fields.update({_field(key): str(value) for key, value in event.items()})
    return (entry(fields), message), {}


def entry(fields: Mapping[str, str]) -> bytes:
    r"""The datagram of one entry.

    >>> entry({"MESSAGE": "two\nlines", "PRIORITY": "6"})
    b'MESSAGE\n\t\x00\x00\x00\x00\x00\x00\x00two\nlines\nPRIORITY=6\n'
    """
    parts = []
    for name, text in fields.items():
        value = text.encode("utf-8", "replace")[:LONGEST]
        if b"\n" in value:
            parts.append(name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n")
        else:
            parts.append(name.encode() + b"=" + value + b"\n")
    return b"".join(parts)


class JournalLogger:
    """Sends what `render` makes; where the journal does not take it, the line goes to standard error."""

    def __init__(self, path: Path = SOCKET) -> None:
        self._path = os.fspath(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)

    def msg(self, datagram: bytes, line: str) -> None:
        """One entry; returns at once and never raises: a log that is full holds nobody up."""
        name = b"SYSLOG_IDENTIFIER=bodka-terminal\n"
        try:
            self._socket.sendto(name + datagram, self._path)
        except OSError:
            with suppress(OSError, ValueError):
                sys.stderr.write(f"{line}\n")

    def close(self) -> None:
        """Sends nothing any more."""
        self._socket.close()

    debug = info = warning = error = critical = msg


def _field(key: str) -> str:
    """A field's name: capitals, digits and underscores, 64 at most, no underscore in front."""
    return ("BODKA_" + re.sub("[^A-Z0-9_]", "_", key.upper()))[:64]
