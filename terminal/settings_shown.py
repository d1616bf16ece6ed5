"""What `bodka-terminal settings` prints: every key that is in force, and where it came from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from loyalty import toml
from terminal import boards
from terminal.settings import FILE, Settings, load
from terminal.settings_lines import Lines

Steps: TypeAlias = tuple[str | int, ...]
"""The way to a key, ("chip", 0, "profile", 1, "aid")."""

Keys: TypeAlias = list[tuple[Steps, Any]]


def shown(path: Path) -> str:
    """The settings of a file as TOML, each key with its origin; raises what `terminal.settings.load` raises."""
    settings = load(path)
    text = path.read_text(encoding="utf-8")
    written, lines = toml.tables_of(text, FILE), Lines.of(text)
    board = boards.profile(settings.board) if settings.board else {}

    def origin(steps: Steps) -> str:
        if _has(written, steps):
            line = lines.of_keys.get(_name(steps))
            return f"line {line}" if line else FILE
        as_a_whole = isinstance(written.get(str(steps[0])), list)
        return f"board {settings.board}" if _has(board, steps) and not as_a_whole else "default"

    rows = [f"# {path}" + (f", board {settings.board}" if settings.board else "")]
    for header, keys in _tables(settings):
        rows += ["", header] if header else []
        rows += [f"{steps[-1]} = {_value(value)}".ljust(44) + f" # {origin(steps)}" for steps, value in keys]
    return "\n".join(rows)


def _tables(settings: Settings) -> Iterator[tuple[str, Keys]]:
    """Headers and their keys, each key by the steps that lead to it; keys without a table come first, as TOML wants it."""
    values = msgspec.structs.asdict(settings)
    yield "", [((key,), value) for key, value in values.items() if isinstance(value, str) or key == "without"]
    for key, value in values.items():
        if isinstance(value, msgspec.Struct):
            yield f"[{key}]", _keys(value, (key,))
        elif isinstance(value, tuple) and key != "without":
            yield from _list(key, value, (key,))


def _list(name: str, structs: tuple[msgspec.Struct, ...], steps: Steps) -> Iterator[tuple[str, Keys]]:
    for number, one in enumerate(structs):
        here = (*steps, number)
        yield f"[[{name}]]", _keys(one, here)
        for key, value in msgspec.structs.asdict(one).items():
            if isinstance(value, tuple):
                yield from _list(f"{name}.{key}", value, (*here, key))


def _keys(one: msgspec.Struct, steps: Steps) -> Keys:
    return [
        ((*steps, key), value)
        for key, value in msgspec.structs.asdict(one).items()
        if value is not None and not isinstance(value, tuple)
    ]


def _has(tables: Any, steps: Steps) -> bool:
    for step in steps:
        try:
            tables = tables[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _name(steps: Steps) -> str:
    """ "chip[0].profile[1].aid"."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def _value(value: Any) -> str:
    """As TOML writes it."""
    return json.dumps(value, ensure_ascii=False)
