"""Whoever makes versions of the terminal: two keys, and bundles, good ones and others."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync import bundle
from sync.bundle import Manifest

FILES: dict[str, bytes] = {
    "bin/run": b"#!/bin/sh\n",
    "lib/terminal/daemon.py": b"print('served')\n" * 400,
    "share/bodka/terminal.toml": b"",
}

Change = Callable[[tarfile.TarFile], None]


class Vendor:
    """Two people, a key each; a third key is a stranger's."""

    def __init__(self) -> None:
        self.private = {name: Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number, name in enumerate("abc")}

    @property
    def keys(self) -> dict[str, bytes]:
        """What a terminal trusts."""
        return {name: self.private[name].public_key().public_bytes_raw() for name in "ab"}

    def sign(self, manifest: bytes, *names: str) -> dict[str, bytes]:
        return {name: self.private[name].sign(bundle.to_sign(manifest)) for name in names}

    def make(
        self,
        path: Path,
        version: str = "1.4.2",
        *,
        architecture: str = "arm64",
        least: str = "0",
        signers: str = "ab",
        files: Mapping[str, bytes] = FILES,
        change: Change = lambda archive: None,
    ) -> Path:
        """A bundle at `path`; `change` adds what no version should have."""
        packed = path.with_suffix(".packed")
        packed.write_bytes(pack({**files, "VERSION": f"{version}\n".encode()}, change))
        content = packed.read_bytes()
        manifest = manifest_of(version, architecture, least, content)
        bundle.write(path, manifest, self.sign(manifest, *signers), packed)
        packed.unlink()
        return path


def manifest_of(version: str, architecture: str, least: str, content: bytes) -> bytes:
    return msgspec.json.encode(Manifest(version, architecture, least, len(content), hashlib.sha256(content).digest()))


def pack(files: Mapping[str, bytes], change: Change = lambda archive: None) -> bytes:
    """A version's files as they are packed: folders before what is in them."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:xz", preset=0) as archive:
        folders = {str(parent) for name in files for parent in Path(name).parents if str(parent) != "."}
        for folder in sorted(folders):
            member = tarfile.TarInfo(folder)
            member.type, member.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(member)
        for name, content in files.items():
            put(archive, name, content, 0o755 if name.startswith("bin/") else 0o644)
        change(archive)
    return whole.getvalue()


def put(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    archive.addfile(member, io.BytesIO(content))


def link(archive: tarfile.TarFile, name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    archive.addfile(member)
