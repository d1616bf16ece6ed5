"""What devices say: the few event types that all drivers share.

Every event carries `at`, milliseconds of the monotonic clock at the moment the hardware spoke, and `device`, the name that
the settings gave the device. Card numbers in events live in memory only: nothing here may be logged or stored; `repr` of an
event with a number shows its length alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias


class Medium(Enum):
    """By which kind of reader a card was seen."""

    BARCODE = "barcode"
    NFC = "nfc"
    CHIP = "chip"
    FOB = "fob"
    """A 125 kHz or 13.56 MHz fob through a reader that types its number."""
    STRIPE = "stripe"
    """A magnetic stripe, through a reader that types its tracks."""


class Form(Enum):
    """What the data of a card is."""

    NUMBER = "number"
    """Text as read: a barcode's characters, an NDEF text or URI, a chip card's record."""
    UID = "uid"
    """A serial number as lower-case hex, whole (4, 7 or 10 bytes)."""


class Trouble(Enum):
    """Why a card was seen but gave nothing that can be used."""

    UNREADABLE = "unreadable"
    """Cut short, empty, garbled: worth another try."""
    TOO_LONG = "too long"
    FOREIGN_CHIP = "foreign chip"
    """A chip card without our application."""
    BANK_CARD = "bank card"
    """A payment card; its number was not read."""
    TWO_CARDS = "two cards"
    RANDOM_UID = "random uid"
    """A UID that changes at each tap (first byte 08): a phone or a passport, never an identity."""


class Button(Enum):
    """The four buttons, by what they do."""

    AWARD = "award"
    REDEEM = "redeem"
    NEXT = "next"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class CardSeen:
    """A card came; said once for as long as it stays."""

    device: str
    medium: Medium
    form: Form
    data: str = field(repr=False)
    at: int
    atr: bytes = field(default=b"", repr=False)
    """Of a contact card, its answer to reset: the kind of card, for the installer."""


@dataclass(frozen=True, slots=True)
class CardTrouble:
    """A card came that cannot be used."""

    device: str
    medium: Medium
    trouble: Trouble
    at: int
    uid: str = field(default="", repr=False)
    """Of a bank card that was held to a contactless reader, where it has one that does not change."""
    atr: bytes = field(default=b"", repr=False)
    """As for `CardSeen`."""


@dataclass(frozen=True, slots=True)
class CardGone:
    """The card that lay on, or stuck in, the reader was taken away. Barcodes have no such event."""

    device: str
    medium: Medium
    at: int


@dataclass(frozen=True, slots=True)
class ButtonPressed:
    """A button went down (debounced). `picture` is the number of the picture on the panel at that moment."""

    device: str
    button: Button
    picture: int
    at: int


@dataclass(frozen=True, slots=True)
class ButtonHeld:
    """A button has been down for `HOLD_MS`; said once per press, after its `ButtonPressed`, while it is still down."""

    device: str
    button: Button
    picture: int
    at: int


@dataclass(frozen=True, slots=True)
class ButtonReleased:
    """A button came up again."""

    device: str
    button: Button
    at: int


@dataclass(frozen=True, slots=True)
class PadKey:
    """A key of the number pad: one of 0-9 , * / + - or the words enter, back. `picture` as for buttons."""

    device: str
    key: str
    picture: int
    at: int


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """A device that worked, or should, does not. `why` is English for the log and the doctor, never for customers."""

    device: str
    why: str
    at: int


@dataclass(frozen=True, slots=True)
class DeviceBack:
    """A device works: said at the first opening, and after each `DeviceLost`."""

    device: str
    at: int


@dataclass(frozen=True, slots=True)
class ScannerTaught:
    """A scanner read the calibration code: the terminal knows its keyboard layout now, and remembers it."""

    device: str
    layout: str
    """The layout's name, as in the settings."""
    at: int


HOLD_MS = 2_000
"""How long a button is held down to mean its second function."""

MAX_CARD_TEXT = 512
"""Characters of a barcode or record that are kept; what is longer is `Trouble.TOO_LONG`."""

PAD_KEYS = frozenset("0123456789,*/+-") | {"enter", "back"}

Event: TypeAlias = (
    CardSeen
    | CardTrouble
    | CardGone
    | ButtonPressed
    | ButtonHeld
    | ButtonReleased
    | PadKey
    | DeviceLost
    | DeviceBack
    | ScannerTaught
)

Touch: TypeAlias = CardSeen | CardTrouble | ButtonPressed | ButtonHeld | PadKey | ScannerTaught
"""What only people do: somebody is there."""

Emit: TypeAlias = Callable[[Event], None]
"""Takes an event from any thread and returns at once."""

Picture: TypeAlias = Callable[[], int]
"""The number of the picture that is on the panel now; callable from any thread."""
