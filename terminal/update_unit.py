"""Root's part of updates, run by `bodka-update.service`: takes one request, changes the versions, starts the terminal anew.

The request says what to do and nothing else: the bundle lies where the terminal puts it, and is believed only for its
signatures. With `ended` it is run by the terminal's own unit after each end of the daemon (ExecStopPost=), with the Python of
the package's version, so that a version that cannot even start is left: systemd says in its environment how it ended
(systemd.exec(5), `$SERVICE_RESULT`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from sync.bundle import NoBundle, NotTrusted, TornBundle, UnfitKeys, read_keys
from sync.keys import write_safely
from terminal import root_requests
from terminal.clocks import BOOT_ID
from terminal.root_requests import BadRequest
from terminal.updates import ANSWER, BUNDLE, REQUEST, Answer, Request, What, architecture
from terminal.versions import READABLE, NotInstalled, Versions

OWN_FAULTS = frozenset({"exit-code", "signal", "core-dump", "watchdog", "timeout", "oom-kill", "protocol"})
"""Ways to end that are the daemon's own fault; "success" is a stop that was asked for, "resources" the machine's."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie."""

    requests: Path = root_requests.FOLDER
    state: Path = Path("/var/lib/bodka")
    keys: Path = Path("/etc/bodka/update-keys.toml")
    versions: Versions = field(default_factory=Versions)


def serve(places: Places, restart: Callable[[], None]) -> str:
    """One request, from its file to its answer; what was done, for the log."""
    try:
        content = root_requests.take(places.requests, REQUEST)
        if content is None:
            return "nothing is asked for"
        asked = msgspec.json.decode(content, type=Request)
    except (BadRequest, msgspec.MsgspecError, UnicodeDecodeError) as error:
        return f"a request that cannot be read: {error}"
    match asked.what:
        case What.INSTALL:
            done, words = _install(places)
        case What.WELL:
            done, words = False, "it is well" if places.versions.well() else "there is no trial"
        case What.RETURN:
            done = places.versions.give_up()
            words = "it did not do well: the last good version is used again" if done else "there is no trial"
    answer = places.versions.folder / ANSWER
    write_safely(answer, msgspec.json.encode(Answer(done, words, asked.nonce)), READABLE)
    if done:
        restart()
    return words


def ended(places: Places, result: str, boot: str) -> str:
    """The daemon ended with `result`: whether that counts against a version on trial; what follows, for the log."""
    if result not in OWN_FAULTS:
        return "it was told to end"
    if places.versions.failed(boot):
        return "the new version ended by its own fault too often: the last good one is used again"
    return "it ended by its own fault"


def _install(places: Places) -> tuple[bool, str]:
    try:
        keys = read_keys(places.keys.read_text(encoding="utf-8"))
        bundle = places.state / BUNDLE
        with os.fdopen(os.open(bundle, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            version = places.versions.install(file, keys, architecture())
    except (NoBundle, NotTrusted, TornBundle, NotInstalled, UnfitKeys, OSError, UnicodeDecodeError) as error:
        return False, str(error)
    return True, f"version {version} is on trial"


def _restart() -> None:
    program = shutil.which("systemctl")
    if program is not None:
        subprocess.run([program, "--no-block", "restart", "bodka-terminal.service"], check=False)


def main() -> None:
    """What the units run."""
    places = Places()
    if sys.argv[1:] == ["ended"]:
        boot = BOOT_ID.read_text("ascii").strip()
        words = ended(places, os.environ.get("SERVICE_RESULT", ""), boot)
    else:
        words = serve(places, _restart)
    print(f"update: {words}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
