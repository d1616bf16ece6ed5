"""Reads TOML into a msgspec struct, exactly (no floats), and names each mistake with its place and the nearest right word."""

from __future__ import annotations

import difflib
import re
import tomllib
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)


class TomlError(ValueError):
    """A file that cannot be used; the text names the place and what to write there instead."""


def read(text: str, kind: type[S], what: str) -> S:
    """The struct `kind` from TOML; `what` names the file in messages, as in "the programme". Raises `TomlError`."""
    return convert(tables_of(text, what), text, kind, what)


def tables_of(text: str, what: str) -> dict[str, Any]:
    """The tables as they are written; raises `TomlError`."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise TomlError(f"{what} is not valid TOML: {error}") from error


def convert(tables: dict[str, Any], text: str, kind: type[S], what: str) -> S:
    """The struct `kind` from tables; mistakes are searched for in `text`. Raises `TomlError`."""
    try:
        return msgspec.convert(tables, type=kind)
    except msgspec.ValidationError as error:
        raise TomlError(_explain(str(error), text, kind, what)) from error


_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`(?: - at `\$\.?(?P<where>[^`]*)`)?")
_MISSING = re.compile(r"Object missing required field `(?P<key>[^`]*)`(?: - at `\$\.?(?P<where>[^`]*)`)?")


def _explain(message: str, text: str, kind: type[msgspec.Struct], what: str) -> str:
    """msgspec's message in the words of somebody who edits the file."""
    if unknown := _UNKNOWN.match(message):
        return _explain_unknown(unknown["key"], unknown["where"], text, kind, what)
    if missing := _MISSING.match(message):
        where = f"[{missing['where']}]" if missing["where"] else "the file"
        return f'{what} lacks "{missing["key"]}" in {where}: add it'
    return f"{what} cannot be used: {message.replace('`$.', '`').replace('`$`', 'the file')}"


def _explain_unknown(key: str, where: str | None, text: str, kind: type[msgspec.Struct], what: str) -> str:
    line = next((n for n, row in enumerate(text.splitlines(), 1) if re.match(rf"\s*\[*\s*{re.escape(key)}\b", row)), None)
    place = f"line {line}, in {where or 'the file'}" if line else f"in {where or 'the file'}"
    near = difflib.get_close_matches(key, sorted(_keys(kind)), n=1)
    return f'{what} has an unknown key "{key}" ({place}): {f"""did you mean "{near[0]}"?""" if near else "remove it"}'


def _keys(kind: type[msgspec.Struct]) -> set[str]:
    """The names of all keys of a struct and of the structs in it."""
    return _keys_of(msgspec.inspect.type_info(kind))


def _keys_of(info: Any) -> set[str]:
    """The same, from msgspec's description of a type: a struct, or something of structs."""
    fields = getattr(info, "fields", ())
    inner = [field.type for field in fields] + [getattr(info, "item_type", None), *getattr(info, "types", ())]
    return {field.encode_name for field in fields}.union(*(_keys_of(one) for one in inner if one is not None))
