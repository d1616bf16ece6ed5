"""Profiles of boards: what is on the pins of a known Raspberry Pi or HAT, so that `terminal.toml` need not say it.

`board = "pi-4"` takes `pi-4.toml` from `config/boards`. What `terminal.toml` says goes before: of a table like `[panel]` key by
key, of a list like `[[nfc]]` as a whole. `without = ["signals"]` leaves tables of the profile out.
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Any

from loyalty import toml


class BoardError(ValueError):
    """There is no such profile, or `board` and `without` cannot be used; the text says what to write instead."""


def folder() -> Path:
    """Where the profiles are: beside the installed version, or in the sources."""
    installed = Path(sys.prefix) / "share" / "bodka" / "boards"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "config" / "boards"


def names() -> list[str]:
    """The boards that are known."""
    return sorted(file.stem for file in folder().glob("*.toml"))


def profile(name: str) -> dict[str, Any]:
    """The tables of a board; raises `BoardError`."""
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f'did you mean "{near[0]}"?' if near else f"use one of {', '.join(known)}"
        raise BoardError(f'terminal.toml: board = "{name}" is not known: {hint}')
    return toml.tables_of((folder() / f"{name}.toml").read_text(encoding="utf-8"), f"the board {name}")


def add(tables: dict[str, Any]) -> dict[str, Any]:
    """The tables of `terminal.toml` with those of its board behind them; raises `BoardError`."""
    name, without = tables.get("board", ""), tables.get("without", [])
    if not isinstance(name, str) or not name:
        return tables
    behind = profile(name)
    for left_out in without if isinstance(without, list) else ():
        if left_out not in behind:
            raise BoardError(f'terminal.toml: without = ["{left_out}"]: the board {name} has {", ".join(sorted(behind))}')
        del behind[left_out]
    return {**behind, **{key: _over(behind.get(key), value) for key, value in tables.items()}}


def _over(behind: Any, value: Any) -> Any:
    return {**behind, **value} if isinstance(behind, dict) and isinstance(value, dict) else value
