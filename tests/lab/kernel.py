"""A Debian kernel with gpio-sim, for the virtual machine: Debian 12's own has none, the backports of its successor do.

It is fetched with an apt state of its own, so that this machine's packages and sources stay as they are.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lab.container_tree import cache, mirror  # which puts image/ on the path

import initramfs  # isort: skip

SUITE = "trixie-backports"
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
PARTS = ("base", "binary", "modules")
"""Of one kernel: linux-base-VERSION, linux-binary-VERSION, linux-modules-VERSION."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """An unpacked kernel: `folder` holds lib/modules/VERSION, `image` is what a machine is booted from."""

    version: str
    folder: Path

    @property
    def modules(self) -> Path:
        return self.folder / "usr/lib/modules" / self.version

    @property
    def image(self) -> Path:
        return self.modules / "vmlinuz"

    def files(self, names: Iterable[str]) -> list[Path]:
        """As `initramfs.files`."""
        return initramfs.files(self.folder, self.version, names)


def ready() -> Kernel | None:
    """The newest kernel that was fetched."""
    found = sorted((cache() / "kernels").glob("*/version"), key=lambda file: _numbers(file.read_text()))
    return Kernel(found[-1].read_text(), found[-1].parent) if found else None


def make() -> Kernel:
    """The newest kernel of the suite; downloads some 120 MB where none is there yet. Must be run by root."""
    if (found := ready()) is not None:
        return found
    state = cache() / "apt"
    for folder in ("lists/partial", "archives/partial"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    (state / "sources.list").write_text(f"deb [signed-by={KEYS}] {mirror()} {SUITE} main\n")
    _apt(state, "apt-get", "update")
    listed = _apt(state, "apt-cache", "search", "--names-only", r"^linux-modules-[0-9.]+\+deb[0-9]+-amd64$")
    version = max((line.split()[0].removeprefix("linux-modules-") for line in listed.splitlines()), key=_numbers)
    folder = cache() / "kernels" / version
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _apt(state, "apt-get", "download", *(f"linux-{part}-{version}" for part in PARTS), cwd=state / "archives")
    for package in sorted((state / "archives").glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
        package.unlink()
    (folder / "lib").mkdir(exist_ok=True)
    (folder / "lib/modules").symlink_to("../usr/lib/modules")
    subprocess.run(["depmod", "-b", folder, version], check=True)
    (folder / "version").write_text(version)
    return Kernel(version, folder)


def _apt(state: Path, *words: str, cwd: Path | None = None) -> str:
    options = {
        "Dir::Etc::sourcelist": state / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": state / "lists",
        "Dir::Cache": state,
        "APT::Sandbox::User": "root",
    }
    command = [words[0], "-qq", *(word for key, value in options.items() for word in ("-o", f"{key}={value}")), *words[1:]]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=cwd).stdout


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]
