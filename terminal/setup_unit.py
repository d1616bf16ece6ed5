"""Root's part of `bodka-pairing.toml`, the file on the SD card's first partition, run by `bodka-setup.service`.

Before the terminal starts it is copied to where systemd takes credentials from (systemd.exec(5), LoadCredential), for the
terminal may not look at /boot. When the terminal is paired it asks that the file be emptied, by the hash of what it was given;
a file that was exchanged meanwhile is left alone. A power cut anywhere between leaves a file that is emptied at the next
start: the terminal knows the code that it was paired with.
"""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sync.keys import write_safely
from sync.setup_file import FILE_NAME, LONGEST
from terminal import root_requests
from terminal.root_requests import BadRequest

REQUEST = "setup-done"
CREDENTIAL = "bodka.pairing"


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie. Raspberry Pi OS has its first partition below /boot since Debian 12, others at /boot itself."""

    requests: Path = root_requests.FOLDER
    cards: tuple[Path, ...] = (Path("/boot/firmware"), Path("/boot"))
    credentials: Path = Path("/run/credstore")


def serve(places: Places) -> str:
    """Empties the file where that is asked for, and offers what is there; what was done, for the log."""
    done = "nothing to do"
    card = next((folder / FILE_NAME for folder in places.cards if (folder / FILE_NAME).is_file()), None)
    with suppress(BadRequest):
        asked = root_requests.take(places.requests, REQUEST)
        if asked is not None and card is not None and digest(_read(card)) == asked.decode("ascii", "replace").strip():
            _empty(card)
            done = "emptied: the terminal is paired"
    offered = places.credentials / CREDENTIAL
    content = _read(card) if card is not None else b""
    if content.strip():
        places.credentials.mkdir(mode=0o700, exist_ok=True)
        write_safely(offered, content)
        return "there is one, for a terminal that is not paired yet"
    offered.unlink(missing_ok=True)
    return done


def digest(content: bytes) -> str:
    """By what the terminal and this unit mean the same file."""
    return hashlib.sha256(content).hexdigest()


def _read(card: Path) -> bytes:
    with card.open("rb") as file:
        return file.read(LONGEST + 1)


def _empty(card: Path) -> None:
    """Overwrites it before it is cut off: a password does not stay in a sector of the card, as far as the card lets that
    happen."""
    with card.open("rb+") as file:
        file.write(b" " * os.fstat(file.fileno()).st_size)
        file.flush()
        os.fsync(file.fileno())
        file.truncate(0)
        os.fsync(file.fileno())


def main() -> None:
    """What the unit runs."""
    print(f"{FILE_NAME}: {serve(Places())}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
