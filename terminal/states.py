"""The states of the conversation at the counter: small frozen values, one class a state of `docs/conversation.md`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeAlias

from display.screens import Amount, Hint, MenuItem, Message, Screen, Task, Verb
from display.screens import Notice as NoticeScreen
from loyalty.account import Account, Staff
from loyalty.entry import Draft, Personal, Purchase, Share
from loyalty.programme import Programme, Reward, StampRules
from terminal.inputs import CloudNews, Found, Recalled, Unknown

CARD_MS = 30_000
SUM_MS = 60_000
ARMED_MS = 20_000
CONFIRM_MS = 30_000
DONE_MS = 5_000
PAID_MS = 20_000
"""A discount stays on the screen until somebody has typed it into the till."""
NOTICE_MS = 3_000
MENU_MS = 20_000
TEST_MS = 120_000
"""For an installer who goes to look for a card."""
LATE_MS = 10_000
UNDO_MS = 5_000
SETUP_MS = 60_000
"""For whoever goes to fetch the code."""
SLOW_MS = 300
"""A write that takes longer than this is shown as waiting."""
CHANGED_MS = 700
"""A press this soon after another card took the first one's place was meant for the first."""


@dataclass(frozen=True, slots=True)
class Basket:
    """The bill as it was typed: (product group or "", minor units) line by line."""

    lines: tuple[tuple[str, int], ...] = ()
    preset: int | None = None
    """Which of the ready sums it is, if it is one."""
    returning: bool = False
    """Goods come back."""

    @property
    def total(self) -> int:
        return sum(amount for _, amount in self.lines)

    def purchase(self, currency: str) -> Purchase:
        shares: dict[str, int] = {}
        for group, amount in self.lines:
            if group:
                shares[group] = shares.get(group, 0) + amount
        return Purchase(self.total, currency, tuple(Share(group, amount) for group, amount in shares.items()))


EMPTY = Basket()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the test of the devices: what to do, with which device, and for a button its sign."""

    task: Task
    device: str
    sign: str = ""
    port: bool = False
    """It hangs on the Pi's own serial port."""


@dataclass(frozen=True, slots=True)
class Unpaired:
    """Nobody's terminal yet."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Waits for a card, a sum or a verb."""


@dataclass(frozen=True, slots=True)
class Typing:
    """Keys of the pad, before Enter; a card and earlier lines may be there already."""

    text: str
    until: int
    basket: Basket = EMPTY
    account: Account | None = None
    card: bool = False
    """After "/": a card or phone number."""
    verb: Verb | None = None
    """A verb that was armed before: it is again after Enter."""
    changed: int | None = None
    """When the card took another's place."""


@dataclass(frozen=True, slots=True)
class Card:
    """A card is shown: name, balance, what is next."""

    account: Account
    until: int
    face: int = 0
    """Which of the programme's purses is looked at; ▸ goes on."""
    changed: int | None = None
    """When it took another card's place."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum is typed or chosen, with or without a card."""

    basket: Basket
    until: int
    account: Account | None = None
    changed: int | None = None


@dataclass(frozen=True, slots=True)
class Armed:
    """A verb came before the card."""

    verb: Verb
    until: int
    basket: Basket = EMPTY


@dataclass(frozen=True, slots=True)
class NewCard:
    """A blank card of ours: issue it?"""

    whose: Personal
    until: int
    basket: Basket = EMPTY
    changed: int | None = None
    """When it took another card's place."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which reward? One of those that were offered when − was pressed: what is on the screen does not change by itself."""

    account: Account
    until: int
    offered: tuple[Reward, ...]
    index: int = 0

    @property
    def reward(self) -> Reward:
        """The one on the screen."""
        return self.offered[self.index % len(self.offered)]


@dataclass(frozen=True, slots=True)
class Confirm:
    """Shown, and not yet done: the same button again writes `draft`."""

    account: Account
    until: int
    draft: Draft
    screen: Screen
    verb: Verb
    """The button that confirms: REDEEM for what is taken off, AWARD for a sum above the programme's `ask_above`."""
    back: Mode
    """Where × leads."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Waits for a larger lease; then goes on with what was wanted from the account, with what is there."""

    account: Account
    until: int
    back: Mode
    """Where the question was asked, and where × leads."""


@dataclass(frozen=True, slots=True)
class Saving:
    """A Record is under way. Nothing is promised yet; presses are not for what will be shown next."""

    key: str
    draft: Draft
    account: Account | None
    slow: int
    """When to say that it takes long."""
    basket: Basket = EMPTY
    waiting: Found | Unknown | None = None
    """A card that came meanwhile."""


@dataclass(frozen=True, slots=True)
class Done:
    """It is on the disk."""

    account: Account
    until: int
    screen: Screen
    recalled: Recalled | None = None
    """What a short × takes back: the last stamp."""
    stamps: StampRules | None = None
    """The stamp card that another + stamps again."""


@dataclass(frozen=True, slots=True)
class Undo:
    """Undo the last entry? `recalled` is None until the journal has said which; `held` when × is held down already."""

    until: int
    recalled: Recalled | None = None
    held: bool = False


@dataclass(frozen=True, slots=True)
class Menu:
    """The staff menu, at one of its items."""

    until: int
    item: MenuItem = MenuItem.RETURN


@dataclass(frozen=True, slots=True)
class Renewal:
    """Renew this terminal? It may not spend until then."""

    until: int


@dataclass(frozen=True, slots=True)
class Renewing:
    """A new identity is being asked for."""

    until: int


@dataclass(frozen=True, slots=True)
class DeviceTest:
    """The test of the devices, one step after the other; behind the last one stands how it went."""

    steps: tuple[Step, ...]
    until: int
    late: int
    """When to say what may be wrong, where nothing has come."""
    index: int = 0
    failed: tuple[Step, ...] = ()
    looked: int = 0
    """Which of the failed ones is shown at the end."""


@dataclass(frozen=True, slots=True)
class Info:
    """A page of the staff menu: queue, network or devices."""

    item: MenuItem
    until: int


@dataclass(frozen=True, slots=True)
class Setup:
    """The terminal waits for a setup code, or says how it went with one."""

    until: int
    screen: Screen = field(default_factory=lambda: NoticeScreen(Message.SHOW_CODE))


@dataclass(frozen=True, slots=True)
class Notice:
    """A message; afterwards the conversation goes on where it was."""

    message: Message
    until: int
    back: Mode
    name: str = ""
    amount: Amount | None = None
    language: str = ""
    """What it speaks, where it is about somebody else than whose conversation it is."""


Mode: TypeAlias = (
    Unpaired
    | Idle
    | Typing
    | Card
    | Sum
    | Armed
    | NewCard
    | Choice
    | Confirm
    | Asking
    | Saving
    | Done
    | Undo
    | Menu
    | Renewal
    | Renewing
    | DeviceTest
    | Info
    | Setup
    | Notice
)


@dataclass(frozen=True, slots=True)
class Desk:
    """What changes slowly: the shop, its rules, who works, how the machines are."""

    shop: str = ""
    language: str = "sk"
    programme: Programme | None = None
    staff: Staff | None = None
    cloud: CloudNews = field(default_factory=lambda: CloudNews(online=False, waiting=0))
    working: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    clock: str | None = None
    updating: str = ""
    """The version that is being installed; "": none."""
    implied_decimals: bool = False
    """1250 on the pad means 12,50."""
    pairing_code: str = ""
    fitted: tuple[Step, ...] = ()
    """What there is to test, in the order in which it is tested."""
    board: tuple[Hint, ...] = ()
    """What is known to be wrong with the machine itself."""


@dataclass(frozen=True, slots=True)
class State:
    """The whole conversation."""

    boot: str
    """Unique to this start of the daemon: makes the keys of its records unique."""
    desk: Desk = field(default_factory=Desk)
    mode: Mode = field(default_factory=Unpaired)
    now: int = 0
    picture: int = 0
    """The number of the last picture shown."""
    since: int = 0
    """The first picture of this mode: a press made at an earlier one is stale."""
    records: int = 0
    """How many records were asked for: with `boot`, the next one's key."""
    lost: int | None = None
    """When a device was last lost."""
    unheard: bool = False
    """That one was lost has not been heard yet."""

    def wake_at(self) -> int | None:
        """When the next Tick is wanted, in milliseconds of the monotonic clock."""
        mode = self.mode
        if isinstance(mode, Armed):
            second = (mode.until - self.now - 1) // 1000  # the countdown changes on whole seconds before the end
            return mode.until - max(0, second) * 1000
        if isinstance(mode, Saving):
            return mode.slow if self.now < mode.slow else None
        if isinstance(mode, DeviceTest):
            return mode.late if self.now < mode.late < mode.until else mode.until
        return None if isinstance(mode, Idle | Unpaired) else mode.until

    def key(self) -> str:
        """The key of the next Record."""
        return f"{self.boot}:{self.records + 1}"


def with_desk(state: State, **changes: object) -> State:
    """The state with some of its desk changed."""
    return replace(state, desk=replace(state.desk, **changes))  # type: ignore[arg-type]  # replace checks the names


def changed_at(mode: Mode) -> int | None:
    """When the card that lies here took another's place, if it did."""
    return mode.changed if isinstance(mode, Typing | Card | Sum | NewCard) else None


def lasting(mode: Mode, now: int) -> Mode:
    """A mode that is returned to: there is time again to look at it."""
    if isinstance(mode, Unpaired | Idle | Saving | Asking | Renewing | Notice):
        return mode
    return replace(mode, until=max(mode.until, now + CONFIRM_MS))
