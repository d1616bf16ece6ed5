"""What screens are filled with: amounts, and the kinds of what is asked, missing, wrong or new.

Amounts are exact integers: points in thousandths, money in the currency's minor unit (forints have none), stamps whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Points:
    """Points in thousandths: `Points(1_240_000)` is drawn as "1 240 b"."""

    thousandths: int


@dataclass(frozen=True, slots=True)
class Money:
    """Money in minor units: `Money(1240, "EUR")` is drawn as "12,40 €"."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Stamps:
    """Stamps of a stamp card."""

    count: int


Amount: TypeAlias = Points | Money | Stamps


class Verb(Enum):
    """What a button was pressed for before there was a card."""

    AWARD = "award"
    REDEEM = "redeem"
    RETURN = "return"


class MenuItem(Enum):
    """The staff menu."""

    RETURN = "return"
    SIGN_OUT = "sign out"
    QUEUE = "queue"
    NETWORK = "network"
    DEVICES = "devices"
    TEST = "test"
    LANGUAGE = "language"
    SETUP = "setup"
    CLOSE = "close"
    RENEW = "renew"  # first, and only where the terminal may not spend: a copy, or written off


class CloudTrouble(Enum):
    """Why nothing comes from the cloud."""

    NO_NETWORK = "no network"
    NO_INTERNET = "no internet"
    NO_ANSWER = "no answer"
    BROKEN = "broken"
    LOGIN = "login"
    STRANGER = "stranger"
    DATES = "dates"
    BUSY = "busy"
    FAULT = "fault"
    NOT_KNOWN = "not known"
    REFUSED = "refused"
    DISK = "disk"
    OWN_FAULT = "own fault"


class Task(Enum):
    """What the installer is asked to do in the test of the devices."""

    PRESS = "press"
    TYPE = "type"
    SCAN = "scan"
    TAP = "tap"
    INSERT = "insert"
    BORDER = "border"  # is the whole border to be seen?
    BEEP = "beep"  # was it heard, and were the lights seen?


class Hint(Enum):
    """The cable or switch that a failing device most likely wants."""

    WIRE = "wire"  # a button's, a light's or the beeper's
    USB = "usb"
    SWITCHES = "switches"  # the PN532's, set to HSU
    CONSOLE = "console"  # the serial port is the login console's
    BLUETOOTH = "bluetooth"  # the serial port is the radio's
    PCSCD = "pcscd"
    SH1106 = "sh1106"  # a panel sold as SSD1306: its picture stands two columns aside
    POWER = "power"  # under-voltage


class CodeTrouble(Enum):
    """Why a pairing code did not do."""

    WRONG = "wrong"  # the cloud does not know it, or it was misread
    USED = "used"  # it paired another terminal
    EXPIRED = "expired"
    ANOTHER = "another"  # it is another merchant's
    TOO_MANY = "too many"  # wrong codes were tried too often
    NO_ANSWER = "no answer"  # no network yet, or no answer: it is tried again


class WifiProblem(Enum):
    """Why a Wi-Fi code did not bring the terminal into the network."""

    CODE = "code"  # it is no Wi-Fi code, or half of one
    NOT_FOUND = "not found"  # no such network here
    PASSWORD = "password"  # noqa: S105  # the network wants another
    NO_ADDRESS = "no address"  # joined, and the router gives no address


class Message(Enum):
    """Short news and refusals: each is a title, why, and what can be done."""

    # cards
    READ_AGAIN = "read again"  # cut short, wrong check digit: "Skúste ešte raz"
    NOT_OUR_CARD = "not our card"  # a stranger's card, a milk carton
    BANK_CARD = "bank card"
    TWO_CARDS = "two cards"  # "Len jednu kartu"
    NO_IDENTITY = "no identity"  # a random UID: show the phone's code instead
    CARD_BLOCKED = "card blocked"
    CARD_REPLACED = "card replaced"
    OTHER_CARD = "other card"  # another card during a confirmation: refused, finish or cancel first
    CARD_NEEDED = "card needed"  # typed identification earns; spending needs the card
    OWN_CARD = "own card"  # staff cannot serve their own card
    # rules
    SIGN_IN_FIRST = "sign in first"  # a spend, undo or return needs a signed-in member of staff
    NOT_ENOUGH = "not enough"
    MORE_LATER = "more later"  # it is the member's, but may be spent here only once the network is there
    MORE_SOON = "more soon"  # it is on its way from another terminal
    NO_REWARD = "no reward"  # nothing can be had for this balance yet
    SUM_FIRST = "sum first"  # type the sum, then press
    SUM_TOO_LARGE = "sum too large"
    NOTHING_EARNED = "nothing earned"  # the sum is too small, or its group earns nothing
    NOTHING_TO_UNDO = "nothing to undo"
    TOO_LATE_TO_UNDO = "too late to undo"
    ALREADY_SPENT = "already spent"  # the points to take back are spent already
    # machines
    NOT_SAVED = "not saved"  # the journal said no: nothing was written
    DISK_FULL = "disk full"
    STOPPED = "stopped"  # this terminal may not spend: written off, or a copy
    RENEW_LATER = "renew later"  # no network: the new identity comes from the cloud
    NOT_RENEWED = "not renewed"  # the cloud or the disk said no
    NO_ROOM = "no room"  # the disk is so full that the terminal cannot start
    NO_MEMORY = "no memory"  # the disk cannot be read or written, so it cannot start
    NO_PROGRAMME = "no programme"  # paired, but the rules have not come yet
    # news
    SIGNED_IN = "signed in"
    SIGNED_OUT = "signed out"
    RENEWED = "renewed"  # the terminal has a new identity
    SHOP_CLOSED = "shop closed"  # the plug may be pulled
    SHOW_CODE = "show code"  # the setup code, to the scanner
