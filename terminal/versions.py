"""Versions beside each other on the data partition, and which one is in use: install, return, keep (`docs/updates.md`).

    VERSIONS/1.4.2/...      whole before it has this name
    VERSIONS/current        -> 1.4.2; missing: the package's own version is used
    VERSIONS/state.json     which one is good, which one is on trial, what was refused

Every step is one rename, and each leaves a terminal that starts: after a power cut between any two, doing it again ends it. A
new version is on trial until the terminal says that it is well. A start of it that ended by its own fault counts against it;
pulled power does not, for nothing runs then that could count. After three it is left for the last good version, and not taken
again.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from sync.bundle import Bundle, TornBundle, copy_files, number, read_head
from sync.keys import flush_folder, write_safely

FOLDER = Path("/var/lib/bodka-versions")
PACKAGE = Path("/usr/lib/bodka-terminal")
CURRENT, STATE, VERSION = "current", "state.json", "VERSION"
READABLE = 0o644
"""Root writes here, and the terminal reads."""
FAILURES = 3
"""So many starts that ended by their own fault, and a version on trial is left."""

_INCOMING, _PACKED = ".incoming", ".packed"
_ROOM = 6
"""So many times its packed size must be free on the disk."""


class NotInstalled(Exception):
    """The update is not taken; the text says why. Nothing was changed."""


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of the versions; "" is the package's own."""

    good: str = ""
    """The last one that was well."""
    trial: str = ""
    """One that was not well yet; "": none."""
    least: str = "0"
    """None below this is ever installed."""
    trial_least: str = "0"
    """What `least` becomes when the trial ends well."""
    failures: tuple[str, ...] = ()
    """The boots in which a start of the one on trial ended by its own fault, one for each."""
    refused: tuple[str, ...] = ()
    """Those that were left."""


@dataclass(frozen=True, slots=True)
class Versions:
    """The folder of versions, and the package's own version beside it."""

    folder: Path = FOLDER
    package: Path = PACKAGE

    def state(self) -> State:
        """What is known; nothing where that was never written, or cannot be read any more."""
        try:
            return msgspec.json.decode((self.folder / STATE).read_bytes(), type=State)
        except (OSError, msgspec.MsgspecError):
            return State()

    def current(self) -> str:
        """The version in use, as the launcher finds it; "" for the package's own."""
        link = self.folder / CURRENT
        try:
            name = os.readlink(link)
        except OSError:
            return ""
        return name if (link / VERSION).is_file() else ""

    def running(self) -> str:
        """The number of the version in use."""
        return self.current() or self.own()

    def own(self) -> str:
        """The number of the package's own version; "0" where there is no package."""
        try:
            return (self.package / VERSION).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return "0"

    def on_trial(self) -> bool:
        """Whether the version in use has still to show that it is well."""
        trial = self.state().trial
        return bool(trial) and trial == self.current()

    # what an update does

    def install(self, file: BinaryIO, keys: dict[str, bytes], architecture: str) -> str:
        """Checks a bundle, unpacks it, and puts it on trial; its version. The terminal has to be started anew after that.

        Raises `NotInstalled`, what `read_head`, `check` and `copy_files` raise, and `OSError`; the version in use stays then.
        """
        bundle = read_head(file)
        bundle.check(keys)
        manifest, state = bundle.manifest, self.state()
        self._may(bundle, state, architecture)
        self._tidy(state)
        self._unpack(file, bundle)
        good = state.good if self.on_trial() else self.current()
        self._keep(msgspec.structs.replace(state, good=good, trial=manifest.version, trial_least=manifest.least, failures=()))
        self._switch(manifest.version)
        return manifest.version

    def well(self) -> bool:
        """The version on trial is well: it is the good one now. Whether there was a trial."""
        if not self.on_trial():
            return False
        state = self.state()
        least = max(state.least, state.trial_least, key=number)
        self._keep(State(good=state.trial, least=least, refused=state.refused))
        self._tidy(self.state())
        return True

    def failed(self, boot: str) -> bool:
        """A start of the version in use ended by its own fault. Whether another version is in use from now on."""
        if not self.on_trial():
            return False
        state = self.state()
        state = msgspec.structs.replace(state, failures=(*state.failures, boot))
        self._keep(state)
        if len(state.failures) < FAILURES:
            return False
        self.give_up()
        return True

    def give_up(self) -> bool:
        """Leaves the version on trial for the last good one, and does not take it again. Whether there was a trial."""
        if not self.on_trial():
            return False
        state = self.state()
        # Refused before it is left: were it the other way round, a power cut could let it be taken again and again.
        self._keep(msgspec.structs.replace(state, refused=tuple({*state.refused, state.trial})))
        self._switch(state.good)
        self._keep(State(good=state.good, least=state.least, refused=self.state().refused))
        return True

    # the steps

    def _may(self, bundle: Bundle, state: State, architecture: str) -> None:
        manifest = bundle.manifest
        if manifest.architecture not in (architecture, "all"):
            raise NotInstalled(
                f"this update is for {manifest.architecture}, and this terminal is {architecture}: take the other"
            )
        if manifest.version in state.refused:
            raise NotInstalled(f"version {manifest.version} was tried here and did not do well: wait for the next one")
        if not _newer(manifest.version, self.running()):
            raise NotInstalled(f"version {manifest.version} is not newer than {self.running()}, which runs here")
        if number(manifest.version) < number(state.least):
            raise NotInstalled(f"version {manifest.version} is older than {state.least}, the least that may run here")
        if shutil.disk_usage(self.folder).free < _ROOM * manifest.size:
            raise NotInstalled("there is not enough room on the disk for the update: bodka-terminal doctor says more")

    def _unpack(self, file: BinaryIO, bundle: Bundle) -> None:
        """The files, whole and flushed, under the version's name; what lies there half done is begun anew."""
        from terminal import unpacking  # late: only root unpacks

        packed, incoming = self.folder / _PACKED, self.folder / _INCOMING
        # Copied first: whoever gave the file can still write to it.
        with os.fdopen(os.open(packed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w+b") as copy:
            copy_files(file, bundle, copy.write)
            copy.seek(0)
            incoming.mkdir(mode=0o755)
            try:
                unpacking.unpack(copy, incoming)
            except unpacking.BadArchive as error:
                raise TornBundle from error
        (incoming / VERSION).unlink(missing_ok=True)
        (incoming / VERSION).write_text(f"{bundle.manifest.version}\n", "ascii")
        os.sync()
        incoming.rename(self.folder / bundle.manifest.version)
        flush_folder(self.folder)
        packed.unlink()

    def _switch(self, version: str) -> None:
        """One rename. "" is the package's own version: then there is no link."""
        link = self.folder / CURRENT
        if version:
            new = self.folder / f"{CURRENT}.new"
            new.unlink(missing_ok=True)
            new.symlink_to(version)
            new.rename(link)
        else:
            link.unlink(missing_ok=True)
        flush_folder(self.folder)

    def _keep(self, state: State) -> None:
        write_safely(self.folder / STATE, msgspec.json.encode(state), READABLE)

    def _tidy(self, state: State) -> None:
        """Deletes what is in nobody's way any more: half-done versions, and all but the one in use and the good one."""
        for path in sorted(self.folder.iterdir()):
            if _is_version(path.name) and path.name not in (self.current(), state.good):
                shutil.rmtree(path)
        (self.folder / _PACKED).unlink(missing_ok=True)
        if (self.folder / _INCOMING).exists():
            shutil.rmtree(self.folder / _INCOMING)


def _newer(version: str, than: str) -> bool:
    """`than` may be a number of Debian's: "1.4-2" is 1.4, and "1.4~rc1" comes before it (deb-version(7))."""
    numbered = re.match(r"[0-9]+(?:\.[0-9]+)*", than)
    try:
        reached = number(numbered[0]) if numbered else ()
    except ValueError:
        reached = ()
    if numbered is None or not reached:
        return True
    return number(version) > reached or (number(version) == reached and than[numbered.end() :].startswith("~"))


def _is_version(name: str) -> bool:
    try:
        number(name)
    except ValueError:
        return False
    return True
