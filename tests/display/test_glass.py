"""How large a glass is: the diagonals of `display.controllers` against the lit areas that data sheets of such modules draw."""

from __future__ import annotations

import pytest

from display.controllers import CONTROLLERS
from display.glass import READABLE, Glass


@pytest.mark.parametrize(
    ("controller", "glass", "high", "least"),
    [
        ("ssd1309", Glass(128, 64, 2.42), 27.49, 12),
        ("ssd1306", Glass(128, 64, 0.96), 10.86, 30),
        ("ssd1306", Glass(128, 32, 0.91), 5.58, 29),
        ("sh1106", Glass(128, 64, 1.3), 14.70, 22),
        ("ssd1322", Glass(256, 64, 3.12), 19.18, 17),
    ],
)
def test_the_usual_glasses(controller: str, glass: Glass, high: float, least: int) -> None:
    size = (glass.width, glass.height)
    assert CONTROLLERS[controller].inches[size] == glass.inches
    assert glass.pitch * glass.height == pytest.approx(high, rel=0.01)
    assert glass.least == least
    assert glass.least * glass.pitch >= READABLE > (glass.least - 1) * glass.pitch


def test_a_number_is_never_wanted_higher_than_the_glass() -> None:
    assert Glass(128, 32, 0.5).least == 32
