"""Entries: the immutable lines of the ledger, and the drafts that become them.

An entry has two parts. The public part (`Entry`) says what happened; the personal part (`Personal`) says to whom, and can be
forgotten later without breaking the chain (invariant 11). Both are kept and hashed as the bytes in which they were first
written (`encode`): nobody ever encodes an entry a second time.

Example: a coffee of 2,40 € that earns 2.4 points::

    Draft(cause=Cause.AWARD, whose=Personal(account=token, token=token),
          postings=(Posting("points", 2_400),), purchase=Purchase(240, "EUR"))
"""

from __future__ import annotations

from enum import Enum
from uuid import UUID

import msgspec


class Cause(Enum):
    """Why an entry was made."""

    AWARD = "award"
    REDEEM = "redeem"
    """A reward or a part payment; the rest of a bill may earn in the same entry."""
    UNDO = "undo"
    RETURN = "return"
    ISSUE = "issue"
    """A blank card was given to a customer; has no postings."""
    GIVE_BACK = "give back"
    """The terminal returns a lease, or part of one; changes no balance."""
    BONUS = "bonus"
    """What follows from an award by a level or a milestone; `refers` names the award, `reward` the rule."""
    TAKEN_BACK = "taken back"
    """The opposite: above a daily limit, or a bonus whose award was undone or returned; only what is free."""
    MERGE = "merge"
    """Free value goes from one account to the one it leads to: two entries, of which the second refers to the first."""


CLOUDS_OWN = frozenset({Cause.BONUS, Cause.TAKEN_BACK, Cause.MERGE})
"""What the cloud alone writes, in its own chain: nothing of it is leased or spent by anyone (invariants 7 and 10)."""


class TokenKind(Enum):
    """What the number behind a token is."""

    CARD = "card"
    PHONE = "phone"
    STAFF = "staff"


class Posting(msgspec.Struct, frozen=True, array_like=True):
    """A change of one purse.

    `delta` is in the purse's whole units (thousandths of a point, stamps, minor units of money). `used` is the gross use of
    the lease on that purse: all of a spend, the leased part of a return, the amount of a give-back, 0 for an earning.
    `instance` tells passes, coupons and gift cards of one kind apart; it is empty for points and stamps.
    """

    purse: str
    delta: int
    used: int = 0
    instance: str = ""

    @property
    def earned(self) -> int:
        """What this posting earns: spendable at once through the terminal's own chain."""
        return max(0, self.delta)


class Share(msgspec.Struct, frozen=True, array_like=True):
    """The part of a purchase that belongs to one product group; `amount` in minor units."""

    group: str
    amount: int


class Purchase(msgspec.Struct, frozen=True):
    """What was bought: the bill in minor units of `currency`, and its product groups where they were given."""

    amount: int
    currency: str
    shares: tuple[Share, ...] = ()
    discount: int = 0
    """What points paid of the bill."""


class Moment(msgspec.Struct, frozen=True, array_like=True):
    """When an entry was made, as far as the terminal knew (invariant 9)."""

    boot: UUID
    up_ms: int
    """Milliseconds of the monotonic clock of that boot."""
    wall_ms: int
    """Milliseconds since 1970 by the wall clock."""
    trusted: bool
    """Whether the wall clock was known to be right."""


class Personal(msgspec.Struct, frozen=True):
    """To whom an entry belongs: the account it posts to, and the card, phone or staff token that was shown."""

    account: bytes
    token: bytes
    kind: TokenKind = TokenKind.CARD


class Draft(msgspec.Struct, frozen=True):
    """What the counter wants recorded; the journal adds identity, order and time."""

    cause: Cause
    whose: Personal
    postings: tuple[Posting, ...] = ()
    purchase: Purchase | None = None
    refers: UUID | None = None
    reward: str = ""
    staff: str = ""
    typed: bool = False
    """The card was not shown: its number or the phone's was typed."""


class Entry(msgspec.Struct, frozen=True):
    """One line's public part. See `Draft` for the fields they share."""

    id: UUID
    cause: Cause
    moment: Moment
    shop: str
    programme: int
    postings: tuple[Posting, ...] = ()
    purchase: Purchase | None = None
    refers: UUID | None = None
    reward: str = ""
    staff: str = ""
    typed: bool = False


class ImpossiblePosting(ValueError):
    """A draft or entry whose postings contradict its cause."""


def check(cause: Cause, postings: tuple[Posting, ...], refers: UUID | None) -> None:
    """Raises `ImpossiblePosting` where postings cannot belong to `cause`; the journal and the cloud both ask."""
    if len(postings) > 1 and len({(p.purse, p.instance, p.delta > 0) for p in postings}) != len(postings):
        raise ImpossiblePosting("a purse is named twice in the same direction: add the postings up")
    if cause is Cause.UNDO and refers is None:
        raise ImpossiblePosting("an undo must name the entry it undoes")
    for posting in postings:
        if not _fits(cause, posting):
            raise ImpossiblePosting(f"{cause.value}: delta {posting.delta} with {posting.used} used cannot be")


def _fits(cause: Cause, posting: Posting) -> bool:
    delta, used = posting.delta, posting.used
    match cause:
        case Cause.AWARD:
            return delta > 0 and used == 0
        case Cause.REDEEM | Cause.UNDO:
            return (delta > 0 and used == 0) or (delta < 0 and used == -delta)
        case Cause.RETURN:
            return delta < 0 and 0 <= used <= -delta
        case Cause.GIVE_BACK:
            return delta == 0 and used > 0
        case Cause.BONUS:
            return delta > 0 and used == 0
        case Cause.TAKEN_BACK:
            return delta < 0 and used == 0
        case Cause.MERGE:
            return delta != 0 and used == 0
        case Cause.ISSUE:  # pragma: no branch
            return False


def entry_from(draft: Draft, id: UUID, moment: Moment, shop: str, programme: int) -> Entry:
    """The entry that a draft becomes when the journal gives it an id and a moment; raises `ImpossiblePosting`."""
    check(draft.cause, draft.postings, draft.refers)
    return entry_of_checked(draft, id, moment, shop, programme)


def entry_of_checked(draft: Draft, id: UUID, moment: Moment, shop: str, programme: int) -> Entry:
    """As `entry_from`, of a draft whose postings were checked already."""
    return Entry(
        id=id,
        cause=draft.cause,
        moment=moment,
        shop=shop,
        programme=programme,
        postings=draft.postings,
        purchase=draft.purchase,
        refers=draft.refers,
        reward=draft.reward,
        staff=draft.staff,
        typed=draft.typed,
    )


_NOT_DECODED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises: the second for text that is no UTF-8, the third for what lies in itself a thousandfold."""


class Unreadable(ValueError):
    """Bytes that are no entry this version knows: stored as they are, never guessed at (invariant 2)."""


def encode(part: Entry | Personal) -> bytes:
    """The bytes of one part, as they are kept, hashed and sent."""
    return msgspec.json.encode(part)


def decode_entry(body: bytes) -> Entry:
    """The public part from its bytes; raises `Unreadable`."""
    try:
        entry = msgspec.json.decode(body, type=Entry)
        check(entry.cause, entry.postings, entry.refers)
    except (*_NOT_DECODED, ImpossiblePosting) as error:
        raise Unreadable(f"this entry cannot be read here: {error}") from error
    return entry


def decode_personal(personal: bytes) -> Personal:
    """The personal part from its bytes; raises `Unreadable`."""
    try:
        return msgspec.json.decode(personal, type=Personal)
    except _NOT_DECODED as error:
        raise Unreadable(f"this entry's personal part cannot be read here: {error}") from error
