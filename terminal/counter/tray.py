"""The tray of cards on the counter page: what each is called, which reader it is for, and what that reader reads from it.

The numbers stay in the daemon: a page shows a card by its key.
"""

from __future__ import annotations

from enum import Enum
from importlib.resources import files
from typing import Self

import msgspec

from drivers.events import Trouble
from drivers.virtual import VirtualDevices
from terminal.counter.words import PageWords


class Reader(Enum):
    """Which reader a card is shown to."""

    SCANNER = "scanner"
    NFC = "nfc"
    CHIP = "chip"


class Look(Enum):
    """What a card looks like."""

    BARCODE = "barcode"
    PHONE = "phone"
    BLANK = "blank"
    BROKEN = "broken"
    CARTON = "carton"
    STAFF = "staff"
    WAVES = "waves"
    BANK = "bank"
    WALLET = "wallet"
    CHIP = "chip"


class NoSuchCard(LookupError):
    """The tray has no card of that key."""


class TrayError(ValueError):
    """The file of the tray's cards cannot be used; the text names the place."""


class TrayCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One card. It gives `text`, or its `uid` (NFC), or a `trouble`."""

    key: str
    name: str
    """In English, as `about` too: the page has both in its own language."""
    about: str
    look: Look
    reader: Reader
    text: str | None = None
    uid: str | None = None
    trouble: Trouble | None = None

    def show(self, devices: VirtualDevices) -> None:
        """Shows it to its reader; it lies or sticks there until `take`."""
        if self.trouble is not None:
            devices.trouble(self.reader.value, self.trouble)
        elif self.reader is Reader.NFC:
            devices.tap(self.uid or "", self.text)
        elif self.reader is Reader.CHIP:
            devices.insert(self.text or "")
        else:
            devices.scan(self.text or "")

    def take(self, devices: VirtualDevices) -> None:
        """Takes it away."""
        if self.reader is Reader.NFC:
            devices.untap()
        elif self.reader is Reader.CHIP:
            devices.withdraw()

    def shown(self, words: PageWords) -> str:
        """What was done with it, for the log."""
        name = words.say(self.name)
        match self.reader:
            case Reader.SCANNER:
                return words.say("{card} scanned", card=name)
            case Reader.NFC:
                return words.say("{card} tapped", card=name)
            case Reader.CHIP:
                return words.say("{card} inserted", card=name)


class Tray:
    """The cards by their keys, in the order of the file."""

    def __init__(self, cards: tuple[TrayCard, ...]) -> None:
        self.cards = {card.key: card for card in cards}

    @classmethod
    def read(cls, text: str) -> Self:
        """From a JSON list of cards; raises `TrayError`."""
        try:
            return cls(msgspec.json.decode(text, type=tuple[TrayCard, ...]))
        except msgspec.MsgspecError as error:
            raise TrayError(f"cards.json: {error}") from error

    @classmethod
    def sample(cls) -> Self:
        """The cards of the sample merchant, as `bodka-cloud sample` makes it; raises `TrayError`."""
        return cls.read(files("terminal.counter").joinpath("page/cards.json").read_text(encoding="utf-8"))

    def card(self, key: str) -> TrayCard:
        """Raises `NoSuchCard`."""
        if key not in self.cards:
            raise NoSuchCard(f"the tray has no card {key}: {', '.join(self.cards)}")
        return self.cards[key]
