"""Makes and signs bundles, the files that updates come in (`sync/bundle.py`, docs/updates.md). Started by scripts/bundle."""

from __future__ import annotations

import hashlib
import os
import tarfile
import tempfile
from pathlib import Path

import click
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync import bundle


@click.group()
def main() -> None:
    """Versions of the terminal, signed by two."""


@main.command()
@click.argument("name")
def key(name: str) -> None:
    """Makes NAME.key, which only its owner may have, and prints its line for update-keys.toml."""
    seed = os.urandom(32)
    with os.fdopen(os.open(f"{name}.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{name} {seed.hex()}\n")
    click.echo(f'{name} = "{Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw().hex()}"')


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--version", required=True)
@click.option("--architecture", required=True, help="arm64, amd64, or all.")
@click.option("--least", default="0", show_default=True, help="The least version that a terminal may go back to afterwards.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
def make(folder: Path, version: str, architecture: str, least: str, out: Path) -> None:
    """Packs a version's FOLDER, the same one always in the same way. Nobody has signed it yet."""
    with tempfile.TemporaryDirectory() as place:
        packed = Path(place) / "packed"
        with tarfile.open(packed, "w:xz") as archive:
            for path in sorted(folder.rglob("*")):
                archive.add(path, str(path.relative_to(folder)), recursive=False, filter=_plain)
        with packed.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        manifest = bundle.Manifest(version, architecture, least, packed.stat().st_size, digest)
        bundle.write(out, msgspec.json.encode(manifest), {}, packed)
    click.echo(f"{out} holds version {version} for {architecture}; now two people sign it")


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without owner and time, so that one commit gives one bundle."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", "key_file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def sign(file: Path, key_file: Path) -> None:
    """Adds a signature to FILE, once its content is what its manifest says."""
    name, seed = key_file.read_text(encoding="ascii").split()
    with tempfile.TemporaryDirectory() as place:
        packed = Path(place) / "packed"
        with file.open("rb") as given, packed.open("wb") as copy:
            found = bundle.read_head(given)
            bundle.copy_files(given, found, copy.write)
        signature = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)).sign(bundle.to_sign(found.head.manifest))
        bundle.write(file, found.head.manifest, {**found.head.signatures, name: signature}, packed)
    click.echo(f"{name} has signed version {found.manifest.version} for {found.manifest.architecture}")


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def show(file: Path) -> None:
    """What FILE is, and who signed it."""
    with file.open("rb") as given:
        found = bundle.read_head(given)
    told = found.manifest
    click.echo(f"version {told.version} for {told.architecture}, never below {told.least} afterwards, {told.size / 1e6:.1f} MB")
    click.echo(f"signed by {', '.join(sorted(found.head.signatures)) or 'nobody'}; SHA-256 {told.sha256.hex()}")


if __name__ == "__main__":
    main()
