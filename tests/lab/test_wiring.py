"""The wiring picture shows the pins that the boards' profiles use, and so does the page on buttons."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "wiring_picture.py"))
PROFILES = [ROOT / f"config/boards/{name}.toml" for name in ("pi-3", "pi-4", "pi-5", "zero-2-w")]


def test_the_page_shows_what_the_script_draws() -> None:
    assert (ROOT / "docs/pictures/wiring.svg").read_text("utf-8") == SCRIPT["svg"](SCRIPT["wires"]())
    assert "(pictures/wiring.svg)" in (ROOT / "docs/installing.md").read_text("utf-8")


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_every_board_is_wired_alike(profile: Path) -> None:
    assert SCRIPT["wires"](profile) == SCRIPT["wires"]()


def test_the_page_on_buttons_names_the_same_pins() -> None:
    page = (ROOT / "docs/devices/buttons-and-signals.md").read_text("utf-8")
    told = {int(gpio): int(pin) for gpio, pin in re.findall(r"^\| [^|]+ \| (\d+) \((\d+)\) \|", page, re.MULTILINE)}
    tables = tomllib.loads(PROFILES[0].read_text())
    wanted = {value for table in ("buttons", "signals") for value in tables[table].values() if not isinstance(value, bool)}
    assert set(told) == wanted
    assert all(SCRIPT["GPIO"][gpio] == pin for gpio, pin in told.items())
