"""Draws the calibration code of the page on scanners as a Code 128 barcode (ISO/IEC 15417), in SVG.

python scripts/calibration_code.py docs/devices/calibration-code.svg
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "devices" / "calibration-code.svg"

WIDTHS = """
212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 123122 123221
223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 232121 111323 131123 131321
112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 213311 213131
311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114
122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141
214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112
"""
"""ISO/IEC 15417, table 1: the widths of bars and spaces by turns, in modules, of the values 0 to 106."""

SYMBOLS = WIDTHS.split()

START_B, STOP = 104, 106
FIRST_CHARACTER = 32
"""Value 0 of code set B is the space."""

QUIET_MODULES = 10
MODULE_MM, HEIGHT_MM, TEXT_MM = 0.5, 18.0, 5.0
"""Half a millimetre a module: any scanner reads it, also from an office printer."""


def values(text: str) -> list[int]:
    """The values of a text in code set B (ASCII 32 to 126), with start, check character and stop (section 4.3)."""
    data = [START_B, *(ord(character) - FIRST_CHARACTER for character in text)]
    if any(not 0 <= value <= 94 for value in data[1:]):
        raise ValueError("code set B holds ASCII 32 to 126 only")
    check = sum(value * max(place, 1) for place, value in enumerate(data)) % 103
    return [*data, check, STOP]


def svg(text: str) -> str:
    """The barcode with its quiet zones and its text beneath."""
    bars, at = [], QUIET_MODULES
    for value in values(text):
        for place, width in enumerate(map(int, SYMBOLS[value])):
            if place % 2 == 0:
                bars.append(f"M{at},0h{width}v{HEIGHT_MM / MODULE_MM:g}h-{width}z")
            at += width
    modules = at + QUIET_MODULES
    height = (HEIGHT_MM + TEXT_MM) / MODULE_MM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{modules * MODULE_MM:g}mm" height="{HEIGHT_MM + TEXT_MM:g}mm" '
        f'viewBox="0 0 {modules} {height:g}">\n'
        f"<title>Bodka: calibration code for scanners</title>\n"
        f'<rect width="{modules}" height="{height:g}" fill="#fff"/>\n'
        f'<path d="{"".join(bars)}"/>\n'
        f'<text x="{modules / 2:g}" y="{height - 2:g}" font-family="monospace" font-size="7" text-anchor="middle">'
        f"{text}</text>\n"
        f"</svg>\n"
    )


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from drivers.calibration import CALIBRATION_TEXT

    Path(sys.argv[1] if len(sys.argv) > 1 else TARGET).write_text(svg(CALIBRATION_TEXT), encoding="utf-8")
