"""Versions for the lab's machines: made of a package, and signed by the two of a vendor whom they are told to trust.

whole = content(package)
path = signed(whole, "99.0", "amd64", folder)
"""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

from emulators.vendor import Vendor, manifest_of
from lab.installer import HOME
from sync import bundle

VENDOR = Vendor()

KEYS = "[keys]\n" + "".join(f'{name} = "{key.hex()}"\n' for name, key in VENDOR.keys.items())
"""What /etc/bodka/update-keys.toml says where this vendor is trusted."""


def content(package: Path) -> bytes:
    """The package's version, as an archive, compressed in a hurry."""
    whole = io.BytesIO()
    with tempfile.TemporaryDirectory() as name:
        subprocess.run(["dpkg-deb", "-x", package, name], check=True)
        home = Path(name + HOME)
        with tarfile.open(fileobj=whole, mode="w:xz", preset=0) as archive:
            for path in sorted(home.rglob("*")):
                archive.add(path, str(path.relative_to(home)), recursive=False)
    return whole.getvalue()


def signed(whole: bytes, version: str, architecture: str, into: Path) -> Path:
    """The bundle, in this folder."""
    path, packed = into / f"{version}.bundle", into / "packed"
    packed.write_bytes(whole)
    manifest = manifest_of(version, architecture, "0", whole)
    bundle.write(path, manifest, VENDOR.sign(manifest, "a", "b"), packed)
    packed.unlink()
    return path
