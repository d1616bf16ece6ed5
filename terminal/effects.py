"""What a conversation wants done: the effects of `Session.step`, run by the daemon in their order."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from display.screens import Screen
from loyalty.entry import Draft
from terminal.inputs import Identification


class Sign(Enum):
    """What people hear and see besides the screen. The first four are told apart with eyes shut and with ears shut."""

    DONE = "done"
    DONE_LATER = "done later"
    REFUSED = "refused"
    TROUBLE = "trouble"
    CARD = "card"
    """A card was read."""
    OTHER_CARD = "other card"
    """A card took another's place."""
    KEY = "key"
    """A press that did something small."""
    TEST = "test"
    """Each light and the beeper in turn, for whoever tests them."""


@dataclass(frozen=True, slots=True)
class Show:
    """A picture for the panel; `number` counts up, and presses come back with the number they were made at."""

    number: int
    screen: Screen
    language: str


@dataclass(frozen=True, slots=True)
class Signal:
    """A sign for eyes and ears."""

    sign: Sign


@dataclass(frozen=True, slots=True)
class Look:
    """Whose is this card? Answered by Found, Unknown or StaffFound."""

    card: Identification


@dataclass(frozen=True, slots=True)
class Identify:
    """A number was typed after "/": answered by CardShown or CardRefused."""

    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """Write this down. Answered by Recorded or NotRecorded; the same key never writes twice."""

    key: str
    draft: Draft


@dataclass(frozen=True, slots=True)
class Recall:
    """What was the last entry here? Answered by Recalled or NothingToRecall."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the cloud for more of a purse. Answered by Granted, or NoAnswer after `ASK_MS`."""

    account: bytes
    purse: str
    instance: str
    need: int
    """How much should be spendable here in all."""


@dataclass(frozen=True, slots=True)
class Renew:
    """Take a new identity. Answered by Renewed, or NotRenewed."""


@dataclass(frozen=True, slots=True)
class CloseShop:
    """Nobody comes any more today: what waited for that is done now. Not answered."""


Effect: TypeAlias = Show | Signal | Look | Identify | Record | Recall | Ask | Renew | CloseShop

ASK_MS = 1_500
RENEW_MS = 120_000
"""How long staff are shown that the terminal is being renewed: a long queue is sent first."""
