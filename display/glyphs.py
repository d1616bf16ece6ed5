"""Letters and signs that the panel draws itself, dot by dot.

▸ is not in Terminus. Its ď, ľ, Ľ and ť have the caron of handwriting above the letter; in print Slovak and Czech put a mark
like an apostrophe beside it, and at this size that is also what stays readable.
"""

from __future__ import annotations

from functools import cache

# Cells of 6x12, from the top; rows below the last are empty.
_SMALL = {
    "ď": "...... ...... ...#.# ...#.# .###.. #..#.. #..#.. #..#.. #..#.. .###..",
    "ľ": "...... ...... .##.#. ..#.#. ..#... ..#... ..#... ..#... ..#... .###..",
    "Ľ": "...... ...... #..#.. #..#.. #..... #..... #..... #..... #..... #####.",
    "ť": "...... ....#. ..#.#. ..#... .###.. ..#... ..#... ..#... ..#... ...##.",
    "▸": "...... ...... ...... .#.... .##... .###.. .####. .###.. .##... .#....",
}

# Cells of 8x16.
_MIDDLE = {
    "ď": "........ ........ ....##.# ....##.# ....##.. .#####.. ##..##.. ##..##.. ##..##.. ##..##.. ##..##.. .#####..",
    "ľ": "........ ........ .###.##. ..##.##. ..##.#.. ..##.... ..##.... ..##.... ..##.... ..##.... ..##.... .####...",
    "Ľ": "........ ........ ##..##.. ##..##.. ##..#... ##...... ##...... ##...... ##...... ##...... ##...... #######.",
    "ť": "........ .....##. ..##.##. ..##.#.. ..##.... ######.. ..##.... ..##.... ..##.... ..##.... ..##.... ...####.",
    "▸": "........ ........ ........ ........ ##...... ####.... #####... #######. #######. #####... ####.... ##......",
}

OWN = frozenset(_SMALL)
"""What is drawn from here and not from the font."""


@cache
def dots(letter: str, height: int) -> tuple[tuple[int, int], ...]:
    """The lit dots of one of `OWN` as (column, row) in its cell.

    24 pixels are 12 doubled and 32 are 16 doubled, so that they stand on the line of the font's own letters and are as high.
    """
    if height == 24:  # the font's are 15 rows high there, and 8 in 12 pixels: one row of the doubled 16 is left out
        doubled = _doubled(letter, 12, 0)
        return tuple(sorted({(x, y - (y > 12)) for x, y in doubled}))
    if height == 32:
        return _doubled(letter, 16, 2)
    lines = (_SMALL if height == 12 else _MIDDLE)[letter].split()
    return tuple((x, y) for y, line in enumerate(lines) for x, dot in enumerate(line) if dot == "#")


def _doubled(letter: str, height: int, lower: int) -> tuple[tuple[int, int], ...]:
    return tuple((2 * x + right, 2 * y + down + lower) for x, y in dots(letter, height) for right in (0, 1) for down in (0, 1))
