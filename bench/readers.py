"""Every reader's numbers: what each kind's own file measures, then what all of them together cost while nothing happens.

`scripts/bench readers [COUNT]`: COUNT is how many taps, scans or insertions each kind is measured with. With its 200 it takes
some 15 minutes, on a machine that has nothing else to do; `readers-keys 10000` is five minutes of its own.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the emulators

import readers_idle

PARTS = ("readers_keys", "readers_nfc", "readers_chip")
COUNT = 200


def main(count: int = COUNT) -> None:
    """Prints JSON lines."""
    for part in PARTS:
        if importlib.util.find_spec(part) is not None:
            importlib.import_module(part).main(count)
    readers_idle.main()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
