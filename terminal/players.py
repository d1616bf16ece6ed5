"""Who plays the signs: nobody, or lights and a beeper at the volume of the hour."""

from __future__ import annotations

from typing import Protocol

from terminal.loudness import Loudness
from terminal.signs import Step


class Player(Protocol):
    """Lights and tones: real ones, the counter page's, or none."""

    def play(self, steps: tuple[Step, ...]) -> None:
        """Plays a pattern from its beginning, in place of what plays now; returns at once."""


class Silence:
    """Where no lights and no beeper are fitted."""

    def play(self, steps: tuple[Step, ...]) -> None:
        """Plays nothing."""


class Softly:
    """Any player, as loud as it is now to be."""

    def __init__(self, player: Player, loudness: Loudness) -> None:
        self._player, self._loudness = player, loudness

    def play(self, steps: tuple[Step, ...]) -> None:
        """The same pattern, softer or silent."""
        self._player.play(self._loudness.now(steps))
