"""A Debian 12 with all that the package depends on and nothing of Bodka, as a folder to boot from. Made once and kept.

tree = ready()  # the folder, or None where it would have to be made first
tree = make()  # makes it, in half a minute or more
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUITE = "bookworm"
DEBIAN = "http://deb.debian.org/debian"

TOOLS = ("systemd-container", "mmdebstrap")
"""What this machine needs for it."""

SYSTEM = ("systemd-sysv", "dbus", "apt", "init-system-helpers", "kmod", "iproute2", "dosfstools", "e2fsprogs")
FOR_TESTS = ("vsmartcard-vpcd", "polkitd")
"""A reader that cards on TCP are put into, below pcscd; who decides about readers where pcscd asks."""


def missing_tools() -> list[str]:
    """Packages that this machine lacks for it."""
    programs = dict(zip(("systemd-nspawn", "mmdebstrap"), TOOLS, strict=True))
    return [package for program, package in programs.items() if shutil.which(program) is None]


def cache() -> Path:
    """Where trees are kept: outside the repository, and away from what a `git clean` takes."""
    given = os.environ.get("BODKA_LAB_CACHE")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "bodka-lab"


def packages() -> list[str]:
    """Names from the package's own Depends: a dependency that is missing there is missing here."""
    control = (ROOT / "debian/control").read_text()
    depends = re.search(r"^Depends: (.*)$", control, re.MULTILINE)
    assert depends is not None
    named = [one.split("(")[0].strip() for one in depends[1].split(",")]
    return sorted({*named, *SYSTEM, *FOR_TESTS})


def folder() -> Path:
    """Where the tree of today's packages is, or would be."""
    stamp = hashlib.sha256(" ".join([SUITE, *packages()]).encode()).hexdigest()[:12]
    return cache() / f"debian-{stamp}"


def ready() -> Path | None:
    """The tree, where it has been made."""
    return folder() if (folder() / "etc/debian_version").exists() else None


def make() -> Path:
    """The tree; downloads some 80 MB where it is not there yet. Must be run by root."""
    tree = folder()
    if ready():
        return tree
    part = tree.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.parent.mkdir(parents=True, exist_ok=True)
    leave_out = ("/usr/share/man/*", "/usr/share/locale/*", "/usr/share/doc/*", "/usr/share/info/*")
    subprocess.run(
        [
            *("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=directory"),
            *("--aptopt=APT::Install-Recommends false", "--aptopt=APT::Sandbox::User root", "--dpkgopt=force-unsafe-io"),
            *(f"--dpkgopt=path-exclude={path}" for path in leave_out),
            f"--include={','.join(packages())}",
            *(SUITE, os.fspath(part), f"deb {mirror()} {SUITE} main"),
        ],
        check=True,
    )
    part.rename(tree)
    return tree


def mirror() -> str:
    """The mirror that this machine itself uses."""
    for source in sorted(Path("/etc/apt").glob("sources.list*/**/*.sources")):
        if found := re.search(r"^URIs:\s*(\S+/debian)/?\s*$", source.read_text(), re.MULTILINE):
            return found[1]
    return DEBIAN


if __name__ == "__main__":
    if missing_tools():
        sys.exit(f"apt install {' '.join(missing_tools())}")
    sys.stdout.write(f"{make()}\n")
