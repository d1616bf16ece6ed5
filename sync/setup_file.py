"""`bodka-pairing.toml`, on the first partition of an SD card: pairs a terminal at its first start, and joins its Wi-Fi.

    code = "1234-5678-9012"
    cloud = "https://cloud.example"     # where terminal.toml does not say it
    name = "counter 1"

    [wifi]
    name = "shop"
    password = "a long password"
    hidden = false

Every key may be left out. Once the terminal is paired the file is emptied.
"""

from __future__ import annotations

import hashlib

import msgspec

from loyalty import toml
from sync.setup_codes import PairWith, SetupMistake, Wifi, pairing, parse

FILE_NAME = "bodka-pairing.toml"
LONGEST = 4_096
"""Bytes of it."""

_SALT = b"bodka pairing file 1"


class WifiTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[wifi]` table."""

    name: str
    password: str = ""
    hidden: bool = False

    def __repr__(self) -> str:
        return "WifiTable()"


class SetupFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    code: str = ""
    cloud: str = ""
    name: str = ""
    wifi: WifiTable | None = None

    def __repr__(self) -> str:
        return "SetupFile()"

    @property
    def pairing(self) -> PairWith | None:
        """The code, if there is one."""
        found = parse(pairing(self.code, self.cloud)) if self.code else None
        return found if isinstance(found, PairWith) else None

    @property
    def network(self) -> Wifi | None:
        """The Wi-Fi to join, if there is one."""
        return Wifi(self.wifi.name, self.wifi.password, self.wifi.hidden) if self.wifi is not None else None


def read(text: str) -> SetupFile:
    """What the file says; an empty one says nothing, and a code alone will do. Raises `SetupMistake`."""
    text = text.removeprefix("\ufeff")  # editors on Windows put it there
    if isinstance(alone := parse(text), PairWith):
        return SetupFile(alone.code, alone.cloud)
    if len(text.encode("utf-8", "replace")) > LONGEST:
        raise SetupMistake(f"{FILE_NAME} is too long to be one: write it anew")
    try:
        found = toml.read(text, SetupFile, FILE_NAME)
    except toml.TomlError as error:
        raise SetupMistake(str(error)) from error
    _ = found.pairing, found.network  # a mistake in either is told now
    return found


def write(file: SetupFile) -> str:
    """The file as TOML."""
    said = {"code": file.code, "cloud": file.cloud, "name": file.name}
    lines = [f"{key} = {_quoted(value)}" for key, value in said.items() if value]
    if file.wifi is not None:
        lines += ["", "[wifi]", f"name = {_quoted(file.wifi.name)}", f"password = {_quoted(file.wifi.password)}"]
        lines += [f"hidden = {str(file.wifi.hidden).lower()}"]
    return "\n".join(lines) + "\n"


def fingerprint(code: str) -> str:
    """By what a terminal knows again the code that it was paired with: not the code itself."""
    digits = "".join(character for character in code if character.isdigit())
    return hashlib.sha256(_SALT + digits.encode()).hexdigest()


def _quoted(value: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's (TOML 1.0, "String"), but for DEL."""
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
