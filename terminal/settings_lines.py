"""In which line of `terminal.toml` a key stands, for messages and for `bodka-terminal settings`.

A reader of the file's lines and not of TOML: it knows tables, lists of tables and keys, which is all that settings are made of.
A key that it does not find has no line, and nothing depends on it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_TABLE = re.compile(r"\s*\[(?P<list>\[)?\s*(?P<name>[\w.\-]+)\s*\]")
_KEY = re.compile(r"\s*(?P<key>[\w\-]+)\s*=")


@dataclass(frozen=True, slots=True)
class Lines:
    """Keys, "panel.address" or "nfc[0].path", and their lines, from 1."""

    of_keys: Mapping[str, int]

    @classmethod
    def of(cls, text: str) -> Lines:
        """Reads a file that is valid TOML.

        >>> Lines.of("[panel]\\nport = 1\\n[[nfc]]\\nname = 'n'").of_keys
        {'panel.port': 2, 'nfc[0].name': 4}
        """
        found: dict[str, int] = {}
        counts: dict[str, int] = {}
        table = ""
        for number, line in enumerate(text.splitlines(), 1):
            if begins := _TABLE.match(line):
                table = _path(begins["name"], counts, is_list=begins["list"] is not None)
            elif key := _KEY.match(line):
                found.setdefault(f"{table}.{key['key']}" if table else key["key"], number)
        return cls(found)

    def place(self, key: str) -> str:
        """ "terminal.toml, line 7", as far as it is known."""
        return f"terminal.toml, line {self.of_keys[key]}" if key in self.of_keys else "terminal.toml"


def _path(name: str, counts: dict[str, int], *, is_list: bool) -> str:
    """A table's name with the numbers of the lists it is in: "chip.profile" becomes "chip[0].profile[1]"."""
    path = ""
    parts = name.split(".")
    for depth, part in enumerate(parts):
        path = f"{path}.{part}" if path else part
        if is_list and depth == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = f"{path}[{counts[path]}]"
    return path
