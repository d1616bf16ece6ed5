"""`bodka-terminal report`: what helps somebody far away to see what is wrong, in one file without a secret or a card number.

Nothing is copied as it is: each part is made of what is known to be harmless, and goes through `terminal.scrubbing` all the
same. Journal and mirror stay where they are; of them there are counts.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import platform
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from sync import pairing as pairings
from sync.keys import DEVICE_KEY, NEXT_KEY, BrokenStateFile, write_safely
from terminal import board
from terminal.scrubbing import scrub
from terminal.versions import Versions

LOG_LINES = 5_000
LOG_SECONDS = 60
_UNITS = ("bodka-terminal", "bodka-update", "bodka-wifi", "bodka-setup", "pcscd")
_FIELDS = ("PRIORITY", "SYSLOG_IDENTIFIER", "MESSAGE")


def write(settings: Path, file: Path, log: bytes | None = None) -> list[str]:
    """Writes the report; the names of its parts. A part that cannot be made says why. Raises `OSError`.

    `log` is the log in journalctl's JSON, where somebody else has read it: only root may.
    """
    state = _state_folder(settings)
    secrets = tuple(known_secrets(state))
    made = {name: scrub(_told(tell), secrets).encode() for name, tell in _parts(settings, state, log).items()}
    whole = io.BytesIO()
    # No name of a person or a machine in the headers either, and the time that the gzip format would add.
    with (
        gzip.GzipFile(filename="", fileobj=whole, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|") as archive,
    ):
        for name, content in made.items():
            member = tarfile.TarInfo(f"bodka-report/{name}")
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    write_safely(file, whole.getvalue())
    return list(made)


def known_secrets(state: Path) -> Iterator[bytes]:
    """The secrets in the state folder: the device's keys, the token keys."""
    for name in (DEVICE_KEY, NEXT_KEY):
        try:
            yield (state / name).read_bytes()
        except OSError:
            continue
    try:
        pairing = pairings.load(state)
    except (BrokenStateFile, OSError):
        return
    if pairing is not None:
        yield from (key.secret for key in pairing.keys)


def _parts(settings: Path, state: Path, log: bytes | None) -> dict[str, Callable[[], str]]:
    return {
        "about.txt": lambda: _about(state),
        "machine.txt": _machine,
        "terminal.toml": lambda: settings.read_text("utf-8", "replace"),
        "state.txt": lambda: _state(state),
        "status.json": lambda: _status(state),
        "log.txt": lambda: _lines(log) if log is not None else _log(),
    }


def _told(tell: Callable[[], str]) -> str:
    try:
        return tell()
    except Exception as error:  # whatever is broken is the very reason for a report
        return f"cannot be told: {type(error).__name__}: {error}\n"


def _state_folder(settings: Path) -> Path:
    """As the settings say, or where it is where they cannot be read: the report is wanted most then."""
    from terminal.settings import House, SettingsError, load

    try:
        return Path(load(settings).terminal.state)
    except SettingsError:
        return Path(House().state)


def _about(state: Path) -> str:
    versions = Versions()
    held = versions.state()
    lines = [
        f"made: {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        f"version: {versions.running()}, the package's {versions.own()}, good {held.good or 'the package'}",
        f"on trial: {held.trial or 'none'}, failed starts {len(held.failures)}, refused {', '.join(held.refused) or 'none'}",
        f"state folder: {state}",
    ]
    return "\n".join(lines) + "\n"


def _machine() -> str:
    looked, heat, disk = board.look(), board.celsius(), shutil.disk_usage("/")
    lines = [
        f"model: {looked.model or platform.machine()}",
        f"kernel: {platform.release()}, python {platform.python_version()}",
        f"up: {int(time.monotonic()) // 60} minutes",
        f"temperature: {heat if heat is not None else 'not measured'}",
        f"power: {'too weak' if looked.weak else 'no complaint'}",
        f"disk: {disk.free // 1_000_000} of {disk.total // 1_000_000} MB free",
        f"load: {' '.join(f'{one:.2f}' for one in os.getloadavg())}",
        "command line:",
        looked.cmdline,
        "config.txt:",
        looked.config,
    ]
    return "\n".join(lines) + "\n"


def _state(state: Path) -> str:
    """The files by name, size and age; nothing of what is in them."""
    lines = []
    for path in sorted(state.iterdir()):
        found = path.lstat()
        changed = datetime.fromtimestamp(found.st_mtime, UTC)
        lines.append(f"{path.name:<40} {found.st_size} bytes  {changed:%Y-%m-%dT%H:%M:%SZ}")
    return "\n".join(lines) + "\n"


def _status(state: Path) -> str:
    """Counts and standing; the cloud's report in its own words."""
    from sync.status import status
    from terminal import cloud_report
    from terminal.clocks import Clocks
    from terminal.store import Connections

    pairing = pairings.load(state)
    if pairing is None:
        return '"not paired"\n'
    books, now = Connections.open(state, pairing.identity), Clocks.of_this_boot().moment()
    try:
        found = status(books.journal, books.mirror, now)
    finally:
        books.close()
    report = cloud_report.read(state)
    told = {
        "identity": str(found.identity),
        "standing": found.standing.value,
        "recorded": found.recorded,
        "accepted": found.accepted,
        "posted": found.posted,
        "waiting": found.waiting.count,
        "oldest minutes": found.waiting.age_ms(now) // 60_000,
        "programme version": found.programme,
        "members": found.members,
        "cards": found.cards,
        "clock trusted": now.trusted,
        "cloud": msgspec.to_builtins(report) if report is not None else None,
    }
    return json.dumps(told, indent=1) + "\n"


def _log() -> str:
    """The last lines of our units, from systemd's journal (journalctl(1), `--output=json`)."""
    program = shutil.which("journalctl")
    if program is None:
        return "there is no journalctl here\n"
    units = [word for unit in _UNITS for word in ("--unit", unit)]
    command = [program, "--no-pager", "--quiet", "--output=json", "--lines", str(LOG_LINES), *units]
    done = subprocess.run(command, capture_output=True, timeout=LOG_SECONDS, check=False)
    return _lines(done.stdout) or done.stderr.decode("utf-8", "replace")


def _lines(log: bytes) -> str:
    return "".join(_line(line) for line in log.splitlines())


def _line(entry: bytes) -> str:
    try:
        fields = msgspec.json.decode(entry, type=dict[str, msgspec.Raw])
        said = {name: _text(bytes(fields[name])) for name in _FIELDS if name in fields}
        at = int(_text(bytes(fields.get("__REALTIME_TIMESTAMP", msgspec.Raw(b'"0"'))))) / 1_000_000
    except (msgspec.MsgspecError, ValueError):
        return "a line that cannot be read\n"
    when = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"{when} {said.get('PRIORITY', '?')} {said.get('SYSLOG_IDENTIFIER', '?')}: {said.get('MESSAGE', '')}\n"


def _text(raw: bytes) -> str:
    """A field's value: text, or the numbers of its bytes where it is none."""
    value = msgspec.json.decode(raw)
    if isinstance(value, list):
        return bytes(one for one in value if isinstance(one, int) and 0 <= one < 256).decode("utf-8", "replace")
    return str(value)
