"""The device's own Ed25519 key, made on the device and never shown, and the files that must survive a power cut."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SEED_BYTES = 32
"""RFC 8032 section 5.1.5: an Ed25519 private key is 32 random bytes."""

DEVICE_KEY = "device.key"
NEXT_KEY = "device.key.next"
"""The key of an identity that was asked for and is not confirmed yet."""


class BrokenStateFile(RuntimeError):
    """A file in the state folder is not what the terminal wrote there."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path.name} in the state folder is damaged. Restore it from a backup, or move it away and pair anew."
        )


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A private key by its seed. `public` is what the cloud knows."""

    seed: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        """32 bytes."""
        return self.private().public_key().public_bytes_raw()

    def private(self) -> Ed25519PrivateKey:
        """The key as `cryptography` has it, imported only when something is signed."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed)


def load_or_make(folder: Path, random: Callable[[int], bytes], name: str = DEVICE_KEY) -> DeviceKey:
    """The key in the state folder; a new one, safely on the disk, where there is none. Raises `BrokenStateFile`."""
    path = folder / name
    if not path.exists():
        write_safely(path, random(SEED_BYTES))
    seed = path.read_bytes()
    if len(seed) != SEED_BYTES:
        raise BrokenStateFile(path)
    return DeviceKey(seed)


def promote(folder: Path) -> None:
    """Makes the next key the device's key; again, after that, changes nothing."""
    if (folder / NEXT_KEY).exists():
        (folder / NEXT_KEY).replace(folder / DEVICE_KEY)
        flush_folder(folder)


def write_safely(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Writes a file: after a power cut it is there in its old form or its new one, whole. `mode`: of this user only."""
    new = path.with_name(path.name + ".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)  # a file left behind by an earlier try may have other rights
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Makes what was renamed or deleted in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
