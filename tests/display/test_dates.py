"""Dates stand in the manner of each language, on the glass too."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display.dates import day, moment
from display.layout import lay_out
from display.screens import Queue
from display.words import LANGUAGES

MOMENTS = {
    "sk": "26. 11. 14:05",
    "cs": "26. 11. 14:05",
    "hu": "11. 26. 14:05",
    "de": "26.11. 14:05",
    "pl": "26.11 14:05",
    "en": "26/11 14:05",
}
DAYS = {"sk": "31. 12. 2027", "cs": "31.12.27", "hu": "2027. 12. 31.", "de": "31.12.27", "pl": "31.12.2027", "en": "31/12/2027"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_as_it_is_written_there(language: str) -> None:
    at = datetime(2026, 11, 26, 14, 5)
    assert moment(at, language).text == MOMENTS[language]
    assert day(date(2027, 12, 31), language).text == DAYS[language]
    assert MOMENTS[language] in lay_out(Queue(3, 12, known=at), language).text()


@given(st.datetimes(), st.sampled_from(LANGUAGES))
def test_every_moment_has_one_and_fits(at: datetime, language: str) -> None:
    text = moment(at, language).text
    assert f"{at:%H:%M}" in text
    assert str(at.day) in text
    assert len(text) <= len("26. 11. 14:05")


def test_the_counter_loads_no_dates_before_somebody_looks_at_one() -> None:
    asked = "import sys, display.layout; print('babel.dates' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"
