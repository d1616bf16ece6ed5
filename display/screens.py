"""Every screen the terminal can show, as small frozen values; `docs/conversation.md` shows when each appears.

A screen holds facts (sums, counts, names), never words of ours: those are chosen in `display.words` for a language. Names of
rewards, groups and shops come already in the right language. Amounts are exact integers: points in thousandths, money in the
currency's minor unit (forints have none), stamps whole.
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
    NO_PROGRAMME = "no programme"  # paired, but the rules have not come yet
    # news
    SIGNED_IN = "signed in"
    SIGNED_OUT = "signed out"
    CARD_ISSUED = "card issued"
    RENEWED = "renewed"  # the terminal has a new identity
    SHOP_CLOSED = "shop closed"  # the plug may be pulled
    SHOW_CODE = "show code"  # the setup code, to the scanner


@dataclass(frozen=True, slots=True)
class Idle:
    """Kaviareň Bodka / [Priložte kartu] / alebo kód z mobilu."""

    shop: str
    offline: bool
    """Shows the sign for no network."""
    waiting: int
    """Entries not yet in the cloud; shown with the offline sign."""
    missing: tuple[str, ...] = ()
    """Names of devices that are gone: a small sign, not an error."""
    clock: str | None = None
    """"14:05", only where the clock is trusted."""
    stopped: bool = False
    """Nothing can be taken off here until staff renew the terminal: a small sign."""


@dataclass(frozen=True, slots=True)
class StampCard:
    """Jana K. / ●●●●●●●○○○ / [7 z 10] / Ešte 3 do kávy / +Pečiatka."""

    name: str
    """May be empty: an anonymous card."""
    filled: int
    goal: int
    reward: str
    more: bool = False
    """There is something else under ▸."""
    until: str = ""
    """The reward as it stands after "do" ("kávy"), where the programme gives it; without it: "Ešte 3: káva zadarmo"."""


@dataclass(frozen=True, slots=True)
class StampCardFull:
    """Jana K. · 10 z 10 / [KÁVA ZADARMO] / −Vydať +Pečiatka; with `confirm`, after the first −: −Potvrdiť ×Späť."""

    name: str
    filled: int
    goal: int
    reward: str
    confirm: bool = False
    more: bool = False


@dataclass(frozen=True, slots=True)
class Balance:
    """{1 240 b} / Jana K. · zlatá / +Pridať −Použiť ▸Iné."""

    points: Points
    name: str
    level: str = ""
    more: bool = False


@dataclass(frozen=True, slots=True)
class Typing:
    """What is being typed on the number pad, before Enter: the digits as typed; `card` after a "/"."""

    text: str
    card: bool = False
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class Sum:
    """{18,50 €} / Mäso ▸skupina / +Body −Platiť; `preset` when the sum is one of the ready ones: ▸Iná suma."""

    amount: Money
    group: str = ""
    """Name of the (last line's) product group, empty where the programme has none."""
    name: str = ""
    """The member, once the card was shown."""
    preset: bool = False
    back: bool = False
    """Goods come back: − takes their points."""
    ask: bool = False
    """A sum above the programme's `ask_above`: + once more."""


@dataclass(frozen=True, slots=True)
class PayConfirm:
    """Zľava do pokladne / [−12,40 €] / Doplatok 6,10 € / −Potvrdiť ×Späť."""

    discount: Money
    rest: Money


@dataclass(frozen=True, slots=True)
class PayLess:
    """[Teraz 8,00 €] / Viac, keď bude sieť / −Použiť ×Späť: what can be spent here now, without network.

    `soon`: there is a network, and more is on its way from another terminal.
    """

    discount: Money
    rest: Money
    soon: bool = False


@dataclass(frozen=True, slots=True)
class RewardChoice:
    """Odmena 2/3 / [Koláč] / 500 b, ostane 740 / −Vydať ▸Ďalšia ×Späť."""

    number: int
    count: int
    reward: str
    cost: Points
    leaves: Points


@dataclass(frozen=True, slots=True)
class ReturnConfirm:
    """Vrátenie tovaru / [−8 b] / Ostane 1 232 b / −Potvrdiť ×Späť."""

    taken: Amount
    leaves: Amount


@dataclass(frozen=True, slots=True)
class Done:
    """{+12 b} / Spolu 1 252 b / Omyl: držte ×; `later`: {+12 b} / Body sú zapísané / Odošlú sa neskôr.

    With a `bonus`: [+12 b] / Spolu 1 252 b / Príde +6 b · zlatá / Omyl: držte ×.
    """

    change: Amount
    """Positive for what was put on, negative for what was taken off."""
    total: Amount
    later: bool
    what: str = ""
    """The reward that was given, if one was."""
    bonus: Points | None = None
    """What the cloud will most likely add."""
    level: str = ""
    """The level that the bonus comes from, where it comes from one."""


@dataclass(frozen=True, slots=True)
class DoneStamps:
    """The stamp card after a stamp: circles, [8 z 10], + another, × takes it back; `later` as for `Done`."""

    name: str
    filled: int
    goal: int
    reward: str
    later: bool
    until: str = ""
    """As for `StampCard`."""


@dataclass(frozen=True, slots=True)
class DonePaid:
    """Zľava do pokladne / [−12,40 €] / Doplatok 6,10 € / +6 b: stays until the till has it; `later` as for `Done`."""

    discount: Money
    rest: Money
    earned: Points
    later: bool


@dataclass(frozen=True, slots=True)
class UndoQuestion:
    """Zrušiť zápis? / [+12 b] / Jana K., pred 2 min / Držte ×."""

    change: Amount
    name: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Undone:
    """{−12 b} / Zápis je zrušený / Spolu 1 240 b."""

    change: Amount
    total: Amount
    later: bool


@dataclass(frozen=True, slots=True)
class NewCard:
    """[Nová karta] / Podmienky: QR vzadu / +Vydať ×Nie."""


@dataclass(frozen=True, slots=True)
class Armed:
    """A verb came before the card: [Priložte kartu], the sum if there is one, and the seconds left."""

    verb: Verb
    seconds: int
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class Menu:
    """The staff menu, one item at a time: ▸Ďalej +Vybrať ×Späť."""

    item: MenuItem
    number: int
    count: int


@dataclass(frozen=True, slots=True)
class RenewQuestion:
    """[Obnoviť terminál?] / Kópia alebo záloha / Zápisy zostanú / +Obnoviť ×Späť."""

    written_off: bool
    """The shop gave it up; else it is a copy or a restored backup."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits to be sent: how many entries, how old the oldest is; and what else a person should know of it."""

    waiting: int
    oldest_minutes: int
    stopped: bool = False
    """The terminal must be renewed."""
    stuck: bool = False
    """The cloud cannot post a line of this terminal: somebody must look at it in the portal."""
    known: str = ""
    """The time as the cloud proved it: "26.11. 14:05"."""


@dataclass(frozen=True, slots=True)
class Network:
    """Whether the cloud answers, and since when not; `trouble` is why, where it is known."""

    online: bool
    minutes: int
    trouble: CloudTrouble | None = None


@dataclass(frozen=True, slots=True)
class Devices:
    """Which devices work and which are gone."""

    working: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeviceTest:
    """Skúška 3/8 / [Priložte kartu] / nfc, or the hint / ▸Preskočiť ×Koniec; a full border where the task is to see it."""

    task: Task
    number: int
    count: int
    what: str
    """The device's name, or the sign of the button to press: "+"."""
    hint: Hint | None = None
    """Where it is lost, or nothing came for a while."""


@dataclass(frozen=True, slots=True)
class DeviceTestDone:
    """What did not pass, one at a time (none: all work), and where to look."""

    failed: int
    what: str = ""
    hint: Hint | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A title, why, and what can be done. `name` fills the message where it has a name in it; `back` shows ×Späť."""

    message: Message
    name: str = ""
    amount: Amount | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Something takes longer than a blink: saving, or asking the cloud."""

    asking: bool = False


@dataclass(frozen=True, slots=True)
class Starting:
    """[Chvíľku…]: the program is being loaded."""


@dataclass(frozen=True, slots=True)
class Unpaired:
    """Not yet anybody's: the code to type into the portal, if there is one."""

    code: str = ""


@dataclass(frozen=True, slots=True)
class Pairing:
    """A QR code that a phone reads from the panel, and beside it the code to type into the portal instead.

    Up to 32 characters of `url` make a code of 25 modules, 2 pixels each, with more than 3 light modules around it; up to
    53 one of 29 with half the margin. A longer one is drawn with a pixel a module, and one above 230 not at all.
    """

    code: str
    """As it is typed, in groups of up to four: "K7QX-42MB", "4821-7730"."""
    url: str
    """What the QR code says, whole: the portal's page for this code."""


@dataclass(frozen=True, slots=True)
class PairingTrouble:
    """[Neznámy kód] / Cloud ho nepozná / Vytvorte nový."""

    why: CodeTrouble


@dataclass(frozen=True, slots=True)
class WifiJoined:
    """[Wi-Fi funguje] / the network's name."""

    network: str


@dataclass(frozen=True, slots=True)
class WifiTrouble:
    """[Bez Wi-Fi] / why / what to do, with the network's name where it is known."""

    why: WifiProblem
    network: str = ""


@dataclass(frozen=True, slots=True)
class Updating:
    """[Aktualizácia] / 1.4.2 / Nevypínajte, prosím; with a bar where it is known how far it is."""

    version: str = ""
    percent: int | None = None


Screen: TypeAlias = (
    Idle
    | StampCard
    | StampCardFull
    | Balance
    | Typing
    | Sum
    | PayConfirm
    | PayLess
    | RewardChoice
    | ReturnConfirm
    | Done
    | DoneStamps
    | DonePaid
    | UndoQuestion
    | Undone
    | NewCard
    | Armed
    | Menu
    | RenewQuestion
    | Queue
    | Network
    | Devices
    | DeviceTest
    | DeviceTestDone
    | Notice
    | Wait
    | Starting
    | Unpaired
    | Pairing
    | PairingTrouble
    | WifiJoined
    | WifiTrouble
    | Updating
)
