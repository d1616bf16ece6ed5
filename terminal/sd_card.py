"""What lay on the SD card when the terminal started, as systemd hands it over, and the word that it was used."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from sync.keys import write_safely
from sync.pairing import Pairing
from sync.setup_codes import SetupMistake
from sync.setup_file import SetupFile, fingerprint, read
from terminal.setup_unit import CREDENTIAL, REQUEST, digest

log = structlog.get_logger("sd card")


@dataclass(frozen=True, slots=True)
class Card:
    """The file's bytes, and what they say; `file` is None where nothing can be made of them."""

    content: bytes = field(default=b"", repr=False)
    file: SetupFile | None = None
    mistake: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing lay there."""
        return not self.content.strip()


def look() -> Card:
    """The card's file (systemd.exec(5), CREDENTIALS_DIRECTORY)."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return Card()
    try:
        content = (Path(folder) / CREDENTIAL).read_bytes()
    except OSError:
        return Card()
    if not content.strip():
        return Card()
    try:
        file = read(content.decode("utf-8"))
        return Card(content, file) if file != SetupFile() else Card()  # a comment is what systemd gives where there is none
    except (SetupMistake, UnicodeDecodeError) as mistake:
        log.error("the file on the SD card cannot be used", why=str(mistake))
        return Card(content, mistake=str(mistake))


def done(card: Card, pairing: Pairing, requests: Path) -> None:
    """Asks that the file be emptied where it is what paired this terminal, or brought nothing but its Wi-Fi."""
    if card.empty or card.file is None:
        return
    if card.file.code and fingerprint(card.file.code) != pairing.paired_by:
        log.warning("the file on the SD card has another code than this terminal was paired with: it is not heeded")
        return
    try:
        write_safely(requests / REQUEST, digest(card.content).encode())
    except OSError as error:
        log.warning("the file on the SD card could not be emptied; it is tried again at the next start", why=str(error))
