"""config/terminal.toml is what an installer edits: it has every key of the code, with its default, and none besides."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from terminal import boards
from terminal.settings import Settings, SettingsError, read

CONFIG = Path(__file__).parents[2] / "config"
TEXT = (CONFIG / "terminal.toml").read_text()

NOT_FOR_SHOPS = "virtual"
"""The demo's table: the package has no counter page."""

HEADER = re.compile(r"(?:# )?\[+(?P<table>[a-z_.]+)\]+")
KEY = re.compile(r"(?P<off># )?(?P<key>[a-z_]+) = (?P<value>(?:\"[^\"]*\"|\S)+)")


def written() -> Iterator[tuple[str, str, bool, Any]]:
    """Each key of the commented file: its table, whether it is switched off by a #, and its value."""
    table = ""
    for line in TEXT.splitlines():
        if header := HEADER.match(line):
            table = header["table"]
        elif key := KEY.match(line):
            yield table, key["key"], key["off"] is not None, tomllib.loads(f"value = {key['value']}")["value"]


def keys_of(kind: type[msgspec.Struct], table: str = "") -> Iterator[tuple[str, str, Any]]:
    """Each key of the code with its default; a required one has none."""
    for field in msgspec.structs.fields(kind):
        inner = struct_in(field.type)
        if inner is None:
            yield table, field.encode_name, field.default
        elif field.encode_name != NOT_FOR_SHOPS:
            yield from keys_of(inner, f"{table}.{field.encode_name}" if table else field.encode_name)


def struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """The struct in a field's type: itself, optional, or many of it."""
    candidates = (kind, *getattr(kind, "__args__", ()))
    return next((one for one in candidates if isinstance(one, type) and issubclass(one, msgspec.Struct)), None)


def test_every_key_of_the_code_is_in_the_file() -> None:
    """A list within a list has its parent's keys: one example of it stands for all."""
    there = {(table, key) for table, key, _, _ in written()}
    missing = {(table, key) for table, key, _ in keys_of(Settings) if table != "chip.profile"} - there
    assert not missing
    assert any(table == "chip.profile" for table, _ in there)


def test_every_key_of_the_file_is_in_the_code() -> None:
    known = {(table, key) for table, key, _ in keys_of(Settings)}
    assert {(table, key) for table, key, _, _ in written()} <= known


def test_a_key_that_is_switched_off_shows_its_default() -> None:
    """Where there is no default, or nothing is one, an example stands there."""
    defaults = {(table, key): default for table, key, default in keys_of(Settings)}
    wrong = {
        (table, key): (value, defaults[table, key])
        for table, key, off, value in written()
        if off and table != "chip.profile" and defaults[table, key] not in (None, msgspec.NODEFAULT, (), "", value)
    }
    assert not wrong


@pytest.mark.parametrize("name", boards.names())
def test_a_boards_profile_is_a_whole_terminal(name: str) -> None:
    settings = read(f'board = "{name}"\n[cloud]\nurl = "https://cloud.example"\n')
    assert settings.scanner
    assert (settings.buttons is None) == (settings.panel is None) == (name == "bare-pi")


def test_the_boards_that_were_promised_are_there() -> None:
    assert {"bare-pi", "oled-bonnet", "zero-2-w", "pi-3", "pi-4", "pi-5"} <= set(boards.names())


def test_what_the_file_says_goes_before_its_board() -> None:
    settings = read(
        'board = "pi-4"\nwithout = ["signals"]\n[cloud]\nurl = "https://cloud.example"\n'
        '[panel]\naddress = 0x3D\n[[nfc]]\nname = "n"\npath = "tty:USB0:pn532"\n'
    )
    assert settings.panel is not None
    assert (settings.panel.port, settings.panel.address) == (1, 0x3D)
    assert [one.path for one in settings.nfc] == ["tty:USB0:pn532"]
    assert settings.signals is None
    assert settings.buttons is not None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('board = "pi-6"', 'board = "pi-6" is not known: did you mean "pi-'),
        ('board = "?"', "use one of bare-pi, oled-bonnet"),
        ('board = "bare-pi"\nwithout = ["nfc"]', r"the board bare-pi has chip, pad, scanner"),
        ("board = 4", "Expected `str`"),
        ('without = "nfc"', "Expected `array`"),
    ],
)
def test_a_mistake_about_the_board_is_named(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        read(f'{text}\n[cloud]\nurl = "https://cloud.example"\n')
