"""Every screen the terminal can show, as small frozen values; `docs/conversation.md` shows when each appears.

A screen holds facts (sums, counts, names), never words of ours: those are chosen in `display.words` for a language. Names of
rewards, groups and shops come already in the right language. What it is filled with, `display.facts`, can be had from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from display.facts import Amount as Amount
from display.facts import CloudTrouble as CloudTrouble
from display.facts import CodeTrouble as CodeTrouble
from display.facts import Hint as Hint
from display.facts import MenuItem as MenuItem
from display.facts import Message as Message
from display.facts import Money as Money
from display.facts import Points as Points
from display.facts import Stamps as Stamps
from display.facts import Task as Task
from display.facts import Verb as Verb
from display.facts import WifiProblem as WifiProblem


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
    """{1 240 b} / Jana K. · zlatá / +Pridať −Použiť ▸Iné.

    Where nothing can be had yet: Jana K. · zlatá / a bar / [420 b] / Ešte 80 b: Koláč / +Pridať −Použiť ▸Iné.
    """

    points: Points
    name: str
    level: str = ""
    more: bool = False
    reward: str = ""
    """The next reward, where nothing can be had yet."""
    cost: Points | None = None
    """What it takes."""


@dataclass(frozen=True, slots=True)
class Typing:
    """What is being typed on the number pad, before Enter: the digits as typed; `card` after a "/"."""

    text: str
    card: bool = False
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class Sum:
    """{18,50 €} / Mäso ▸skupina / +Body −Platiť; `preset` when the sum is one of the ready ones: ▸Iná suma.

    Without a group, and before a card: {18,50 €} / Priložte kartu / +Body −Platiť.
    """

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
    card: bool = False
    """A card was shown, also where nobody's name belongs to it."""


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
    known: datetime | None = None
    """The time as the cloud proved it, in the shop's time zone, to the minute: "26. 11. 14:05"."""


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
