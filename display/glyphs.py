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
    """The lit dots of one of `OWN` as (column, row) in its cell; 32 pixels are 16 doubled."""
    if height == 32:
        return tuple((2 * x + right, 2 * y + down) for x, y in dots(letter, 16) for right in (0, 1) for down in (0, 1))
    lines = (_SMALL if height == 12 else _MIDDLE)[letter].split()
    return tuple((x, y) for y, line in enumerate(lines) for x, dot in enumerate(line) if dot == "#")
