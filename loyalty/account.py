"""What the counter needs to know of the person in front of it."""

from __future__ import annotations

from enum import Enum

import msgspec
from msgspec.structs import replace

from loyalty.derived import Progress
from loyalty.entry import Personal, Posting


class Status(Enum):
    """Whether a card may be served."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    REPLACED = "replaced"


class Holding(msgspec.Struct, frozen=True):
    """One purse as the counter sees it: `balance` is what the person sees, `spendable` what this terminal may spend now."""

    purse: str
    balance: int = 0
    spendable: int = 0
    instance: str = ""


class Account(msgspec.Struct, frozen=True):
    """A card that was found, and its account as this terminal sees it at this moment."""

    whose: Personal
    name: str = ""
    level: str = ""
    language: str = ""
    status: Status = Status.ACTIVE
    holdings: tuple[Holding, ...] = ()
    typed: bool = False
    progress: Progress = Progress()

    def holding(self, purse: str, instance: str = "") -> Holding:
        """The holding of a purse; an empty one where the account has none yet."""
        for holding in self.holdings:
            if holding.purse == purse and holding.instance == instance:
                return holding
        return Holding(purse=purse, instance=instance)


class Staff(msgspec.Struct, frozen=True):
    """A member of staff: `account` is their own customer account, which they may not serve."""

    id: str
    name: str
    account: bytes | None = None


def after(account: Account, postings: tuple[Posting, ...]) -> Account:
    """The account with an entry of this terminal's reckoned in: what it earned may be spent here at once."""
    holdings = {(one.purse, one.instance): one for one in account.holdings}
    for posting in postings:
        had = holdings.get((posting.purse, posting.instance), Holding(posting.purse))
        balance, spendable = had.balance + posting.delta, had.spendable + posting.earned - posting.used
        holdings[posting.purse, posting.instance] = Holding(posting.purse, balance, spendable, posting.instance)
    return replace(account, holdings=tuple(holdings.values()))
