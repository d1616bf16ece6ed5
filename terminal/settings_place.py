"""Where a command finds `terminal.toml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

DEFAULT = "/etc/bodka/terminal.toml"
OPTION, VARIABLE = "--settings", "BODKA_SETTINGS"


def named(arguments: Sequence[str], variables: Mapping[str, str]) -> Path | None:
    """The file that a command with only this option uses; None for anything else, which is not understood here.

    >>> named(["--settings", "here.toml"], {})
    PosixPath('here.toml')
    """
    match arguments:
        case []:
            return Path(variables.get(VARIABLE) or DEFAULT)
        case [option, path] if option == OPTION:
            return Path(path)
        case [word] if word.startswith(f"{OPTION}="):
            return Path(word.removeprefix(f"{OPTION}="))
        case _:
            return None
