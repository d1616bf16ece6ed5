"""`bodka-terminal`, and `python -m terminal`: the first picture of a terminal that starts, and then the commands."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from terminal import settings_place

if TYPE_CHECKING:
    from terminal.first_picture import Begun


def main() -> None:
    """Runs the command that was typed."""
    begun = _begin(sys.argv[2:]) if sys.argv[1:2] == ["run"] else None
    try:
        from terminal import commands  # late: it takes ten times as long to load as the panel does

        commands.main(prog_name="bodka-terminal", obj=begun)
    finally:
        if begun is not None:
            begun.panel.stop()


def _begin(arguments: Sequence[str]) -> Begun | None:
    signal.signal(signal.SIGTERM, _leave)  # until there is an event loop that hears it: the panel is left dark
    settings = settings_place.named(arguments, os.environ)
    if settings is None:
        return None
    from terminal import first_picture

    return first_picture.begin(settings)


def _leave(*_: object) -> NoReturn:
    sys.exit(0)


if __name__ == "__main__":
    main()
