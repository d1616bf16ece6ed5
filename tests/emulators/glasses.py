"""The glasses that panels are sold with, and some more of other sizes."""

from __future__ import annotations

from display.controllers import CONTROLLERS
from display.glass import Glass

SOLD = tuple(Glass(*size, inches) for one in CONTROLLERS.values() for size, inches in one.inches.items())
"""Those that the settings take when they are told no more than the controller and the pixels."""

OTHERS = (Glass(128, 64, 1.54), Glass(128, 64, 2.7), Glass(128, 32, 2.23), Glass(256, 64, 2.8), Glass(256, 64, 5.5))

GLASSES = SOLD + OTHERS


def called(glass: Glass) -> str:
    """For the names of tests."""
    return f"{glass.width}x{glass.height}-{glass.inches:g}"
