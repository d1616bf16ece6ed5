"""What the image and the lab's machines take from Debian: which suite, from which mirror, what the package depends on."""

from __future__ import annotations

import os
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
SUITE = "bookworm"
LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")
"""Files of Debian's packages that no machine of ours reads."""

_SOURCES = Path("/etc/apt")


class NoMirror(RuntimeError):
    """This machine's own sources of packages name no mirror of Debian."""

    def __init__(self) -> None:
        super().__init__(
            "/etc/apt names no mirror of Debian (an address that ends in /debian): add Debian to its sources, then try again"
        )


def cache() -> Path:
    """Where trees and kernels are kept: outside the repository, and away from what a `git clean` takes."""
    given = os.environ.get("BODKA_LAB_CACHE")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "bodka-lab"


def mirror(sources: Path = _SOURCES) -> str:
    """The mirror that this machine itself uses (sources.list(5), both formats); raises `NoMirror`."""
    for source in sorted((*sources.glob("sources.list"), *sources.glob("sources.list.d/*"))):
        if source.suffix in (".list", ".sources"):
            pattern = r"^URIs:.*?(\S+/debian)/?(?:\s|$)" if source.suffix == ".sources" else r"^deb .*?(\S+/debian)/?\s"
            if found := re.search(pattern, source.read_text("utf-8", "replace"), re.MULTILINE):
                return found[1]
    raise NoMirror


def depends() -> list[str]:
    """Names from the package's own Depends: a dependency that is missing there is missing on every machine made from it."""
    found = re.search(r"^Depends: (.*)$", (ROOT / "debian/control").read_text(), re.MULTILINE)
    assert found is not None
    return [one.split("(")[0].strip() for one in found[1].split(",")]
