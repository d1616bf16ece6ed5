"""A version of the terminal in one file, signed by two: what an update brings, over the network or on a USB stick.

One line of JSON (the manifest's bytes and the signatures over them), a line feed, and the files as a tar in xz. Both vendor
keys sign the words `bodka bundle 1`, a line feed, and the manifest's bytes; the manifest has the hash of all that follows. So
nothing in the file is believed before two people, with a key each, stood for it. Ed25519 after RFC 8032.

Example::

    with path.open("rb") as file:
        bundle = read_head(file)
        bundle.check(keys)                      # raises NotTrusted
        bundle.manifest.version, bundle.manifest.size
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from loyalty import toml

FORMAT = "bodka bundle 1"
SIGNERS = 2
LONGEST_HEAD = 16_384
LARGEST = 200 * 1024 * 1024
"""Bytes of the packed files."""
PIECE_BYTES = 1 << 16

_VERSION = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.(?:0|[1-9][0-9]{0,5})){0,3}")


class NoBundle(ValueError):
    """The file is something else, or was cut short in its first line."""

    def __init__(self) -> None:
        super().__init__("this file is no update of the terminal, or not whole: copy it anew")


class NotTrusted(ValueError):
    """It is not signed by two of the keys that this terminal knows."""

    def __init__(self, signers: int) -> None:
        super().__init__(
            f"this update is signed by {signers} of the keys that this terminal trusts, and it takes {SIGNERS}: get it from"
            " whoever made this terminal"
        )


class TornBundle(ValueError):
    """What follows the manifest is not what that says."""

    def __init__(self) -> None:
        super().__init__("this update is not whole, or was changed: copy it anew")


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file is. `least` is the least version that a terminal may ever go back to once this one has run."""

    version: str
    architecture: str
    least: str
    size: int
    sha256: bytes
    format: str = FORMAT

    def __post_init__(self) -> None:
        if self.format != FORMAT or not 0 < self.size <= LARGEST or len(self.sha256) != hashlib.sha256().digest_size:
            raise ValueError("no manifest of a bundle")
        if number(self.least) > number(self.version):
            raise ValueError("the least version is above the version itself")


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line. `signatures` by the name of the key."""

    manifest: bytes
    signatures: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Bundle:
    """The first line of a bundle as it was read; nothing of it is to be believed before `check`."""

    manifest: Manifest
    head: Head
    offset: int
    """Where the packed files begin."""

    def check(self, keys: Mapping[str, bytes]) -> None:
        """Raises `NotTrusted` unless two of these Ed25519 keys (32 bytes, by name) have signed the manifest."""
        known = [(keys[name], signature) for name, signature in self.head.signatures.items() if name in keys]
        signers = {key for key, signature in known if self._by(key, signature)}  # one key under two names is one
        if len(signers) < SIGNERS:
            raise NotTrusted(len(signers))

    def _by(self, key: bytes, signature: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, to_sign(self.head.manifest))
        except (InvalidSignature, ValueError):
            return False
        return True


class VendorKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`update-keys.toml`: whose signatures count."""

    keys: dict[str, str] = {}


class UnfitKeys(ValueError):
    """`update-keys.toml` cannot be used; the text says why."""


def number(version: str) -> tuple[int, ...]:
    """A version to compare by; `1.2` and `1.2.0` are one. Raises ValueError for what is no version.

    >>> number("1.10") > number("1.9.3")
    True
    """
    if not _VERSION.fullmatch(version):
        raise ValueError("a version is one to four numbers with dots between them")
    found = [int(part) for part in version.split(".")]
    while found and found[-1] == 0:
        found.pop()
    return tuple(found)


def read_keys(text: str) -> dict[str, bytes]:
    """The keys of `update-keys.toml`, by name; raises `UnfitKeys`."""
    try:
        found = toml.read(text, VendorKeys, "update-keys.toml").keys
        keys = {name: bytes.fromhex(key) for name, key in found.items()}
    except ValueError as error:
        raise UnfitKeys(f"update-keys.toml: each key is 64 hexadecimal digits ({error})") from error
    if any(len(key) != 32 for key in keys.values()):
        raise UnfitKeys("update-keys.toml: each key is 64 hexadecimal digits (Ed25519)")
    return keys


def to_sign(manifest: bytes) -> bytes:
    """What a vendor's key signs."""
    return FORMAT.encode() + b"\n" + manifest


def read_head(file: BinaryIO) -> Bundle:
    """The first line of a bundle; raises `NoBundle`."""
    line = file.readline(LONGEST_HEAD)
    try:
        if not line.endswith(b"\n"):
            raise NoBundle
        head = msgspec.json.decode(line, type=Head)
        return Bundle(msgspec.json.decode(head.manifest, type=Manifest), head, len(line))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NoBundle from error


def copy_files(file: BinaryIO, bundle: Bundle, take: Callable[[bytes], object]) -> None:
    """Hands the packed files on, piece by piece, and raises `TornBundle` at the end where they are not what was signed.

    `file` stands behind the head. What was taken counts only where this returns.
    """
    digest, left = hashlib.sha256(), bundle.manifest.size
    while left:
        piece = file.read(min(PIECE_BYTES, left))
        if not piece:
            raise TornBundle
        digest.update(piece)
        take(piece)
        left -= len(piece)
    if file.read(1) or digest.digest() != bundle.manifest.sha256:
        raise TornBundle


def write(path: Path, manifest: bytes, signatures: Mapping[str, bytes], packed: Path) -> None:
    """Puts a bundle together; `packed` are its files."""
    with path.open("wb") as file, packed.open("rb") as files:
        file.write(msgspec.json.encode(Head(manifest, dict(signatures))) + b"\n")
        while piece := files.read(PIECE_BYTES):
            file.write(piece)
