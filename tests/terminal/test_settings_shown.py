"""`bodka-terminal settings`: every key in force, and where it came from; and in which lines keys stand."""

from __future__ import annotations

import tomllib
from pathlib import Path

from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from terminal.commands import main
from terminal.settings import load, read
from terminal.settings_lines import Lines
from terminal.settings_shown import shown

DEFAULT = Path(__file__).parents[2] / "config" / "terminal.toml"
FILE = """board = "pi-4"
without = ["signals"]

[cloud]
url = "https://cloud.example"

[panel]
address = 0x3D

[[nfc]]
name = "left"
path = "tty:USB0:pn532"

[[chip]]
name = "chip"
aid = "F04C4F5941"
[[chip.profile]]
kind = "sle4442"
[[chip.profile]]
kind = "file"
file = "EF01"
"""


def origins(text: str) -> dict[str, str]:
    """Each line's key and value, and what stands behind the # as its origin."""
    rows = [row.partition(" # ") for row in text.splitlines() if " # " in row]
    return {left.strip(): right for left, _, right in rows}


def test_each_key_tells_where_it_came_from(tmp_path: Path) -> None:
    path = tmp_path / "terminal.toml"
    path.write_text(FILE)
    found = origins(shown(path))
    assert found['board = "pi-4"'] == "line 1"
    assert found['url = "https://cloud.example"'] == "line 5"
    assert found["poll_seconds = 15"] == "default"
    assert found["address = 61"] == "line 8"
    assert found["port = 1"] == "board pi-4"
    assert found['name = "left"'] == "line 11"
    assert found["award = 17"] == "board pi-4"
    assert found['file = "EF01"'] == "line 21"
    assert found["offset = 0"] == "default"
    assert "green" not in shown(path)


def test_what_is_shown_is_a_terminal_toml_of_the_same_meaning(tmp_path: Path) -> None:
    for text in (FILE, DEFAULT.read_text()):
        path = tmp_path / "terminal.toml"
        path.write_text(text)
        tables = tomllib.loads(shown(path))
        assert tables["cloud"]["poll_seconds"] == 15
        assert read(shown(path)) == load(path)


def test_the_command_prints_it_or_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "terminal.toml"
    path.write_text(FILE)
    done = CliRunner().invoke(main, ["settings", "--settings", str(path)])
    assert done.exit_code == 0
    assert done.output == shown(path) + "\n"
    path.write_text(FILE + "[panell]\n")
    done = CliRunner().invoke(main, ["settings", "--settings", str(path)])
    assert done.exit_code == 1
    assert 'did you mean "panel"' in done.output


@given(
    st.lists(st.sampled_from(["", "# x", "[[nfc]]", "[panel]", "[[chip]]", "[[chip.profile]]", "key = 1", '"']), max_size=12)
)
def test_lines_of_any_text_are_lines_of_it(rows: list[str]) -> None:
    found = Lines.of("\n".join(rows)).of_keys
    assert all(rows[line - 1] == "key = 1" for line in found.values())
