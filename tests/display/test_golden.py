"""Every screen in every language, pixel by pixel, as it was last looked at and accepted (`scripts/screens --accept`)."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageChops

from display.gallery import cell, golden, samples, title
from display.words import LANGUAGES

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_is_as_it_was_accepted(language: str) -> None:
    with Image.open(GOLDEN / f"{language}.png") as accepted:
        assert accepted.mode == "1"
        now = golden(language)
        assert now.size == accepted.size, "a screen was added or taken away: look at scripts/screens FOLDER, then --accept"
        different = [
            f"{number} {title(screen)}"
            for number, screen in enumerate(samples(language))
            if ImageChops.logical_xor(cell(now, number), cell(accepted, number)).getbbox()
        ]
    assert not different, "look at scripts/screens FOLDER; where it is meant so: scripts/screens --accept"


def test_no_accepted_language_is_left_over() -> None:
    assert {file.stem for file in GOLDEN.glob("*.png")} == set(LANGUAGES)
