"""The sample café as tests meet it (config/programmes/cafe.toml, `bodka-cloud sample`): its people, and what they see and do.

What is done here is done at every counter that a test has: in the shop on this machine, in the lab's machines.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from display.screens import DonePaid, DoneStamps, Message, Money, Notice, PayConfirm, Points, Screen, StampCard, Sum
from emulators.nfc_tags import Card, Type2Tag
from loyalty.programme import in_language, read

EVA = "04E7A0B1C2D380"
"""A member of staff, by the UID of her card."""

JANA, JANA_TAG = "2100000000012", "04A1B2C3D4E5F6"
PETER, PETER_TAG = "2100000000029", "04000102030405"
ZOLTAN, HIS = "2100000000043", "hu"
"""His card, and his language. The programme names its reward in Slovak alone, and has no word for "until" in his."""

COFFEES = read((Path(__file__).parents[1] / "config/programmes/cafe.toml").read_text("utf-8")).stamps[0]


class Hands(Protocol):
    """Of whoever stands at a counter."""

    def press(self, button: str) -> None: ...
    def shows(self, *screens: Screen, language: str = "sk") -> None: ...


class Counter(Hands, Protocol):
    """With an NFC reader, and a glass that can be idle."""

    def tap(self, *cards: Card) -> None: ...
    def lift(self) -> None: ...
    def shows_idle(self, *, offline: bool = False, waiting: int = 0) -> None: ...


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def stamp_card(name: str, stamps: int, language: str = "sk") -> StampCard:
    """A member's face on the glass, in their language."""
    return StampCard(name, stamps, COFFEES.goal, _coffee(language), more=True, until=_until(language))


def stamped(name: str, stamps: int, language: str = "sk", *, later: bool = False) -> DoneStamps:
    """What is shown after a stamp."""
    return DoneStamps(name, stamps, COFFEES.goal, _coffee(language), later=later, until=_until(language))


def eva_signs_in(counter: Counter, waiting: int | None = None) -> None:
    """On the idle screen, and it is idle again; so many entries wait where there is no network."""
    counter.tap(Type2Tag(EVA))
    counter.shows(Notice(Message.SIGNED_IN, "Eva"))
    counter.lift()
    counter.press("cancel")
    counter.shows_idle(offline=waiting is not None, waiting=waiting or 0)


def pays_in_part(counter: Hands, name: str, sum: int, paid: int, points: int, language: str = "sk") -> None:
    """The bill is on the panel with a member's name: a part of it is paid with points, the rest earns."""
    counter.shows(Sum(euros(sum), name=name), language=language)
    counter.press("redeem")
    counter.shows(PayConfirm(euros(paid), euros(sum - paid)), language=language)
    counter.press("redeem")
    counter.shows(DonePaid(euros(paid), euros(sum - paid), Points(points), later=False), language=language)


def _coffee(language: str) -> str:
    return in_language(COFFEES.reward, language)


def _until(language: str) -> str:
    """The reward as it stands in "Ešte 3 do …"."""
    return COFFEES.until if isinstance(COFFEES.until, str) else COFFEES.until.get(language, "")
