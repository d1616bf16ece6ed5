"""Every screen in every language and on every kind of glass, pixel by pixel, as it was last looked at and accepted.

`scripts/screens --accept` accepts them.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from display.gallery import ACROSS, GALLERIES, GLASSES, cells, golden, name
from display.glass import Glass
from display.words import LANGUAGES
from emulators.glasses import called

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("gallery", GALLERIES)
@pytest.mark.parametrize("glass", GLASSES, ids=called)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_is_as_it_was_accepted(language: str, glass: Glass, gallery: str) -> None:
    with Image.open(GOLDEN / f"{name(language, glass, gallery)}.png") as accepted:
        assert accepted.mode == "1"
        now = cells(language, glass, gallery)
        assert golden(now).size == accepted.size, "screens came or went: look at scripts/screens FOLDER, then --accept"
        different = [
            f"{number} {one.title}"
            for number, one in enumerate(now)
            if ImageChops.logical_xor(one.picture, cut(accepted, number, glass)).getbbox()
        ]
    assert not different, "look at scripts/screens FOLDER; where it is meant so: scripts/screens --accept"


def cut(accepted: Image.Image, number: int, glass: Glass) -> Image.Image:
    left, top = number % ACROSS * glass.width, number // ACROSS * glass.height
    return accepted.crop((left, top, left + glass.width, top + glass.height))


def test_no_accepted_picture_is_left_over() -> None:
    assert {file.stem for file in GOLDEN.glob("*.png")} == {name(*one) for one in product(LANGUAGES, GLASSES, GALLERIES)}
