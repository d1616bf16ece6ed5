"""What can happen to a conversation: the events of `Session.step`.

Buttons, the number pad and devices speak in `drivers.events`; the rest are answers to effects, cards that the edge has already
turned into tokens, and news of the house. No event here holds a card number, except the digits typed on the pad.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from display.screens import CloudTrouble, Message, Screen
from drivers.events import ButtonHeld, ButtonPressed, ButtonReleased, CardGone, DeviceBack, DeviceLost, PadKey
from loyalty.account import Account, Staff
from loyalty.entry import Entry, Personal, TokenKind
from loyalty.programme import Programme
from sync.messages import Standing


@dataclass(frozen=True, slots=True)
class Identification:
    """A card, phone or typed number, as tokens: `tokens[0]` is made with the current key, the others with earlier ones."""

    kind: TokenKind
    tokens: tuple[bytes, ...]
    staff_tokens: tuple[bytes, ...] = ()
    """The same number as a staff card's."""
    typed: bool = False
    issuable: bool = True
    """A number of the programme's ranges (or a UID, where those may be issued): if nobody knows it, it is a blank card."""
    genuine: bool = False
    """The card itself has proved who it is (`loyalty.sun`); every other number or UID may be a copy."""


@dataclass(frozen=True, slots=True)
class CardShown:
    """A card that can be looked up."""

    card: Identification
    at: int
    device: str = ""
    """Which reader read it; none for a number that was typed."""


@dataclass(frozen=True, slots=True)
class CardRefused:
    """A card that cannot: why, in the screen's words."""

    message: Message
    at: int
    device: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Answer to Look: the card's account as this terminal sees it."""

    account: Account
    at: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """Answer to Look: nobody's card yet."""

    whose: Personal
    typed: bool
    issuable: bool
    at: int


@dataclass(frozen=True, slots=True)
class StaffFound:
    """Answer to Look: a member of staff's card."""

    staff: Staff
    at: int


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The cloud changed something about an account; it may be the one on the screen."""

    account: Account


@dataclass(frozen=True, slots=True)
class Recorded:
    """Answer to Record: the entry is on the disk, and the account stands like this now."""

    key: str
    entry: Entry
    account: Account
    at: int


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """Answer to Record: nothing was written, and why."""

    key: str
    message: Message
    at: int


@dataclass(frozen=True, slots=True)
class Recalled:
    """Answer to Recall: the last entry of this terminal that could be undone, and how old it is."""

    entry: Entry
    account: Account
    age_ms: int
    at: int


@dataclass(frozen=True, slots=True)
class NothingToRecall:
    """Answer to Recall: there is no entry, or it is undone already."""

    at: int


@dataclass(frozen=True, slots=True)
class Granted:
    """Answer to Ask: the account after the cloud raised the lease, as far as it would.

    `coming`: what is lacking is on its way from another terminal.
    """

    account: Account
    at: int
    coming: bool = False


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Answer to Ask: the cloud said nothing in time."""

    at: int


@dataclass(frozen=True, slots=True)
class Renewed:
    """Answer to Renew: the terminal has a new identity, and may spend again once the cloud has leased to it."""

    at: int


@dataclass(frozen=True, slots=True)
class NotRenewed:
    """Answer to Renew: why not, in the screen's words; nothing was lost."""

    message: Message
    at: int


@dataclass(frozen=True, slots=True)
class CloudNews:
    """What the courier says of the cloud."""

    online: bool
    waiting: int
    oldest_ms: int = 0
    """Age of the oldest entry that waits."""
    since: int = 0
    """Since when it has been so, in milliseconds of the monotonic clock."""
    trouble: CloudTrouble | None = None
    stands: Standing = Standing.GOOD
    """What the cloud thinks of this terminal."""
    stuck: bool = False
    """The cloud has stopped posting at one of this terminal's lines: a person has to look at it there."""
    known: datetime | None = None
    """The time as far as the cloud proved it, in the shop's time zone, to the minute; None where it never did."""

    @property
    def stopped(self) -> bool:
        """It may not spend: the cloud has written it off, or it is a copy."""
        return self.stands is not Standing.GOOD


@dataclass(frozen=True, slots=True)
class ProgrammeNews:
    """The programme came, or a new version of it."""

    programme: Programme


@dataclass(frozen=True, slots=True)
class ShopNews:
    """The terminal was paired: whose it is now."""

    shop: str


@dataclass(frozen=True, slots=True)
class SetUp:
    """How it goes with a setup code that was shown to a terminal that waits for one."""

    screen: Screen
    at: int


@dataclass(frozen=True, slots=True)
class UpdateNews:
    """A version is being installed; "": none any more."""

    version: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed; asked for with `State.wake_at`."""

    at: int
    clock: str | None = None
    """The time of day, where it is trusted: "14:05"."""


Input: TypeAlias = (
    ButtonPressed
    | ButtonHeld
    | ButtonReleased
    | PadKey
    | CardGone
    | DeviceLost
    | DeviceBack
    | CardShown
    | CardRefused
    | Found
    | Unknown
    | StaffFound
    | Refreshed
    | Recorded
    | NotRecorded
    | Recalled
    | NothingToRecall
    | Granted
    | NoAnswer
    | Renewed
    | NotRenewed
    | CloudNews
    | ProgrammeNews
    | ShopNews
    | SetUp
    | UpdateNews
    | Tick
)
