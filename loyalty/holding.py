"""What a terminal may show and spend of a purse: the cloud's last word plus its own lines since (invariants 4 and 5)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What the cloud said of one purse: the three belong together and are only ever written together."""

    balance: int = 0
    granted: int = 0
    through: int = 0
    """The highest posted sequence of this terminal that `balance` and `granted` include."""


@dataclass(frozen=True, slots=True)
class Own:
    """What this terminal's own lines say of the same purse."""

    used: int = 0
    """Gross use of all own lines, ever."""
    earned_after: int = 0
    """Earnings of own lines after the row's `through`."""
    change_after: int = 0
    """The sum of deltas of own lines after the row's `through`."""


def shown(row: Row, own: Own) -> int:
    """The balance a person sees."""
    return row.balance + own.change_after


def spendable(row: Row, own: Own) -> int:
    """What this terminal may spend now, with or without network. Below zero after some returns: then nothing may be spent."""
    return row.granted + own.earned_after - own.used
