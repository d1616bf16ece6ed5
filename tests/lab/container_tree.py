"""A Debian 12 with all that the package depends on and nothing of Bodka, as a folder to boot from. Made once and kept.

tree = ready()  # the folder, or None where it would have to be made first
tree = make()  # makes it, in half a minute or more
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, os.fspath(ROOT / "image"))

from debian12 import LEFT_OUT, SUITE, NoMirror, cache, depends, mirror  # noqa: E402

TOOLS = ("systemd-container", "mmdebstrap")
"""What this machine needs for it."""

SYSTEM = ("systemd-sysv", "dbus", "apt", "init-system-helpers", "kmod", "iproute2", "dosfstools", "e2fsprogs")
FOR_TESTS = ("vsmartcard-vpcd", "polkitd")
"""A reader that cards on TCP are put into, below pcscd; who decides about readers where pcscd asks."""


def missing_tools() -> list[str]:
    """Packages that this machine lacks for it."""
    programs = dict(zip(("systemd-nspawn", "mmdebstrap"), TOOLS, strict=True))
    return [package for program, package in programs.items() if shutil.which(program) is None]


def packages() -> list[str]:
    """What the package depends on, and what a machine and its tests need besides."""
    return sorted({*depends(), *SYSTEM, *FOR_TESTS})


def folder() -> Path:
    """Where the tree of today's packages is, or would be."""
    stamp = hashlib.sha256(" ".join([SUITE, *packages()]).encode()).hexdigest()[:12]
    return cache() / f"debian-{stamp}"


def ready() -> Path | None:
    """The tree, where it has been made."""
    return folder() if (folder() / "etc/debian_version").exists() else None


def make() -> Path:
    """The tree; downloads some 80 MB where it is not there yet. Must be run by root. Raises `NoMirror`."""
    tree = folder()
    if ready():
        return tree
    part = tree.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            *("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=directory"),
            *("--aptopt=APT::Install-Recommends false", "--aptopt=APT::Sandbox::User root", "--dpkgopt=force-unsafe-io"),
            *(f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT),
            f"--include={','.join(packages())}",
            *(SUITE, os.fspath(part), f"deb {mirror()} {SUITE} main"),
        ],
        check=True,
    )
    part.rename(tree)
    return tree


if __name__ == "__main__":
    if missing_tools():
        sys.exit(f"apt install {' '.join(missing_tools())}")
    try:
        sys.stdout.write(f"{make()}\n")
    except NoMirror as error:
        sys.exit(str(error))
