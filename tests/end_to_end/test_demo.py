"""The scripted morning of `scripts/demo --script`: cloud and terminal as processes of their own, and both books at its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture(scope="module")
def morning() -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / "demo.py"), "--script"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        try:
            printed, complained = demo.communicate(timeout=100)
        except subprocess.TimeoutExpired:
            demo.terminate()  # it ends its own programs then
            printed, complained = demo.communicate()
    return subprocess.CompletedProcess(command, demo.returncode, printed, complained)


def test_the_morning_plays_to_its_end_and_the_books_agree(morning: subprocess.CompletedProcess[str]) -> None:
    assert morning.returncode == 0, morning.stdout + morning.stderr
    assert "8 entries and 3 balances compared" in morning.stdout
    assert morning.stdout.rstrip().endswith("they agree")


SCREENS = (
    "You are signed in",
    "+18 b",
    "10 z 10",
    "KÁVA ZADARMO",
    "Fizetendő 4,20 €",
    "bank card",
    "try again",
    "not one of ours",
    "Ešte chvíľku",
    "Később elküldjük",
    "☁× 1",
    "A tétel törölve",
)


@pytest.mark.parametrize("words", SCREENS)
def test_its_screens_are_printed(morning: subprocess.CompletedProcess[str], words: str) -> None:
    assert words in morning.stdout
