"""The printed calibration code is the one that is understood."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from drivers.calibration import CALIBRATION_TEXT

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "calibration_code.py"))


def test_the_page_shows_what_the_script_draws() -> None:
    assert (ROOT / "docs/devices/calibration-code.svg").read_text("utf-8") == SCRIPT["svg"](CALIBRATION_TEXT)
    assert "(calibration-code.svg)" in (ROOT / "docs/devices/scanner-and-pad.md").read_text("utf-8")


def test_the_check_character_is_the_standards() -> None:
    """The example of ISO/IEC 15417 in words: start B is 104, then each value by its place, modulo 103."""
    assert SCRIPT["values"]("PJJ123C") == [104, 48, 42, 42, 17, 18, 19, 35, 55, 106]


def test_each_symbol_is_eleven_modules_and_its_own() -> None:
    widths = SCRIPT["SYMBOLS"]
    assert [sum(map(int, symbol)) for symbol in widths] == [11] * 106 + [13]
    assert len(set(widths)) == 107


def test_what_the_code_set_does_not_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="code set B"):
        SCRIPT["values"]("č")
